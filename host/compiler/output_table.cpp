#include "host/compiler/output_table.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

namespace crossloop::compiler {
namespace {

using network::Overloaded;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double activation(const network::Node& node, double x) {
  return std::visit(
      Overloaded{[x](const network::LeakyRelu& op) { return x < 0.0 ? double{op.alpha} * x : x; },
                 [x](const network::Sigmoid&) { return 1.0 / (1.0 + std::exp(-x)); },
                 [x](const network::HardSigmoid& op) {
                   return std::clamp(double{op.alpha} * x + double{op.beta}, 0.0, 1.0);
                 },
                 [x](const network::HardSwish&) { return x * std::clamp(x / 6.0 + 0.5, 0.0, 1.0); },
                 [x](const auto&) { return x; }},
      node.op);
}

struct Bounds {
  double low = -kInfinity;
  double high = kInfinity;
};

/// Where the activation of `node` moves its output by half a step or more.
Bounds moving_part(const network::Node& node, double step) {
  return std::visit(Overloaded{[step](const network::Sigmoid&) {
                                 // 1 / (1 + exp(x)) = step / 2; a step beyond 2/3 leaves no more
                                 // than +-ln 2.
                                 const double limit = std::log(std::max(2.0 / step - 1.0, 2.0));
                                 return Bounds{-limit, limit};
                               },
                               [](const network::HardSigmoid& op) {
                                 if (op.alpha == 0.0F) return Bounds{};
                                 const double zero = -double{op.beta} / op.alpha;
                                 const double one = (1.0 - double{op.beta}) / op.alpha;
                                 return Bounds{std::min(zero, one), std::max(zero, one)};
                               },
                               [](const network::HardSwish&) { return Bounds{.low = -3.0}; },
                               [](const auto&) { return Bounds{}; }},
                    node.op);
}

}  // namespace

bool makes_table(const network::Node& node) {
  return std::holds_alternative<network::LeakyRelu>(node.op) ||
         std::holds_alternative<network::Sigmoid>(node.op) ||
         std::holds_alternative<network::HardSigmoid>(node.op) ||
         std::holds_alternative<network::HardSwish>(node.op);
}

ValueRange tabled_range(const network::Node& node, const ValueRange& range,
                        const TensorScale& output) {
  const Bounds moving = moving_part(node, output.scale);
  return {.low = static_cast<float>(std::max(double{range.low}, moving.low)),
          .high = static_cast<float>(std::min(double{range.high}, moving.high))};
}

OutputTable output_table(const network::Node& node, const TensorScale& input,
                         const TensorScale& output, std::int32_t highest) {
  assert(makes_table(node));
  OutputTable table{.codes = {}, .scale = input.scale};
  for (int code = 0; code < kTableEntries; ++code) {
    const double value = activation(node, input.scale * (code - input.zero));
    const double made = std::round(value / output.scale) + output.zero;
    table.codes.push_back(
        static_cast<std::uint8_t>(std::clamp(made, 0.0, static_cast<double>(highest))));
  }
  return table;
}

}  // namespace crossloop::compiler
