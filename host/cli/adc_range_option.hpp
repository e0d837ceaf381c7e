// The options that say how ADC ranges are chosen.
#pragma once

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "host/runtime/adc_range.hpp"

namespace crossloop::cli {

struct AdcRangeArguments {
  std::string policy;                ///< empty: percentile
  std::optional<double> percentile;  ///< with that policy only
  std::string group = "slice";
  std::string resolution = "tile";
};

/// --adc-range, --percentile, --adc-group and --adc-resolution.
void add_adc_range_options(CLI::App& command, AdcRangeArguments& arguments);

/// Throws InputError for a percentile beside another policy, and for either beside proven
/// resolutions, which have ranges of their own.
runtime::AdcRangeOptions adc_range(const AdcRangeArguments& arguments);

/// "percentile 99.99 per slice", and how resolutions were chosen where that is not the tile's.
std::string adc_range_text(const runtime::AdcRangeOptions& options);

/// adc_range (not where the proof sets it), percentile (with that policy), adc_group and
/// adc_resolution.
nlohmann::json adc_range_json(const runtime::AdcRangeOptions& options);

}  // namespace crossloop::cli
