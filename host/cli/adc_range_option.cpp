#include "host/cli/adc_range_option.hpp"

#include <spdlog/fmt/fmt.h>

#include <iterator>
#include <vector>

#include "host/cli/command.hpp"
#include "host/error.hpp"

namespace crossloop::cli {

void add_adc_range_options(CLI::App& command, AdcRangeArguments& arguments) {
  const std::vector<std::string> names(std::begin(runtime::kAdcRangePolicies),
                                       std::end(runtime::kAdcRangePolicies));
  command
      .add_option("--adc-range", arguments.policy,
                  "what an ADC must hold: full scale, all sums of the calibration images, a "
                  "percentile of them, or what costs least in clipping and quantisation")
      ->check(CLI::IsMember(names))
      ->capture_default_str();
  command
      .add_option("--percentile", arguments.percentile,
                  "of the column sums that an ADC must hold, with --adc-range percentile (99.99)")
      ->check(in_range(90.0, 100.0));
}

runtime::AdcRangeOptions adc_range(const AdcRangeArguments& arguments) {
  runtime::AdcRangeOptions options;
  options.policy = runtime::adc_range_policy(arguments.policy).value();
  if (arguments.percentile && options.policy != runtime::AdcRangePolicy::kPercentile) {
    throw InputError("--percentile: found beside --adc-range " + arguments.policy +
                     ", expected with --adc-range percentile only");
  }
  options.percentile = arguments.percentile.value_or(options.percentile);
  return options;
}

std::string adc_range_text(const runtime::AdcRangeOptions& options) {
  const std::string name = runtime::adc_range_name(options.policy);
  if (options.policy != runtime::AdcRangePolicy::kPercentile) return name;
  return fmt::format("{} {:g}", name, options.percentile);
}

}  // namespace crossloop::cli
