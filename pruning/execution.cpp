#include <ATen/Context.h>

#include <string>

#include "host/error.hpp"
#include "pruning/train.hpp"

namespace crossloop::pruning {

namespace {

bool processor_multiplies_bfloat16() {
#ifdef __x86_64__
  return __builtin_cpu_supports("avx512bf16") != 0;  // with AMX comes this, too
#else
  return false;
#endif
}

Accelerator resolve(Accelerator wanted) {
  if (wanted == Accelerator::kCpu) return Accelerator::kCpu;
  if (at::hasCUDA()) return Accelerator::kCuda;
  if (wanted == Accelerator::kAuto) return Accelerator::kCpu;
  throw InputError(
      "accelerator cuda: the LibTorch at hand finds no CUDA device, expected auto or cpu");
}

}  // namespace

Execution resolve_execution(const TrainOptions& options) {
  Execution execution{.precision = options.precision, .accelerator = resolve(options.accelerator)};
  if (options.precision == Precision::kAuto) {
    const bool fast =
        execution.accelerator == Accelerator::kCuda || processor_multiplies_bfloat16();
    execution.precision = fast ? Precision::kBfloat16 : Precision::kFloat32;
  }
  return execution;
}

std::string Execution::text() const {
  return std::string(precision == Precision::kBfloat16 ? "bfloat16" : "float32") + " on " +
         (accelerator == Accelerator::kCuda ? "cuda" : "cpu");
}

}  // namespace crossloop::pruning
