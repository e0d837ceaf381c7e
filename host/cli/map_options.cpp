#include "host/cli/map_options.hpp"

#include <spdlog/fmt/fmt.h>

#include <array>
#include <set>

#include "host/compiler/physical_map.hpp"
#include "host/error.hpp"
#include "host/files.hpp"

namespace crossloop::cli {

namespace {

namespace fs = std::filesystem;

struct Map {
  const char* option;
  fs::path MapArguments::*file;
  const char* lines;
  void (*write)(const compiler::Deployment&, const fs::path&);
};

constexpr std::array kMaps = {
    Map{"--map", &MapArguments::columns, "bit lines", compiler::write_column_map},
    Map{"--map-rows", &MapArguments::rows, "word lines", compiler::write_row_map},
    Map{"--map-cells", &MapArguments::cells, "cells", compiler::write_cell_map}};

void check_names(const MapArguments& arguments) {
  std::set<fs::path> names;
  for (const Map& map : kMaps) {
    const fs::path& file = arguments.*map.file;
    if (file.empty()) continue;
    if (file.extension() != ".csv") {
      throw InputError(fmt::format("{} {}: found suffix '{}', expected .csv", map.option,
                                   file.string(), file.extension().string()));
    }
    if (!names.insert(fs::absolute(file).lexically_normal()).second) {
      throw InputError(fmt::format("{} {}: another map goes there", map.option, file.string()));
    }
    require_writable(file);
  }
}

}  // namespace

std::string MapArguments::given() const {
  for (const Map& map : kMaps) {
    if (!(this->*map.file).empty()) return map.option;
  }
  return "";
}

void add_map_options(CLI::App& command, MapArguments& arguments) {
  const auto add = [&](const char* name, fs::path& file, const char* description) {
    command.add_option(name, file, description)->type_name("FILE.csv");
  };
  add("--map", arguments.columns,
      "deployments: write where every bit line is, what it holds and how it is converted");
  add("--map-rows", arguments.rows,
      "deployments: write which input drives every word line of every crossbar");
  add("--map-cells", arguments.cells,
      "deployments: write input, output, slice, weight and level of every cell (large)");
}

std::string write_maps(const MapArguments& arguments, const compiler::Deployment& deployment) {
  check_names(arguments);
  std::string text;
  for (const Map& map : kMaps) {
    const fs::path& file = arguments.*map.file;
    if (file.empty()) continue;
    map.write(deployment, file);
    text += fmt::format("map of {} in {}\n", map.lines, file.string());
  }
  return text;
}

}  // namespace crossloop::cli
