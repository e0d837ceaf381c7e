// A Verilated model that writes a wave file.
#pragma once

#include <unistd.h>
#include <verilated_fst_c.h>

#include <filesystem>
#include <string>

namespace crossloop::testbench {

/// A `Model` verilated with --trace-fst, for Dut. open_trace() begins to write every signal to an
/// FST file, at both edges of the clock, under a temporary name beside it; the file is closed and
/// takes its own name when the model goes, by an exception too.
template <class Model>
class TracedModel : public Model {
 public:
  explicit TracedModel(VerilatedContext* context) : Model(traceable(context)) {}
  ~TracedModel() {
    if (!trace_.isOpen()) return;
    trace_.close();
    std::error_code failure;  // stays under its temporary name then
    std::filesystem::rename(temporary_, path_, failure);
  }

  /// `path` must be writable: the library behind does not report errors.
  void open_trace(const std::filesystem::path& path) {
    path_ = path;
    temporary_ = path.parent_path() /
                 ("." + path.filename().string() + "." + std::to_string(::getpid()) + ".part");
    this->trace(&trace_, kAllLevels);
    trace_.open(temporary_.c_str());
  }

  void eval() {
    Model::eval();
    if (trace_.isOpen()) trace_.dump(this->contextp()->time());
  }

 private:
  static constexpr int kAllLevels = 99;

  static VerilatedContext* traceable(VerilatedContext* context) {
    context->traceEverOn(true);
    return context;
  }

  VerilatedFstC trace_;
  std::filesystem::path path_, temporary_;
};

}  // namespace crossloop::testbench
