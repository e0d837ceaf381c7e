// One maker per geometry built in, so that no file but its own compiles against a model.
#pragma once

#include <memory>

#include "testbench/verilated_device.hpp"

namespace crossloop::testbench {

std::unique_ptr<VerilatedDevice> make_verilated_core_16(const VerilatedOptions& options);
std::unique_ptr<VerilatedDevice> make_verilated_core_16x2(const VerilatedOptions& options);
std::unique_ptr<VerilatedDevice> make_verilated_core_64(const VerilatedOptions& options);
std::unique_ptr<VerilatedDevice> make_verilated_core_128(const VerilatedOptions& options);

// The same with a wave file, options.trace.
std::unique_ptr<VerilatedDevice> make_traced_core_16(const VerilatedOptions& options);
std::unique_ptr<VerilatedDevice> make_traced_core_64(const VerilatedOptions& options);
std::unique_ptr<VerilatedDevice> make_traced_core_128(const VerilatedOptions& options);

}  // namespace crossloop::testbench
