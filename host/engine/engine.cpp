#include "host/engine/engine.hpp"

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "host/engine/adc.hpp"
#include "host/error.hpp"

namespace crossloop::engine {

namespace {

int padded_columns(int columns) { return (columns + kLane - 1) / kLane * kLane; }

int worker_count(int requested) {
  return requested > 0 ? requested
                       : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

std::string crossbar_name(std::int32_t crossbar) { return "crossbar " + std::to_string(crossbar); }

void check_tables(const PageJob& page, const Job& job, int rows, int columns) {
  const auto& tables = *page.tables;
  if (static_cast<int>(tables.rows.size()) != rows ||
      static_cast<int>(tables.columns.size()) != columns) {
    throw InputError(crossbar_name(page.crossbar) + ": tables for " +
                     std::to_string(tables.rows.size()) + " x " +
                     std::to_string(tables.columns.size()) + ", programmed " +
                     std::to_string(rows) + " x " + std::to_string(columns));
  }
  for (const std::int32_t row : tables.rows) {
    if (row < 0 || row >= job.inputs) {
      throw InputError(crossbar_name(page.crossbar) + ": row table names input " +
                       std::to_string(row) + " of " + std::to_string(job.inputs));
    }
  }
  for (const auto& column : tables.columns) {
    if (column.output < 0 || column.output >= job.outputs) {
      throw InputError(crossbar_name(page.crossbar) + ": column table names output " +
                       std::to_string(column.output) + " of " + std::to_string(job.outputs));
    }
  }
}

}  // namespace

/// Tables as structure of arrays, padded; owns what a KernelPage points to.
struct PreparedPage {
  PreparedPage(const Engine::Array& array, const PageJob& page, Fault fault) {
    const auto& columns = page.tables->columns;
    const std::size_t padded = static_cast<std::size_t>(padded_columns(array.columns));
    for (auto* field : {&reference, &sigma, &gain, &shift, &top, &zero, &left, &sign, &output}) {
      field->resize(padded);
    }
    offset.resize(padded);
    std::int64_t widest = 0;
    for (std::size_t j = 0; j < columns.size(); ++j) {
      fill_column(j, columns[j], fault);
      const std::int64_t sum = std::max<std::int64_t>(
          array.largest_column_sum, std::int64_t{columns[j].reference} * array.rows);
      const std::int64_t noise = 60 * std::int64_t{columns[j].sigma} / 256 + 1;
      widest = std::max(widest, (sum + noise) * columns[j].gain + std::abs(offset[j]));
      kernel.noisy = kernel.noisy || columns[j].sigma != 0;
    }
    kernel.rows = array.rows;
    kernel.columns = array.columns;
    kernel.padded = static_cast<int>(padded);
    kernel.codes = array.padded.data();
    kernel.row_index = page.tables->rows.data();
    kernel.reference = reference.data();
    kernel.sigma = sigma.data();
    kernel.gain = gain.data();
    kernel.offset = offset.data();
    kernel.shift = shift.data();
    kernel.top = top.data();
    kernel.zero = zero.data();
    kernel.left_shift = left.data();
    kernel.sign = sign.data();
    kernel.output = output.data();
    if (page.inl != nullptr) fill_inl(*page.inl, columns);
    kernel.narrow_sum = array.largest_column_sum <= 32767;
    kernel.narrow_adc = widest <= 0x7FFFFFFF;
    kernel.crossbar = static_cast<std::uint32_t>(page.crossbar);
  }

  void fill_column(std::size_t j, const compiler::ColumnSetting& column, Fault fault) {
    reference[j] = column.reference;
    sigma[j] = column.sigma;
    gain[j] = column.gain;
    offset[j] = column.offset + (fault == Fault::kNone ? rounding_half(column.shift) : 0);
    shift[j] = column.shift;
    top[j] = (1 << column.bits) - 1;
    zero[j] = column.zero_code;
    left[j] = column.left_shift;
    sign[j] = column.negative ? -1 : 1;
    output[j] = column.output;
  }

  void fill_inl(const analog::InlTable& table,
                const std::vector<compiler::ColumnSetting>& columns) {
    inl.assign(table.begin(), table.end());
    inl_shift.resize(top.size());
    for (std::size_t j = 0; j < columns.size(); ++j) {
      inl_shift[j] = std::max(0, columns[j].bits - 8);
    }
    kernel.inl = inl.data();
    kernel.inl_shift = inl_shift.data();
  }

