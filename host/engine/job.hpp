// What a Backend is asked to do: some crossbars over a batch of input vectors.
#pragma once

#include <cstdint>
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

struct JobResult {
  std::vector<std::int32_t> accumulators;  ///< [vectors][outputs]
  ConversionCounters counters;
  std::int64_t cycles = 0;  ///< of the device; 0 for the engine
};

}  // namespace crossloop::engine
