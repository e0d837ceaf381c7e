#include "host/lanes/lane_timing.hpp"

#include <vector>

namespace crossloop::lanes {

namespace {

std::uint64_t all_channels(const LaneShape& shape) {
  return ~std::uint64_t{0} >> (64 - shape.channels);
}

/// All channels take every beat together: lane_dense.v, and with one beat a group lane_balanced.v.
class LockstepTiming final : public LaneTiming {
 public:
  LockstepTiming(int beats, std::uint64_t channels) : beats_(beats), channels_(channels) {}

 protected:
  bool busy() const override { return control_.busy(); }
  LaneOutputs advance(const LaneInputs& inputs) override {
    const bool beat = inputs.act_valid && (inputs.weight_valid & channels_) == channels_ &&
                      control_.moves(inputs.sum_ready);
    const bool ends = beat_ == beats_ - 1;
    const LaneOutputs outputs{beat && ends, beat ? channels_ : 0, control_.sum()};
    control_.step(beat, ends && inputs.act_last, inputs.sum_ready);
    if (beat) beat_ = ends ? 0 : beat_ + 1;
    return outputs;
  }

 private:
  int beats_;
  std::uint64_t channels_;
  int beat_ = 0;
  LaneControl control_;
};

/// lane_sparse.v with lane_queue.v: each channel reads the queue at its own pace.
class SparseTiming final : public LaneTiming {
 public:
  explicit SparseTiming(const LaneShape& shape)
      : last_(static_cast<std::size_t>(shape.depth)),
        channels_(static_cast<std::size_t>(shape.channels)) {}

 protected:
  bool busy() const override {
    for (const Channel& channel : channels_) {
      if (channel.queued > 0 || channel.control.busy()) return true;
    }
    return false;
  }

  LaneOutputs advance(const LaneInputs& inputs) override {
    LaneOutputs outputs{true, 0, true};
    for (const Channel& channel : channels_) outputs.sum_valid &= channel.control.sum();
    const bool taken = outputs.sum_valid && inputs.sum_ready;
    std::uint64_t bit = 1;
    for (Channel& channel : channels_) {
      const bool ready = channel.queued > 0 && channel.control.moves(taken);
      const bool beat = ready && (inputs.weight_valid & bit) != 0;
      const bool pop = beat && (inputs.weight_end & bit) != 0;
      if (ready) outputs.weight_ready |= bit;
      outputs.act_ready &= channel.queued < last_.size() || pop;
      channel.control.step(beat, pop && last_[channel.read], taken);
      if (pop) {
        --channel.queued;
        channel.read = next(channel.read);
      }
      bit <<= 1;
    }
    if (inputs.act_valid && outputs.act_ready) push(inputs.act_last);
    return outputs;
  }

 private:
  struct Channel {
    LaneControl control;
    std::size_t read = 0;    ///< entry at the channel's end of the queue
    std::size_t queued = 0;  ///< entries from there on
  };
  std::size_t next(std::size_t entry) const { return entry + 1 == last_.size() ? 0 : entry + 1; }
  void push(bool last) {
    last_[write_] = last;
    write_ = next(write_);
    for (Channel& channel : channels_) ++channel.queued;
  }

  std::vector<char> last_;  ///< by entry: it ends a window
  std::size_t write_ = 0;
  std::vector<Channel> channels_;
};

}  // namespace

LaneOutputs LaneTiming::step(const LaneInputs& inputs) {
  if (inputs.act_valid || busy()) ++counters_.cycles;
  const LaneOutputs outputs = advance(inputs);
  if (inputs.act_valid) ++(outputs.act_ready ? counters_.groups : counters_.waits);
  return outputs;
}

std::unique_ptr<LaneTiming> make_timing(LaneKind kind, const LaneShape& shape) {
  check_shape(kind, shape);
  if (kind == LaneKind::kSparse) return std::make_unique<SparseTiming>(shape);
  const int beats = kind == LaneKind::kDense ? shape.group / shape.multipliers : 1;
  return std::make_unique<LockstepTiming>(beats, all_channels(shape));
}

}  // namespace crossloop::lanes
