#include "host/runtime/measure.hpp"

#include <algorithm>
#include <cmath>

#include "host/error.hpp"
#include "host/progress.hpp"

namespace crossloop::runtime {

using compiler::ColumnSetting;
using compiler::Deployment;
using compiler::kGainFractionBits;
using compiler::kUnitGain;
using compiler::PageTables;

namespace {

constexpr int kLargestShift = kGainFractionBits + 12;

/// Running sums of the reads of every cell.
struct Reads {
  explicit Reads(std::size_t cells) : sum(cells), square(cells) {}
  std::vector<double> sum, square;
  int repeats = 0;
};

/// What one column is read with: shift, and its zero code a quarter up the range.
PageTables probe_tables(const PageTables& own, const std::vector<int>& shifts) {
  PageTables probe;
  for (std::size_t r = 0; r < own.rows.size(); ++r) {
    probe.rows.push_back(static_cast<std::int32_t>(r));
  }
  for (std::size_t j = 0; j < own.columns.size(); ++j) {
    ColumnSetting column = own.columns[j];  // keeps bits, sigma and reference
    column.output = static_cast<std::int32_t>(j);
    column.negative = false;
    column.left_shift = 0;
    column.gain = kUnitGain;
    column.shift = shifts[j];
    column.zero_code = (1 << column.bits) / 4;
    probe.columns.push_back(column);
  }
  return probe;
}

void dither(PageTables& probe, int repeat, int repeats) {
  for (ColumnSetting& column : probe.columns) {
    const double step = std::ldexp(1.0, column.shift);
    const double part = (repeat + 0.5) / repeats - 0.5;
    column.offset = static_cast<std::int32_t>(column.zero_code * step + std::floor(part * step));
  }
}

/// One read of all cells; false for each column in which a code hit a rail.
std::vector<bool> read_cells(const Job& job, Backend& backend,
                             std::span<const std::uint8_t> patterns, Reads& reads,
                             JobResult& totals) {
  const JobResult result = backend.run(job, patterns);
  const auto& columns = job.pages[0].tables->columns;
  std::vector<bool> inside(columns.size(), true);
  for (std::size_t i = 0; i < result.accumulators.size(); ++i) {
    const ColumnSetting& column = columns[i % columns.size()];
    const std::int32_t code = result.accumulators[i] + column.zero_code;
    if (code <= 0 || code >= (1 << column.bits) - 1) inside[i % columns.size()] = false;
    const double value = std::ldexp(result.accumulators[i], column.shift - kGainFractionBits);
    reads.sum[i] += value;
    reads.square[i] += value * value;
  }
  ++reads.repeats;
  totals.counters += result.counters;
  totals.cycles += result.cycles;
  return inside;
}

double standard_error(const Reads& reads, std::size_t cell, int shift) {
  const double n = reads.repeats;
  const double mean = reads.sum[cell] / n;
  const double variance = std::max(0.0, reads.square[cell] / n - mean * mean) * n / (n - 1.0);
  const double step = std::ldexp(1.0, shift - kGainFractionBits);
  return std::sqrt((variance + step * step / 12.0) / n);
}

std::string crossbar_text(std::int32_t id) { return "measure: crossbar " + std::to_string(id); }

/// Reads with `repeats` repeats until no column clips; raises the shift of those that do.
Reads read_unclipped(const PageTables& own, std::vector<int>& shifts, std::int32_t id,
                     const MeasureOptions& options, int repeats, Backend& backend,
                     JobResult& totals) {
  const std::size_t rows = own.rows.size();
  std::vector<std::uint8_t> patterns(rows * rows, 0);
  for (std::size_t r = 0; r < rows; ++r) patterns[r * rows + r] = 1;
  while (true) {
    PageTables probe = probe_tables(own, shifts);
    Job job;
    job.pages = {{id, &probe}};
    job.inputs = static_cast<int>(rows);
    job.outputs = static_cast<int>(probe.columns.size());
    job.settings = {1, true, options.noise_seed};
    Reads reads(rows * probe.columns.size());
    bool clipped = false;
    for (int repeat = 0; repeat < repeats && !clipped; ++repeat) {
      dither(probe, repeat, repeats);
      job.first_vector = (options.epoch + static_cast<std::uint32_t>(repeat)) * 1024U;
      const auto inside = read_cells(job, backend, patterns, reads, totals);
      for (std::size_t j = 0; j < inside.size(); ++j) {
        if (inside[j]) continue;
        clipped = true;
        if (++shifts[j] > kLargestShift) {
          throw CheckFailed(crossbar_text(id) + ": column " + std::to_string(j) +
                            " clips at the largest shift");
        }
      }
    }
    if (!clipped) return reads;
  }
}

}  // namespace

MeasuredPage measure_crossbar(const Deployment& deployment, Backend& backend, std::int32_t id,
                              const MeasureOptions& options, JobResult* totals) {
  const auto& crossbar = deployment.crossbars.at(static_cast<std::size_t>(id));
  const std::size_t columns = crossbar.tables.columns.size();
  JobResult spent;
  std::vector<int> shifts(columns, kGainFractionBits);
  MeasuredPage page{crossbar.row_count(), crossbar.column_count(), {}, 0.0, 0, 0};
  for (int repeats = std::max(2, options.repeats);; repeats *= 2) {
    const Reads reads =
        read_unclipped(crossbar.tables, shifts, id, options, repeats, backend, spent);
    page.codes.clear();
    page.largest_standard_error = 0.0;
    page.repeats = repeats;
    for (std::size_t cell = 0; cell < reads.sum.size(); ++cell) {
      page.codes.push_back(static_cast<float>(reads.sum[cell] / reads.repeats +
                                              crossbar.tables.columns[cell % columns].reference));
      page.largest_standard_error = std::max(page.largest_standard_error,
                                             standard_error(reads, cell, shifts[cell % columns]));
    }
    if (page.largest_standard_error <= options.max_standard_error) break;
    if (repeats * 2 > options.max_repeats) {
      throw CheckFailed(crossbar_text(id) + ": standard error " +
                        std::to_string(page.largest_standard_error) + " code units after " +
                        std::to_string(repeats) + " repeats, expected at most " +
                        std::to_string(options.max_standard_error));
    }
  }
  page.vectors = spent.counters.column_reads / static_cast<std::int64_t>(columns);
  if (totals != nullptr) {
    totals->counters += spent.counters;
    totals->cycles += spent.cycles;
  }
  return page;
}

void measure(const Deployment& deployment, Backend& backend,
             std::span<const std::int32_t> crossbars, const MeasureOptions& options,
             Measurement& measurement) {
  std::vector<std::int32_t> ids(crossbars.begin(), crossbars.end());
  if (ids.empty()) {
    for (std::size_t i = 0; i < deployment.crossbars.size(); ++i) {
      ids.push_back(static_cast<std::int32_t>(i));
    }
  }
  measurement.pages.resize(deployment.crossbars.size());
  Progress progress("measure on " + backend.name(), static_cast<std::int64_t>(ids.size()));
  JobResult totals;
  std::int64_t done = 0;
  for (const std::int32_t id : ids) {
    auto& page = measurement.pages.at(static_cast<std::size_t>(id));
    page = measure_crossbar(deployment, backend, id, options, &totals);
    measurement.vectors += page.vectors;
    measurement.max_standard_error =
        std::max(measurement.max_standard_error, page.largest_standard_error);
    progress.update(++done);
  }
  measurement.page_count += done;
  measurement.column_reads += totals.counters.column_reads;
  measurement.cycles += totals.cycles;
}

Measurement nominal_measurement(const Deployment& deployment) {
  Measurement measurement;
  for (const auto& crossbar : deployment.crossbars) {
    MeasuredPage page{crossbar.row_count(), crossbar.column_count(), {}, 0.0, 0, 0};
    for (std::size_t i = 0; i < crossbar.levels.size(); ++i) {
      const auto& column = crossbar.tables.columns[i % crossbar.tables.columns.size()];
      page.codes.push_back(
          static_cast<float>(deployment.tile.code.nominal(crossbar.levels[i]) - column.reference));
    }
    measurement.pages.push_back(std::move(page));
  }
  return measurement;
}

std::vector<float> effective_weights(const Deployment& deployment, int layer,
                                     const Measurement& measurement) {
  const auto& here = deployment.layers.at(static_cast<std::size_t>(layer));
  const std::size_t inputs = static_cast<std::size_t>(here.inputs_per_output);
  std::vector<float> weights(static_cast<std::size_t>(here.outputs) * inputs, 0.0F);
  for (const std::int32_t id : here.crossbars) {
    const auto& tables = deployment.crossbars[static_cast<std::size_t>(id)].tables;
    const auto& codes = measurement.pages.at(static_cast<std::size_t>(id)).codes;
    for (std::size_t i = 0; i < codes.size(); ++i) {
      const ColumnSetting& column = tables.columns[i % tables.columns.size()];
      const std::size_t input = static_cast<std::size_t>(tables.rows[i / tables.columns.size()]);
      const double unit = std::ldexp(static_cast<double>(column.gain),
                                     deployment.tile.code.cell_bits * column.slice -
                                         kGainFractionBits - deployment.tile.code.fraction_bits);
      weights[static_cast<std::size_t>(column.output) * inputs + input] += static_cast<float>(
          (column.negative ? -unit : unit) * (codes[i] - static_cast<float>(column.reference)));
    }
  }
  return weights;
}

double relative_weight_error(const Deployment& deployment, const Measurement& measurement) {
  double error = 0.0, target = 0.0;
  for (std::size_t index = 0; index < deployment.layers.size(); ++index) {
    const compiler::Layer& layer = deployment.layers[index];
    if (layer.kind != compiler::LayerKind::kCrossbar) continue;
    const auto effective = effective_weights(deployment, static_cast<int>(index), measurement);
    for (std::size_t i = 0; i < effective.size(); ++i) {
      const double wanted = layer.weights[i];
      error += (effective[i] - wanted) * (effective[i] - wanted);
      target += wanted * wanted;
    }
  }
  return target > 0.0 ? std::sqrt(error / target) : 0.0;
}

}  // namespace crossloop::runtime
