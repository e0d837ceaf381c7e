// The 64x64 core.
#include <Vcrossloop_64.h>
#include <Vcrossloop_64___024root.h>

#include "testbench/verilated_core.hpp"
#include "testbench/verilated_cores.hpp"

namespace crossloop::testbench {

std::unique_ptr<VerilatedDevice> make_verilated_core_64(const VerilatedOptions& options) {
  return std::make_unique<VerilatedCore<Vcrossloop_64>>(options);
}

}  // namespace crossloop::testbench
