// What one image would cost on a chip of published parts: energy, area and latency.
//
// An estimate from a component table and an ADC model, both named beside every figure; no figure
// comes from this project's RTL. Formulas, and what is left out, are in docs/cost.md.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host/analog/components.hpp"
#include "host/compiler/deployment.hpp"

namespace crossloop::compiler {

enum class Part {
  kAdc,
  kDac,
  kArray,
  kSampleHold,
  kShiftAdd,
  kRegisters,
  kEdram,
  kBus,
  kRouter,
  kTileLogic,  ///< area only
};
inline constexpr std::array kParts = {
    Part::kAdc,       Part::kDac,   Part::kArray, Part::kSampleHold, Part::kShiftAdd,
    Part::kRegisters, Part::kEdram, Part::kBus,   Part::kRouter,     Part::kTileLogic};

/// `adc`, `dac`, `array`, `sample_hold`, ...
std::string_view part_name(Part part);

/// One figure per part.
class ByPart {
 public:
  double& operator[](Part part) { return values_[static_cast<std::size_t>(part)]; }
  double operator[](Part part) const { return values_[static_cast<std::size_t>(part)]; }
  double total() const;
  ByPart& operator+=(const ByPart& other);

 private:
  std::array<double, kParts.size()> values_ = {};
};

/// How often parts are used for one image. No input is looked at: every phase is driven, read and
/// converted, also those of zeros that SKIP_ZERO passes over.
struct Activity {
  std::int64_t conversions = 0;  ///< used columns x phases x positions
  std::int64_t row_drives = 0;   ///< used word lines x phases x positions
  std::int64_t cell_reads = 0;   ///< row drives x bit lines of the tile, used or not
  std::int64_t shift_adds = 0;   ///< conversions, and the partial sums merged over crossbars
  std::int64_t edram_accesses = 0;
  std::int64_t bus_bits = 0;
  std::int64_t router_flits = 0;
  Activity& operator+=(const Activity& other);
  bool operator==(const Activity&) const = default;
};

struct LayerCost {
  int layer = 0;  ///< index into Deployment::layers
  std::string name;
  int crossbars = 0;
  std::int64_t positions = 0;  ///< output positions of one image
  int phases = 0;              ///< input bits, one each
  Activity activity;
  ByPart energy_pj;
  ByPart area_mm2;          ///< own parts only: ADCs, DACs, sample-and-holds and arrays
  double phase_ns = 0.0;    ///< the slower of reading an array and converting its columns
  double latency_ns = 0.0;  ///< positions x phases x phase_ns
};

struct ChipCost {
  std::string components;         ///< name of the component table
  std::string components_source;  ///< and its publication
  analog::AdcModel adc_model = analog::AdcModel::kLinear;
  analog::ArrayChoice array;      ///< where the array's figures come from
  std::vector<LayerCost> layers;  ///< crossbar layers, execution order
  int crossbars = 0;
  int imas = 0, tiles = 0, routers = 0;  ///< as few as hold the crossbars
  Activity activity;
  ByPart energy_pj;            ///< per image
  ByPart area_mm2;             ///< own parts of all layers, and the shared ones
  double sequential_ns = 0.0;  ///< one layer after the other
  double pipelined_ns = 0.0;   ///< time between images where all layers work at once
};

/// The cost of one image through the crossbar layers. ADC energy takes every column's own
/// resolution (ColumnSetting::bits), ADC area the highest of the crossbar. Throws InputError naming
/// the layer where the ADC model has no figure for a resolution in use.
ChipCost estimate_cost(const Deployment& deployment, const analog::ComponentTable& table,
                       analog::AdcModel adc_model);

/// What the estimate leaves out, one phrase each.
std::vector<std::string> not_modelled();

}  // namespace crossloop::compiler
