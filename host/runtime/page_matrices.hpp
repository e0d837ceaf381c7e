// What a crossbar sees and what its cells hold, as matrices.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <span>

#include "host/compiler/deployment.hpp"
#include "host/runtime/measure.hpp"

namespace crossloop::runtime {

/// Inputs of a crossbar's word lines, [n][rows]; `inputs` is [n][inputs_per_output].
Eigen::MatrixXf word_line_inputs(const compiler::Crossbar& crossbar,
                                 std::span<const std::uint8_t> inputs, int inputs_per_output);

/// Measured codes of crossbar `id`, [rows][columns]. Throws InputError where it has not been
/// measured.
Eigen::MatrixXf code_matrix(const compiler::Crossbar& crossbar, const Measurement& measurement,
                            std::int32_t id);

}  // namespace crossloop::runtime
