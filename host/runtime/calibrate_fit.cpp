// Fits on measured cells: references and gains.
#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <map>

#include "host/compiler/mapping.hpp"
#include "host/error.hpp"
#include "host/runtime/calibrate.hpp"
#include "host/runtime/page_matrices.hpp"

namespace crossloop::runtime {

using compiler::ColumnSetting;
using compiler::Crossbar;
using compiler::Deployment;
using compiler::kUnitGain;
using compiler::Layer;

namespace {

/// Ridge towards the common gain, relative to the mean eigenvalue. Small: it only decides where the
/// data say nothing, such as a slice without a level.
constexpr double kRidge = 1e-3;
constexpr double kSmallestGain = 1.0 / 16.0;
constexpr double kLargestGain = 65535.0 / kUnitGain;

float level_of(const Crossbar& crossbar, Eigen::Index row, Eigen::Index column) {
  return crossbar.levels[static_cast<std::size_t>(row * crossbar.column_count() + column)];
}

/// Intercept of codes over levels; the mean code where all levels are the same zero, the nominal
/// reference where the levels leave the intercept open.
std::int32_t fitted_reference(const Crossbar& crossbar, const Eigen::MatrixXf& codes,
                              Eigen::Index column, const analog::CodeFormat& format) {
  double mean_level = 0.0, mean_code = 0.0;
  const double rows = static_cast<double>(codes.rows());
  for (Eigen::Index r = 0; r < codes.rows(); ++r) {
    mean_level += level_of(crossbar, r, column) / rows;
    mean_code += codes(r, column) / rows;
  }
  double cross = 0.0, square = 0.0;
  for (Eigen::Index r = 0; r < codes.rows(); ++r) {
    const double level = level_of(crossbar, r, column) - mean_level;
    cross += level * (codes(r, column) - mean_code);
    square += level * level;
  }
  if (square == 0.0 && mean_level > 0.0) return format.reference;
  const double slope = square == 0.0 ? 0.0 : cross / square;
  const long rounded = std::lround(mean_code - slope * mean_level);
  return static_cast<std::int32_t>(
      std::clamp<long>(rounded, 0, static_cast<long>(format.code_limit())));
}

/// Target weights of one output on the word lines of a crossbar.
Eigen::VectorXd target_weights(const Crossbar& crossbar, const Layer& layer, std::int32_t output) {
  Eigen::VectorXd target(crossbar.row_count());
  for (Eigen::Index r = 0; r < target.size(); ++r) {
    target(r) =
        compiler::weight_at(layer, output, crossbar.tables.rows[static_cast<std::size_t>(r)]);
  }
  return target;
}

/// The columns of one output in one crossbar, with the joint fit of their gains.
void fit_output(Crossbar& crossbar, const std::vector<Eigen::Index>& columns,
                const Eigen::MatrixXf& codes, const Eigen::MatrixXd& covariance,
                const Eigen::VectorXd& target, const analog::CodeFormat& format) {
  const Eigen::Index count = static_cast<Eigen::Index>(columns.size());
  Eigen::MatrixXd parts(codes.rows(), count);
  for (Eigen::Index i = 0; i < count; ++i) {
    const Eigen::Index j = columns[static_cast<std::size_t>(i)];
    const ColumnSetting& column = crossbar.tables.columns[static_cast<std::size_t>(j)];
    const double weight = std::ldexp(column.negative ? -1.0 : 1.0, format.cell_bits * column.slice);
    for (Eigen::Index r = 0; r < codes.rows(); ++r) {
      parts(r, i) = weight * std::ldexp(codes(r, j) - static_cast<float>(column.reference),
                                        -format.fraction_bits);
    }
  }
  Eigen::MatrixXd normal = parts.transpose() * covariance * parts;
  Eigen::VectorXd right = parts.transpose() * (covariance * target);
  const double common_scale = normal.sum();
  if (!(common_scale > 0.0)) return;  // silent inputs or an empty output: nothing to fit
  const double common = std::clamp(right.sum() / common_scale, kSmallestGain, kLargestGain);
  const double ridge = kRidge * normal.trace() / static_cast<double>(count);
  normal.diagonal().array() += ridge;
  right.array() += ridge * common;
  const Eigen::VectorXd gains = normal.llt().solve(right);
  for (Eigen::Index i = 0; i < count; ++i) {
    const double gain = std::clamp(gains(i), kSmallestGain, kLargestGain);
    crossbar.tables.columns[static_cast<std::size_t>(columns[static_cast<std::size_t>(i)])].gain =
        static_cast<std::int32_t>(std::lround(gain * kUnitGain));
  }
}

}  // namespace

void fit_gains(Deployment& deployment, int layer, const Measurement& measurement,
               std::span<const std::uint8_t> inputs) {
  const Layer& here = deployment.layers.at(static_cast<std::size_t>(layer));
  if (deployment.tile.encoding != compiler::Encoding::kDifferential) {
    throw InputError("layer '" + here.name +
                     "': gains are fitted for the differential encoding only, found offset");
  }
  for (const std::int32_t id : here.crossbars) {
    Crossbar& crossbar = deployment.crossbars[static_cast<std::size_t>(id)];
    const Eigen::MatrixXf codes = code_matrix(crossbar, measurement, id);
    const Eigen::MatrixXf x = word_line_inputs(crossbar, inputs, compiler::vector_inputs(here));
    const Eigen::MatrixXf centred = x.rowwise() - x.colwise().mean();
    Eigen::MatrixXd covariance =
        (centred.transpose() * centred).cast<double>() / static_cast<double>(x.rows());
    // A word line that is constant on the sample may move on other images.
    covariance.diagonal().array() += 1e-2 * covariance.trace() / static_cast<double>(x.cols());
    std::map<std::int32_t, std::vector<Eigen::Index>> by_output;
    for (Eigen::Index j = 0; j < codes.cols(); ++j) {
      ColumnSetting& column = crossbar.tables.columns[static_cast<std::size_t>(j)];
      column.reference = fitted_reference(crossbar, codes, j, deployment.tile.code);
      by_output[column.output].push_back(j);
    }
    for (const auto& [output, columns] : by_output) {
      fit_output(crossbar, columns, codes, covariance, target_weights(crossbar, here, output),
                 deployment.tile.code);
    }
  }
}

}  // namespace crossloop::runtime
