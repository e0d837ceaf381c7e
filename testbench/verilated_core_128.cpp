// The 128x128 core.
#include <Vcrossloop_128.h>
#include <Vcrossloop_128___024root.h>

#include "testbench/verilated_core.hpp"
#include "testbench/verilated_cores.hpp"

namespace crossloop::testbench {

std::unique_ptr<VerilatedDevice> make_verilated_core_128(const VerilatedOptions& options) {
  return std::make_unique<VerilatedCore<Vcrossloop_128>>(options);
}

}  // namespace crossloop::testbench
