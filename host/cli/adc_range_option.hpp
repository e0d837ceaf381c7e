// The options that say how ADC ranges are chosen.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "host/runtime/adc_range.hpp"

namespace crossloop::cli {

struct AdcRangeArguments {
  std::string policy = "percentile";
  std::optional<double> percentile;  ///< with that policy only
};

/// --adc-range and --percentile.
void add_adc_range_options(CLI::App& command, AdcRangeArguments& arguments);

/// Throws InputError for a percentile beside another policy.
runtime::AdcRangeOptions adc_range(const AdcRangeArguments& arguments);

/// "percentile 99.99", or the name of another policy.
std::string adc_range_text(const runtime::AdcRangeOptions& options);

}  // namespace crossloop::cli
