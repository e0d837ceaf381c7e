// Fits ADC ranges and resolutions on measured cells.
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "host/compiler/adc_proof.hpp"
#include "host/compiler/mapping.hpp"
#include "host/parallel.hpp"
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

using Sums = std::map<AdcGroupKey, std::vector<float>>;  ///< after gain, in code units
using Settings = std::map<AdcGroupKey, AdcSetting>;

/// The groups of one layer, with what their ranges follow from.
class Groups {
 public:
  Groups(const Deployment& deployment, int layer, const AdcRangeOptions& options)
      : deployment_(deployment),
        layer_(deployment.layers.at(static_cast<std::size_t>(layer))),
        options_(options) {
    for (const std::int32_t id : layer_.crossbars) count_columns(id);
  }

  bool by_column() const { return options_.group == AdcGroup::kColumn; }

  /// Room for some of the sums that `vectors` make: 1 / part of all. None by column: those are
  /// chosen from crossbar by crossbar.
  Sums room(std::size_t vectors, std::size_t part) const {
    Sums sums;
    if (by_column()) return sums;
    for (const auto& [key, members] : members_) {
      sums[key].reserve(vectors * members.count * phases() / part);
    }
    return sums;
  }

  /// Adds the sums of every driven phase of one crossbar.
  void collect(std::int32_t id, Eigen::MatrixXf codes, const Eigen::MatrixXf& inputs,
               Sums& sums) const {
    const auto& columns = crossbar(id).tables.columns;
    std::vector<std::vector<float>*> targets;
    for (Eigen::Index j = 0; j < codes.cols(); ++j) {
      const ColumnSetting& column = columns[static_cast<std::size_t>(j)];
      codes.col(j).array() -= static_cast<float>(column.reference);
      codes.col(j) *= static_cast<float>(column.gain) / static_cast<float>(kUnitGain);
      targets.push_back(&sums[key_of(id, static_cast<std::size_t>(j))]);
    }
    Eigen::MatrixXf driven(inputs.rows(), inputs.cols()), phase;
    for (std::size_t bit = 0; bit < phases(); ++bit) {
      driven = inputs.unaryExpr(
          [bit](float value) { return static_cast<float>((static_cast<int>(value) >> bit) & 1); });
      phase.noalias() = driven * codes;
      append(phase, driven.rowwise().sum(), targets);
    }
  }

  /// Range and resolution of a group from its sums, in any order.
  AdcSetting chosen(const AdcGroupKey& key, std::vector<float> sums) const {
    const Members& members = members_.at(key);
    return choose_adc_setting(options_,
                              {.bits = deployment_.tile.adc_bits,
                               .finest_shift = finest_shift(),
                               .noise = members.noise / static_cast<double>(members.count),
                               .full_scale = full_scale(members),
                               .where = "layer " + layer_.name + ", " + compiler::to_string(key)},
                              std::move(sums));
  }

  AdcGroupKey key_of(std::int32_t id, std::size_t column) const {
    return compiler::adc_group_key(deployment_, layer_, id, static_cast<std::int32_t>(column),
                                   options_.group);
  }

 private:
  struct Members {
    double noise = 0.0;  ///< sum over the columns of the standard deviation after gain, code units
    std::size_t count = 0;
    std::int32_t largest_gain = 0;
  };

  const Crossbar& crossbar(std::int32_t id) const {
    return deployment_.crossbars[static_cast<std::size_t>(id)];
  }
  std::size_t phases() const { return static_cast<std::size_t>(deployment_.tile.input_bits); }

  void count_columns(std::int32_t id) {
    const auto& columns = crossbar(id).tables.columns;
    for (std::size_t j = 0; j < columns.size(); ++j) {
      Members& members = members_[key_of(id, j)];
      members.noise += std::sqrt(170.0) / 256.0 * columns[j].sigma * columns[j].gain / kUnitGain;
      members.count += 1;
      members.largest_gain = std::max(members.largest_gain, columns[j].gain);
    }
  }

