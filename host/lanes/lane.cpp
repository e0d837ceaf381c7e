#include "host/lanes/lane.hpp"

#include "host/error.hpp"
#include "host/lanes/lane_program.hpp"

namespace crossloop::lanes {

namespace {

std::string to_string(const LaneShape& shape) {
  return std::to_string(shape.group) + " activations, " + std::to_string(shape.multipliers) +
         " multipliers, " + std::to_string(shape.channels) + " channels, depth " +
         std::to_string(shape.depth);
}

void check_range(const char* what, int value, int low, int high) {
  if (value >= low && value <= high) return;
  throw InputError(std::string("lane: ") + what + " " + std::to_string(value) + ", expected " +
                   std::to_string(low) + ".." + std::to_string(high));
}

}  // namespace

std::string name_of(LaneKind kind) {
  return kind == LaneKind::kDense ? "dense" : kind == LaneKind::kSparse ? "sparse" : "balanced";
}

void check_shape(LaneKind kind, const LaneShape& shape) {
  constexpr int kMaxGroup = 256;    // an index is one byte
  constexpr int kMaxChannels = 64;  // a word of flags
  constexpr int kMaxDepth = 1 << 20;
  check_range("group", shape.group, 2, kMaxGroup);
  check_range("multipliers", shape.multipliers, 1, shape.group);
  check_range("channels", shape.channels, 1, kMaxChannels);
  check_range("depth", shape.depth, 1, kMaxDepth);
  if (kind == LaneKind::kDense && shape.group % shape.multipliers != 0) {
    throw InputError("lane: " + std::to_string(shape.multipliers) +
                     " multipliers of a dense lane, expected a divisor of its group of " +
                     std::to_string(shape.group));
  }
}

LaneCounters& LaneCounters::operator+=(const LaneCounters& other) {
  cycles += other.cycles;
  waits += other.waits;
  groups += other.groups;
  return *this;
}

std::size_t check_run(const Lane& lane, const LaneProgram& program, std::size_t vector_bytes) {
  if (program.kind != lane.kind() || program.shape != lane.shape()) {
    throw InputError("layer " + program.layer + ": encoded for a " + name_of(program.kind) +
                     " lane of " + to_string(program.shape) + ", this is a " +
                     name_of(lane.kind()) + " lane of " + to_string(lane.shape()));
  }
  const auto inputs = static_cast<std::size_t>(program.inputs);
  if (vector_bytes % inputs != 0) {
    throw InputError("layer " + program.layer + ": " + std::to_string(vector_bytes) +
                     " bytes of activations, expected a multiple of " + std::to_string(inputs));
  }
  return vector_bytes / inputs;
}

}  // namespace crossloop::lanes
