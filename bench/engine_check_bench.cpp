// The engine against the plain reference: random layers on every instruction set, and every layer
// of every network of the zoo that compiles.
#include <cstdio>
#include <cstdlib>

#include "bench/figures.hpp"
#include "host/compiler/compile.hpp"
#include "host/error.hpp"
#include "host/network/zoo.hpp"
#include "host/runtime/engine_backend.hpp"
#include "host/runtime/executor.hpp"
#include "tests/random_layers.hpp"

namespace crossloop::bench {

namespace {

std::int64_t random_layer_mismatches() {
  std::mt19937 rng(1);
  std::int64_t count = 0;
  for (int round = 0; round < 1000; ++round) {
    const testing_support::RandomLayer layer(rng);
    const engine::JobResult expected = layer.expected();
    for (const engine::InstructionSet& set : engine::instruction_sets()) {
      ::setenv("CROSSLOOP_ENGINE", set.name.c_str(), 1);
      count += testing_support::mismatches(layer.run(), expected);
    }
  }
  ::unsetenv("CROSSLOOP_ENGINE");
  return count;
}

/// Repeats some vectors of every job on the reference; `codes` is what the chip's cells hold.
class CheckedBackend : public runtime::EngineBackend {
 public:
  using EngineBackend::EngineBackend;
  runtime::Snapshot codes;
  int columns = 0;
  std::int64_t mismatches = 0;

  runtime::JobResult run(const runtime::Job& job, std::span<const std::uint8_t> vectors) override {
    auto result = EngineBackend::run(job, vectors);
    std::vector<testing_support::RandomPage> pages;
    for (const auto& page : job.pages) {
      pages.push_back(
          {*page.tables, runtime::upper_left(codes.codes[static_cast<std::size_t>(page.crossbar)],
                                             columns, static_cast<int>(page.tables->rows.size()),
                                             static_cast<int>(page.tables->columns.size()))});
    }
    const std::size_t inputs = static_cast<std::size_t>(job.inputs);
    const std::size_t outputs = static_cast<std::size_t>(job.outputs);
    const std::size_t count = vectors.size() / inputs;
    for (const std::size_t vector : {std::size_t{0}, count / 2}) {
      runtime::Job one = job;
      one.first_vector += static_cast<std::uint32_t>(vector);
      const auto input = vectors.subspan(vector * inputs, inputs);
      const auto expected = testing_support::reference_run(pages, one, input);
      mismatches += testing_support::mismatches(EngineBackend::run(one, input), expected);
      for (std::size_t o = 0; o < outputs; ++o) {
        const auto got = result.accumulators[vector * outputs + o];
        mismatches += got != expected.accumulators[o] ? 1 : 0;
      }
    }
    return result;
  }
};

/// One image through a network of the zoo, as large as CIFAR images or, for LeNet-5, MNIST's.
std::int64_t network_mismatches(const std::string& name) {
  const network::Shape shape{name == "lenet5" ? 1 : 3, name == "lenet5" ? 28 : 32,
                             name == "lenet5" ? 28 : 32};
  network::Network net = network::make_network(name, shape, 10, 1);
  std::mt19937 rng(1);
  data::Dataset images{"random", 2, shape.height, shape.width, shape.channels, 10, {}, {0, 0}};
  images.pixels.resize(2 * images.image_size());
  for (auto& pixel : images.pixels) pixel = static_cast<std::uint8_t>(rng());
  analog::Device device;
  device.cycle_to_cycle.sigma = 0.1;
  device.read_noise_over_g_max = 0.005;
  device.wires = {0.0, 0.0, 0.0, 0.0};
  compiler::TileFormat tile;
  tile.rows = tile.columns = 128;
  tile.code = analog::code_format(device, 4, 8, 3);
  const compiler::Deployment deployment = compiler::compile(net, tile, device, images);
  CheckedBackend backend(tile, device, 7);
  runtime::program_all(backend, deployment);
  backend.columns = tile.columns;
  backend.codes = backend.snapshot(static_cast<std::int32_t>(deployment.crossbars.size()));
  runtime::run_images(deployment, backend, images.slice(0, 1), {});
  return backend.mismatches;
}

std::map<std::string, Figure> measure() {
  std::int64_t count = random_layer_mismatches();
  std::string left_out;
  for (const std::string& name : network::zoo_names()) {
    try {
      count += network_mismatches(name);
    } catch (const InputError& error) {
      left_out += "\n  " + name + ": " + error.what();
    }
  }
  if (!left_out.empty()) {
    std::fprintf(stderr, "engine.mismatches: does not compile:%s\n", left_out.c_str());
  }
  return {{"engine.mismatches", {static_cast<double>(count), "integers", 0.0, Better::kSmaller}}};
}

}  // namespace

Benchmark engine_check() { return {{"engine.mismatches"}, measure}; }

}  // namespace crossloop::bench
