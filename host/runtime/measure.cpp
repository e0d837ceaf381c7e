#include "host/runtime/measure.hpp"

#include <algorithm>
#include <cmath>

#include "host/compiler/mapping.hpp"
#include "host/error.hpp"
#include "host/progress.hpp"
#include "host/runtime/patterns.hpp"

namespace crossloop::runtime {

using compiler::ColumnSetting;
using compiler::Deployment;
using compiler::kGainFractionBits;
using compiler::kUnitGain;
using compiler::PageTables;

namespace {

constexpr int kLargestShift = kGainFractionBits + 12;

/// Vector numbers set aside for the patterns of one repeat; a tile has at most 512 rows.
constexpr std::uint32_t kPatternNumbers = 1024;

/// Running sums of the reads of every pattern and column, [patterns][columns].
struct Reads {
  explicit Reads(std::size_t values) : sum(values), square(values) {}
  std::vector<double> sum, square;
  int repeats = 0;

  std::vector<double> means() const {
    std::vector<double> values(sum);
    for (double& value : values) value /= repeats;
    return values;
  }
  /// Sample variance of one read.
  double variance(std::size_t i) const {
    const double n = repeats;
    const double mean = sum[i] / n;
    return std::max(0.0, square[i] / n - mean * mean) * n / (n - 1.0);
  }
};

/// Variance that a step of 2^shift adds, code units.
double step_variance(int shift) {
  const double step = std::ldexp(1.0, shift - kGainFractionBits);
  return step * step / 12.0;
}

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

/// Read values of all vectors in code units, [vectors][columns].
std::vector<double> values_of(const JobResult& result, const std::vector<ColumnSetting>& columns) {
  std::vector<double> values(result.accumulators.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] =
        std::ldexp(result.accumulators[i], columns[i % columns.size()].shift - kGainFractionBits);
  }
  return values;
}

/// One read of all cells, and behind the patterns of some without a driven word line; false for
/// each column in which a code hit a rail.
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
  }
  const std::vector<double> values = values_of(result, columns);
  const std::size_t cells = reads.sum.size();
  std::vector<double> offset(columns.size(), 0.0);
  const double offset_reads = static_cast<double>((values.size() - cells) / columns.size());
  for (std::size_t i = cells; i < values.size(); ++i) {
    offset[i % columns.size()] += values[i] / offset_reads;
  }
  for (std::size_t i = 0; i < cells; ++i) {
    const double value = values[i] - offset[i % columns.size()];
    reads.sum[i] += value;
    reads.square[i] += value * value;
  }
  ++reads.repeats;
  totals.counters += result.counters;
  totals.cycles += result.cycles;
  return inside;
}

std::string crossbar_text(std::int32_t id) { return "measure: crossbar " + std::to_string(id); }

/// Measures one crossbar; owns what its reads have in common.
class Probe {
 public:
  Probe(const PageTables& own, std::int32_t id, const MeasureOptions& options, Backend& backend)
      : own_(own), id_(id), options_(options), backend_(backend) {}

  /// Reads `set` with `repeats` repeats until no column clips, raising the shift of those that do.
  void read(const PatternSet& set, int repeats) {
    while (!read_once(set, repeats)) {
    }
  }

