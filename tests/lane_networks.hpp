// A whole network through lanes, against the engine on ideal tiles.
#pragma once

#include <gtest/gtest.h>

#include <utility>
#include <variant>
#include <vector>

#include "host/compiler/compile.hpp"
#include "host/runtime/lanes_backend.hpp"
#include "tests/ideal_tiles.hpp"

namespace crossloop::runtime {

/// resnet8 for 8 x 8 images; all convolutions but the first keep 4 weights of every 16.
inline network::Network pruned_network() {
  network::Network network = compiler::small_resnet(1);
  bool first = true;
  for (network::Node& node : network.nodes) {
    auto* conv = std::get_if<network::Conv>(&node.op);
    if (conv == nullptr || std::exchange(first, false)) continue;
    const lanes::LayerGeometry geometry{node.name, conv->out_channels, conv->in_channels,
                                        conv->window.kernel_h, conv->window.kernel_w};
    lanes::prune_groups(conv->weight, geometry, 16, 4);
  }
  return network;
}

inline data::Dataset lane_images() { return compiler::noisy_images({3, 8, 8}, 3, 5); }

/// That network on tiles that read without loss.
inline compiler::Deployment pruned_deployment() {
  network::Network network = pruned_network();
  return compiler::compile(network, lossless_tile(), compiler::test_device(), lane_images());
}

/// The accumulators of every crossbar layer and the logits.
inline std::vector<std::vector<std::int32_t>> all_sums(const compiler::Deployment& deployment,
                                                       Backend& backend) {
  std::vector<std::vector<std::int32_t>> sums;
  const auto observe = [&](const LayerEvent& event) {
    sums.emplace_back(event.accumulators.begin(), event.accumulators.end());
  };
  const auto logits = run_images(deployment, backend, lane_images(), {}, observe);
  sums.push_back(logits);
  return sums;
}

/// Runs the network on `kind` lanes; every integer must be that of the engine. Returns the uses.
inline std::vector<LaneUse> expect_engine_integers(lanes::LaneKind kind,
                                                   const lanes::LaneShape& shape,
                                                   const LaneFactory& make) {
  const auto deployment = pruned_deployment();
  LanesBackend backend(deployment, kind, shape, make);
  program_all(backend, deployment);
  const auto found = all_sums(deployment, backend);
  EngineBackend engine = ideal_tiles(deployment);
  const auto expected = all_sums(deployment, engine);
  EXPECT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i], expected[i])
        << (i < deployment.layers.size() ? deployment.layers[i].name : "logits");
  }
  return backend.layers();
}

}  // namespace crossloop::runtime
