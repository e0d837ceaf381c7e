#include "host/compiler/activation_scales.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "host/compiler/output_table.hpp"
#include "host/error.hpp"

namespace crossloop::compiler {
namespace {

/// Rails of the logits, and the scale that puts the largest calibrated one at 2^16.
constexpr std::int32_t kLogitRail = 1 << 20;
constexpr double kLogitLevels = 1 << 16;

constexpr std::int32_t kLargestCode = 255;

/// Sets of values by number, merged step by step.
class Sets {
 public:
  explicit Sets(std::size_t count) : parent_(count) {
    std::iota(parent_.begin(), parent_.end(), std::size_t{0});
  }
  std::size_t root(std::size_t element) const {
    while (parent_[element] != element) element = parent_[element];
    return element;
  }
  void merge(std::size_t a, std::size_t b) { parent_[root(b)] = root(a); }

 private:
  std::vector<std::size_t> parent_;
};

/// The code of a bound of the real values, within the rails.
std::int32_t code_of(double bound, const TensorScale& scale, const OutputRange& rails) {
  const double code = scale.zero + std::round(bound / scale.scale);  // may be infinite
  return static_cast<std::int32_t>(
      std::clamp(code, static_cast<double>(rails.low), static_cast<double>(rails.high)));
}

OutputCodes clipped(const FusedNode& fused, const TensorScale& scale, const OutputRange& rails) {
  OutputCodes codes{.scale = scale, .range = rails};
  codes.range.zero = scale.zero;
  codes.range.low = code_of(fused.clip.low, scale, rails);
  codes.range.high = code_of(fused.clip.high, scale, rails);
  return codes;
}

[[noreturn]] void refuse_scales(const network::Node& node, const std::string& what,
                                const TensorScale& found, const TensorScale& expected) {
  throw InputError("node '" + node.name + "': " + what + " scale " + std::to_string(found.scale) +
                   " and zero point " + std::to_string(found.zero) + ", expected the same for a " +
                   network::operator_name(node) + " as its first input has, " +
                   std::to_string(expected.scale) + " and " + std::to_string(expected.zero));
}

}  // namespace

bool passes_codes(const network::Node& node) {
  return std::holds_alternative<network::MaxPool>(node.op) ||
         std::holds_alternative<network::GlobalMaxPool>(node.op) ||
         std::holds_alternative<network::Concat>(node.op) ||
         std::holds_alternative<network::Pad>(node.op) ||
         std::holds_alternative<network::Slice>(node.op);
}

void join_ranges(const std::vector<FusedNode>& fused, std::map<std::string, ValueRange>& ranges) {
  std::map<std::string, std::size_t> numbers;
  for (const auto& [value, range] : ranges) numbers.emplace(value, numbers.size());
  Sets sets(numbers.size());
  for (const FusedNode& layer : fused) {
    if (!passes_codes(*layer.node)) continue;
    for (const std::string& input : layer.inputs) {
      sets.merge(numbers.at(input), numbers.at(layer.output));
    }
  }
  std::vector<ValueRange> joined(numbers.size());
  std::vector<bool> given(numbers.size());
  for (const FusedNode& layer : fused) {
    const std::size_t set = sets.root(numbers.at(layer.output));
    const ValueRange& range = ranges.at(layer.output);
    joined[set].low = std::min(joined[set].low, range.low);
    joined[set].high = std::max(joined[set].high, range.high);
    if (layer.quantise != nullptr) given[set] = true;
  }
  for (const FusedNode& layer : fused) {
    const std::size_t set = sets.root(numbers.at(layer.output));
    if (!given[set]) ranges.at(layer.output) = joined[set];
  }
}

OutputCodes output_codes(const FusedNode& fused, const ValueRange& range, bool last) {
  if (last) {
    const double largest = std::max(std::abs(range.low), std::abs(range.high));
    const TensorScale scale{.scale = largest > 0.0 ? largest / kLogitLevels : 1.0, .zero = 0};
    return clipped(fused, scale, {.low = -kLogitRail, .high = kLogitRail});
  }
  if (fused.quantise != nullptr) {
    const network::Quantise& quantise = *fused.quantise;
    return clipped(fused, {.scale = quantise.scale, .zero = quantise.zero_point - quantise.low},
                   {.high = quantise.high - quantise.low});
  }
  return clipped(fused, quantise_range(range), {.high = kLargestCode});
}

OutputCodes tabled_codes(const FusedNode& fused, const ValueRange& before,
                         const ValueRange& after) {
  FusedNode behind = fused;
  behind.clip = {};  // it acts before the table
  const OutputCodes made = output_codes(behind, after, false);
  const ValueRange range = tabled_range(*fused.table, before, made.scale);
  const OutputCodes read = clipped(fused, quantise_range(range), {.high = kLargestCode});
  return {.scale = made.scale,
          .range = read.range,
          .table = output_table(*fused.table, read.scale, made.scale, made.range.high)};
}

OutputCodes passed_codes(const FusedNode& fused, const std::vector<TensorInfo>& inputs) {
  const TensorScale first{.scale = inputs.at(0).scale, .zero = inputs[0].zero};
  for (const TensorInfo& input : inputs) {
    if (input.scale == first.scale && input.zero == first.zero) continue;
    refuse_scales(*fused.node, "input '" + input.name + "' has", {input.scale, input.zero}, first);
  }
  if (fused.quantise != nullptr) {
    const network::Quantise& quantise = *fused.quantise;
    const TensorScale wanted{quantise.scale, quantise.zero_point - quantise.low};
    if (static_cast<float>(first.scale) != quantise.scale || first.zero != wanted.zero) {
      refuse_scales(*fused.node, "its output is quantised with", wanted, first);
    }
  }
  return {.scale = first, .range = {.zero = first.zero}};
}

}  // namespace crossloop::compiler
