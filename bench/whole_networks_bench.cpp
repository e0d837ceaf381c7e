// Whole networks on the Verilated core by descriptors only, against the engine: every byte of every
// tensor, every logit and every counter, with device errors, read noise and clipping on.
#include <cstdio>
#include <filesystem>
#include <utility>

#include "bench/figures.hpp"
#include "bench/resnet20_chip.hpp"
#include "host/analog/device.hpp"
#include "host/compiler/compile.hpp"
#include "host/data/shapes.hpp"
#include "host/network/onnx_file.hpp"
#include "host/network/zoo.hpp"
#include "host/runtime/calibrate.hpp"
#include "host/runtime/network_runner.hpp"
#include "host/runtime/planted_transport.hpp"
#include "testbench/verilated_device.hpp"

namespace crossloop::bench {

namespace {

constexpr int kSize = 128;
constexpr std::uint64_t kChipSeed = 7;

/// What differed between RTL and engine, and what it took.
struct Comparison {
  std::int64_t integers = 0;    ///< compared
  std::int64_t mismatches = 0;  ///< of them, and counters
  std::int64_t clipped = 0;     ///< conversions
  int host_layers = 0;          ///< that the core could not run
  std::int64_t column_reads = 0;
  std::int64_t cycles = 0;
  double seconds = 0.0;  ///< of the RTL
};

template <typename Value>
void compare(std::span<const Value> found, std::span<const Value> expected, Comparison& result) {
  result.integers += static_cast<std::int64_t>(expected.size());
  if (found.size() != expected.size()) {
    result.mismatches += static_cast<std::int64_t>(std::max(found.size(), expected.size()));
    return;
  }
  for (std::size_t i = 0; i < found.size(); ++i) result.mismatches += found[i] != expected[i];
}

/// Cells with spread, faults and read noise, wires without resistance: their solution is no part
/// of what is compared, since both sides hold the same codes.
analog::Device rough_device() {
  analog::Device device = analog::find_device("demo", CROSSLOOP_SOURCE_DIR);
  device.wires = {0.0, 0.0, 0.0, 0.0};
  return device;
}

/// Runs `images` in RTL and engine on one snapshot of a chip of 128 x 128 tiles; `stalls` is the
/// chance that the host leaves out a cycle on an AXI channel.
Comparison compare_network(network::Network net, const data::Dataset& images,
                           const data::Dataset& calibration, double stalls = 0.0) {
  const analog::Device device = rough_device();
  compiler::TileFormat tile;
  tile.rows = tile.columns = kSize;
  tile.adc_bits = 6;
  tile.code = analog::code_format(device, 4, 8, 3);
  compiler::Deployment deployment = compiler::compile(net, tile, device, calibration);
  runtime::calibrate_ideal(deployment, calibration, {.percentile = 99.0});  // the rest clips
  runtime::EngineBackend engine(tile, device, kChipSeed);
  runtime::program_all(engine, deployment);
  auto core = testbench::make_verilated_device(
      {.geometry = {kSize, kSize, 8}, .stall_probability = stalls});
  runtime::DeviceBackend rtl("rtl",
                             std::make_unique<runtime::PlantedTransport>(
                                 std::move(core), analog::Chip(device, tile.code, kChipSeed)),
                             tile);
  rtl.restore(engine.snapshot(static_cast<std::int32_t>(deployment.crossbars.size())));

  runtime::RunOptions options;
  options.batch = images.count;
  std::vector<std::vector<std::uint8_t>> expected;
  runtime::ConversionCounters counters;
  const auto golden = runtime::run_images(deployment, engine, images, options,
                                          [&](const runtime::LayerEvent& event) {
                                            if (event.counters) counters += *event.counters;
                                            expected = event.activations->tensors;
                                          });

  Comparison result;
  runtime::NetworkRunner runner(deployment, rtl, {.keep_tensors = true});
  std::vector<std::vector<std::uint8_t>> found(deployment.tensors.size());
  runtime::NetworkRun run;
  result.seconds = seconds([&] {
    run = runner.run(images, options, [&](int, const runtime::Activations& activations) {
      for (std::size_t id = 0; id < found.size(); ++id) {
        const auto& bytes = activations.tensors[id];
        found[id].insert(found[id].end(), bytes.begin(), bytes.end());
      }
    });
  });
  for (std::size_t id = 0; id < found.size(); ++id) {
    compare<std::uint8_t>(found[id], expected[id], result);
  }
  compare<std::int32_t>(run.logits, golden, result);
  result.mismatches += run.counters == counters ? 0 : 1;
  result.clipped = counters.clipped_low + counters.clipped_high;
  result.host_layers =
      static_cast<int>(deployment.layers.size()) - runner.plan().layers_on_device();
  result.column_reads = counters.column_reads;
  result.cycles = run.cycles;
  std::fprintf(stderr,
               "%s: %d images, %zu crossbars, %lld integers compared, %lld differ, %lld of %lld "
               "conversions clipped, %d layers on the host, %lld cycles, %.1f s\n",
               net.name.c_str(), images.count, deployment.crossbars.size(),
               static_cast<long long>(result.integers), static_cast<long long>(result.mismatches),
               static_cast<long long>(result.clipped), static_cast<long long>(counters.conversions),
               result.host_layers, static_cast<long long>(result.cycles), result.seconds);
  return result;
}

/// A network that nothing clips or that leaves layers to the host would show less than it says.
Figure mismatches(const Comparison& result) {
  const bool whole = result.host_layers == 0 && result.clipped > 0;
  return {whole ? static_cast<double>(result.mismatches) : 1e9, "integers", 0.0, Better::kSmaller};
}

Figure resnet8_mismatches(double stalls) {
  auto net = network::read_onnx(std::filesystem::path(CROSSLOOP_SOURCE_DIR) /
                                "models/resnet8_shapes.onnx");
  const data::Dataset images = data::make_shapes(1, 32);
  return mismatches(
      compare_network(std::move(net), images.slice(0, 16), images.slice(16, 16), stalls));
}

std::map<std::string, Figure> measure_resnet8() {
  return {{"rtl.resnet8_mismatches", resnet8_mismatches(0.0)}};
}

std::map<std::string, Figure> measure_resnet8_stalled() {
  return {{"rtl.resnet8_stalled_mismatches", resnet8_mismatches(0.5)}};
}

std::map<std::string, Figure> measure_resnet20() {
  const data::Dataset images = cifar10_images(36);
  const Comparison result = compare_network(resnet20(), images.slice(0, 4), images.slice(4, 32));
  return {{"rtl.resnet20_mismatches", mismatches(result)},
          {"rtl.resnet20_images_per_second", {4 / result.seconds, "1/s", 0.0, Better::kLarger}},
          {"rtl.resnet20_cycles_per_image",
           {static_cast<double>(result.cycles) / 4, "cycles", 1e12, Better::kSmaller}}};
}

/// VGG11 for 32 x 32 images with initial weights.
std::map<std::string, Figure> measure_vgg11() {
  auto net = network::make_network("vgg11", {3, 32, 32}, 10, 1);
  const data::Dataset images = cifar10_images(5);
  return {{"rtl.vgg11_mismatches",
           mismatches(compare_network(std::move(net), images.slice(0, 1), images.slice(1, 4)))}};
}

}  // namespace

std::vector<Benchmark> whole_networks() {
  return {{{"rtl.resnet8_mismatches"}, measure_resnet8},
          {{"rtl.resnet8_stalled_mismatches"}, measure_resnet8_stalled},
          {{"rtl.resnet20_mismatches", "rtl.resnet20_images_per_second",
            "rtl.resnet20_cycles_per_image"},
           measure_resnet20},
          {{"rtl.vgg11_mismatches"}, measure_vgg11}};
}

}  // namespace crossloop::bench
