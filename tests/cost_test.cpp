#include "host/compiler/cost.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "host/error.hpp"

namespace crossloop::compiler {
namespace {

using analog::AdcModel;
using analog::ComponentTable;
using ::testing::AllOf;
using ::testing::HasSubstr;

/// Round numbers, each with a digit of its own.
ComponentTable round_table() {
  ComponentTable table;
  table.name = "round";
  table.source = "a test";
  table.organisation = {.adcs_per_crossbar = 1,
                        .crossbars_per_shift_add = 2,
                        .crossbars_per_ima = 2,
                        .imas_per_tile = 1,
                        .tiles_per_router = 4};
  table.adc = {.bits = 8, .rate_msps = 1000.0, .energy_pj = 8.0, .area_um2 = 800.0};
  table.dac = {.energy_pj = 0.5, .area_um2 = 1.0};
  table.sample_hold = {.energy_pj = 0.25, .area_um2 = 2.0};
  table.arrays = {{.side = 16, .power_mw = 2.56, .area_um2 = 256.0}};
  table.read_ns = 4.0;  // 10.24 pJ a read, 0.04 pJ a cell
  table.shift_add = {.energy_pj = 0.125, .area_um2 = 30.0};
  table.input_register = {.energy_pj = 0.01, .area_um2 = 100.0};
  table.output_register = {.energy_pj = 0.02, .area_um2 = 50.0};
  table.edram = {.bits = 64, .energy_pj = 20.0, .area_um2 = 1000.0};
  table.bus = {.energy_pj = 0.001, .area_um2 = 2000.0};
  table.router = {.bits = 16, .energy_pj = 3.0, .area_um2 = 4000.0};
  table.tile_logic_um2 = 500.0;
  return table;
}

Crossbar crossbar_of(int layer, int rows, const std::vector<std::int32_t>& outputs, int bits) {
  Crossbar crossbar;
  crossbar.layer = layer;
  for (int row = 0; row < rows; ++row) crossbar.tables.rows.push_back(row);
  for (const std::int32_t output : outputs) {
    ColumnSetting column;
    column.output = output;
    column.bits = bits;
    crossbar.tables.columns.push_back(column);
  }
  crossbar.levels.resize(static_cast<std::size_t>(rows) * outputs.size());
  return crossbar;
}

/// 16x16 tiles, 4 input bits. "conv": 2x3 positions of 3 outputs on two crossbars, 10 rows and 6
/// columns, 3 rows and 2 columns; "add": digital; "fc": one position of 2 logits on one crossbar,
/// 12 rows and 4 columns.
Deployment tiny_deployment() {
  Deployment deployment;
  deployment.network = "tiny";
  deployment.tile.rows = 16;
  deployment.tile.columns = 16;
  deployment.tile.input_bits = 4;
  deployment.tensors = {{.name = "image", .shape = {1, 2, 3}},
                        {.name = "a", .shape = {3, 2, 3}},
                        {.name = "b", .shape = {3, 2, 3}},
                        {.name = "logits", .shape = {2, 1, 1}}};
  Layer conv, add, fc;
  conv.name = "conv";
  conv.inputs = {0};
  conv.output = 1;
  conv.outputs = 3;
  conv.crossbars = {0, 1};
  add.name = "add";
  add.kind = LayerKind::kAdd;
  add.inputs = {1, 1};
  add.output = 2;
  fc.name = "fc";
  fc.inputs = {2};
  fc.output = 3;
  fc.outputs = 2;
  fc.crossbars = {2};
  deployment.layers = {conv, add, fc};
  deployment.crossbars = {crossbar_of(0, 10, {0, 0, 1, 1, 2, 2}, 8), crossbar_of(0, 3, {0, 0}, 4),
                          crossbar_of(2, 12, {0, 0, 1, 1}, 6)};
  deployment.crossbars[1].tables.columns[1].bits = 2;
  return deployment;
}

ChipCost tiny_cost(const ComponentTable& table = round_table(),
                   AdcModel model = AdcModel::kLinear) {
  return estimate_cost(tiny_deployment(), table, model);
}

TEST(Cost, CountsWhatOneImageDoes) {
  const ChipCost chip = tiny_cost();
  ASSERT_EQ(chip.layers.size(), 2U);  // the add is no crossbar layer
  const LayerCost& conv = chip.layers[0];
  EXPECT_EQ(conv.name, "conv");
  EXPECT_EQ(conv.crossbars, 2);
  EXPECT_EQ(conv.positions, 6);
  EXPECT_EQ(conv.phases, 4);
  const Activity expected = {
      .conversions = 6 * 4 * (6 + 2),
      .row_drives = 6 * 4 * (10 + 3),
      .cell_reads = 6 * 4 * (10 + 3) * 16,
      .shift_adds = 6 * 4 * (6 + 2) + 6 * (3 + 1),
      .edram_accesses = 6 * (1 + 1 + 1),  // 40 and 12 bits in, 24 bits out, 64 at a time
      .bus_bits = 6 * (40 + 12 + (3 + 1) * 32 + 24),
      .router_flits = 6 * 2,  // 24 bits, 16 at a time
  };
  EXPECT_EQ(conv.activity, expected);
  const Activity& fc = chip.layers[1].activity;
  EXPECT_EQ(fc.conversions, 4 * 4);
  EXPECT_EQ(fc.edram_accesses, 1 + 1);
  EXPECT_EQ(fc.bus_bits, 48 + 2 * 32 + 2 * 32);  // logits have 32 bits
  EXPECT_EQ(fc.router_flits, 4);
  EXPECT_EQ(chip.activity.conversions, conv.activity.conversions + fc.conversions);
  EXPECT_EQ(chip.activity.router_flits, 16);
}

TEST(Cost, EnergyIsActivityTimesFigures) {
  const ByPart energy = tiny_cost().layers[0].energy_pj;
  EXPECT_DOUBLE_EQ(energy[Part::kAdc], 24 * (6 * 8.0 + 4.0 + 2.0));  // a pJ per bit
  EXPECT_DOUBLE_EQ(energy[Part::kDac], 24 * 13 * 0.5);
  EXPECT_DOUBLE_EQ(energy[Part::kArray], 24 * 13 * 16 * 0.04);
  EXPECT_DOUBLE_EQ(energy[Part::kSampleHold], 24 * 8 * 0.25);
  EXPECT_DOUBLE_EQ(energy[Part::kShiftAdd], (24 * 8 + 24) * 0.125);
  EXPECT_DOUBLE_EQ(energy[Part::kRegisters], 24 * (13 * 0.01 + 8 * 0.02));
  EXPECT_DOUBLE_EQ(energy[Part::kEdram], 18 * 20.0);
  EXPECT_DOUBLE_EQ(energy[Part::kBus], 6 * 204 * 0.001);
  EXPECT_DOUBLE_EQ(energy[Part::kRouter], 12 * 3.0);
  EXPECT_DOUBLE_EQ(energy[Part::kTileLogic], 0.0);
  const ChipCost chip = tiny_cost();
  for (const Part part : kParts) {
    EXPECT_DOUBLE_EQ(chip.energy_pj[part],
                     chip.layers[0].energy_pj[part] + chip.layers[1].energy_pj[part])
        << part_name(part);
  }
  EXPECT_DOUBLE_EQ(chip.energy_pj.total(),
                   chip.layers[0].energy_pj.total() + chip.layers[1].energy_pj.total());
}

TEST(Cost, AreaIsOwnPartsAndSharedOnes) {
  const ChipCost chip = tiny_cost();
  const ByPart& conv = chip.layers[0].area_mm2;
  EXPECT_DOUBLE_EQ(conv[Part::kAdc], 1200e-6);  // 8 bits and, as the highest of 4 and 2, 4 bits
  EXPECT_DOUBLE_EQ(conv[Part::kDac], 2 * 16e-6);
  EXPECT_DOUBLE_EQ(conv[Part::kSampleHold], 2 * 32e-6);
  EXPECT_DOUBLE_EQ(conv[Part::kArray], 2 * 256e-6);
  EXPECT_EQ(conv[Part::kEdram], 0.0);
  EXPECT_EQ(chip.crossbars, 3);
  EXPECT_EQ(chip.imas, 2);
  EXPECT_EQ(chip.tiles, 2);
  EXPECT_EQ(chip.routers, 1);
  EXPECT_DOUBLE_EQ(chip.area_mm2[Part::kAdc], 1800e-6);
  EXPECT_DOUBLE_EQ(chip.area_mm2[Part::kArray], 3 * 256e-6);
  EXPECT_DOUBLE_EQ(chip.area_mm2[Part::kShiftAdd], 2 * 30e-6);
  EXPECT_DOUBLE_EQ(chip.area_mm2[Part::kRegisters], 2 * 150e-6);
  EXPECT_DOUBLE_EQ(chip.area_mm2[Part::kEdram], 2 * 1000e-6);
  EXPECT_DOUBLE_EQ(chip.area_mm2[Part::kBus], 2 * 2000e-6);
  EXPECT_DOUBLE_EQ(chip.area_mm2[Part::kRouter], 4000e-6);
  EXPECT_DOUBLE_EQ(chip.area_mm2[Part::kTileLogic], 2 * 500e-6);
}

TEST(Cost, LatencyIsTheSlowerOfReadingAndConverting) {
  ComponentTable table = round_table();
  ChipCost chip = tiny_cost(table);
  EXPECT_DOUBLE_EQ(chip.layers[0].phase_ns, 6.0);  // 6 columns at 1 GS/s, the array needs 4 ns
  EXPECT_DOUBLE_EQ(chip.layers[0].latency_ns, 24 * 6.0);
  EXPECT_DOUBLE_EQ(chip.layers[1].latency_ns, 4 * 4.0);
  EXPECT_DOUBLE_EQ(chip.sequential_ns, 144.0 + 16.0);
  EXPECT_DOUBLE_EQ(chip.pipelined_ns, 144.0);
  table.read_ns = 10.0;
  EXPECT_DOUBLE_EQ(tiny_cost(table).layers[0].latency_ns, 240.0);
  table = round_table();
  table.organisation.adcs_per_crossbar = 4;  // 2 turns
  chip = tiny_cost(table);
  EXPECT_DOUBLE_EQ(chip.layers[0].phase_ns, 4.0);
  EXPECT_DOUBLE_EQ(chip.layers[0].area_mm2[Part::kAdc], 4 * 1200e-6);
}

TEST(Cost, EveryKnobMovesTheOutput) {
  const ChipCost base = tiny_cost();
  const auto moves = [&base](const std::function<void(ComponentTable&)>& turn, Part energy_part,
                             Part area_part) {
    ComponentTable table = round_table();
    turn(table);
    const ChipCost turned = tiny_cost(table);
    for (const Part part : kParts) {
      EXPECT_EQ(turned.energy_pj[part] != base.energy_pj[part], part == energy_part)
          << part_name(energy_part) << " energy " << part_name(part);
      EXPECT_EQ(turned.area_mm2[part] != base.area_mm2[part], part == area_part)
          << part_name(area_part) << " area " << part_name(part);
    }
  };
  const auto double_event = [&moves](analog::EventFigure ComponentTable::*figure, Part part) {
    moves([&](ComponentTable& t) { (t.*figure).energy_pj *= 2, (t.*figure).area_um2 *= 2; }, part,
          part);
  };
  double_event(&ComponentTable::dac, Part::kDac);
  double_event(&ComponentTable::sample_hold, Part::kSampleHold);
  double_event(&ComponentTable::shift_add, Part::kShiftAdd);
  double_event(&ComponentTable::input_register, Part::kRegisters);
  double_event(&ComponentTable::output_register, Part::kRegisters);
  double_event(&ComponentTable::bus, Part::kBus);
  moves([](ComponentTable& t) { t.adc.energy_pj *= 2, t.adc.area_um2 *= 2; }, Part::kAdc,
        Part::kAdc);
  moves([](ComponentTable& t) { t.arrays[0].power_mw *= 2, t.arrays[0].area_um2 *= 2; },
        Part::kArray, Part::kArray);
  moves([](ComponentTable& t) { t.edram.energy_pj *= 2, t.edram.area_um2 *= 2; }, Part::kEdram,
        Part::kEdram);
  moves([](ComponentTable& t) { t.router.energy_pj *= 2, t.router.area_um2 *= 2; }, Part::kRouter,
        Part::kRouter);
  moves([](ComponentTable& t) { t.edram.bits = 16, t.tile_logic_um2 = 1; }, Part::kEdram,
        Part::kTileLogic);
  moves([](ComponentTable& t) { t.router.bits = 64, t.organisation.tiles_per_router = 1; },
        Part::kRouter, Part::kRouter);
  ComponentTable table = round_table();
  table.organisation.crossbars_per_shift_add = 1;
  EXPECT_DOUBLE_EQ(tiny_cost(table).area_mm2[Part::kShiftAdd], 3 * 30e-6);
  table = round_table();
  table.organisation.crossbars_per_ima = 1;
  EXPECT_EQ(tiny_cost(table).imas, 3);
  table.organisation.imas_per_tile = 3;
  EXPECT_EQ(tiny_cost(table).tiles, 1);
  table.adc.rate_msps = 500.0;
  EXPECT_DOUBLE_EQ(tiny_cost(table).pipelined_ns, 288.0);
}

TEST(Cost, RisesWithTheBitsOfAColumnUnderEveryModel) {
  for (const AdcModel model :
       {AdcModel::kLinear, AdcModel::kSaberi, AdcModel::kSurvey, AdcModel::kExp2}) {
    double last_pj = 0.0, last_mm2 = 0.0;
    for (int bits = 4; bits <= 10; ++bits) {
      Deployment deployment = tiny_deployment();
      for (Crossbar& crossbar : deployment.crossbars) {
        for (ColumnSetting& column : crossbar.tables.columns) column.bits = bits;
      }
      const ChipCost chip = estimate_cost(deployment, round_table(), model);
      EXPECT_EQ(chip.adc_model, model);
      EXPECT_GT(chip.energy_pj[Part::kAdc], last_pj) << analog::adc_model_name(model) << bits;
      EXPECT_GE(chip.area_mm2[Part::kAdc], last_mm2) << analog::adc_model_name(model) << bits;
      last_pj = chip.energy_pj[Part::kAdc];
      last_mm2 = chip.area_mm2[Part::kAdc];
    }
  }
}

TEST(Cost, ResolutionWithoutAFigureIsRefusedByLayer) {
  try {
    tiny_cost(round_table(), AdcModel::kSaberi);
    FAIL() << "no error for 2 bits";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("layer conv"), HasSubstr("saberi"),
                                    HasSubstr("found 2 bits"), HasSubstr("4 to 10")));
  }
}

