#include "host/runtime/page_matrices.hpp"

#include <string>

#include "host/error.hpp"

namespace crossloop::runtime {

using compiler::Crossbar;

Eigen::MatrixXf word_line_inputs(const Crossbar& crossbar, std::span<const std::uint8_t> inputs,
                                 int inputs_per_output) {
  const Eigen::Index n =
      static_cast<Eigen::Index>(inputs.size()) / static_cast<Eigen::Index>(inputs_per_output);
  Eigen::MatrixXf matrix(n, crossbar.row_count());
  for (Eigen::Index r = 0; r < matrix.cols(); ++r) {
    const std::int32_t source = crossbar.tables.rows[static_cast<std::size_t>(r)];
    for (Eigen::Index v = 0; v < n; ++v) {
      matrix(v, r) = inputs[static_cast<std::size_t>(v * inputs_per_output + source)];
    }
  }
  return matrix;
}

Eigen::MatrixXf code_matrix(const Crossbar& crossbar, const Measurement& measurement,
                            std::int32_t id) {
  using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const auto& page = measurement.pages.at(static_cast<std::size_t>(id));
  if (page.rows != crossbar.row_count() || page.columns != crossbar.column_count()) {
    throw InputError("calibrate: crossbar " + std::to_string(id) + " has not been measured");
  }
  return Eigen::Map<const RowMajor>(page.codes.data(), page.rows, page.columns);
}

}  // namespace crossloop::runtime
