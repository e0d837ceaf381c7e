// Runs a deployment on tiles whose cells are exactly their levels.
#pragma once

#include <cstdint>
#include <vector>

#include "host/runtime/engine_backend.hpp"
#include "host/runtime/executor.hpp"
#include "tests/compiler_fixture.hpp"

namespace crossloop::runtime {

/// A tile that reads without loss: 12-bit ADCs hold the sum of 256 cells of level 15.
inline compiler::TileFormat lossless_tile() {
  compiler::TileFormat tile = compiler::test_tile(256, 256, 4);
  tile.adc_bits = 12;
  return tile;
}

/// An engine programmed with `deployment` whose cells are ideal.
inline EngineBackend ideal_tiles(const compiler::Deployment& deployment) {
  const analog::CodeFormat& code = deployment.tile.code;
  analog::Device ideal;  // in units of a code, so that level 0 has the deployment's reference
  ideal.name = "ideal";
  ideal.g_min_us = code.reference;
  ideal.g_max_us = code.nominal(code.levels() - 1);
  ideal.wires = {0.0, 0.0, 0.0, 0.0};
  EngineBackend backend(deployment.tile, ideal, 1);
  program_all(backend, deployment);
  return backend;
}

/// Every tensor that the layers make of the images, as integers; the logits last.
inline std::vector<compiler::IntegerTensor> run_on_ideal_tiles(
    const compiler::Deployment& deployment, const data::Dataset& images) {
  EngineBackend backend = ideal_tiles(deployment);
  RunOptions options;
  options.batch = images.count;
  std::vector<compiler::IntegerTensor> made;
  const auto observe = [&](const LayerEvent& event) {
    const auto id = static_cast<std::size_t>(event.layer) + 1;
    const auto& bytes = event.activations->tensors[id];
    made.emplace_back(bytes.begin(), bytes.end());
  };
  made.back() = run_images(deployment, backend, images, options, observe);
  return made;
}

}  // namespace crossloop::runtime
