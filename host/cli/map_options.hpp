// --map, --map-rows and --map-cells of `crossloop inspect`.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

#include "host/compiler/deployment.hpp"

namespace crossloop::cli {

/// Files to write; empty: not asked for.
struct MapArguments {
  std::filesystem::path columns;
  std::filesystem::path rows;
  std::filesystem::path cells;
  /// The first option given, for a message; "" where none was.
  std::string given() const;
};

void add_map_options(CLI::App& command, MapArguments& arguments);

/// Writes the maps asked for and says so, one line each. Throws InputError, before any is written,
/// for a name without .csv and for one given twice; and where a file cannot be written.
std::string write_maps(const MapArguments& arguments, const compiler::Deployment& deployment);

}  // namespace crossloop::cli
