// A Verilated core, its driver and the plain model, side by side.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <random>
#include <vector>

#include "drivers/device.hpp"
#include "host/engine/reference.hpp"
#include "testbench/verilated_device.hpp"
#include "tests/random_pages.hpp"
#include "tests/rtl_random.hpp"

namespace crossloop::testing_support {

/// Tables of the numbers contract in the layout of the core.
inline drivers::TableWords table_words(const compiler::PageTables& tables,
                                       const drivers::PageGeometry& geometry) {
  std::vector<drivers::ColumnEntry> columns;
  for (const compiler::ColumnSetting& setting : tables.columns) {
    drivers::ColumnEntry entry;
    entry.gain = setting.gain;
    entry.sigma = setting.sigma;
    entry.offset = setting.offset;
    entry.reference = setting.reference;
    entry.output = setting.output;
    entry.shift = setting.shift;
    entry.bits = setting.bits;
    entry.left_shift = setting.left_shift;
    entry.negative = setting.negative;
    entry.zero_code = setting.zero_code;
    columns.push_back(entry);
  }
  return drivers::pack_table(tables.rows, columns, geometry);
}

struct LoadedPage {
  RandomPage page;
  std::uint32_t crossbar = 0;
  std::optional<analog::InlTable> inl;
};

/// A 16x16 core and what was put into its pages.
class CoreTest : public ::testing::Test {
 protected:
  CoreTest() : rng_(static_cast<std::uint32_t>(bench_seed())) {}

  void start(double stall_probability = 0.0, testbench::VerilatedGeometry geometry = {16, 16, 8},
             bool streams = true) {
    transport_ = testbench::make_verilated_device({.geometry = geometry,
                                                   .seed = bench_seed() + 1,
                                                   .stall_probability = stall_probability,
                                                   .streams = streams});
    device_ = std::make_unique<drivers::Device>(*transport_);
    pages_.assign(static_cast<std::size_t>(device_->info().pages), {});
  }

  /// Puts a random block of at most the page's size into `page`, crossbar id included.
  void load(int page, RandomPageOptions options) {
    const drivers::PageGeometry& geometry = device_->info().geometry;
    options.code_bits = geometry.code_bits;
    LoadedPage& loaded = pages_.at(static_cast<std::size_t>(page));
    loaded.page = random_page(options, rng_);
    loaded.crossbar = static_cast<std::uint32_t>(rng_());
    device_->load_page(
        page, drivers::pack_codes(loaded.page.codes, options.rows, options.columns, geometry));
    device_->load_table(page, table_words(loaded.page.tables, geometry), loaded.crossbar);
  }

  /// Gives the ADC of `page` a random INL table, or none.
  void load_inl(int page, bool bent) {
    auto& inl = pages_.at(static_cast<std::size_t>(page)).inl;
    inl = bent ? std::optional(random_inl(rng_)) : std::nullopt;
    device_->load_inl(page, inl);
  }

  /// What the plain model says `layer` gives.
  std::vector<std::int32_t> expected(const drivers::LayerDescriptor& layer,
                                     const std::vector<std::uint8_t>& vectors,
                                     engine::ConversionCounters& counters) const {
    const auto inputs = static_cast<std::size_t>(layer.inputs);
    const auto outputs = static_cast<std::size_t>(layer.outputs);
    const std::size_t count = vectors.size() / inputs;
    std::vector<std::int32_t> accumulators(count * outputs);
    for (std::size_t v = 0; v < count; ++v) {
      for (int page = layer.first_page; page < layer.first_page + layer.pages; ++page) {
        const LoadedPage& loaded = pages_.at(static_cast<std::size_t>(page));
        engine::accumulate_page(
            {loaded.page.codes, &loaded.page.tables, loaded.inl ? &*loaded.inl : nullptr},
            loaded.crossbar,
            {.input_bits = layer.input_bits, .skip_zero = layer.skip_zero, .seed = layer.seed},
            layer.first_vector + static_cast<std::uint32_t>(v),
            std::span(vectors).subspan(v * inputs, inputs),
            std::span(accumulators).subspan(v * outputs, outputs), counters);
      }
    }
    return accumulators;
  }

  std::mt19937 rng_;
  std::unique_ptr<testbench::VerilatedDevice> transport_;
  std::unique_ptr<drivers::Device> device_;
  std::vector<LoadedPage> pages_;
};

}  // namespace crossloop::testing_support
