// What stood on the ports of a Verilated model in each clock cycle, for testbench/replay.
#pragma once

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "host/error.hpp"

namespace crossloop::testbench {

/// The ports of a model: kHeader, kInputBits, kOutputBits, and inputs() and outputs(), which visit
/// every port but clk_i with its width. testbench/list_ports makes it from the model's header.
template <class Model>
struct Ports;

}  // namespace crossloop::testbench

#ifdef CROSSLOOP_PORTS
#include CROSSLOOP_PORTS
#endif

namespace crossloop::testbench {

/// Values of ports next to each other, the first one lowest.
class PackedPorts {
 public:
  explicit PackedPorts(std::size_t bits) : bits_(bits), words_(bits / 32 + 2) {}

  template <class Port>
  void add(const Port& port, std::size_t width) {
    for (std::size_t lsb = 0; lsb < width; lsb += 32) {
      std::uint64_t word = 0;
      if constexpr (std::is_integral_v<Port>) {
        word = static_cast<std::uint32_t>(static_cast<std::uint64_t>(port) >> lsb);
      } else {
        word = port[lsb / 32];
      }
      if (width - lsb < 32) word &= (std::uint64_t{1} << (width - lsb)) - 1;
      word <<= at_ % 32;
      words_[at_ / 32] |= static_cast<std::uint32_t>(word);
      words_[at_ / 32 + 1] |= static_cast<std::uint32_t>(word >> 32);
      at_ += width - lsb < 32 ? width - lsb : 32;
    }
  }

  std::string hex() const {
    std::string text;
    for (std::size_t digit = (bits_ + 3) / 4; digit-- > 0;) {
      text += "0123456789abcdef"[words_[digit / 8] >> (digit % 8 * 4) & 0xFU];
    }
    return text;
  }

 private:
  std::size_t bits_, at_ = 0;
  std::vector<std::uint32_t> words_;
};

/// Clock cycles that this process may still write.
inline std::atomic<int> vector_cycles_left = 20'000;

/// Of one model, a file in the folder $CROSSLOOP_VECTORS; nothing without the variable, and no code
/// for a model whose ports are not listed.
template <class Model>
class VectorFile {
 public:
  VectorFile() {
    if constexpr (kListed) open();
  }

  /// To be called with the clock low, right before it rises. The inputs have the values that the
  /// edge samples and what depends on them settles here, so nothing changes from here to the edge.
  void before_edge(Model& model) {
    if constexpr (kListed) {
      if (file_) [[unlikely]]
        write(model);
    }
  }

  /// What comes now does not follow from the inputs.
  void end() { file_.reset(); }

 private:
  static constexpr bool kListed = requires { Ports<Model>::kHeader; };

  void open() {
    static std::atomic<int> files = 0;
    const char* folder = std::getenv("CROSSLOOP_VECTORS");
    if (folder == nullptr || vector_cycles_left <= 0) return;
    const std::string number = std::to_string(::getpid()) + "-" + std::to_string(files++);
    const std::string path =
        std::string(folder) + "/" + program_invocation_short_name + "-" + number + ".vectors";
    file_ = std::make_unique<std::ofstream>(path);
    *file_ << Ports<Model>::kHeader << "vectors\n";
    if (!*file_) throw InputError(path + ": cannot be written");
  }

  void write(Model& model) {
    if (vector_cycles_left-- <= 0) return end();
    model.eval();
    PackedPorts inputs(Ports<Model>::kInputBits), outputs(Ports<Model>::kOutputBits);
    Ports<Model>::inputs(model, [&](const auto& port, std::size_t w) { inputs.add(port, w); });
    Ports<Model>::outputs(model, [&](const auto& port, std::size_t w) { outputs.add(port, w); });
    *file_ << inputs.hex() << ' ' << outputs.hex() << '\n';
  }

  std::unique_ptr<std::ofstream> file_;
};

}  // namespace crossloop::testbench
