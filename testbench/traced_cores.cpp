// The cores that write wave files: slower, so they stand beside those that do not.
#include <Vcrossloop_128_traced.h>
#include <Vcrossloop_128_traced___024root.h>
#include <Vcrossloop_16_traced.h>
#include <Vcrossloop_16_traced___024root.h>
#include <Vcrossloop_64_traced.h>
#include <Vcrossloop_64_traced___024root.h>

#include "testbench/traced_model.hpp"
#include "testbench/verilated_core.hpp"
#include "testbench/verilated_cores.hpp"

namespace crossloop::testbench {

namespace {

template <class Model>
std::unique_ptr<VerilatedDevice> make_traced_core(const VerilatedOptions& options) {
  auto core = std::make_unique<VerilatedCore<TracedModel<Model>>>(options);
  core->model().open_trace(options.trace);
  return core;
}

}  // namespace

std::unique_ptr<VerilatedDevice> make_traced_core_16(const VerilatedOptions& options) {
  return make_traced_core<Vcrossloop_16_traced>(options);
}

std::unique_ptr<VerilatedDevice> make_traced_core_64(const VerilatedOptions& options) {
  return make_traced_core<Vcrossloop_64_traced>(options);
}

std::unique_ptr<VerilatedDevice> make_traced_core_128(const VerilatedOptions& options) {
  return make_traced_core<Vcrossloop_128_traced>(options);
}

}  // namespace crossloop::testbench
