// What `crossloop compile` and `crossloop inspect` show of a Deployment.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "host/compiler/deployment.hpp"

namespace crossloop::cli {

/// Tile and device, then one line per crossbar layer: its matrix, crossbars dense and pruned,
/// bands of word lines, cells and the ADC shift of every slice; then the totals.
std::string deployment_table(const compiler::Deployment& deployment);

/// The same for machines: {"network", "device", "classes", "tile": {...}, "layers": [{"name",
/// "outputs", "inputs", "bands", "crossbars": {"dense", "pruned"}, "cells", "adc_shifts":
/// [[smallest, largest] of each slice]}], "crossbars": {"dense", "pruned"}, "cells"}.
nlohmann::json deployment_json(const compiler::Deployment& deployment);

}  // namespace crossloop::cli
