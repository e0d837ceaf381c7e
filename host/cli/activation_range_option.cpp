#include "host/cli/activation_range_option.hpp"

#include <spdlog/fmt/fmt.h>

#include <iterator>
#include <vector>

#include "host/cli/command.hpp"
#include "host/error.hpp"

namespace crossloop::cli {

using compiler::ActivationRangePolicy;

void add_activation_range_options(CLI::App& command, ActivationRangeArguments& arguments) {
  const std::vector<std::string> names(std::begin(compiler::kActivationRangePolicies),
                                       std::end(compiler::kActivationRangePolicies));
  command
      .add_option("--activation-range", arguments.policy,
                  "what 8-bit activations must hold: all values of the calibration images, a "
                  "percentile of them from either side, or what costs least in clipping and "
                  "quantisation")
      ->check(CLI::IsMember(names))
      ->capture_default_str();
  command
      .add_option("--activation-percentile", arguments.percentile,
                  "of the activations, with --activation-range percentile (99.99)")
      ->check(in_range(90.0, 100.0));
}

compiler::ActivationRangeOptions activation_range(const ActivationRangeArguments& arguments) {
  compiler::ActivationRangeOptions options;
  options.policy = compiler::activation_range_policy(arguments.policy).value();
  if (arguments.percentile && options.policy != ActivationRangePolicy::kPercentile) {
    throw InputError("--activation-percentile: found beside --activation-range " +
                     arguments.policy + ", expected with --activation-range percentile only");
  }
  options.percentile = arguments.percentile.value_or(options.percentile);
  return options;
}

std::string activation_range_text(const compiler::ActivationRangeOptions& options) {
  const std::string name = compiler::activation_range_name(options.policy);
  if (options.policy != ActivationRangePolicy::kPercentile) return name;
  return fmt::format("{} {:g}", name, options.percentile);
}

}  // namespace crossloop::cli
