#include "host/compiler/cost.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <set>

#include "host/compiler/mapping.hpp"
#include "host/error.hpp"

namespace crossloop::compiler {
namespace {

constexpr int kActivationBits = 8;    // uint8 between layers
constexpr int kAccumulatorBits = 32;  // int32 partial sums, and logits
constexpr double kUm2PerMm2 = 1e6;

std::int64_t ceil_div(std::int64_t value, std::int64_t by) { return (value + by - 1) / by; }

/// What all layers are reckoned with.
struct Basis {
  const Deployment& deployment;
  const analog::ComponentTable& table;
  analog::AdcModel adc_model;
  analog::ArrayChoice array;
};

int outputs_of(const Crossbar& crossbar) {
  std::set<std::int32_t> outputs;
  for (const ColumnSetting& column : crossbar.tables.columns) outputs.insert(column.output);
  return static_cast<int>(outputs.size());
}

/// Input vectors per image that a crossbar takes: its copy or slice of the layer's positions.
std::int64_t vectors_of(const Basis& basis, const Crossbar& crossbar) {
  const Layer& layer = basis.deployment.layers[static_cast<std::size_t>(crossbar.layer)];
  return vectors_of_part(layer, basis.deployment.tensors[std::size_t(layer.output)].shape,
                         crossbar.part);
}

void count_crossbar(const Basis& basis, const Crossbar& crossbar, LayerCost& cost) {
  const TileFormat& tile = basis.deployment.tile;
  const std::int64_t vectors = vectors_of(basis, crossbar);
  const std::int64_t reads = vectors * cost.phases;
  const std::int64_t input_bits = std::int64_t{crossbar.row_count()} * tile.input_bits;
  const int partial_sums = outputs_of(crossbar);
  Activity& activity = cost.activity;
  activity.conversions += reads * crossbar.column_count();
  activity.row_drives += reads * crossbar.row_count();
  activity.cell_reads += reads * crossbar.row_count() * tile.columns;
  activity.shift_adds += reads * crossbar.column_count() + vectors * partial_sums;
  activity.edram_accesses += vectors * ceil_div(input_bits, basis.table.edram.bits);
  activity.bus_bits += vectors * (input_bits + partial_sums * kAccumulatorBits);
}

/// The layer's outputs go to the eDRAM of the tile that reads them next.
void count_outputs(const Basis& basis, const Layer& layer, LayerCost& cost) {
  const bool logits = layer.output == basis.deployment.layers.back().output;
  const std::int64_t bits =
      std::int64_t{layer.outputs} * (logits ? kAccumulatorBits : kActivationBits);
  cost.activity.edram_accesses += cost.positions * ceil_div(bits, basis.table.edram.bits);
  cost.activity.bus_bits += cost.positions * bits;
  cost.activity.router_flits += cost.positions * ceil_div(bits, basis.table.router.bits);
}

/// ADCs, which differ in resolution, and the other parts a crossbar does not share.
void add_own_parts(const Basis& basis, const Crossbar& crossbar, LayerCost& cost) {
  const TileFormat& tile = basis.deployment.tile;
  const analog::ComponentTable& table = basis.table;
  const auto reads = static_cast<double>(vectors_of(basis, crossbar) * cost.phases);
  int most_bits = 1;
  for (const ColumnSetting& column : crossbar.tables.columns) {
    cost.energy_pj[Part::kAdc] +=
        reads * analog::adc_energy_pj(basis.adc_model, column.bits, table.adc);
    most_bits = std::max(most_bits, column.bits);
  }
  const int adcs = table.organisation.adcs_per_crossbar;
  ByPart& area = cost.area_mm2;
  area[Part::kAdc] +=
      adcs * analog::adc_area_um2(basis.adc_model, most_bits, table.adc) / kUm2PerMm2;
  area[Part::kDac] += tile.rows * table.dac.area_um2 / kUm2PerMm2;
  area[Part::kSampleHold] += tile.columns * table.sample_hold.area_um2 / kUm2PerMm2;
  area[Part::kArray] += basis.array.area_um2 / kUm2PerMm2;
  const auto turns = static_cast<double>(ceil_div(crossbar.column_count(), adcs));
  cost.phase_ns = std::max({cost.phase_ns, table.read_ns, turns * 1e3 / table.adc.rate_msps});
}

/// Everything but the ADCs, whose energy is summed column by column.
void add_energy_of_activity(const Basis& basis, LayerCost& cost) {
  const analog::ComponentTable& table = basis.table;
  const TileFormat& tile = basis.deployment.tile;
  const auto times = [](std::int64_t count, double energy_pj) {
    return static_cast<double>(count) * energy_pj;
  };
  const Activity& activity = cost.activity;
  ByPart& energy = cost.energy_pj;
  energy[Part::kDac] = times(activity.row_drives, table.dac.energy_pj);
  energy[Part::kArray] =
      times(activity.cell_reads, basis.array.energy_pj / (tile.rows * tile.columns));
  energy[Part::kSampleHold] = times(activity.conversions, table.sample_hold.energy_pj);
  energy[Part::kShiftAdd] = times(activity.shift_adds, table.shift_add.energy_pj);
  energy[Part::kRegisters] = times(activity.row_drives, table.input_register.energy_pj) +
                             times(activity.conversions, table.output_register.energy_pj);
  energy[Part::kEdram] = times(activity.edram_accesses, table.edram.energy_pj);
  energy[Part::kBus] = times(activity.bus_bits, table.bus.energy_pj);
  energy[Part::kRouter] = times(activity.router_flits, table.router.energy_pj);
}

LayerCost cost_of_layer(const Basis& basis, int index) {
  const Layer& layer = basis.deployment.layers[static_cast<std::size_t>(index)];
  const network::Shape& shape =
      basis.deployment.tensors[static_cast<std::size_t>(layer.output)].shape;
  LayerCost cost;
  cost.layer = index;
  cost.name = layer.name;
  cost.crossbars = static_cast<int>(layer.crossbars.size());
  cost.positions = std::int64_t{shape.height} * shape.width;
  cost.phases = basis.deployment.tile.input_bits;
  try {
    for (const std::int32_t id : layer.crossbars) {
      const Crossbar& crossbar = basis.deployment.crossbars[static_cast<std::size_t>(id)];
      count_crossbar(basis, crossbar, cost);
      add_own_parts(basis, crossbar, cost);
    }
  } catch (const InputError& error) {
    throw InputError("layer " + layer.name + ": " + error.what());
  }
  count_outputs(basis, layer, cost);
  add_energy_of_activity(basis, cost);
  cost.latency_ns =
      static_cast<double>(vectors_of_part(layer, shape, 0) * cost.phases) * cost.phase_ns;
  return cost;
}

/// Registers, shift-and-adds, eDRAM, bus, router and other logic of as few tiles as will do.
void add_shared_parts(const analog::ComponentTable& table, ChipCost& chip) {
  const analog::Organisation& organisation = table.organisation;
  const auto groups = [](int parts, int size) { return static_cast<int>(ceil_div(parts, size)); };
  chip.imas = groups(chip.crossbars, organisation.crossbars_per_ima);
  chip.tiles = groups(chip.imas, organisation.imas_per_tile);
  chip.routers = groups(chip.tiles, organisation.tiles_per_router);
  const int shift_adds = groups(chip.crossbars, organisation.crossbars_per_shift_add);
  ByPart& area = chip.area_mm2;
  area[Part::kShiftAdd] = shift_adds * table.shift_add.area_um2 / kUm2PerMm2;
  area[Part::kRegisters] =
      chip.imas * (table.input_register.area_um2 + table.output_register.area_um2) / kUm2PerMm2;
  area[Part::kEdram] = chip.tiles * table.edram.area_um2 / kUm2PerMm2;
  area[Part::kBus] = chip.tiles * table.bus.area_um2 / kUm2PerMm2;
  area[Part::kRouter] = chip.routers * table.router.area_um2 / kUm2PerMm2;
  area[Part::kTileLogic] = chip.tiles * table.tile_logic_um2 / kUm2PerMm2;
}

}  // namespace

std::string_view part_name(Part part) {
  constexpr std::array<std::string_view, kParts.size()> kNames = {
      "adc",       "dac",   "array", "sample_hold", "shift_add",
      "registers", "edram", "bus",   "router",      "tile_logic"};
  return kNames[static_cast<std::size_t>(part)];
}

double ByPart::total() const {
  double sum = 0.0;
  for (const double value : values_) sum += value;
  return sum;
}

ByPart& ByPart::operator+=(const ByPart& other) {
  for (std::size_t i = 0; i < values_.size(); ++i) values_[i] += other.values_[i];
  return *this;
}

Activity& Activity::operator+=(const Activity& other) {
  conversions += other.conversions;
  row_drives += other.row_drives;
  cell_reads += other.cell_reads;
  shift_adds += other.shift_adds;
  edram_accesses += other.edram_accesses;
  bus_bits += other.bus_bits;
  router_flits += other.router_flits;
  return *this;
}

ChipCost estimate_cost(const Deployment& deployment, const analog::ComponentTable& table,
                       analog::AdcModel adc_model) {
  const TileFormat& tile = deployment.tile;
  const Basis basis = {deployment, table, adc_model,
                       analog::array_of(table, tile.rows, tile.columns)};
  ChipCost chip;
  chip.components = table.name;
  chip.components_source = table.source;
  chip.adc_model = adc_model;
  chip.array = basis.array;
  for (std::size_t index = 0; index < deployment.layers.size(); ++index) {
    if (deployment.layers[index].kind != LayerKind::kCrossbar) continue;
    chip.layers.push_back(cost_of_layer(basis, static_cast<int>(index)));
    const LayerCost& layer = chip.layers.back();
    chip.crossbars += layer.crossbars;
    chip.activity += layer.activity;
    chip.energy_pj += layer.energy_pj;
    chip.area_mm2 += layer.area_mm2;
    chip.sequential_ns += layer.latency_ns;
    chip.pipelined_ns = std::max(chip.pipelined_ns, layer.latency_ns);
  }
  add_shared_parts(table, chip);
  return chip;
}

std::vector<std::string> not_modelled() {
  return {
      "energy, latency and memory traffic of requantisation, residual adds, pools and activation "
      "functions",
      "latency of eDRAM, bus and router", "idle power", "programming the cells",
      "links between chips"};
}

}  // namespace crossloop::compiler
