#include "host/engine/engine.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

#include "host/engine/prepared_page.hpp"
#include "host/error.hpp"

namespace crossloop::engine {

namespace {

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

/// Runs all pages over blocks of vectors; whichever thread is free takes the next block. Every
/// vector has accumulators of its own, so the result does not depend on who ran what.
KernelCounters run_blocks(PageKernel kernel, const std::vector<PreparedPage>& pages,
                          const KernelJob& job, int count, int threads) {
  const int workers = std::clamp(count / 16, 1, threads);
  const int block = std::clamp((count + workers - 1) / workers, 1, kBlock);
  std::atomic<int> next = 0;
  std::vector<KernelCounters> counters(static_cast<std::size_t>(workers));
  const auto work = [&](int worker) {
    const auto scratch = std::make_unique_for_overwrite<KernelScratch>();
    KernelCounters mine;
    for (int first = next.fetch_add(block); first < count; first = next.fetch_add(block)) {
      const int last = std::min(first + block, count);
      for (const PreparedPage& page : pages) {
        kernel(page.kernel, job, first, last, *scratch, mine);
      }
    }
    counters[static_cast<std::size_t>(worker)] = mine;
  };
  {
    std::vector<std::jthread> others;
    for (int worker = 1; worker < workers; ++worker) others.emplace_back(work, worker);
    work(0);
  }
  KernelCounters sum;
  for (const KernelCounters& part : counters) {
    sum.conversions += part.conversions;
    sum.clipped_low += part.clipped_low;
    sum.clipped_high += part.clipped_high;
  }
  return sum;
}

}  // namespace

Engine::Engine(const EngineOptions& options) : options_(options), set_(chosen_instruction_set()) {}

void Engine::load(std::int32_t crossbar, int rows, int columns,
                  std::span<const std::uint16_t> codes) {
  const std::size_t cells = static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
  if (rows < 1 || rows > kMaxRows || columns < 1 || columns > kMaxColumns ||
      codes.size() != cells) {
    throw InputError(crossbar_name(crossbar) + ": " + std::to_string(codes.size()) + " codes for " +
                     std::to_string(rows) + " x " + std::to_string(columns) +
                     ", expected 1..512 rows and columns and a code each");
  }
  const auto largest = std::max_element(codes.begin(), codes.end());
  if (*largest > 4095) {
    throw InputError(crossbar_name(crossbar) + ": code " + std::to_string(*largest) +
                     ", expected 0..4095");
  }
  arrays_.insert_or_assign(crossbar,
                           std::make_shared<const LoadedArray>(loaded_array(rows, columns, codes)));
}

std::span<const std::uint16_t> Engine::codes(std::int32_t crossbar) const {
  const auto found = arrays_.find(crossbar);
  if (found == arrays_.end()) return {};
  return found->second->codes;
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
    check_tables(page, job, array->second->rows, array->second->columns);
    pages.emplace_back(*array->second, page, options_.fault);
    if (pages.size() > 1) pages.back().share_rows(pages[pages.size() - 2]);
    result.counters.column_reads +=
        std::int64_t{count} * job.settings.input_bits * array->second->columns;
  }
  result.accumulators.assign(
      static_cast<std::size_t>(count) * static_cast<std::size_t>(job.outputs), 0);
  const KernelJob kernel_job{
      vectors.data(),         job.inputs,        job.outputs,      job.settings.input_bits,
      job.settings.skip_zero, job.settings.seed, job.first_vector, result.accumulators.data()};
  const KernelCounters counted =
      run_blocks(set_.kernel, pages, kernel_job, count, worker_count(options_.threads));
  result.counters.conversions = counted.conversions;
  result.counters.clipped_low = counted.clipped_low;
  result.counters.clipped_high = counted.clipped_high;
  return result;
}

}  // namespace crossloop::engine
