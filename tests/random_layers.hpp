// Random layers, wild and like compiled ones, and what the reference makes of them.
#pragma once

#include <cmath>
#include <random>
#include <vector>

#include "host/engine/engine.hpp"
#include "tests/random_pages.hpp"

namespace crossloop::testing_support {

inline engine::JobResult reference_run(const std::vector<RandomPage>& pages, const engine::Job& job,
                                       std::span<const std::uint8_t> vectors) {
  engine::JobResult result;
  const std::size_t inputs = static_cast<std::size_t>(job.inputs);
  const std::size_t outputs = static_cast<std::size_t>(job.outputs);
  result.accumulators.assign(vectors.size() / inputs * outputs, 0);
  for (std::size_t v = 0; v < vectors.size() / inputs; ++v) {
    for (std::size_t p = 0; p < pages.size(); ++p) {
      engine::accumulate_page(
          {pages[p].codes, &pages[p].tables, job.pages[p].inl},
          static_cast<std::uint32_t>(job.pages[p].crossbar), job.settings,
          job.first_vector + static_cast<std::uint32_t>(v), vectors.subspan(v * inputs, inputs),
          std::span(result.accumulators).subspan(v * outputs, outputs), result.counters);
    }
  }
  return result;
}

/// Integers that differ, counters among them.
inline std::int64_t mismatches(const engine::JobResult& a, const engine::JobResult& b) {
  std::int64_t count = a.counters == b.counters ? 0 : 1;
  if (a.accumulators.size() != b.accumulators.size()) return count + 1;
  for (std::size_t i = 0; i < a.accumulators.size(); ++i) {
    count += a.accumulators[i] != b.accumulators[i] ? 1 : 0;
  }
  return count;
}

/// Some crossbars of one layer, a job on all of them, and its vectors.
struct RandomLayer {
  std::vector<RandomPage> pages;
  analog::InlTable inl;
  engine::Job job;  ///< points into this layer: do not copy it
  std::vector<std::uint8_t> vectors;
  int threads = 1;

  explicit RandomLayer(std::mt19937& rng);
  RandomLayer(const RandomLayer&) = delete;
  RandomLayer& operator=(const RandomLayer&) = delete;

  engine::JobResult run() const {
    engine::Engine engine({.threads = threads});
    for (std::size_t p = 0; p < pages.size(); ++p) {
      engine.load(job.pages[p].crossbar, static_cast<int>(pages[p].tables.rows.size()),
                  static_cast<int>(pages[p].tables.columns.size()), pages[p].codes);
    }
    return engine.run(job, vectors);
  }
  engine::JobResult expected() const { return reference_run(pages, job, vectors); }
};

/// 16..512, small sizes as likely as large ones.
inline int draw_size(std::mt19937& rng) {
  return static_cast<int>(16.0 * std::exp2(draw(rng, 0, 5000) / 1000.0));
}

/// Columns as the compiler places them: output, slice, sign. One in three has the offset encoding,
/// where no twin takes off a column's zero code.
inline void compiled_columns(RandomPage& page, int outputs, std::mt19937& rng) {
  const int cell_bits = draw(rng, 1, 4);
  const int signs = draw(rng, 0, 2) == 0 ? 1 : 2;
  const int slices = (draw(rng, 2, 8) - signs + cell_bits) / cell_bits;
  const int noise = draw(rng, 0, 2);  // none, little, or of any size
  const bool converters = draw(rng, 0, 1) == 1;
  const int first_output = draw(rng, 0, outputs - 1);
  compiler::ColumnSetting slice[8];
  for (auto& column : slice) {
    column.bits = draw(rng, 0, 3) == 0 ? draw(rng, 1, 12) : 8;
    column.shift = draw(rng, 8, 16);
    column.zero_code = draw(rng, 0, (1 << column.bits) / 4);
    column.reference = draw(rng, 0, 20);
    column.offset = column.zero_code * (1 << column.shift);
  }
  for (std::size_t j = 0; j < page.tables.columns.size(); ++j) {
    const int place = static_cast<int>(j) / signs;
    auto& column = page.tables.columns[j] = slice[place % slices];
    column.output = (first_output + place / slices) % outputs;
    column.negative = signs == 2 && j % 2 == 1;
    column.slice = place % slices;
    column.left_shift = cell_bits * column.slice;
    column.sigma = noise == 0 ? 0 : draw(rng, 0, noise == 1 ? 60 : 65535);
    if (converters) {
      column.gain += draw(rng, -20, 20);
      column.offset += draw(rng, -1000, 1000);
    }
  }
}

inline RandomLayer::RandomLayer(std::mt19937& rng) {
  RandomPageOptions options;
  options.rows = draw_size(rng);
  options.columns = draw_size(rng);
  options.code_bits = draw(rng, 0, 2) == 0 ? draw(rng, 4, 12) : draw(rng, 5, 8);
  options.inputs = options.rows + draw(rng, 0, 100);
  options.outputs = draw(rng, 1, 64);
  options.noisy = draw(rng, 0, 1) == 1;
  options.wide_adc = draw(rng, 0, 3) == 0;
  const int style = draw(rng, 0, 4);  // 0: columns at random; others as compiled
  inl = random_inl(rng);
  for (int p = draw(rng, 1, 3); p > 0; --p) {
    RandomPage page = random_page(options, rng);
    if (style != 0) compiled_columns(page, options.outputs, rng);
    const int first = draw(rng, 0, options.inputs - options.rows);
    for (int row = 0; row < options.rows && style > 1; ++row) {
      page.tables.rows[static_cast<std::size_t>(row)] = first + row;
    }
    if (style == 4) std::erase_if(page.tables.rows, [&](int) { return draw(rng, 0, 3) == 0; });
    if (page.tables.rows.empty()) page.tables.rows.push_back(first);
    if (style > 2 && !pages.empty()) page.tables.rows = pages.front().tables.rows;  // one band
    page.codes.resize(page.tables.rows.size() * page.tables.columns.size());
    pages.push_back(std::move(page));
  }
  job.inputs = options.inputs;
  job.outputs = options.outputs;
  job.settings = {draw(rng, 1, 8), draw(rng, 0, 1) == 1, static_cast<std::uint32_t>(rng())};
  job.first_vector = static_cast<std::uint32_t>(rng());
  for (std::size_t p = 0; p < pages.size(); ++p) {
    job.pages.push_back({draw(rng, 0, 1000) * 4 + static_cast<std::int32_t>(p), &pages[p].tables,
                         draw(rng, 0, 2) == 0 ? &inl : nullptr});
  }
  const int work = options.rows * options.columns * static_cast<int>(pages.size());
  const int count = std::clamp(draw(rng, 1, 1'500'000) / work, 1, 400);
  vectors = random_bytes(static_cast<std::size_t>(options.inputs * count), rng);
  threads = draw(rng, 1, 3);
}

}  // namespace crossloop::testing_support
