// The digital lanes for accelerator-aware pruning (docs/lanes.md): what all three have in common.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace crossloop::lanes {

enum class LaneKind {
  kDense,    ///< rtl/lane_dense.v: every weight
  kSparse,   ///< rtl/lane_sparse.v: survivors of unstructured pruning, channels behind a queue
  kBalanced  ///< rtl/lane_balanced.v: a fixed number of survivors per group
};

/// "dense", "sparse", "balanced".
std::string name_of(LaneKind kind);

/// The parameters of a lane, named as in the RTL.
struct LaneShape {
  int group = 16;       ///< g, activations fetched together, 2..256
  int multipliers = 4;  ///< per channel, 1..group; dense: a divisor of group; balanced: g - p
  int channels = 16;    ///< output channels in parallel, 1..64
  int depth = 8;        ///< groups in the queue of the sparse lane, at least 1; ignored by others
  bool operator==(const LaneShape&) const = default;
};

/// Throws InputError naming the parameter, what it is and what it may be.
void check_shape(LaneKind kind, const LaneShape& shape);

/// The counters of a lane, as lane_counters.v counts them.
struct LaneCounters {
  std::uint64_t cycles = 0;  ///< with activations offered, or a beat or a sum inside
  std::uint64_t waits = 0;   ///< in which an offered group of activations was not taken
  std::uint64_t groups = 0;  ///< of activations, taken
  LaneCounters& operator+=(const LaneCounters& other);
  bool operator==(const LaneCounters&) const = default;
};

struct LaneProgram;

/// What a layer made of some input vectors.
struct LaneRun {
  std::vector<std::int32_t> sums;  ///< [vectors][outputs], sum over k of w_q x_q
  LaneCounters counters;           ///< summed over the tiles, which run one after the other
};

/// A lane that runs whole layers: the twin, or a Verilated one. Weights and activations are always
/// there when it wants them, and its sums are taken at once: cycles are the lane's own.
class Lane {
 public:
  virtual ~Lane() = default;
  virtual LaneKind kind() const = 0;
  virtual LaneShape shape() const = 0;

  /// `vectors` is uint8 [n][program.inputs]. Throws InputError if the program was encoded for
  /// another kind or shape, or the vectors are no whole number.
  virtual LaneRun run(const LaneProgram& program, std::span<const std::uint8_t> vectors) = 0;
};

/// The checks of Lane::run(); returns the number of vectors.
std::size_t check_run(const Lane& lane, const LaneProgram& program, std::size_t vector_bytes);

}  // namespace crossloop::lanes
