// Feeds one tile of a LaneProgram through a Verilated lane, cycle by cycle.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "host/lanes/lane_program.hpp"
#include "host/lanes/lane_timing.hpp"
#include "testbench/dut.hpp"

namespace crossloop::testbench {

/// Writes `width` (1..32) bits of a port of any size at bit `lsb`.
template <class Port>
void set_bits(Port& port, std::size_t lsb, std::size_t width, std::uint32_t value) {
  const std::uint64_t mask = (std::uint64_t{1} << width) - 1;
  if constexpr (std::is_integral_v<Port>) {
    const std::uint64_t kept = static_cast<std::uint64_t>(port) & ~(mask << lsb);
    port = static_cast<Port>(kept | (value & mask) << lsb);
  } else {
    const std::size_t shift = lsb % 32;
    auto& low = port[lsb / 32];
    low = static_cast<std::uint32_t>((low & ~(mask << shift)) | (value & mask) << shift);
    if (shift + width <= 32) return;
    auto& high = port[lsb / 32 + 1];
    high = static_cast<std::uint32_t>((high & ~(mask >> (32 - shift))) |
                                      (value & mask) >> (32 - shift));
  }
}

/// 32 bits of a port at bit `lsb`, a multiple of 32.
template <class Port>
std::uint32_t word_of(const Port& port, std::size_t lsb) {
  if constexpr (std::is_integral_v<Port>) {
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(port) >> lsb);
  } else {
    return port[lsb / 32];
  }
}

/// Which streams may go on in a cycle. What is offered stays until it is taken.
struct LaneGates {
  bool act = true;
  std::uint64_t weight = ~std::uint64_t{0};  ///< by channel
  bool sum = true;
};

struct LaneCycle {
  lanes::LaneInputs inputs;
  lanes::LaneOutputs outputs;
};

/// A lane with 8-bit weights and activations and 32-bit sums.
template <class Model>
class LaneDriver {
 public:
  explicit LaneDriver(int seed) : dut_(seed, rest) {}

  /// Starts on a tile (borrowed) over windows of gather_groups(); the lane must be at rest.
  void start(const lanes::LaneProgram& program, const lanes::LaneTile& tile,
             std::span<const std::vector<std::uint8_t>> windows) {
    program_ = &program;
    tile_ = &tile;
    windows_ = windows;
    group_ = window_ = 0;
    beat_.assign(tile.channels.size(), 0);
    sums_.clear();
    inputs_ = {};
    offer_group();
    for (std::size_t c = 0; c < beat_.size(); ++c) offer_beat(c);
  }

  bool done() const { return sums_.size() == windows_.size(); }
  /// Of the windows that are done, by channel.
  const std::vector<std::vector<std::int32_t>>& sums() const { return sums_; }
  Dut<Model>& dut() { return dut_; }

  lanes::LaneCounters counters() { return {dut_->cycles_o, dut_->waits_o, dut_->groups_o}; }
  void clear_counters() {
    dut_->act_valid_i = dut_->sum_ready_i = 0;
    dut_->weight_valid_i = 0;
    dut_->clear_i = 1;
    dut_.tick();
    dut_->clear_i = 0;
  }

  /// One clock cycle; what is not valid carries flags that are wrong.
  LaneCycle cycle(const LaneGates& gates) {
    const std::uint64_t all = ~std::uint64_t{0} >> (64 - beat_.size());
    inputs_.act_valid = (inputs_.act_valid || gates.act) && window_ < windows_.size();
    inputs_.weight_valid |= gates.weight & all;
    inputs_.act_last = !inputs_.act_valid || group_ + 1 == groups();
    inputs_.weight_end = ~inputs_.weight_valid & all;
    for (std::size_t c = 0; c < beat_.size(); ++c) {
      inputs_.weight_end |= std::uint64_t{tile_->channels[c].end[beat_[c]]} << c;
    }
    inputs_.sum_ready = gates.sum;
    drive();
    dut_.settle();
    const LaneCycle seen{inputs_,
                         {dut_->act_ready_o != 0, dut_->weight_ready_o, dut_->sum_valid_o != 0}};
    if (seen.outputs.sum_valid && gates.sum) receive();
    dut_.tick();
    advance(seen.outputs);
    return seen;
  }

 private:
  static void rest(Model& model) {
    model.act_valid_i = model.sum_ready_i = model.clear_i = 0;
    model.weight_valid_i = 0;
  }
  std::size_t groups() const { return static_cast<std::size_t>(program_->groups); }

  void offer_group() {
    if (window_ == windows_.size()) return;
    const auto group = static_cast<std::size_t>(program_->shape.group);
    for (std::size_t i = 0; i < group; ++i) {
      set_bits(dut_->act_i, 8 * i, 8, windows_[window_][group_ * group + i]);
    }
  }

  void offer_beat(std::size_t c) {
    const auto& code = tile_->channels[c];
    const auto multipliers = static_cast<std::size_t>(program_->shape.multipliers);
    for (std::size_t m = 0; m < multipliers; ++m) {
      const std::size_t at = beat_[c] * multipliers + m;
      const std::size_t slot = c * multipliers + m;
      set_bits(dut_->weight_i, 8 * slot, 8, static_cast<std::uint8_t>(code.weights[at]));
      if constexpr (requires(Model & model) { model.index_i; }) {
        const std::size_t width = index_width();
        set_bits(dut_->index_i, width * slot, width, code.index[at]);
      }
    }
  }

  std::size_t index_width() const {
    std::size_t width = 0;
    while ((1 << width) < program_->shape.group) ++width;
    return width;
  }

  void drive() {
    dut_->act_valid_i = inputs_.act_valid;
    dut_->act_last_i = inputs_.act_last;
    dut_->sum_ready_i = inputs_.sum_ready;
    dut_->weight_valid_i =
        static_cast<std::remove_reference_t<decltype(dut_->weight_valid_i)>>(inputs_.weight_valid);
    if constexpr (requires(Model & model) { model.weight_end_i; }) {
      dut_->weight_end_i =
          static_cast<std::remove_reference_t<decltype(dut_->weight_end_i)>>(inputs_.weight_end);
    }
  }

  void receive() {
    std::vector<std::int32_t> sums;
    for (std::size_t c = 0; c < beat_.size(); ++c) {
      sums.push_back(static_cast<std::int32_t>(word_of(dut_->sum_o, 32 * c)));
    }
    sums_.push_back(std::move(sums));
  }

  void advance(const lanes::LaneOutputs& outputs) {
    if (inputs_.act_valid && outputs.act_ready) {
      inputs_.act_valid = false;
      if (++group_ == groups()) group_ = 0, ++window_;
      offer_group();
    }
    const std::uint64_t taken = inputs_.weight_valid & outputs.weight_ready;
    inputs_.weight_valid &= ~taken;
    for (std::size_t c = 0; c < beat_.size(); ++c) {
      if ((taken >> c & 1U) == 0) continue;
      beat_[c] = beat_[c] + 1 == tile_->channels[c].beats() ? 0 : beat_[c] + 1;
      offer_beat(c);
    }
  }

  Dut<Model> dut_;
  const lanes::LaneProgram* program_ = nullptr;
  const lanes::LaneTile* tile_ = nullptr;
  std::span<const std::vector<std::uint8_t>> windows_;
  std::size_t group_ = 0;          // offered, of
  std::size_t window_ = 0;         // this window
  std::vector<std::size_t> beat_;  // offered, by channel
  lanes::LaneInputs inputs_;
  std::vector<std::vector<std::int32_t>> sums_;
};

}  // namespace crossloop::testbench