  /// Estimates of q, and the largest standard error, from the last read().
  std::vector<float> codes(const PatternSet& set) const {
    const std::size_t columns = own_.columns.size();
    const auto cells = set.decode(reads_.means(), columns);
    std::vector<float> codes;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      codes.push_back(static_cast<float>(cells[i] + own_.columns[i % columns].reference));
    }
    return codes;
  }
  double largest_standard_error(const PatternSet& set) const {
    const std::size_t columns = own_.columns.size();
    std::vector<double> variances;
    for (std::size_t i = 0; i < reads_.sum.size(); ++i) {
      variances.push_back((reads_.variance(i) + step_variance(shifts_[i % columns])) /
                          reads_.repeats);
    }
    const auto cells = set.decode_variance(variances, columns);
    return std::sqrt(*std::max_element(cells.begin(), cells.end()));
  }

  /// Whether the S-matrix promises a smaller error than single word lines, by the noise and the
  /// cells that the last read() of single lines found: its sums need a coarser step.
  bool prefers_s_matrix(const PatternSet& one_hot, const PatternSet& s_matrix) {
    double noise = 0.0;
    for (std::size_t i = 0; i < reads_.sum.size(); ++i) noise += reads_.variance(i);
    noise /= static_cast<double>(reads_.sum.size());
    const std::vector<int> fine = shifts_;
    const std::vector<int> coarse = shifts_for_sums(s_matrix, reads_.means(), std::sqrt(noise));
    const auto error = [noise](const PatternSet& set, const std::vector<int>& shifts) {
      return (noise + step_variance(*std::max_element(shifts.begin(), shifts.end()))) *
             set.variance_factor();
    };
    if (error(s_matrix, coarse) >= error(one_hot, fine)) return false;
    shifts_ = coarse;
    return true;
  }

  const JobResult& spent() const { return spent_; }
  int repeats() const { return reads_.repeats; }

 private:
  bool read_once(const PatternSet& set, int repeats) {
    PageTables probe = probe_tables(own_, shifts_);
    Job job;
    job.pages = {{id_, &probe}};
    job.inputs = set.rows();
    job.outputs = static_cast<int>(probe.columns.size());
    // A phase without a driven row is converted only where it shall tell the offset.
    job.settings = {1, options_.offset_reads == 0, options_.noise_seed};
    const std::size_t extra =
        static_cast<std::size_t>(options_.offset_reads) * static_cast<std::size_t>(set.rows());
    std::vector<std::uint8_t> patterns(set.bits().size() + extra, 0);
    std::copy(set.bits().begin(), set.bits().end(), patterns.begin());
    reads_ = Reads(static_cast<std::size_t>(set.count()) * probe.columns.size());
    bool clipped = false;
    for (int repeat = 0; repeat < repeats && !clipped; ++repeat) {
      dither(probe, repeat, repeats);
      job.first_vector = (options_.epoch + static_cast<std::uint32_t>(repeat)) * kPatternNumbers;
      const auto inside = read_cells(job, backend_, patterns, reads_, spent_);
      for (std::size_t j = 0; j < inside.size(); ++j) {
        if (inside[j]) continue;
        clipped = true;
        raise_shift(j);
      }
    }
    return !clipped;
  }

  void raise_shift(std::size_t column) {
    if (++shifts_[column] > kLargestShift) {
      throw CheckFailed(crossbar_text(id_) + ": column " + std::to_string(column) +
                        " clips at the largest shift");
    }
  }

  /// Shifts at which the expected sums of a pattern set, with four sigma to spare, stay inside.
  std::vector<int> shifts_for_sums(const PatternSet& set, const std::vector<double>& cells,
                                   double sigma) const {
    const std::size_t columns = own_.columns.size();
    const std::size_t rows = static_cast<std::size_t>(set.rows());
    std::vector<int> shifts(columns, kGainFractionBits);
    for (std::size_t j = 0; j < columns; ++j) {
      double low = 0.0, high = 0.0;
      for (std::size_t i = 0; i < static_cast<std::size_t>(set.count()); ++i) {
        double sum = 0.0;
        for (std::size_t r = 0; r < rows; ++r)
          sum += set.bits()[i * rows + r] * cells[r * columns + j];
        low = std::min(low, sum - 4.0 * sigma);
        high = std::max(high, sum + 4.0 * sigma);
      }
      const double range = std::ldexp(1.0, own_.columns[j].bits);
      const auto fits = [&](int shift) {
        const double step = std::ldexp(1.0, shift - kGainFractionBits);
        return -low / step < 0.25 * range - 2.0 && high / step < 0.75 * range - 2.0;
      };
      while (!fits(shifts[j]) && shifts[j] < kLargestShift) ++shifts[j];
    }
    return shifts;
  }

  const PageTables& own_;
  std::int32_t id_;
  const MeasureOptions& options_;
  Backend& backend_;
  std::vector<int> shifts_ = std::vector<int>(own_.columns.size(), kGainFractionBits);
  Reads reads_{0};
  JobResult spent_;
};

/// Options that no measurement can follow.
void check_numbers(const MeasureOptions& options, int rows) {
  if (options.repeats > options.max_repeats) {
    throw InputError("measure: " + std::to_string(options.repeats) + " repeats, expected at most " +
                     std::to_string(options.max_repeats) + " (max_repeats)");
  }
  const int left = static_cast<int>(kPatternNumbers) - PatternSet::s_matrix(rows).count();
  if (options.offset_reads < 0 || options.offset_reads > left) {
    throw InputError("measure: " + std::to_string(options.offset_reads) +
                     " offset reads, expected 0 to " + std::to_string(left) + " for " +
                     std::to_string(rows) + " word lines");
  }
}

}  // namespace

MeasuredPage measure_crossbar(const Deployment& deployment, Backend& backend, std::int32_t id,
                              const MeasureOptions& options, JobResult* totals) {
  const auto& crossbar = deployment.crossbars.at(static_cast<std::size_t>(id));
  check_numbers(options, crossbar.row_count());
  const PatternSet one_hot = PatternSet::one_hot(crossbar.row_count());
  const PatternSet s_matrix = PatternSet::s_matrix(crossbar.row_count());
  const PatternSet* set = &one_hot;
  PageTables tables = crossbar.tables;  // a column run with fewer bits is measured with all
  for (ColumnSetting& column : tables.columns) {
    column.bits = std::max(column.bits, deployment.tile.adc_bits);
  }
  Probe probe(tables, id, options, backend);
  MeasuredPage page;
  page.rows = crossbar.row_count();
  page.columns = crossbar.column_count();
  for (int repeats = std::max(2, options.repeats);; repeats *= 2) {
    probe.read(*set, repeats);
    page.largest_standard_error = probe.largest_standard_error(*set);
    if (page.largest_standard_error <= options.max_standard_error) break;
    if (repeats * 2 > options.max_repeats) {
      throw CheckFailed(crossbar_text(id) + ": standard error " +
                        std::to_string(page.largest_standard_error) + " code units after " +
                        std::to_string(repeats) + " repeats, expected at most " +
                        std::to_string(options.max_standard_error));
    }
    if (set == &one_hot && probe.prefers_s_matrix(one_hot, s_matrix)) set = &s_matrix;
  }
  page.codes = probe.codes(*set);
  page.repeats = probe.repeats();
  page.s_matrix = set == &s_matrix;
  page.vectors = probe.spent().counters.column_reads / page.columns;
  if (totals != nullptr) {
    totals->counters += probe.spent().counters;
    totals->cycles += probe.spent().cycles;
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
    MeasuredPage page;
    page.rows = crossbar.row_count();
    page.columns = crossbar.column_count();
    for (const std::uint8_t level : crossbar.levels) {
      page.codes.push_back(static_cast<float>(deployment.tile.code.nominal(level)));
    }
    measurement.pages.push_back(std::move(page));
  }
  return measurement;
}

}  // namespace crossloop::runtime
