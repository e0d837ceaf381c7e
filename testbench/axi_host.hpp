// An AXI4-Lite host for Verilated models: what a processor's bus would do.
#pragma once

#include <cstdint>
#include <limits>
#include <random>
#include <span>
#include <string>

#include "host/error.hpp"
#include "testbench/dut.hpp"

namespace crossloop::testbench {

/// Drives the ports s_axi_* of `Model`. Transfers of several words overlap as far as the slave lets
/// them; their addresses and data come in order, with random gaps if stall_probability > 0.
template <class Model>
class AxiHost {
 public:
  AxiHost(Dut<Model>& dut, int seed, double stall_probability)
      : dut_(dut),
        rng_(static_cast<std::uint32_t>(seed)),
        stall_below_(static_cast<std::uint32_t>(stall_probability *
                                                std::numeric_limits<std::uint32_t>::max())) {}

  /// All inputs of the slave at rest, for power-up.
  static void rest(Model& model) {
    model.s_axi_awvalid_i = model.s_axi_wvalid_i = model.s_axi_arvalid_i = 0;
    model.s_axi_bready_i = model.s_axi_rready_i = 0;
    model.s_axi_awaddr_i = model.s_axi_araddr_i = model.s_axi_wdata_i = 0;
    model.s_axi_awprot_i = model.s_axi_arprot_i = 0;
    model.s_axi_wstrb_i = 0xF;
  }

  /// Writes consecutive words. Throws DeviceError if the slave refuses one or stops answering.
  void write(std::uint32_t address, std::span<const std::uint32_t> values) {
    std::size_t addresses = 0, data = 0, answers = 0;
    bool refused = false;
    const std::uint64_t deadline = dut_.cycles() + budget(values.size());
    while (answers < values.size()) {
      check_deadline(deadline, "write", address);
      if (!dut_->s_axi_awvalid_i && addresses < values.size() && go()) {
        dut_->s_axi_awvalid_i = 1;
        dut_->s_axi_awaddr_i = address + 4 * static_cast<std::uint32_t>(addresses);
      }
      if (!dut_->s_axi_wvalid_i && data < values.size() && go()) {
        dut_->s_axi_wvalid_i = 1;
        dut_->s_axi_wdata_i = values[data];
      }
      dut_->s_axi_bready_i = go();
      // The slave's outputs are registers, so they are already what the clock edge will see.
      const bool address_taken = dut_->s_axi_awvalid_i && dut_->s_axi_awready_o;
      const bool data_taken = dut_->s_axi_wvalid_i && dut_->s_axi_wready_o;
      const bool answered = dut_->s_axi_bvalid_o && dut_->s_axi_bready_i;
      refused |= answered && dut_->s_axi_bresp_o != 0;
      dut_.tick();
      addresses += address_taken;
      data += data_taken;
      answers += answered;
      if (address_taken) dut_->s_axi_awvalid_i = 0;
      if (data_taken) dut_->s_axi_wvalid_i = 0;
    }
    dut_->s_axi_bready_i = 0;
    if (refused) throw DeviceError("AXI write refused" + range(address, values.size()));
  }

  /// Reads consecutive words. Throws DeviceError if the slave refuses one or stops answering.
  void read(std::uint32_t address, std::span<std::uint32_t> values) {
    std::size_t addresses = 0, answers = 0;
    bool refused = false;
    const std::uint64_t deadline = dut_.cycles() + budget(values.size());
    while (answers < values.size()) {
      check_deadline(deadline, "read", address);
      if (!dut_->s_axi_arvalid_i && addresses < values.size() && go()) {
        dut_->s_axi_arvalid_i = 1;
        dut_->s_axi_araddr_i = address + 4 * static_cast<std::uint32_t>(addresses);
      }
      dut_->s_axi_rready_i = go();
      const bool address_taken = dut_->s_axi_arvalid_i && dut_->s_axi_arready_o;
      if (dut_->s_axi_rvalid_o && dut_->s_axi_rready_i) {
        refused |= dut_->s_axi_rresp_o != 0;
        values[answers++] = dut_->s_axi_rdata_o;
      }
      dut_.tick();
      addresses += address_taken;
      if (address_taken) dut_->s_axi_arvalid_i = 0;
    }
    dut_->s_axi_rready_i = 0;
    if (refused) throw DeviceError("AXI read refused" + range(address, values.size()));
  }

 private:
  /// Longest wait: the controller may hold the window for one word of each page and table word.
  static std::uint64_t budget(std::size_t words) { return 10'000'000 + 1'000 * words; }

  static std::string range(std::uint32_t address, std::size_t words) {
    return ": address " + std::to_string(address) + ", " + std::to_string(words) + " words";
  }

  void check_deadline(std::uint64_t deadline, const char* what, std::uint32_t address) const {
    if (dut_.cycles() >= deadline) {
      throw DeviceError(std::string("AXI ") + what + " never answered: address " +
                        std::to_string(address));
    }
  }

  bool go() { return stall_below_ == 0 || rng_() >= stall_below_; }

  Dut<Model>& dut_;
  std::mt19937 rng_;
  std::uint32_t stall_below_;
};

}  // namespace crossloop::testbench
