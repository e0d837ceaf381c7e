// What a network needs on crossbars and what it is worth there, for commands that change networks.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "host/cli/options.hpp"
#include "host/compiler/deployment.hpp"
#include "host/data/dataset.hpp"
#include "host/network/network.hpp"

namespace crossloop::cli {

/// Of one network, compiled as `crossloop compile --adc-resolution proven --adc-group column` does.
struct ChipFigures {
  compiler::Deployment deployment;
  std::optional<double> accuracy;  ///< 0..1, of the integer network on ideal tiles; if asked for
  std::int64_t partial_sum_crossbars = 0;
  double adc_mean_bits = 0.0;
  /// Of the conversions of one image in nJ by ADC model; nothing where it has no figure.
  std::map<std::string, std::optional<double>> adc_energy_nj;
  double sequential_us = 0.0;  ///< one image, one layer after the other
  nlohmann::json accounting;   ///< adc_accounting_json(), null for rows that are no power of two
};

/// Compiles a copy of `network` with ranges from `calibration`, and runs it on `test` where that is
/// not nullptr. Throws InputError as compile() does.
ChipFigures chip_figures(network::Network network, const Mapping& mapping,
                         const data::Dataset& calibration, const data::Dataset* test);

/// {"accuracy", "crossbars": {"compute", "total", "dense"}, "adc": {"mean_bits", "energy_nj":
/// {...}, "accounting": {...}}, "sequential_us"}.
nlohmann::json chip_figures_json(const ChipFigures& figures);

/// Both beside each other, one line per figure.
std::string chip_figures_table(const ChipFigures& before, const ChipFigures& after);

}  // namespace crossloop::cli
