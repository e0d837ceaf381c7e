// How `compile` maps a model: mapping, encoding, passes, copies, known faults.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/compiler/compile.hpp"

namespace crossloop::cli {

struct PlacementArguments {
  std::string mapping = "folded";
  compiler::FoldingChoice folding;
  std::string encoding;  ///< empty: the tile file's
  std::vector<std::string> passes = {"all"};
  int crossbar_budget = 0;
  std::filesystem::path faults;  ///< a measurement; empty: no faults known
};

void add_placement_options(CLI::App& command, PlacementArguments& arguments);

/// Throws InputError for an unknown pass or K_in, K_out, W_s without the semi-folded mapping.
compiler::CompileOptions compile_options(const PlacementArguments& arguments);

/// --encoding over that of the tile file.
void choose_encoding(const PlacementArguments& arguments, compiler::TileFormat& tile);

/// Encodes the deployment around the stuck cells of --faults; the number of them.
std::int64_t encode_known_faults(const PlacementArguments& arguments,
                                 compiler::Deployment& deployment);

/// A line per pass: crossbars before and after; and the steps of the pipeline.
std::string passes_text(const compiler::Deployment& deployment);
nlohmann::json passes_json(const compiler::Deployment& deployment);

}  // namespace crossloop::cli
