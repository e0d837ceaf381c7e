// An AXI4-Stream host for Verilated models: what a DMA engine would do.
#pragma once

#include <cstdint>
#include <limits>
#include <random>
#include <span>
#include <string>

#include "host/error.hpp"
#include "testbench/dut.hpp"

namespace crossloop::testbench {

/// Drives the ports s_axis_* and m_axis_* of `Model`, a packet at a time; with random gaps if
/// stall_probability > 0.
template <class Model>
class AxiStreamHost {
 public:
  AxiStreamHost(Dut<Model>& dut, int seed, double stall_probability)
      : dut_(dut),
        rng_(static_cast<std::uint32_t>(seed)),
        stall_below_(static_cast<std::uint32_t>(stall_probability *
                                                std::numeric_limits<std::uint32_t>::max())) {}

  /// All inputs of the streams at rest, for power-up.
  static void rest(Model& model) {
    model.s_axis_tvalid_i = model.s_axis_tlast_i = model.m_axis_tready_i = 0;
    model.s_axis_tdata_i = 0;
  }

  /// Sends one packet. Throws DeviceError if the device stops taking words.
  void send(std::span<const std::uint32_t> values) {
    const std::uint64_t deadline = dut_.cycles() + budget(values.size());
    for (std::size_t sent = 0; sent < values.size();) {
      check_deadline(deadline, "takes", sent, values.size());
      if (!dut_->s_axis_tvalid_i && go()) {
        dut_->s_axis_tvalid_i = 1;
        dut_->s_axis_tdata_i = values[sent];
        dut_->s_axis_tlast_i = sent + 1 == values.size();
      }
      // The device's outputs are registers, so they are already what the clock edge will see.
      const bool taken = dut_->s_axis_tvalid_i && dut_->s_axis_tready_o;
      dut_.tick();
      if (!taken) continue;
      dut_->s_axis_tvalid_i = 0;
      ++sent;
    }
  }

  /// Receives one packet. Throws DeviceError if it is not as long as `values`, or never comes.
  void receive(std::span<std::uint32_t> values) {
    const std::uint64_t deadline = dut_.cycles() + budget(values.size());
    for (std::size_t received = 0; received < values.size();) {
      check_deadline(deadline, "sends", received, values.size());
      dut_->m_axis_tready_i = go();
      if (dut_->m_axis_tvalid_o && dut_->m_axis_tready_i) {
        values[received++] = dut_->m_axis_tdata_o;
        if (static_cast<bool>(dut_->m_axis_tlast_o) != (received == values.size())) {
          throw DeviceError("AXI stream: a packet of another length" +
                            progress(received, values.size()));
        }
      }
      dut_.tick();
    }
    dut_->m_axis_tready_i = 0;
  }

 private:
  static std::uint64_t budget(std::size_t words) { return 10'000 + 1'000 * words; }

  static std::string progress(std::size_t done, std::size_t words) {
    return ": after " + std::to_string(done) + " of " + std::to_string(words) + " words";
  }

  void check_deadline(std::uint64_t deadline, const char* what, std::size_t done,
                      std::size_t words) const {
    if (dut_.cycles() >= deadline) {
      throw DeviceError(std::string("AXI stream: the device ") + what + " nothing more" +
                        progress(done, words));
    }
  }

  bool go() { return stall_below_ == 0 || rng_() >= stall_below_; }

  Dut<Model>& dut_;
  std::mt19937 rng_;
  std::uint32_t stall_below_;
};

}  // namespace crossloop::testbench
