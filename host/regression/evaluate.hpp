// Judges the gates over the summaries of one or several seeds.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "host/regression/gates.hpp"

namespace crossloop::regression {

/// One run of the loop.
struct Run {
  std::string source;  ///< file, for messages
  nlohmann::json summary;
};

struct GateResult {
  Gate gate;
  std::vector<double> values;  ///< one a run, in their order
  double mean = 0.0;
  double deviation = 0.0;          ///< sample standard deviation; 0 for a single run
  std::optional<double> baseline;  ///< what max_drop was held against, if there was anything
  bool passed = false;
  std::string reason;  ///< why it failed; also that a first run has no baseline
};

/// The number that `gate` looks at in one run. Throws InputError naming run and key if a key is
/// missing or not a number, or a divisor is 0.
double gate_value(const Gate& gate, const Run& run);

/// All gates over `runs`, which are runs of one thing under different seeds: throws InputError if
/// there are none, if dataset, network, device or tile differ, or if seeds repeat. `baseline` is
/// the latest evaluation that passed; empty where there is none, and max_drop then passes.
std::vector<GateResult> evaluate(const Regression& regression, std::span<const Run> runs,
                                 std::span<const Run> baseline);

bool all_passed(std::span<const GateResult> results);

std::string table(const Regression& regression, std::span<const GateResult> results);
nlohmann::json to_json(const Regression& regression, std::span<const GateResult> results);

}  // namespace crossloop::regression
