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

/// An engine whose cells are exactly the levels of `deployment`.
inline EngineBackend ideal_tiles(const compiler::Deployment& deployment) {
  const compiler::TileFormat& tile = deployment.tile;
  const auto columns = static_cast<std::size_t>(tile.columns);
  Snapshot snapshot;
  for (const compiler::Crossbar& crossbar : deployment.crossbars) {
    std::vector<std::uint16_t> whole(static_cast<std::size_t>(tile.rows) * columns,
                                     static_cast<std::uint16_t>(tile.code.nominal(0)));
    const auto codes = compiler::ideal_codes(crossbar, tile.code);
    const auto used = static_cast<std::size_t>(crossbar.column_count());
    for (std::size_t i = 0; i < codes.size(); ++i) whole[i / used * columns + i % used] = codes[i];
    snapshot.codes.push_back(std::move(whole));
  }
  EngineBackend backend(tile, compiler::test_device(), 1);
  backend.restore(snapshot);
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
