// What `crossloop inspect` shows of a deployment's cost.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "host/compiler/cost.hpp"

namespace crossloop::cli {

inline constexpr const char* kDefaultAdcModel = "linear";

/// One line per crossbar layer, the chip, and its shares by part. Every line with a figure ends in
/// "COMPONENTS/ADC MODEL", what its figures are estimates from.
std::string cost_table(const compiler::ChipCost& chip);

/// The same for machines: {"estimate", "components": {"name", "source", "array_side",
/// "array_scaled"}, "adc_model": {"name", "source"}, "not_modelled", "layers": [...], "chip":
/// {...}}. Every layer and the chip have "components" and "adc_model" (names), "crossbars",
/// "activity", "energy_pj" and "area_mm2" by part and "total"; layers "positions", "phases",
/// "phase_ns" and "latency_ns", the chip "imas", "tiles", "routers", "sequential_ns" and
/// "pipelined_ns".
nlohmann::json cost_json(const compiler::ChipCost& chip);

/// What the figures are estimates from: "isaac/linear".
std::string model_text(const compiler::ChipCost& chip);
/// "X us layer after layer, Y us pipelined", of one image.
std::string latency_text(const compiler::ChipCost& chip);

}  // namespace crossloop::cli
