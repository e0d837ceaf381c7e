// The 16x16 core with two tiles.
#include <Vcrossloop_16x2.h>
#include <Vcrossloop_16x2___024root.h>

#include "testbench/verilated_core.hpp"
#include "testbench/verilated_cores.hpp"

namespace crossloop::testbench {

std::unique_ptr<VerilatedDevice> make_verilated_core_16x2(const VerilatedOptions& options) {
  return std::make_unique<VerilatedCore<Vcrossloop_16x2>>(options);
}

}  // namespace crossloop::testbench
