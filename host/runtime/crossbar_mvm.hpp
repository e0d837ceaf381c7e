// One matrix-vector product on one crossbar, without a network around it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "host/compiler/deployment.hpp"
#include "host/runtime/backend.hpp"

namespace crossloop::runtime {

/// What the elements of a vector are.
enum class MvmInput {
  kWordLines,   ///< [rows of the crossbar]: word line by word line
  kInputVector  ///< [vector_inputs() of the layer]: the crossbar's row table picks from it
};

/// What comes out of a product.
enum class MvmOutput {
  kOutputs,  ///< what the crossbar adds to each accumulator of its layer (numerics.md, step 7)
  kColumns   ///< sum over the phases of y_j << t of each bit line: no sign, slice or range applied
};

struct MvmOptions {
  MvmInput input = MvmInput::kWordLines;
  MvmOutput output = MvmOutput::kOutputs;
  bool skip_zero = true;
  std::uint32_t noise_seed = 1;
  std::uint32_t first_vector = 0;  ///< vector number of vector 0; the others count up
};

struct MvmResult {
  std::vector<std::int32_t> lines;   ///< accumulators of the layer, ascending; or bit lines
  std::vector<std::int32_t> values;  ///< [vectors][lines]
  ConversionCounters counters;
  std::int64_t cycles = 0;  ///< of the device; 0 for the engine
};

/// Accumulators of the layer that a crossbar adds to, ascending; unit columns are not among them.
std::vector<std::int32_t> accumulators_on(const compiler::Deployment& deployment,
                                          std::int32_t crossbar);

/// Runs `vectors` (uint8 [n][elements] as options.input says) through one programmed crossbar, with
/// the tables of the deployment. Unit terms of the offset encoding are part of an output. Throws
/// InputError for an id out of range, for bytes that are no whole vectors, and where the crossbar
/// was never programmed; DeviceError if the device fails.
MvmResult run_crossbar(const compiler::Deployment& deployment, Backend& backend,
                       std::int32_t crossbar, std::span<const std::uint8_t> vectors,
                       const MvmOptions& options = {});

/// What an exact crossbar would add, sum_r w_q x_r over its rows, in units of w_q times input:
/// [n][accumulators_on()]. One unit of MvmOutput::kOutputs is Layer::accumulator_unit of these.
std::vector<std::int32_t> exact_products(const compiler::Deployment& deployment,
                                         std::int32_t crossbar,
                                         std::span<const std::uint8_t> vectors, MvmInput input);

/// Elements of one vector.
int mvm_elements(const compiler::Deployment& deployment, std::int32_t crossbar, MvmInput input);

}  // namespace crossloop::runtime
