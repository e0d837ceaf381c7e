// Fits ADC ranges and resolutions on measured cells.
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "host/compiler/adc_proof.hpp"
#include "host/compiler/mapping.hpp"
#include "host/runtime/calibrate.hpp"
#include "host/runtime/page_matrices.hpp"

namespace crossloop::runtime {

using compiler::AdcGroup;
using compiler::AdcGroupKey;
using compiler::ColumnSetting;
using compiler::Crossbar;
using compiler::Deployment;
using compiler::kGainFractionBits;
using compiler::kUnitGain;
using compiler::Layer;

namespace {

/// The groups of one layer, with what their ranges follow from.
class Groups {
 public:
  Groups(Deployment& deployment, int layer, const AdcRangeOptions& options)
      : deployment_(deployment),
        layer_(deployment.layers.at(static_cast<std::size_t>(layer))),
        options_(options) {
    for (const std::int32_t id : layer_.crossbars) count_columns(id);
  }

  /// Adds the sums after gain, in code units, of every driven phase of one crossbar.
  void collect(std::int32_t id, Eigen::MatrixXf codes, const Eigen::MatrixXf& inputs) {
    const auto& columns = crossbar(id).tables.columns;
    for (Eigen::Index j = 0; j < codes.cols(); ++j) {
      const ColumnSetting& column = columns[static_cast<std::size_t>(j)];
      codes.col(j).array() -= static_cast<float>(column.reference);
      codes.col(j) *= static_cast<float>(column.gain) / static_cast<float>(kUnitGain);
    }
    for (int bit = 0; bit < deployment_.tile.input_bits; ++bit) {
      const Eigen::MatrixXf driven = inputs.unaryExpr(
          [bit](float value) { return static_cast<float>((static_cast<int>(value) >> bit) & 1); });
      collect_phase(id, driven * codes, driven.rowwise().sum());
    }
  }

  /// Chooses range and resolution of the groups collected since the last call.
  void choose() {
    for (const auto& [key, values] : sums_) {
      const Members& members = members_.at(key);
      settings_[key] =
          choose_adc_setting(options_,
                             {.bits = deployment_.tile.adc_bits,
                              .finest_shift = finest_shift(),
                              .noise = members.noise / members.count,
                              .full_scale = full_scale(members),
                              .where = "layer " + layer_.name + ", " + compiler::to_string(key)},
                             values);
    }
    sums_.clear();
  }

  /// Writes what choose() found into the column tables.
  void apply() {
    for (const std::int32_t id : layer_.crossbars) {
      auto& columns = deployment_.crossbars[static_cast<std::size_t>(id)].tables.columns;
      for (std::size_t j = 0; j < columns.size(); ++j) {
        const AdcSetting& setting = settings_.at(key_of(id, j));
        columns[j].bits = setting.bits;
        columns[j].shift = setting.range.shift;
        columns[j].zero_code = setting.range.zero_code;
        columns[j].offset = setting.range.zero_code * (1 << setting.range.shift);
      }
    }
  }

 private:
  struct Members {
    double noise = 0.0;  ///< sum over the columns of the standard deviation after gain, code units
    int count = 0;
    std::int32_t largest_gain = 0;
  };

  const Crossbar& crossbar(std::int32_t id) const {
    return deployment_.crossbars[static_cast<std::size_t>(id)];
  }
  AdcGroupKey key_of(std::int32_t id, std::size_t column) const {
    return compiler::adc_group_key(deployment_, layer_, id, static_cast<std::int32_t>(column),
                                   options_.group);
  }

  void count_columns(std::int32_t id) {
    const auto& columns = crossbar(id).tables.columns;
    for (std::size_t j = 0; j < columns.size(); ++j) {
      Members& members = members_[key_of(id, j)];
      members.noise += std::sqrt(170.0) / 256.0 * columns[j].sigma * columns[j].gain / kUnitGain;
      members.count += 1;
      members.largest_gain = std::max(members.largest_gain, columns[j].gain);
    }
  }

  void collect_phase(std::int32_t id, const Eigen::MatrixXf& phase, const Eigen::VectorXf& rows) {
    for (Eigen::Index j = 0; j < phase.cols(); ++j) {
      auto& sums = sums_[key_of(id, static_cast<std::size_t>(j))];
      for (Eigen::Index v = 0; v < phase.rows(); ++v) {
        if (rows(v) > 0.0F) sums.push_back(phase(v, j));
      }
    }
  }

  /// A quarter of a level, since codes say no more about a sum; one level where bits are saved.
  int finest_shift() const {
    const int level = kGainFractionBits + deployment_.tile.code.fraction_bits;
    return options_.resolution == AdcResolution::kTile ? std::max(0, level - 2) : level;
  }

  /// Sum of a column whose word lines are all driven with all cells at the highest level, after
  /// the largest gain of the group, code units.
  double full_scale(const Members& members) const {
    const auto& format = deployment_.tile.code;
    return std::ldexp(
        static_cast<double>(deployment_.tile.rows) * (format.levels() - 1) * members.largest_gain,
        format.fraction_bits - kGainFractionBits);
  }

  Deployment& deployment_;
  const Layer& layer_;
  const AdcRangeOptions& options_;
  std::map<AdcGroupKey, Members> members_;
  std::map<AdcGroupKey, std::vector<float>> sums_;
  std::map<AdcGroupKey, AdcSetting> settings_;
};

/// Column sums that a range is chosen from, at most, all groups of a layer together: they are held
/// as floats.
constexpr std::size_t kMostSums = std::size_t{1} << 26;

/// Vectors of the sample, evenly spread, as many as kMostSums allows but at least one.
std::vector<std::uint8_t> thinned(const Deployment& deployment, const Layer& layer,
                                  std::span<const std::uint8_t> inputs) {
  const auto length = static_cast<std::size_t>(compiler::vector_inputs(layer));
  std::size_t columns = 0;
  for (const std::int32_t id : layer.crossbars) {
    columns += deployment.crossbars[static_cast<std::size_t>(id)].tables.columns.size();
  }
  const std::size_t count = inputs.size() / length;
  const std::size_t sums = columns * static_cast<std::size_t>(deployment.tile.input_bits);
  const std::size_t take =
      std::min(count, std::max<std::size_t>(1, kMostSums / std::max<std::size_t>(1, sums)));
  std::vector<std::uint8_t> taken;
  for (std::size_t i = 0; i < take; ++i) {
    const auto vector = inputs.subspan(i * count / take * length, length);
    taken.insert(taken.end(), vector.begin(), vector.end());
  }
  return taken;
}

}  // namespace

void fit_adc_range(Deployment& deployment, int layer, const Measurement& measurement,
                   std::span<const std::uint8_t> inputs, const AdcRangeOptions& options) {
  if (options.resolution == AdcResolution::kProven) {
    compiler::prove_adcs(deployment, layer, options.group);
    return;
  }
  const Layer& here = deployment.layers.at(static_cast<std::size_t>(layer));
  const std::vector<std::uint8_t> vectors = thinned(deployment, here, inputs);
  Groups groups(deployment, layer, options);
  for (const std::int32_t id : here.crossbars) {
    const Crossbar& crossbar = deployment.crossbars[static_cast<std::size_t>(id)];
    groups.collect(id, code_matrix(crossbar, measurement, id),
                   word_line_inputs(crossbar, vectors, compiler::vector_inputs(here)));
    if (options.group == AdcGroup::kColumn) groups.choose();  // none spans two crossbars
  }
  groups.choose();
  groups.apply();
  compiler::finish_layer(deployment, layer);
}

}  // namespace crossloop::runtime
