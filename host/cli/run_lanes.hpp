// `crossloop run --on lanes`: a network on the digital lanes for accelerator-aware pruning.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

#include "host/cli/command.hpp"
#include "host/cli/options.hpp"

namespace crossloop::cli {

struct LaneArguments {
  std::string lane = "dense";
};

/// --lane.
void add_lane_options(CLI::App& command, LaneArguments& arguments);

/// Runs the test images through the Verilated lanes: every crossbar layer of a deployment, or of an
/// ONNX model, which is compiled as `crossloop compile` does by default. Shows lane and cycles of
/// every layer. With `trace` the lane of that kind writes its waves there. Throws InputError for
/// options of `command` that only a chip has, and for a layer or network that does not fit,
/// CheckFailed where a sum is not that of the plain integer product.
void run_lanes(const LaneArguments& arguments, const CLI::App& command,
               const std::filesystem::path& path, const DataArguments& data,
               const std::filesystem::path& trace, const Globals& globals);

}  // namespace crossloop::cli
