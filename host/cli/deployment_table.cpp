#include "host/cli/deployment_table.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <set>
#include <vector>

#include "host/cli/adc_table.hpp"
#include "host/cli/placement_options.hpp"
#include "host/compiler/duplicate.hpp"
#include "host/compiler/tile.hpp"

namespace crossloop::cli {

using compiler::Deployment;
using compiler::Layer;
using compiler::LayerKind;

namespace {

struct ShiftRange {
  int smallest = 31;
  int largest = 0;
};

/// What the table says of one crossbar layer.
struct Row {
  const Layer* layer = nullptr;
  compiler::CrossbarCount crossbars;
  int bands = 0;  ///< with at least one crossbar, of all parts
  std::int64_t cells = 0;
  std::vector<ShiftRange> shifts;  ///< by slice
};

std::vector<Row> rows_of(const Deployment& deployment) {
  std::vector<Row> rows;
  for (std::size_t index = 0; index < deployment.layers.size(); ++index) {
    const Layer& layer = deployment.layers[index];
    if (layer.kind != LayerKind::kCrossbar) continue;
    Row row{.layer = &layer, .crossbars = deployment.count(static_cast<int>(index)), .shifts = {}};
    row.shifts.resize(static_cast<std::size_t>(deployment.tile.slices()));
    std::set<std::pair<std::int32_t, std::int32_t>> bands;
    for (const std::int32_t id : layer.crossbars) {
      const auto& crossbar = deployment.crossbars[static_cast<std::size_t>(id)];
      bands.insert({crossbar.part, crossbar.band});
      row.cells += std::int64_t{crossbar.row_count()} * crossbar.column_count();
      for (const auto& column : crossbar.tables.columns) {
        ShiftRange& range = row.shifts.at(static_cast<std::size_t>(column.slice));
        range.smallest = std::min(range.smallest, column.shift);
        range.largest = std::max(range.largest, column.shift);
      }
    }
    row.bands = static_cast<int>(bands.size());
    rows.push_back(std::move(row));
  }
  return rows;
}

/// "4 4 3 2-3": one entry per slice.
std::string shifts_text(const Row& row) {
  std::string text;
  for (const ShiftRange& range : row.shifts) {
    text += text.empty() ? "" : " ";
    if (range.largest < range.smallest) {
      text += "-";
    } else if (range.largest == range.smallest) {
      text += fmt::format("{}", range.smallest);
    } else {
      text += fmt::format("{}-{}", range.smallest, range.largest);
    }
  }
  return text;
}

}  // namespace

std::string deployment_table(const Deployment& deployment) {
  const compiler::TileFormat& tile = deployment.tile;
  std::string text = fmt::format(
      "{}: tiles of {}x{}, {} bits per cell, {} slices of {}-bit weights ({}), {}-bit ADC, {}-bit "
      "codes ({} fraction), device {}\n",
      deployment.network, tile.rows, tile.columns, tile.code.cell_bits, tile.slices(),
      tile.weight_bits, compiler::encoding_name(tile.encoding), tile.adc_bits, tile.code.bits,
      tile.code.fraction_bits, deployment.device);
  const std::vector<Row> rows = rows_of(deployment);
  std::size_t width = 5;
  for (const Row& row : rows) width = std::max(width, row.layer->name.size());
  text += fmt::format(
      "{:<{}}  {:>7}  {:>6}  {:>5}  {:>7}  {:>7}  {:>5}  {:>9}  ADC shift by slice\n", "layer",
      width, "outputs", "inputs", "parts", "dense", "placed", "bands", "cells");
  for (const Row& row : rows) {
    text += fmt::format("{:<{}}  {:>7}  {:>6}  {:>5}  {:>7}  {:>7}  {:>5}  {:>9}  {}\n",
                        row.layer->name, width, row.layer->outputs, row.layer->inputs_per_output,
                        row.layer->parts, row.crossbars.dense, row.crossbars.pruned, row.bands,
                        row.cells, shifts_text(row));
  }
  const auto total = deployment.count();
  return text +
         fmt::format("{:<{}}  {:>7}  {:>6}  {:>5}  {:>7}  {:>7}  {:>5}  {:>9}\n", "total", width,
                     "", "", "", total.dense, total.pruned, "", deployment.cell_count()) +
         adc_table(deployment);
}

nlohmann::json deployment_json(const Deployment& deployment) {
  const compiler::TileFormat& tile = deployment.tile;
  auto layers = nlohmann::json::array();
  for (const Row& row : rows_of(deployment)) {
    auto shifts = nlohmann::json::array();
    for (const ShiftRange& range : row.shifts) shifts.push_back({range.smallest, range.largest});
    layers.push_back(
        {{"name", row.layer->name},
         {"outputs", row.layer->outputs},
         {"inputs", row.layer->inputs_per_output},
         {"mapping", row.layer->mapping == compiler::Mapping::kFolded ? "folded" : "semi-folded"},
         {"columns_per_vector", row.layer->columns_per_vector},
         {"parts", row.layer->parts},
         {"silent_inputs", row.layer->silent_inputs.size()},
         {"bands", row.bands},
         {"crossbars", {{"dense", row.crossbars.dense}, {"pruned", row.crossbars.pruned}}},
         {"cells", row.cells},
         {"adc_shifts", shifts}});
  }
  const auto adcs = compiler::summarise_adcs(deployment);
  for (std::size_t i = 0; i < adcs.size(); ++i) layers[i]["adc"] = adc_json(adcs[i]);
  const auto total = deployment.count();
  return {{"network", deployment.network},
          {"device", deployment.device},
          {"classes", deployment.classes},
          {"tile",
           {{"rows", tile.rows},
            {"columns", tile.columns},
            {"cell_bits", tile.code.cell_bits},
            {"code_bits", tile.code.bits},
            {"fraction_bits", tile.code.fraction_bits},
            {"input_bits", tile.input_bits},
            {"weight_bits", tile.weight_bits},
            {"adc_bits", tile.adc_bits},
            {"encoding", compiler::encoding_name(tile.encoding)},
            {"slices", tile.slices()}}},
          {"layers", layers},
          {"adc_mean_bits", compiler::mean_bits(adcs)},
          {"passes", passes_json(deployment)},
          {"pipeline_steps", compiler::pipeline_steps(deployment)},
          {"crossbars", {{"dense", total.dense}, {"pruned", total.pruned}}},
          {"cells", deployment.cell_count()}};
}

}  // namespace crossloop::cli
