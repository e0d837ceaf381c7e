// The 16x16 core.
#include <Vcrossloop_16.h>
#include <Vcrossloop_16___024root.h>

#include "testbench/verilated_core.hpp"
#include "testbench/verilated_cores.hpp"

namespace crossloop::testbench {

std::unique_ptr<VerilatedDevice> make_verilated_core_16(const VerilatedOptions& options) {
  return std::make_unique<VerilatedCore<Vcrossloop_16>>(options);
}

}  // namespace crossloop::testbench
