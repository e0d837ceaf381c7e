// Fits on measured cells: references, gains and ADC ranges.
#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "host/compiler/mapping.hpp"
#include "host/error.hpp"
#include "host/runtime/calibrate.hpp"

namespace crossloop::runtime {

using compiler::ColumnSetting;
using compiler::Crossbar;
using compiler::Deployment;
using compiler::kGainFractionBits;
using compiler::kUnitGain;
using compiler::Layer;

namespace {

/// Ridge towards the common gain, relative to the mean eigenvalue. Small: it only decides where the
/// data say nothing, such as a slice without a level.
constexpr double kRidge = 1e-3;
constexpr double kSmallestGain = 1.0 / 16.0;
constexpr double kLargestGain = 65535.0 / kUnitGain;

/// Inputs of a crossbar's word lines, [n][rows].
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

/// Measured codes, [rows][columns].
Eigen::MatrixXf code_matrix(const Crossbar& crossbar, const Measurement& measurement,
                            std::int32_t id) {
  using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const auto& page = measurement.pages.at(static_cast<std::size_t>(id));
  if (page.rows != crossbar.row_count() || page.columns != crossbar.column_count()) {
    throw InputError("calibrate: crossbar " + std::to_string(id) + " has not been measured");
  }
  return Eigen::Map<const RowMajor>(page.codes.data(), page.rows, page.columns);
}

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

/// Columns that share a range: those of one slice, and the unit columns as if a slice below.
std::int32_t range_group(const Layer& layer, const ColumnSetting& column) {
  return column.output < compiler::accumulators_of(layer) ? column.slice : -1;
}

/// Sums after gain, in code units, of every driven phase, by group.
using SliceSums = std::map<std::int32_t, std::vector<float>>;

void collect_sums(const Layer& layer, const Crossbar& crossbar, const Eigen::MatrixXf& codes,
                  const Eigen::MatrixXf& inputs, int input_bits, SliceSums& sums) {
  Eigen::MatrixXf cells = codes;
  for (Eigen::Index j = 0; j < cells.cols(); ++j) {
    const ColumnSetting& column = crossbar.tables.columns[static_cast<std::size_t>(j)];
    cells.col(j).array() -= static_cast<float>(column.reference);
    cells.col(j) *= static_cast<float>(column.gain) / static_cast<float>(kUnitGain);
  }
  for (int bit = 0; bit < input_bits; ++bit) {
    const Eigen::MatrixXf driven = inputs.unaryExpr(
        [bit](float value) { return static_cast<float>((static_cast<int>(value) >> bit) & 1); });
    const Eigen::MatrixXf phase = driven * cells;
    const Eigen::VectorXf rows = driven.rowwise().sum();
    for (Eigen::Index j = 0; j < phase.cols(); ++j) {
      auto& slice = sums[range_group(layer, crossbar.tables.columns[static_cast<std::size_t>(j)])];
      for (Eigen::Index v = 0; v < phase.rows(); ++v) {
        if (rows(v) > 0.0F) slice.push_back(phase(v, j));
      }
    }
  }
}

/// Standard deviation of the read noise after gain, code units: mean over the columns of a slice.
std::map<std::int32_t, double> slice_noise(const Deployment& deployment, const Layer& layer) {
  std::map<std::int32_t, std::pair<double, int>> sums;
  for (const std::int32_t id : layer.crossbars) {
    for (const auto& column : deployment.crossbars[static_cast<std::size_t>(id)].tables.columns) {
      auto& [sum, count] = sums[range_group(layer, column)];
      sum += std::sqrt(170.0) / 256.0 * column.sigma * column.gain / kUnitGain;
      ++count;
    }
  }
  std::map<std::int32_t, double> noise;
  for (const auto& [slice, sum] : sums) noise[slice] = sum.first / sum.second;
  return noise;
}

/// A quarter of a level: codes say no more about a sum.
int finest_shift(const analog::CodeFormat& format) {
  return std::max(0, kGainFractionBits + format.fraction_bits - 2);
}

/// Sum of a column whose word lines are all driven with all cells at the highest level, after the
/// largest gain of the slice, code units.
double full_scale(const Deployment& deployment, const Layer& layer, std::int32_t slice) {
  std::int32_t gain = 0;
  for (const std::int32_t id : layer.crossbars) {
    for (const auto& column : deployment.crossbars[static_cast<std::size_t>(id)].tables.columns) {
      if (range_group(layer, column) == slice) gain = std::max(gain, column.gain);
    }
  }
  const auto& format = deployment.tile.code;
  return std::ldexp(static_cast<double>(deployment.tile.rows) * (format.levels() - 1) * gain,
                    format.fraction_bits - kGainFractionBits);
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

void fit_adc_range(Deployment& deployment, int layer, const Measurement& measurement,
                   std::span<const std::uint8_t> inputs, const AdcRangeOptions& options) {
  const Layer& here = deployment.layers.at(static_cast<std::size_t>(layer));
  SliceSums sums;
  for (const std::int32_t id : here.crossbars) {
    const Crossbar& crossbar = deployment.crossbars[static_cast<std::size_t>(id)];
    collect_sums(here, crossbar, code_matrix(crossbar, measurement, id),
                 word_line_inputs(crossbar, inputs, compiler::vector_inputs(here)),
                 deployment.tile.input_bits, sums);
  }
  const auto noise = slice_noise(deployment, here);
  std::map<std::int32_t, AdcRange> ranges;
  for (auto& [slice, values] : sums) {
    ranges[slice] =
        choose_adc_range(options,
                         {.bits = deployment.tile.adc_bits,
                          .finest_shift = finest_shift(deployment.tile.code),
                          .noise = noise.at(slice),
                          .full_scale = full_scale(deployment, here, slice),
                          .where = "layer " + here.name + ", slice " + std::to_string(slice)},
                         values);
  }
  for (const std::int32_t id : here.crossbars) {
    for (ColumnSetting& column :
         deployment.crossbars[static_cast<std::size_t>(id)].tables.columns) {
      const AdcRange& range = ranges.at(range_group(here, column));
      column.bits = deployment.tile.adc_bits;
      column.shift = range.shift;
      column.zero_code = range.zero_code;
      column.offset = range.zero_code * (1 << range.shift);
    }
  }
  compiler::finish_layer(deployment, layer);
}

}  // namespace crossloop::runtime
