#include "host/experiment/chip_figures.hpp"

#include <array>
#include <bit>
#include <variant>
#include <vector>

#include "host/analog/adc_energy.hpp"
#include "host/analog/components.hpp"
#include "host/compiler/adc_summary.hpp"
#include "host/compiler/compile.hpp"
#include "host/compiler/cost.hpp"
#include "host/compiler/partial_sums.hpp"
#include "host/compiler/pass_names.hpp"
#include "host/error.hpp"
#include "host/runtime/calibrate.hpp"
#include "host/runtime/ideal_chip.hpp"
#include "pruning/tile_quantise.hpp"

namespace crossloop::experiment {

namespace {

constexpr double kPjPerNj = 1e3;
constexpr double kNsPerUs = 1e3;
constexpr std::array kAdcModels = {analog::AdcModel::kLinear, analog::AdcModel::kSaberi,
                                   analog::AdcModel::kSurvey, analog::AdcModel::kExp2};

void add_costs(ChipFigures& figures, const std::filesystem::path& root) {
  const auto parts = analog::find_components(analog::kDefaultComponents, root);
  for (const analog::AdcModel model : kAdcModels) {
    auto& energy = figures.adc_energy_nj[std::string(analog::adc_model_name(model))];
    try {
      const auto cost = compiler::estimate_cost(figures.deployment, parts, model);
      energy = cost.energy_pj[compiler::Part::kAdc] / kPjPerNj;
      figures.sequential_us = cost.sequential_ns / kNsPerUs;
    } catch (const InputError&) {
      // The model has no figure for a resolution in use.
    }
  }
}

/// Tiles of all convolutions by level, a weight being one cell.
std::vector<std::int64_t> weight_tiles(const network::Network& network,
                                       const compiler::TileFormat& tile) {
  std::vector<std::int64_t> tiles;
  for (std::size_t i = 0; i < network.nodes.size(); ++i) {
    if (!std::holds_alternative<network::Conv>(network.nodes[i].op)) continue;
    const auto counts = pruning::tiles_by_level(
        network::weight_values(network.nodes[i]), pruning::layer_of(network, i),
        {.rows = tile.rows, .outputs = tile.weights_per_row()});
    tiles.resize(counts.size());
    for (std::size_t level = 0; level < counts.size(); ++level) tiles[level] += counts[level];
  }
  return tiles;
}

void add_savings(ChipFigures& figures, const network::Network& network) {
  const int rows = figures.deployment.tile.rows;
  if (!std::has_single_bit(static_cast<unsigned>(rows))) return;
  figures.bit_lines = compiler::adc_savings(figures.deployment);
  const auto tiles = weight_tiles(network, figures.deployment.tile);
  if (!tiles.empty()) figures.weights = compiler::adc_savings(tiles, 0, rows);
}

}  // namespace

ChipFigures chip_figures(network::Network network, const ChipFigureOptions& options,
                         const data::Dataset& calibration, const data::Dataset* test) {
  ChipFigures figures;
  figures.deployment = compiler::compile(network, options.tile, options.device, calibration,
                                         compiler::default_compile_options());
  runtime::calibrate_ideal(
      figures.deployment, calibration,
      {.group = compiler::AdcGroup::kColumn, .resolution = runtime::AdcResolution::kProven});
  figures.partial_sum_crossbars = compiler::partial_sum_crossbars(figures.deployment);
  figures.adc_mean_bits = compiler::mean_bits(compiler::summarise_adcs(figures.deployment));
  add_costs(figures, options.root);
  add_savings(figures, network);
  if (test != nullptr) {
    const analog::Device ideal = analog::find_device("ideal", options.root);
    figures.accuracy = runtime::ideal_accuracy(figures.deployment, ideal, *test);
  }
  return figures;
}

nlohmann::json to_json(const ChipFigures& figures) {
  const auto optional = [](const std::optional<double>& value) {
    return value ? nlohmann::json(*value) : nlohmann::json();
  };
  auto energy = nlohmann::json::object();
  for (const auto& [model, value] : figures.adc_energy_nj) energy[model] = optional(value);
  const auto count = figures.deployment.count();
  const auto savings = [&](const std::optional<compiler::AdcSavings>& value) {
    return value ? compiler::to_json(*value, figures.deployment.tile.rows) : nlohmann::json();
  };
  return {{"accuracy", optional(figures.accuracy)},
          {"crossbars",
           {{"dense", count.dense},
            {"compute", count.pruned},
            {"total", count.pruned + figures.partial_sum_crossbars}}},
          {"adc",
           {{"mean_bits", figures.adc_mean_bits},
            {"energy_nj", energy},
            {"components", analog::kDefaultComponents},
            {"accounting", savings(figures.bit_lines)},
            {"accounting_weights", savings(figures.weights)}}},
          {"sequential_us", figures.sequential_us}};
}

}  // namespace crossloop::experiment
