#include "host/engine/engine.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "host/engine/prepared_page.hpp"
#include "host/error.hpp"
#include "host/parallel.hpp"

namespace crossloop::engine {

/// What one thread works in.
struct Workspace {
  KernelScratch scratch;
  std::vector<std::uint8_t> fetched;
  std::vector<std::int32_t> accumulators;
};

namespace {

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

constexpr int kMostThreads = 1024;

/// Vectors that lie in memory.
class StoredVectors final : public VectorSource {
 public:
  StoredVectors(std::span<const std::uint8_t> vectors, int length)
      : vectors_(vectors), length_(static_cast<std::size_t>(length)) {}
  int count() const override { return static_cast<int>(vectors_.size() / length_); }
  void fetch(int first, int last, std::uint8_t* target) const override {
    const auto from = static_cast<std::size_t>(first) * length_;
    std::memcpy(target, vectors_.data() + from, static_cast<std::size_t>(last - first) * length_);
  }

 private:
  std::span<const std::uint8_t> vectors_;
  std::size_t length_;
};

/// Runs all pages over blocks of vectors; whichever thread is free takes the next block. Every
/// vector has accumulators of its own, so the result does not depend on who ran what.
KernelCounters run_blocks(PageKernel kernel, const std::vector<PreparedPage>& pages,
                          const KernelJob& job, const VectorSource& vectors, AccumulatorSink& sink,
                          int threads, std::vector<std::unique_ptr<Workspace>>& workspaces) {
  const int count = vectors.count();
  const int workers = std::clamp(count / 16, 1, threads);
  const int block = std::clamp((count + workers - 1) / workers, 1, kBlock);
  while (std::ssize(workspaces) < workers) {
    workspaces.push_back(std::make_unique_for_overwrite<Workspace>());
  }
  std::atomic<int> next = 0;
  std::vector<KernelCounters> counters(static_cast<std::size_t>(workers));
  run_workers(workers, [&](int worker) {
    Workspace& own = *workspaces[static_cast<std::size_t>(worker)];
    const auto rows = static_cast<std::size_t>(block);
    own.fetched.resize(rows * static_cast<std::size_t>(job.inputs));
    own.accumulators.resize(rows * static_cast<std::size_t>(job.outputs));
    KernelJob mine = job;
    mine.vectors = own.fetched.data();
    mine.accumulators = own.accumulators.data();
    for (int first = next.fetch_add(block); first < count; first = next.fetch_add(block)) {
      const int last = std::min(first + block, count);
      mine.base = first;
      vectors.fetch(first, last, own.fetched.data());
      std::fill(own.accumulators.begin(), own.accumulators.end(), 0);
      for (const PreparedPage& page : pages) {
        kernel(page.kernel, mine, first, last, own.scratch,
               counters[static_cast<std::size_t>(worker)]);
      }
      sink.take(first, last, own.accumulators.data());
    }
  });
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

Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

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

JobResult Engine::run(const Job& job, std::span<const std::uint8_t> vectors) const {
  if (job.inputs < 1 || vectors.size() % static_cast<std::size_t>(job.inputs) != 0) {
    throw InputError("job: " + std::to_string(vectors.size()) + " bytes are not whole vectors of " +
                     std::to_string(job.inputs));
  }
  const StoredVectors stored(vectors, job.inputs);
  StoringSink sink(stored.count(), job.outputs);
  JobResult result = stream(job, stored, sink);
  result.accumulators = sink.stored();
  return result;
}

JobResult Engine::stream(const Job& job, const VectorSource& vectors, AccumulatorSink& sink) const {
  const int count = vectors.count();
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
  const KernelJob kernel_job{.inputs = job.inputs,
                             .outputs = job.outputs,
                             .input_bits = job.settings.input_bits,
                             .skip_zero = job.settings.skip_zero,
                             .seed = job.settings.seed,
                             .first_vector = job.first_vector};
  const KernelCounters counted =
      run_blocks(set_.kernel, pages, kernel_job, vectors, sink,
                 options_.threads > 0 ? options_.threads : worker_count(kMostThreads), workspaces_);
  result.counters.conversions = counted.conversions;
  result.counters.clipped_low = counted.clipped_low;
  result.counters.clipped_high = counted.clipped_high;
  return result;
}

}  // namespace crossloop::engine
