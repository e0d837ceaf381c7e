// Column reads per second on 128 x 128 tiles with non-ideal codes and read noise: the Verilated
// core with driver, controller and tables, and the engine on one thread; the integers are compared.
#include <algorithm>
#include <numeric>

#include "bench/figures.hpp"
#include "drivers/device.hpp"
#include "host/engine/engine.hpp"
#include "host/runtime/device_backend.hpp"
#include "testbench/verilated_device.hpp"
#include "tests/random_pages.hpp"

namespace crossloop::bench {

namespace {

constexpr int kSize = 128;
constexpr int kPages = 16;

/// As many pages of one layer as the core holds, as a deployment would run them: bands of its
/// inputs in order.
struct Layer {
  explicit Layer(int vectors) {
    std::mt19937 rng(1);
    const testing_support::RandomPageOptions options{
        .rows = kSize, .columns = kSize, .inputs = kPages * kSize, .outputs = 64};
    for (int page = 0; page < kPages; ++page) {
      pages.push_back(testing_support::random_page(options, rng));
      auto& rows = pages.back().tables.rows;
      std::iota(rows.begin(), rows.end(), page * kSize);
      for (auto& column : pages.back().tables.columns) {
        column.bits = 8;
        column.sigma = 40;
        column.shift = 13;
        column.zero_code = 32;
        column.offset = column.zero_code * (1 << column.shift);
      }
      snapshot.codes.push_back(pages.back().codes);
    }
    for (int page = 0; page < kPages; ++page) {
      job.pages.push_back({page, &pages[static_cast<std::size_t>(page)].tables});
    }
    job.inputs = options.inputs;
    job.outputs = options.outputs;
    bytes.resize(static_cast<std::size_t>(vectors * options.inputs));
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(rng() % 3 == 0 ? 0 : rng() % 256);
  }
  std::vector<testing_support::RandomPage> pages;
  runtime::Snapshot snapshot;
  engine::Job job;
  std::vector<std::uint8_t> bytes;
};

engine::Engine loaded_engine(const Layer& layer) {
  engine::Engine engine({.threads = 1});
  for (int page = 0; page < kPages; ++page) {
    engine.load(page, kSize, kSize, layer.pages[static_cast<std::size_t>(page)].codes);
  }
  return engine;
}

/// Best of `runs`: the figure is a rate of the code, not of the neighbours on the machine.
template <typename Run>
double best_rate(int runs, const Run& run) {
  double best = 0.0;
  for (int i = 0; i < runs; ++i) {
    engine::JobResult result;
    const double spent = seconds([&] { result = run(); });
    best = std::max(best, static_cast<double>(result.counters.column_reads) / spent);
  }
  return best;
}

std::map<std::string, Figure> measure_rtl() {
  const Layer layer(50);
  compiler::TileFormat tile;
  tile.rows = tile.columns = kSize;
  runtime::DeviceBackend device(
      "rtl", testbench::make_verilated_device({.geometry = {kSize, kSize, 8}}), tile);
  device.restore(layer.snapshot);
  std::vector<std::int32_t> got;
  const double rate = best_rate(5, [&] {
    auto result = device.run(layer.job, layer.bytes);
    got = result.accumulators;
    return result;
  });
  const auto expected = loaded_engine(layer).run(layer.job, layer.bytes).accumulators;
  double mismatches = 0.0;
  for (std::size_t i = 0; i < expected.size(); ++i) mismatches += expected[i] != got[i] ? 1.0 : 0.0;
  return {{"rtl.column_reads_per_second", {rate, "1/s", 15e6, Better::kLarger}},
          {"rtl.mismatches", {mismatches, "integers", 0.0, Better::kSmaller}}};
}

std::map<std::string, Figure> measure_engine() {
  const Layer layer(500);
  const engine::Engine engine = loaded_engine(layer);
  const double rate = best_rate(5, [&] { return engine.run(layer.job, layer.bytes); });
  return {{"engine.column_reads_per_second", {rate, "1/s", 1e8, Better::kLarger}}};
}

}  // namespace

Benchmark rtl_core() { return {{"rtl.column_reads_per_second", "rtl.mismatches"}, measure_rtl}; }
Benchmark engine_pages() { return {{"engine.column_reads_per_second"}, measure_engine}; }

}  // namespace crossloop::bench
