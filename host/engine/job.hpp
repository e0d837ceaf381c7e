// What a Backend is asked to do: some crossbars over a batch of input vectors.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "host/engine/reference.hpp"

namespace crossloop::engine {

/// One crossbar of a job and the tables it runs with. Measuring uses tables of its own.
struct PageJob {
  std::int32_t crossbar = 0;
  const compiler::PageTables* tables = nullptr;  ///< borrowed
  const analog::InlTable* inl = nullptr;         ///< borrowed; null: no nonlinearity
};

/// Some crossbars over a batch of input vectors, recombined into `outputs` accumulators.
struct Job {
  std::vector<PageJob> pages;
  int inputs = 0;   ///< elements of one vector; row tables index them
  int outputs = 0;  ///< accumulators; column tables index them
  RunSettings settings;
  std::uint32_t first_vector = 0;  ///< vector number of vector 0; the others count up
};

/// The input vectors of a job, made as they are needed.
class VectorSource {
 public:
  virtual ~VectorSource() = default;
  virtual int count() const = 0;
  /// Writes vectors first..last-1, uint8 [last - first][inputs] each; called from many threads.
  virtual void fetch(int first, int last, std::uint8_t* target) const = 0;
};

/// Takes the accumulators of a job as they are ready.
class AccumulatorSink {
 public:
  virtual ~AccumulatorSink() = default;
  /// Those of the vectors first..last-1, [last - first][outputs]; every vector once, in any order,
  /// from many threads.
  virtual void take(int first, int last, const std::int32_t* accumulators) = 0;
};

/// Keeps them all.
class StoringSink final : public AccumulatorSink {
 public:
  StoringSink(int vectors, int outputs)
      : outputs_(static_cast<std::size_t>(outputs)),
        accumulators_(static_cast<std::size_t>(vectors) * outputs_) {}
  void take(int first, int last, const std::int32_t* accumulators) override {
    const auto to = accumulators_.begin() +
                    static_cast<std::ptrdiff_t>(static_cast<std::size_t>(first) * outputs_);
    std::copy_n(accumulators, static_cast<std::size_t>(last - first) * outputs_, to);
  }
  std::vector<std::int32_t> stored() { return std::move(accumulators_); }

 private:
  std::size_t outputs_;
  std::vector<std::int32_t> accumulators_;
};

struct JobResult {
  std::vector<std::int32_t> accumulators;  ///< [vectors][outputs]
  ConversionCounters counters;
  std::int64_t cycles = 0;  ///< of the device; 0 for the engine
};

}  // namespace crossloop::engine
