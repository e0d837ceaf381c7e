#include "host/cli/placement_options.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <algorithm>

#include "host/cli/command.hpp"
#include "host/cli/options.hpp"
#include "host/compiler/duplicate.hpp"
#include "host/compiler/pass_names.hpp"
#include "host/compiler/tile.hpp"
#include "host/error.hpp"
#include "host/runtime/fault_encoding.hpp"

namespace crossloop::cli {

void add_placement_options(CLI::App& command, PlacementArguments& arguments) {
  command
      .add_option("--mapping", arguments.mapping,
                  "folded: one window at a time; semi-folded: one output row at a time, kernels "
                  "repeated along the width")
      ->check(CLI::IsMember({"folded", "semi-folded"}))
      ->capture_default_str();
  const auto fold = [&command](const char* name, int& value, const char* text) {
    command.add_option(name, value, text)->check(in_range(1, 512))->type_name("N");
  };
  fold("--k-in", arguments.folding.input_channels,
       "semi-folded: input channels of a crossbar; default: as many as fit");
  fold("--k-out", arguments.folding.output_channels,
       "semi-folded: output channels of a crossbar; default: as many as fit");
  fold("--w-s", arguments.folding.columns,
       "semi-folded: output columns of a crossbar; default: what takes fewest crossbars");
  command
      .add_option("--encoding", arguments.encoding,
                  "differential: two columns a slice; offset: one, a unit column a crossbar, and "
                  "columns flipped where that lowers their sums; default: the tile file's")
      ->check(CLI::IsMember({"differential", "offset"}));
  command
      .add_option("--passes", arguments.passes,
                  "compact (pruned rows leave before the cut), share (remnants on one crossbar), "
                  "drop (inputs whose channel lost all weights), rearrange (columns by weight), "
                  "reorder (input channels by weight); all: the first three; none")
      ->delimiter(',')
      ->type_name("LIST")
      ->capture_default_str();
  command
      .add_option("--crossbar-budget", arguments.crossbar_budget,
                  "copies of the slowest layers until this many crossbars are used; default: none")
      ->check(in_range(1, 10'000'000))
      ->type_name("N");
  command
      .add_option("--faults", arguments.faults,
                  "a measurement of this deployment: weights are encoded around the cells it finds "
                  "stuck")
      ->type_name("FILE.h5");
}

compiler::CompileOptions compile_options(const PlacementArguments& arguments) {
  compiler::CompileOptions options;
  const bool folded = arguments.mapping == "folded";
  const compiler::FoldingChoice& folding = arguments.folding;
  if (folded && folding.input_channels + folding.output_channels + folding.columns > 0) {
    throw InputError("--k-in, --k-out and --w-s need --mapping semi-folded");
  }
  options.placement.mapping = folded ? compiler::Mapping::kFolded : compiler::Mapping::kSemiFolded;
  options.placement.folding = folding;
  compiler::switch_on_passes(arguments.passes, "--passes", options.placement);
  options.crossbar_budget = arguments.crossbar_budget;
  return options;
}

void choose_encoding(const PlacementArguments& arguments, compiler::TileFormat& tile) {
  if (!arguments.encoding.empty()) {
    tile.encoding = compiler::encoding_named(arguments.encoding, "--encoding");
  }
}

std::int64_t encode_known_faults(const PlacementArguments& arguments,
                                 compiler::Deployment& deployment) {
  if (arguments.faults.empty()) return 0;
  const auto measurement = runtime::read_measurement(deployment, arguments.faults);
  if (measurement.page_count != static_cast<std::int64_t>(deployment.crossbars.size())) {
    throw InputError(fmt::format("{}: {} crossbars measured, the deployment has {}",
                                 arguments.faults.string(), measurement.page_count,
                                 deployment.crossbars.size()));
  }
  const runtime::StuckCells stuck = runtime::find_stuck_cells(deployment, measurement);
  runtime::encode_around_faults(deployment, stuck);
  return stuck.count;
}

std::string passes_text(const compiler::Deployment& deployment) {
  std::string text = "crossbars by pass\n";
  for (const compiler::PassReport& pass : deployment.passes) {
    text += fmt::format("  {:<22}{:>8} -> {}\n", pass.name, pass.before, pass.after);
  }
  return text + fmt::format("pipeline      {} input vectors per image in the slowest layer\n",
                            compiler::pipeline_steps(deployment));
}

nlohmann::json passes_json(const compiler::Deployment& deployment) {
  auto passes = nlohmann::json::array();
  for (const compiler::PassReport& pass : deployment.passes) {
    passes.push_back({{"name", pass.name}, {"before", pass.before}, {"after", pass.after}});
  }
  return passes;
}

}  // namespace crossloop::cli
