// The instruction sets that the engine's kernel was compiled for.
#pragma once

#include <string>
#include <vector>

#include "host/engine/page_kernel.hpp"

namespace crossloop::engine {

struct InstructionSet {
  std::string name;
  PageKernel kernel;
};

/// Those this processor has, the slowest first: "plain", then "avx2", "avx512" and "vnni" on
/// x86-64, "neon" on aarch64.
std::vector<InstructionSet> instruction_sets();

/// The fastest of them; not beyond the one that the environment variable CROSSLOOP_ENGINE names.
/// Throws InputError if it names none that this program knows.
InstructionSet chosen_instruction_set();

}  // namespace crossloop::engine
