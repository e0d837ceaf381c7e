#include "host/engine/instruction_set.hpp"

#include <cstdlib>

#include "host/error.hpp"

namespace crossloop::engine {

namespace {

struct Candidate {
  InstructionSet set;
  bool available;
};

std::vector<Candidate> candidates() {
  std::vector<Candidate> all = {{{"plain", plain::run_page}, true}};
#if defined(__x86_64__)
  const auto avx512 = __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512dq");
  const auto vnni = avx512 && __builtin_cpu_supports("avx512vnni") &&
                    __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2");
  all.push_back({{"avx2", avx2::run_page}, __builtin_cpu_supports("avx2") != 0});
  all.push_back({{"avx512", avx512::run_page}, avx512});
  all.push_back({{"vnni", vnni::run_page}, vnni});
#elif defined(__aarch64__)
  all.push_back({{"neon", neon::run_page}, true});
#endif
  return all;
}

}  // namespace

std::vector<InstructionSet> instruction_sets() {
  std::vector<InstructionSet> available;
  for (const Candidate& candidate : candidates()) {
    if (candidate.available) available.push_back(candidate.set);
  }
  return available;
}

InstructionSet chosen_instruction_set() {
  const char* variable = std::getenv("CROSSLOOP_ENGINE");
  const std::string limit = variable == nullptr ? "" : variable;
  InstructionSet best;
  std::string known;
  for (const Candidate& candidate : candidates()) {
    if (candidate.available) best = candidate.set;
    if (candidate.set.name == limit) return best;
    known += " " + candidate.set.name;
  }
  if (!limit.empty()) {
    throw InputError("CROSSLOOP_ENGINE: no instruction set '" + limit + "', expected one of" +
                     known);
  }
  return best;
}

}  // namespace crossloop::engine
