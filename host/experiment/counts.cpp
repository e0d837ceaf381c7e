#include "host/experiment/counts.hpp"

#include <spdlog/fmt/fmt.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <variant>

#include "host/analog/device.hpp"
#include "host/experiment/metrics.hpp"
#include "host/network/zoo.hpp"

namespace crossloop::experiment {

namespace {

using compiler::PruningStructure;

constexpr double kMillion = 1e6;

/// "column_grain 0.6", "balanced (16, 12)".
std::string structure_text(const compiler::PredictedPruning& pruning) {
  const std::string name(compiler::structure_name(pruning.structure));
  switch (pruning.structure) {
    case PruningStructure::kDense:
      return name;
    case PruningStructure::kTileLevel:
      return fmt::format("{} {}", name, pruning.level);
    case PruningStructure::kBalanced:
      return fmt::format("{} ({}, {})", name, pruning.group, pruning.pruned);
    default:
      return fmt::format("{} {:g}", name, pruning.sparsity);
  }
}

double saved(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0.0 : 100.0 * (1.0 - static_cast<double>(part) / static_cast<double>(whole));
}

std::string times(double value) { return std::isinf(value) ? "-" : fmt::format("{:.2f}", value); }

std::string line_of(const CountsRow& row) {
  const compiler::PredictedCounts& counts = row.counts;
  const std::int64_t partial = counts.partial_sum_crossbars;
  const compiler::PredictedPruning& pruning = row.spec->pruning;
  return fmt::format(
      "| {} | {}x{} | {} | {} | {} | {:.1f} | {:.1f} | {:.0f} | {:.2f} | {:.2f} | {} | {} | {} x "
      "{} "
      "| {:.1f} | {:.1f} |\n",
      row.spec->zoo, row.spec->input.height, row.spec->input.width, row.spec->tile,
      structure_text(pruning), counts.crossbars, saved(counts.crossbars, counts.dense_crossbars),
      saved(counts.crossbars + partial, counts.dense_crossbars + partial),
      static_cast<double>(counts.conversions) / kMillion, counts.mean_adc_bits(),
      counts.adc_energy_ratio(),
      times(row.convolutions.accounted_improvement(analog::AdcAccounting::kPaper)),
      times(row.convolutions.accounted_improvement(analog::AdcAccounting::kPhysical)),
      pruning.group, pruning.group - pruning.pruned,
      static_cast<double>(counts.dense_lane_cycles) / kMillion,
      static_cast<double>(counts.balanced_lane_cycles) / kMillion);
}

}  // namespace

std::vector<CountsRow> count_all(const Experiment& experiment, const std::filesystem::path& root) {
  const analog::Device device = analog::find_device("ideal", root);
  std::vector<CountsRow> rows;
  for (const CountsSpec& spec : experiment.counts) {
    const auto plan = network::plan_network(spec.zoo, spec.input, spec.classes);
    const auto tile = tile_named(spec.tile, device, root);
    CountsRow row{.spec = &spec, .counts = {}, .convolutions = {}};
    for (const auto& layer :
         compiler::predicted_counts(plan.network, plan.shapes, tile, spec.pruning)) {
      row.counts += layer.counts;
      const bool convolution =
          std::holds_alternative<network::Conv>(plan.network.node(layer.node).op);
      if (convolution) row.convolutions += layer.counts;
    }
    rows.push_back(row);
  }
  return rows;
}

std::string counts_section(const std::vector<CountsRow>& rows) {
  if (rows.empty()) return "";
  std::string text =
      "\n## Counts only\n\n"
      "From the structure of networks alone (host/compiler/predicted_counts.hpp): nothing was "
      "trained, so no accuracy belongs to these rows. The first and the last layer stay dense. ADC "
      "bits are upper bounds of the proven ones; ADC saved is of the convolutions, a weight being "
      "one cell. A lane takes g activations and has g - p multipliers a channel.\n\n";
  text +=
      "| network | input | tile | structure | crossbars | saved % | saved with partial sums % | "
      "conversions, M | ADC bits, mean | ADC energy, dense over pruned | ADC saved, paper | ADC "
      "saved, physical | lane, g x multipliers | its cycles, dense, M | balanced, M |\n"
      "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- "
      "|\n";
  for (const CountsRow& row : rows) text += line_of(row);
  return text;
}

nlohmann::json to_json(const std::vector<CountsRow>& rows) {
  auto all = nlohmann::json::array();
  for (const CountsRow& row : rows) {
    all.push_back({{"name", row.spec->name},
                   {"network", row.spec->zoo},
                   {"tile", row.spec->tile},
                   {"structure", structure_text(row.spec->pruning)},
                   {"counts_only", true},
                   {"counts", compiler::to_json(row.counts)}});
  }
  return all;
}

}  // namespace crossloop::experiment
