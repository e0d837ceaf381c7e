// Holds two backends equal on whole images, integer by integer.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "host/compiler/deployment.hpp"
#include "host/data/dataset.hpp"
#include "host/runtime/executor.hpp"

namespace crossloop::runtime {

/// Where two backends first disagree.
struct Mismatch {
  int layer = 0;
  std::string layer_name;
  std::int32_t output = 0;     ///< accumulator
  std::uint32_t vector = 0;    ///< vector number, as the noise knows it
  std::int32_t crossbar = -1;  ///< -1: only the sum of several crossbars differs
  int column = -1;
  int bit = -1;               ///< input bit
  std::int32_t expected = 0;  ///< accumulator of the reference
  std::int32_t found = 0;     ///< accumulator of the device
  std::string text() const;   ///< one line for people
};

struct Comparison {
  int images = 0;
  std::int64_t integers = 0;    ///< accumulators and outputs compared
  std::int64_t mismatches = 0;  ///< of those; a layer whose counters differ adds one
  std::optional<Mismatch> first;
  ConversionCounters counters;  ///< of the device
  std::int64_t cycles = 0;      ///< of the device
  double seconds = 0.0;         ///< wall-clock time in the device
};

/// Runs `images` layer by layer on both backends, which hold the same chip, and compares every
/// accumulator and every output integer; the reference's activations go on to the next layer, so
/// that one difference does not hide others. On the first difference, names crossbar, column and
/// bit by runs of single crossbars and fewer bits, and writes a replay file (JSON: seed, vector,
/// settings, inputs and codes of the column) if `replay` is not empty.
Comparison compare_backends(const compiler::Deployment& deployment, Backend& device,
                            Backend& reference, const data::Dataset& images,
                            const RunOptions& options, const std::filesystem::path& replay = {});

}  // namespace crossloop::runtime
