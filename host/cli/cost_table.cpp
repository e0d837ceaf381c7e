#include "host/cli/cost_table.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <algorithm>

namespace crossloop::cli {

using compiler::ByPart;
using compiler::ChipCost;
using compiler::LayerCost;
using compiler::Part;

namespace {

constexpr double kPjPerNj = 1e3;
constexpr double kNsPerUs = 1e3;

double share(const ByPart& values, Part part) {
  const double total = values.total();
  return total > 0.0 ? 100.0 * values[part] / total : 0.0;
}

std::string header_text(const ChipCost& chip) {
  const auto side = chip.array.from.side;
  return fmt::format(
      "cost of one image, an estimate from the component table and the ADC model, not from RTL\n"
      "  component table {}: {}\n"
      "  ADC model {}: {}\n"
      "  array figures of {}x{}{}\n",
      chip.components, chip.components_source, analog::adc_model_name(chip.adc_model),
      analog::adc_model_source(chip.adc_model), side, side,
      chip.array.scaled ? ", scaled to this tile by its cells" : "");
}

/// "energy    adc 61.2 %, dac 12.0 %, ...".
std::string shares_text(const ChipCost& chip, const char* what, const ByPart& values) {
  std::string text = fmt::format("{:<10}", what);
  bool first = true;
  for (const Part part : compiler::kParts) {
    if (values[part] == 0.0) continue;
    text += fmt::format("{}{} {:.1f} %", first ? "" : ", ", part_name(part), share(values, part));
    first = false;
  }
  return text + fmt::format("  {}\n", model_text(chip));
}

std::string parts_text(const ChipCost& chip) {
  return fmt::format("{:<10}crossbars {}, IMAs {}, tiles {}, routers {}  {}\n", "parts",
                     chip.crossbars, chip.imas, chip.tiles, chip.routers, model_text(chip));
}

std::string rate_text(const ChipCost& chip) {
  std::string text = fmt::format("{:<10}{}", "latency", latency_text(chip));
  if (chip.pipelined_ns > 0.0) text += fmt::format(" ({:.0f} images/s)", 1e9 / chip.pipelined_ns);
  return text + fmt::format("  {}\n", model_text(chip));
}

nlohmann::json parts_json(const ByPart& values) {
  nlohmann::json result;
  for (const Part part : compiler::kParts) result[std::string(part_name(part))] = values[part];
  result["total"] = values.total();
  return result;
}

/// What layers and chip have in common.
template <class Cost>
nlohmann::json figures_json(const ChipCost& chip, const Cost& cost) {
  const compiler::Activity& activity = cost.activity;
  return {{"components", chip.components},
          {"adc_model", analog::adc_model_name(chip.adc_model)},
          {"crossbars", cost.crossbars},
          {"activity",
           {{"conversions", activity.conversions},
            {"row_drives", activity.row_drives},
            {"cell_reads", activity.cell_reads},
            {"shift_adds", activity.shift_adds},
            {"edram_accesses", activity.edram_accesses},
            {"bus_bits", activity.bus_bits},
            {"router_flits", activity.router_flits}}},
          {"energy_pj", parts_json(cost.energy_pj)},
          {"area_mm2", parts_json(cost.area_mm2)}};
}

}  // namespace

std::string model_text(const ChipCost& chip) {
  return fmt::format("{}/{}", chip.components, analog::adc_model_name(chip.adc_model));
}

std::string latency_text(const ChipCost& chip) {
  return fmt::format("{:.3f} us layer after layer, {:.3f} us pipelined",
                     chip.sequential_ns / kNsPerUs, chip.pipelined_ns / kNsPerUs);
}

std::string cost_table(const ChipCost& chip) {
  std::string text = header_text(chip);
  const std::string model = model_text(chip);
  std::size_t width = 5;
  for (const LayerCost& layer : chip.layers) width = std::max(width, layer.name.size());
  text += fmt::format("{:<{}}  {:>9}  {:>11}  {:>12}  {:>10}  {:>5}  {:>9}  {:>10}  from\n",
                      "layer", width, "positions", "conversions", "row drives", "energy nJ",
                      "ADC %", "area mm2", "latency us");
  const auto line = [&](const std::string& name, const std::string& positions, const auto& cost,
                        double latency_ns) {
    return fmt::format(
        "{:<{}}  {:>9}  {:>11}  {:>12}  {:>10.3f}  {:>5.1f}  {:>9.4f}  {:>10.3f}  {}\n", name,
        width, positions, cost.activity.conversions, cost.activity.row_drives,
        cost.energy_pj.total() / kPjPerNj, share(cost.energy_pj, Part::kAdc), cost.area_mm2.total(),
        latency_ns / kNsPerUs, model);
  };
  for (const LayerCost& layer : chip.layers) {
    text += line(layer.name, fmt::format("{}", layer.positions), layer, layer.latency_ns);
  }
  text += line("chip", "", chip, chip.sequential_ns);
  text += shares_text(chip, "energy", chip.energy_pj);
  text += shares_text(chip, "area", chip.area_mm2);
  text += parts_text(chip);
  text += rate_text(chip);
  return text + fmt::format("not modelled: {}\n", fmt::join(compiler::not_modelled(), "; "));
}

nlohmann::json cost_json(const ChipCost& chip) {
  auto layers = nlohmann::json::array();
  for (const LayerCost& layer : chip.layers) {
    nlohmann::json result = figures_json(chip, layer);
    result["name"] = layer.name;
    result["positions"] = layer.positions;
    result["phases"] = layer.phases;
    result["phase_ns"] = layer.phase_ns;
    result["latency_ns"] = layer.latency_ns;
    layers.push_back(std::move(result));
  }
  nlohmann::json whole = figures_json(chip, chip);
  whole["imas"] = chip.imas;
  whole["tiles"] = chip.tiles;
  whole["routers"] = chip.routers;
  whole["sequential_ns"] = chip.sequential_ns;
  whole["pipelined_ns"] = chip.pipelined_ns;
  return {{"estimate", "one image, from the component table and the ADC model, not from RTL"},
          {"components",
           {{"name", chip.components},
            {"source", chip.components_source},
            {"array_side", chip.array.from.side},
            {"array_scaled", chip.array.scaled}}},
          {"adc_model",
           {{"name", analog::adc_model_name(chip.adc_model)},
            {"source", analog::adc_model_source(chip.adc_model)}}},
          {"not_modelled", compiler::not_modelled()},
          {"layers", layers},
          {"chip", whole}};
}

}  // namespace crossloop::cli
