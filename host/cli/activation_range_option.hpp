// The options that say how the ranges of activations are chosen.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "host/compiler/activation_ranges.hpp"

namespace crossloop::cli {

struct ActivationRangeArguments {
  std::string policy = "max";
  std::optional<double> percentile;  ///< with `percentile` only
};

/// --activation-range and --activation-percentile.
void add_activation_range_options(CLI::App& command, ActivationRangeArguments& arguments);

/// Throws InputError for a percentile beside another policy.
compiler::ActivationRangeOptions activation_range(const ActivationRangeArguments& arguments);

/// "percentile 99.99", or the name of another policy.
std::string activation_range_text(const compiler::ActivationRangeOptions& options);

}  // namespace crossloop::cli
