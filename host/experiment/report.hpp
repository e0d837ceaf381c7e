// An experiment as a page of markdown.
#pragma once

#include <span>
#include <string>

#include "host/experiment/experiment_config.hpp"
#include "host/experiment/summary.hpp"

namespace crossloop::experiment {

struct ReportContext {
  std::string command;  ///< that makes the page again
  int missing = 0;      ///< runs under seeds that have no result yet
};

/// Texts and settings of the experiment, a table of accuracy and savings for each network, one of
/// the modelled chips where there are scores, and the Pareto fronts. Figures are means, +- the
/// sample standard deviation where a run has several seeds.
std::string markdown(const Experiment& experiment, std::span<const Row> rows,
                     const ReportContext& context);

}  // namespace crossloop::experiment