  /// Appends each column of `phase` to its target, without the vectors that drive no row.
  static void append(const Eigen::MatrixXf& phase, const Eigen::VectorXf& rows,
                     const std::vector<std::vector<float>*>& targets) {
    const bool all = (rows.array() > 0.0F).all();
    for (Eigen::Index j = 0; j < phase.cols(); ++j) {
      std::vector<float>& target = *targets[static_cast<std::size_t>(j)];
      const auto column = phase.col(j);
      if (all) {
        target.insert(target.end(), column.data(), column.data() + column.size());
        continue;
      }
      for (Eigen::Index v = 0; v < phase.rows(); ++v) {
        if (rows(v) > 0.0F) target.push_back(column(v));
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

  const Deployment& deployment_;
  const Layer& layer_;
  const AdcRangeOptions& options_;
  std::map<AdcGroupKey, Members> members_;
};

/// Writes what was chosen into the column tables.
void apply(const Groups& groups, const Settings& settings, const Layer& layer,
           Deployment& deployment) {
  for (const std::int32_t id : layer.crossbars) {
    auto& columns = deployment.crossbars[static_cast<std::size_t>(id)].tables.columns;
    for (std::size_t j = 0; j < columns.size(); ++j) {
      const AdcSetting& setting = settings.at(groups.key_of(id, j));
      columns[j].bits = setting.bits;
      columns[j].shift = setting.range.shift;
      columns[j].zero_code = setting.range.zero_code;
      columns[j].offset = setting.range.zero_code * (1 << setting.range.shift);
    }
  }
}

/// A layer that would give more column sums than kMostSums, all groups together, is thinned to
/// kEnoughSums: of each of four slices hundreds still lie beyond the 99.99th percentile.
constexpr std::size_t kMostSums = std::size_t{1} << 25;
constexpr std::size_t kEnoughSums = std::size_t{1} << 23;

/// Vectors of the sample: all, or as many as kEnoughSums allows, evenly spread, but at least one.
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
      count * sums <= kMostSums ? count : std::clamp<std::size_t>(kEnoughSums / sums, 1, count);
  std::vector<std::uint8_t> taken;
  for (std::size_t i = 0; i < take; ++i) {
    const auto vector = inputs.subspan(i * count / take * length, length);
    taken.insert(taken.end(), vector.begin(), vector.end());
  }
  return taken;
}

/// Settings of the groups of all shares together. Which share a sum is in does not matter.
Settings settings_of(const Groups& groups, std::vector<Sums> shares) {
  std::vector<std::pair<AdcGroupKey, AdcSetting>> chosen;
  for (const auto& [key, sums] : shares.at(0)) chosen.push_back({key, {}});
  const int count = static_cast<int>(chosen.size());
  for_each_index(count, worker_count(count), [&](int i, int) {
    auto& [key, setting] = chosen[static_cast<std::size_t>(i)];
    std::vector<float> sums = std::move(shares[0].at(key));
    for (std::size_t other = 1; other < shares.size(); ++other) {
      std::vector<float>& more = shares[other].at(key);
      sums.insert(sums.end(), more.begin(), more.end());
      more = {};
    }
    setting = groups.chosen(key, std::move(sums));
  });
  return {chosen.begin(), chosen.end()};
}

/// What the crossbars of a layer give for `vectors`.
Settings settings_of(const Groups& groups, const Deployment& deployment, const Layer& layer,
                     const Measurement& measurement, std::span<const std::uint8_t> vectors) {
  const int inputs = compiler::vector_inputs(layer);
  const std::size_t count = vectors.size() / static_cast<std::size_t>(inputs);
  const int crossbars = static_cast<int>(layer.crossbars.size());
  const int workers = worker_count(crossbars);
  std::vector<Sums> shares{groups.room(count, 1)};  // the first takes in the others in the end
  for (int worker = 1; worker < workers; ++worker) {
    shares.push_back(groups.room(count, static_cast<std::size_t>(workers)));
  }
  std::vector<Settings> settings(static_cast<std::size_t>(workers));
  for_each_index(crossbars, workers, [&](int i, int worker) {
    const std::int32_t id = layer.crossbars[static_cast<std::size_t>(i)];
    const Crossbar& crossbar = deployment.crossbars[static_cast<std::size_t>(id)];
    Sums& sums = shares[static_cast<std::size_t>(worker)];
    groups.collect(id, code_matrix(crossbar, measurement, id),
                   word_line_inputs(crossbar, vectors, inputs), sums);
    if (!groups.by_column()) return;
    Settings& own = settings[static_cast<std::size_t>(worker)];
    for (auto& [key, values] : sums) own[key] = groups.chosen(key, std::move(values));
    sums.clear();
  });
  if (!groups.by_column()) return settings_of(groups, std::move(shares));
  for (std::size_t worker = 1; worker < settings.size(); ++worker) {
    settings[0].merge(settings[worker]);
  }
  return settings[0];
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
  const Groups groups(deployment, layer, options);
  apply(groups, settings_of(groups, deployment, here, measurement, vectors), here, deployment);
  compiler::finish_layer(deployment, layer);
}

}  // namespace crossloop::runtime