TEST(Cost, NamesWhatItRestsOn) {
  const ChipCost chip = tiny_cost(round_table(), AdcModel::kExp2);
  EXPECT_EQ(chip.components, "round");
  EXPECT_EQ(chip.components_source, "a test");
  EXPECT_EQ(chip.adc_model, AdcModel::kExp2);
  EXPECT_FALSE(chip.array.scaled);
  EXPECT_FALSE(not_modelled().empty());
}

/// A layer all of whose weights are pruned still writes its outputs.
TEST(Cost, LayerWithoutCrossbarsTakesNoTime) {
  Deployment deployment = tiny_deployment();
  deployment.layers[2].crossbars.clear();
  const LayerCost fc = estimate_cost(deployment, round_table(), AdcModel::kLinear).layers[1];
  EXPECT_EQ(fc.latency_ns, 0.0);
  EXPECT_EQ(fc.activity.conversions, 0);
  EXPECT_EQ(fc.activity.router_flits, 4);
}

/// Eight full crossbars with ISAAC's own parts share power about as its IMA does: published 24.1
/// mW, of which 16 mW are ADCs, and a read takes 100 ns.
TEST(Cost, FullIsaacCrossbarsSpendAsAnImaDoes) {
  Deployment deployment = tiny_deployment();
  deployment.tile.rows = deployment.tile.columns = 128;
  deployment.tile.input_bits = 8;
  std::vector<std::int32_t> outputs;
  for (int column = 0; column < 128; ++column) outputs.push_back(column / 8);
  deployment.crossbars.assign(8, crossbar_of(0, 128, outputs, 8));
  deployment.layers[0].crossbars = {0, 1, 2, 3, 4, 5, 6, 7};
  deployment.layers[2].crossbars.clear();
  const ChipCost chip = estimate_cost(
      deployment, analog::find_components("isaac", CROSSLOOP_SOURCE_DIR), AdcModel::kLinear);
  const LayerCost& layer = chip.layers[0];
  EXPECT_DOUBLE_EQ(layer.phase_ns, 100.0);
  double ima_pj = 0.0;
  for (const Part part : {Part::kAdc, Part::kDac, Part::kArray, Part::kSampleHold, Part::kShiftAdd,
                          Part::kRegisters}) {
    ima_pj += layer.energy_pj[part];
  }
  const double ima_mw = ima_pj / layer.latency_ns;
  const double adc_share = layer.energy_pj[Part::kAdc] / ima_pj;
  RecordProperty("adc_share_of_all",
                 std::to_string(layer.energy_pj[Part::kAdc] / layer.energy_pj.total()));
  RecordProperty("ima_mw", std::to_string(ima_mw));
  RecordProperty("adc_share", std::to_string(adc_share));
  EXPECT_NEAR(ima_mw, 24.1, 0.07 * 24.1);  // 1.2 GS/s in the energies, 1.28 GS/s in the time
  EXPECT_NEAR(adc_share, 16.0 / 24.1, 0.02);
}

}  // namespace
}  // namespace crossloop::compiler
