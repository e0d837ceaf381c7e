#include "host/cli/adc_range_option.hpp"

#include <spdlog/fmt/fmt.h>

#include <iterator>
#include <vector>

#include "host/cli/command.hpp"
#include "host/error.hpp"

namespace crossloop::cli {

using runtime::AdcRangeOptions;
using runtime::AdcRangePolicy;
using runtime::AdcResolution;

namespace {

template <class Names>
std::vector<std::string> list_of(const Names& names) {
  return {std::begin(names), std::end(names)};
}

}  // namespace

void add_adc_range_options(CLI::App& command, AdcRangeArguments& arguments) {
  command
      .add_option("--adc-range", arguments.policy,
                  "what an ADC must hold: full scale, all sums of the calibration images, a "
                  "percentile of them, or what costs least in clipping and quantisation")
      ->check(CLI::IsMember(list_of(runtime::kAdcRangePolicies)))
      ->default_str("percentile");
  command
      .add_option("--percentile", arguments.percentile,
                  "of the column sums that an ADC must hold, with --adc-range percentile (99.99)")
      ->check(in_range(90.0, 100.0));
  command
      .add_option("--adc-group", arguments.group,
                  "columns that share range and resolution: those of a layer, of a slice of a "
                  "layer, or each column for itself")
      ->check(CLI::IsMember(list_of(compiler::kAdcGroups)))
      ->capture_default_str();
  command
      .add_option("--adc-resolution", arguments.resolution,
                  "tile: the tile file's; proven: what the fullest column of a group can need, in "
                  "steps of one level; calibrated: the fewest bits, up to the tile's, whose steps "
                  "of one level hold the range")
      ->check(CLI::IsMember(list_of(runtime::kAdcResolutions)))
      ->capture_default_str();
}

AdcRangeOptions adc_range(const AdcRangeArguments& arguments) {
  AdcRangeOptions options;
  options.group = compiler::adc_group(arguments.group).value();
  options.resolution = runtime::adc_resolution(arguments.resolution).value();
  if (!arguments.policy.empty()) {
    options.policy = runtime::adc_range_policy(arguments.policy).value();
  }
  if (options.resolution == AdcResolution::kProven &&
      (!arguments.policy.empty() || arguments.percentile)) {
    throw InputError(fmt::format(
        "{}: found beside --adc-resolution proven, whose ranges hold every sum there can be",
        arguments.policy.empty() ? "--percentile" : "--adc-range"));
  }
  if (arguments.percentile && options.policy != AdcRangePolicy::kPercentile) {
    throw InputError("--percentile: found beside --adc-range " + arguments.policy +
                     ", expected with --adc-range percentile only");
  }
  options.percentile = arguments.percentile.value_or(options.percentile);
  return options;
}

std::string adc_range_text(const AdcRangeOptions& options) {
  const std::string group = " per " + compiler::adc_group_name(options.group);
  if (options.resolution == AdcResolution::kProven) return "every sum there can be" + group;
  std::string text = runtime::adc_range_name(options.policy);
  if (options.policy == AdcRangePolicy::kPercentile) {
    text += fmt::format(" {:g}", options.percentile);
  }
  text += group;
  return options.resolution == AdcResolution::kTile ? text : text + ", fewest bits that hold it";
}

nlohmann::json adc_range_json(const AdcRangeOptions& options) {
  nlohmann::json result = {{"adc_group", compiler::adc_group_name(options.group)},
                           {"adc_resolution", runtime::adc_resolution_name(options.resolution)}};
  if (options.resolution == AdcResolution::kProven) return result;
  result["adc_range"] = runtime::adc_range_name(options.policy);
  if (options.policy == AdcRangePolicy::kPercentile) result["percentile"] = options.percentile;
  return result;
}

}  // namespace crossloop::cli