  std::vector<std::int32_t> reference, sigma, gain, shift, top, zero, left, sign, output;
  std::vector<std::int32_t> inl, inl_shift;
  std::vector<std::int64_t> offset;
  KernelPage kernel;
};

Engine::Engine(const EngineOptions& options)
    : options_(options), kernel_(plain::run_page), instruction_set_("plain") {
#if defined(__x86_64__)
  const char* wanted = std::getenv("CROSSLOOP_ENGINE");  // "plain", "avx2": for tests
  const std::string limit = wanted == nullptr ? "" : wanted;
  if (limit != "plain" && __builtin_cpu_supports("avx2")) {
    kernel_ = avx2::run_page;
    instruction_set_ = "avx2";
  }
  if (limit.empty() && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq")) {
    kernel_ = avx512::run_page;
    instruction_set_ = "avx512";
  }
#endif
}

void Engine::load(std::int32_t crossbar, int rows, int columns,
                  std::span<const std::uint16_t> codes) {
  const std::size_t cells = static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
  if (rows < 1 || rows > kMaxRows || columns < 1 || columns > kMaxColumns ||
      codes.size() != cells) {
    throw InputError(crossbar_name(crossbar) + ": " + std::to_string(codes.size()) + " codes for " +
                     std::to_string(rows) + " x " + std::to_string(columns) +
                     ", expected 1..512 rows and columns and a code each");
  }
  Array array{rows, columns, {codes.begin(), codes.end()}, {}, 0, 0};
  const std::size_t padded = static_cast<std::size_t>(padded_columns(columns));
  array.padded.assign(static_cast<std::size_t>(rows) * padded, 0);
  std::vector<std::int32_t> sums(static_cast<std::size_t>(columns), 0);
  for (std::size_t i = 0; i < cells; ++i) {
    if (codes[i] > 4095) {
      throw InputError(crossbar_name(crossbar) + ": code " + std::to_string(codes[i]) +
                       ", expected 0..4095");
    }
    const std::size_t row = i / static_cast<std::size_t>(columns);
    const std::size_t column = i % static_cast<std::size_t>(columns);
    array.padded[row * padded + column] = static_cast<std::int16_t>(codes[i]);
    sums[column] += codes[i];
  }
  array.largest_column_sum = *std::max_element(sums.begin(), sums.end());
  arrays_.insert_or_assign(crossbar, std::move(array));
}

std::span<const std::uint16_t> Engine::codes(std::int32_t crossbar) const {
  const auto found = arrays_.find(crossbar);
  if (found == arrays_.end()) return {};
  return found->second.codes;
}

JobResult Engine::run(const Job& job, std::span<const std::uint8_t> vectors) const {
  if (job.inputs < 1 || vectors.size() % static_cast<std::size_t>(job.inputs) != 0) {
    throw InputError("job: " + std::to_string(vectors.size()) + " bytes are not whole vectors of " +
                     std::to_string(job.inputs));
  }
  const int count = static_cast<int>(vectors.size() / static_cast<std::size_t>(job.inputs));
  std::vector<PreparedPage> pages;
  pages.reserve(job.pages.size());
  JobResult result;
  for (const PageJob& page : job.pages) {
    const auto array = arrays_.find(page.crossbar);
    if (array == arrays_.end()) {
      throw InputError(crossbar_name(page.crossbar) + ": never programmed");
    }
    check_tables(page, job, array->second.rows, array->second.columns);
    pages.emplace_back(array->second, page, options_.fault);
    result.counters.column_reads +=
        std::int64_t{count} * job.settings.input_bits * array->second.columns;
  }
  result.accumulators.assign(
      static_cast<std::size_t>(count) * static_cast<std::size_t>(job.outputs), 0);
  const KernelJob kernel_job{
      vectors.data(),         job.inputs,        job.outputs,      job.settings.input_bits,
      job.settings.skip_zero, job.settings.seed, job.first_vector, result.accumulators.data()};
  const int workers = std::clamp(count / 16, 1, worker_count(options_.threads));
  std::vector<KernelCounters> counters(static_cast<std::size_t>(workers));
  const auto work = [&](int worker) {
    KernelCounters mine;
    const int first = static_cast<int>(std::int64_t{count} * worker / workers);
    const int last = static_cast<int>(std::int64_t{count} * (worker + 1) / workers);
    for (const PreparedPage& page : pages) kernel_(page.kernel, kernel_job, first, last, mine);
    counters[static_cast<std::size_t>(worker)] = mine;
  };
  {
    std::vector<std::jthread> threads;
    for (int worker = 1; worker < workers; ++worker) threads.emplace_back(work, worker);
    work(0);
  }
  for (const KernelCounters& part : counters) {
    result.counters.conversions += part.conversions;
    result.counters.clipped_low += part.clipped_low;
    result.counters.clipped_high += part.clipped_high;
  }
  return result;
}

}  // namespace crossloop::engine
