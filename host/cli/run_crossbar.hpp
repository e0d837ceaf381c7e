// `crossloop run --crossbar`: one matrix-vector product on one crossbar.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <optional>

#include "host/cli/command.hpp"
#include "host/cli/options.hpp"
#include "host/compiler/deployment.hpp"

namespace crossloop::cli {

struct CrossbarArguments {
  std::optional<std::int32_t> crossbar;
  std::filesystem::path input;
  std::filesystem::path output;  ///< empty: not asked for
  bool columns = false;
};

/// --crossbar, --input, --output and --columns; the first excludes what is for images, so add this
/// last.
void add_crossbar_options(CLI::App& command, CrossbarArguments& arguments);

/// Programs the crossbar alone and runs the vectors of --input through it: uint8 [n][word lines] in
/// the order of the rows, or [n][elements of the layer's input vector]; one axis is one vector.
/// Where both have the same length they are word lines. Shows the sums and writes them to --output
/// as int32 [n][outputs on the crossbar], or [n][columns]. Throws InputError naming file, found and
/// expected for a type or shape that is neither, and for a crossbar out of range.
void run_crossbar(const CrossbarArguments& arguments, const ChipArguments& chip_arguments,
                  const compiler::Deployment& deployment, const Globals& globals);

}  // namespace crossloop::cli
