// Clock, reset and ownership of one Verilated module, for module benches and the device factory.
#pragma once

#include <verilated.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "testbench/coverage_file.hpp"
#include "testbench/vector_file.hpp"

namespace crossloop::testbench {

/// Owns one Verilated model, its context and its clock. `Model` has the ports
/// clk_i and rst_ni. Inputs set between two ticks are sampled by the second.
template <class Model>
class Dut {
 public:
  /// Powers up with random state, drives the inputs with `idle`, then resets.
  template <class Idle>
  Dut(int seed, Idle idle) {
    context_->randReset(2);  // inputs are randomised too, hence `idle`
    context_->randSeed(seed);
    model_ = std::make_unique<Model>(context_.get());
    coverage_.emplace(*context_);
    idle(*model_);
    model_->rst_ni = 0;
    for (int i = 0; i < 3; ++i) tick();
    model_->rst_ni = 1;
    settle();
    coverage_->reset_is_over();
    cycles_ = 0;
  }
  ~Dut() {
    // A dying model unregisters its scopes with the thread's context, whichever that is: make it
    // ours.
    Verilated::threadContextp(context_.get());
    model_->final();
    coverage_.reset();
    model_.reset();
  }
  Dut(const Dut&) = delete;
  Dut& operator=(const Dut&) = delete;

  Model& operator*() { return *model_; }
  Model* operator->() { return model_.get(); }
  VerilatedContext& context() { return *context_; }
  std::uint64_t cycles() const { return cycles_; }

  /// The model was changed by other means than its ports: replay ends here.
  void end_vectors() { vectors_.end(); }

  /// Updates combinational outputs after an input change, without a clock edge.
  void settle() { model_->eval(); }

  /// One clock cycle, inputs changed before the rising edge. Nothing in a model happens at the
  /// falling edge, so where no waves show and nobody counts it Verilator is only told that it came.
  void tick() {
    vectors_.before_edge(*model_);
    context_->timeInc(1);
    model_->clk_i = 1;
    model_->eval();
    context_->timeInc(1);
    model_->clk_i = 0;
    if constexpr (
        requires { model_->rootp->__Vtrigrprev__TOP__clk_i; } &&
        !requires { model_->open_trace({}); } && !CoverageFile<Model>::kCounts) {
      model_->rootp->__Vtrigrprev__TOP__clk_i = 0;
    } else {
      model_->eval();
    }
    ++cycles_;
  }

 private:
  std::unique_ptr<VerilatedContext> context_ = std::make_unique<VerilatedContext>();
  std::unique_ptr<Model> model_;
  std::optional<CoverageFile<Model>> coverage_;
  VectorFile<Model> vectors_;
  std::uint64_t cycles_ = 0;
};

}  // namespace crossloop::testbench
