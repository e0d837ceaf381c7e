// VerilatedDevice over one Verilated model of crossloop.v; one translation unit per geometry.
#pragma once

#include <verilated_sym_props.h>

#include <memory>
#include <string>

#include "drivers/registers.hpp"
#include "host/error.hpp"
#include "testbench/axi_host.hpp"
#include "testbench/axi_stream_host.hpp"
#include "testbench/dut.hpp"
#include "testbench/verilated_device.hpp"

namespace crossloop::testbench {

template <class Model>
class VerilatedCore final : public VerilatedDevice {
 public:
  explicit VerilatedCore(const VerilatedOptions& options)
      : geometry_(options.geometry),
        streams_used_(options.streams),
        dut_(options.seed, rest),
        host_(dut_, options.seed, options.stall_probability),
        streams_(dut_, options.seed + 1, options.stall_probability) {}

  std::uint32_t read(drivers::Reg reg) override {
    std::uint32_t value = 0;
    host_.read(static_cast<std::uint32_t>(reg), {&value, 1});
    return value;
  }
  void write(drivers::Reg reg, std::uint32_t value) override {
    host_.write(static_cast<std::uint32_t>(reg), {&value, 1});
  }
  void read_window(std::uint32_t word, std::span<std::uint32_t> values) override {
    if (!by_stream(values.size())) {
      host_.read(drivers::constant::WINDOW_BASE + 4 * word, values);
      return;
    }
    write(drivers::Reg::STREAM_READ, word);
    write(drivers::Reg::STREAM_LENGTH, static_cast<std::uint32_t>(values.size()));
    streams_.receive(values);
  }
  void write_window(std::uint32_t word, std::span<const std::uint32_t> values) override {
    if (!by_stream(values.size())) {
      host_.write(drivers::constant::WINDOW_BASE + 4 * word, values);
      return;
    }
    write(drivers::Reg::STREAM_WRITE, word);
    streams_.send(values);
    if (drivers::field::STREAM_STATUS_OVERRUN.get(read(drivers::Reg::STREAM_STATUS)) != 0) {
      throw DeviceError("stream beyond the window: word " + std::to_string(word) + ", " +
                        std::to_string(values.size()) + " words");
    }
  }

  bool idle() override {
    constexpr int kBurst = 4096;
    if (!dut_->busy_o) return false;
    for (int i = 0; i < kBurst && dut_->busy_o; ++i) dut_.tick();
    return true;
  }

  void flip_array_bit(int page, int column, int plane, int row) override {
    int lanes = 0, engines = 0;
    while (lane_scope(0, lanes) != nullptr) ++lanes;
    while (lane_scope(engines, 0) != nullptr) ++engines;
    const int pages = engines * lanes * array_columns(0, 0).elements(1) / geometry_.columns;
    const auto check = [](const char* what, int value, int count) {
      if (value < 0 || value >= count) {
        throw InputError(std::string("no array bit to flip: ") + what + " " +
                         std::to_string(value) + ", expected 0.." + std::to_string(count - 1));
      }
    };
    dut_.end_vectors();
    check("page", page, pages);
    check("column", column, geometry_.columns);
    check("plane", plane, geometry_.code_bits);
    check("row", row, geometry_.rows);
    const int plane_words = (geometry_.rows + 31) / 32;
    const int column_words = plane_words * geometry_.code_bits;
    const int entry = (page / engines * geometry_.columns + column) / lanes;
    auto* words =
        static_cast<std::uint32_t*>(array_columns(page % engines, column % lanes).datap());
    words[entry * column_words + plane * plane_words + row / 32] ^= 1U << (row % 32);
  }

  Model& model() { return *dut_; }
  bool interrupt() override { return dut_->irq_o != 0; }
  std::uint64_t cycles() const override { return dut_.cycles(); }

 private:
  /// Longest transfer by AXI4-Lite: a descriptor. Below that the registers of a stream cost more.
  static constexpr std::size_t kLiteWords = drivers::constant::DESCRIPTOR_WORDS;

  static void rest(Model& model) {
    AxiHost<Model>::rest(model);
    AxiStreamHost<Model>::rest(model);
  }
  bool by_stream(std::size_t words) const { return streams_used_ && words > kLiteWords; }

  const VerilatedScope* lane_scope(int engine, int lane) {
    const std::string name = "TOP.crossloop.u_engines.g_engine[" + std::to_string(engine) +
                             "].u_tile.g_lane[" + std::to_string(lane) + "].u_lane.u_page_array";
    return dut_.context().scopeFind(name.c_str());
  }
  /// The codes of the columns of one lane, 32-bit words.
  VerilatedVar& array_columns(int engine, int lane) {
    return *lane_scope(engine, lane)->varFind("columns_q");
  }

  VerilatedGeometry geometry_;
  bool streams_used_;
  Dut<Model> dut_;
  AxiHost<Model> host_;
  AxiStreamHost<Model> streams_;
};

}  // namespace crossloop::testbench
