// Cycle by cycle, what the handshakes of a lane do: the twin of the control in rtl/lane_*.v.
//
// Which cycle takes what depends on the flags of the streams only, never on weights or activations.
#pragma once

#include <cstdint>
#include <memory>

#include "host/lanes/lane.hpp"

namespace crossloop::lanes {

/// The inputs of one cycle; bit c of a mask belongs to channel c.
struct LaneInputs {
  bool act_valid = false;
  bool act_last = false;
  std::uint64_t weight_valid = 0;
  std::uint64_t weight_end = 0;  ///< sparse only
  bool sum_ready = false;
};

/// The outputs of the same cycle.
struct LaneOutputs {
  bool act_ready = false;
  std::uint64_t weight_ready = 0;
  bool sum_valid = false;
  bool operator==(const LaneOutputs&) const = default;
};

/// Twin of rtl/lane_control.v: the stages behind a beat, and the sum.
class LaneControl {
 public:
  bool moves(bool sum_ready) const { return !(due() && sum_ && !sum_ready); }
  bool sum() const { return sum_; }
  bool busy() const { return operands_ || products_ || sum_; }

  /// One clock edge: `valid` and `last` of the beat offered, `sum_ready` of the sum.
  void step(bool valid, bool last, bool sum_ready) {
    if (!moves(sum_ready)) return;
    sum_ = due() || (sum_ && !sum_ready);
    products_ = operands_;
    products_last_ = operands_last_;
    operands_ = valid;
    operands_last_ = last;
  }

 private:
  bool due() const { return products_ && products_last_; }
  bool operands_ = false, operands_last_ = false;
  bool products_ = false, products_last_ = false;
  bool sum_ = false;
};

/// A lane's handshakes since reset.
class LaneTiming {
 public:
  virtual ~LaneTiming() = default;

  /// What the lane answers to `inputs` in this cycle; then the clock ticks.
  LaneOutputs step(const LaneInputs& inputs);
  const LaneCounters& counters() const { return counters_; }

 protected:
  virtual bool busy() const = 0;
  virtual LaneOutputs advance(const LaneInputs& inputs) = 0;

 private:
  LaneCounters counters_;
};

/// After reset. Throws InputError for a bad shape.
std::unique_ptr<LaneTiming> make_timing(LaneKind kind, const LaneShape& shape);

}  // namespace crossloop::lanes
