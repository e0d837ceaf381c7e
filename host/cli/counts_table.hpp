// Crossbars of a dense model in three mappings, as text and JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/compiler/network_counts.hpp"

namespace crossloop::cli {

std::string counts_table(const std::vector<compiler::NodeCounts>& counts,
                         const compiler::TileFormat& tile);
nlohmann::json counts_json(const std::vector<compiler::NodeCounts>& counts);

}  // namespace crossloop::cli
