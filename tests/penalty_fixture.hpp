// One layer with a weight and a gradient, for tests of penalties.
#pragma once

#include <ATen/ATen.h>

#include <random>
#include <utility>
#include <vector>

#include "pruning/method.hpp"
#include "pruning/penalty.hpp"
#include "pruning/torch_network.hpp"

namespace crossloop::pruning {

/// A convolution of `groups` groups as the only node of a network.
inline PrunableLayer conv_layer(int outputs, int channels, int taps, int groups = 1) {
  return {.name = "conv",
          .outputs = outputs,
          .inputs = channels * taps,
          .taps = taps,
          .groups = groups};
}

/// Double precision in -1..1, shaped [outputs][channels][taps][1] and channels last in memory.
inline at::Tensor random_weight(const PrunableLayer& layer, unsigned seed) {
  std::mt19937 rng(seed);
  const at::Tensor weight =
      at::empty({layer.outputs, layer.channels(), layer.taps, 1}, at::kDouble);
  for (std::int64_t i = 0; i < weight.numel(); ++i) {
    weight.view(-1)[i] = static_cast<double>(rng()) / 2147483648.0 - 1.0;
  }
  return weight.contiguous(at::MemoryFormat::ChannelsLast);
}

struct PenaltyAndGradient {
  double value = 0.0;
  at::Tensor gradient;  ///< what the penalty added to a gradient of zero
};

inline PenaltyAndGradient evaluate_penalty(const Penalty& penalty, const at::Tensor& weight) {
  std::vector<NodeTensors> nodes(1);
  nodes[0].weight = weight.detach().clone();
  nodes[0].weight.mutable_grad() = at::zeros_like(weight);
  const double value = penalty.add_gradients(nodes);
  return {value, nodes[0].weight.mutable_grad()};
}

/// Central differences of the value at every weight.
inline at::Tensor finite_differences(const Penalty& penalty, const at::Tensor& weight) {
  constexpr double kStep = 1e-5;
  const at::Tensor plain = weight.contiguous();
  const at::Tensor slope = at::zeros_like(plain);
  for (std::int64_t i = 0; i < plain.numel(); ++i) {
    at::Tensor up = plain.clone();
    at::Tensor down = plain.clone();
    up.view(-1)[i] += kStep;
    down.view(-1)[i] -= kStep;
    slope.view(-1)[i] =
        (evaluate_penalty(penalty, up).value - evaluate_penalty(penalty, down).value) /
        (2.0 * kStep);
  }
  return slope;
}

inline double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

}  // namespace crossloop::pruning
