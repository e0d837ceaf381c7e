#include "host/cli/run_lanes.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <chrono>
#include <map>

#include "host/cli/model.hpp"
#include "host/compiler/compile.hpp"
#include "host/compiler/deployment_file.hpp"
#include "host/error.hpp"
#include "host/runtime/executor.hpp"
#include "host/runtime/lanes_run.hpp"
#include "testbench/verilated_lane.hpp"

namespace crossloop::cli {

using lanes::LaneKind;
using runtime::LaneLayer;
using runtime::LanesRun;

namespace {

constexpr int kCalibrationImages = 256;  // as `crossloop compile` takes by default

const std::map<std::string, LaneKind> kKinds = {
    {"dense", LaneKind::kDense}, {"sparse", LaneKind::kSparse}, {"balanced", LaneKind::kBalanced}};

/// Options that would silently do nothing.
void check_options(const CLI::App& command) {
  for (const char* name : {"--crossbar", "--device-model", "--elapsed-s", "--chip-seed",
                           "--noise-seed", "--compare", "--inject", "--replay", "--layer-errors"}) {
    if (command.get_option(name)->count() == 0) continue;
    throw InputError(std::string(name) + ": for a chip of crossbars, expected without --on lanes");
  }
}

/// The deployment and the test images.
struct Job {
  compiler::Deployment deployment;
  data::Dataset images;
};

Job read_job(const std::filesystem::path& path, const DataArguments& arguments) {
  data::DataOptions options = arguments.options;
  if (path.extension() != ".onnx") {
    auto deployment = compiler::read_deployment(path);
    return {std::move(deployment), data::load_data(arguments.source, options).test};
  }
  network::Network network = read_model({.path = path, .mean = {}, .std = {}});
  warn_without_normalisation(network);
  const Mapping mapping = find_mapping({});
  options.skip_train = false;
  options.train_images = kCalibrationImages;
  data::DataSplit data = data::load_data(arguments.source, options);
  return {compiler::compile(network, mapping.tile, mapping.device, data.train),
          std::move(data.test)};
}

double speedup(std::uint64_t dense, std::uint64_t cycles) {
  return cycles == 0 ? 0.0 : static_cast<double>(dense) / static_cast<double>(cycles);
}

/// The layers in one line.
LaneLayer sum_of(const std::vector<LaneLayer>& layers) {
  LaneLayer total{.name = "all"};
  for (const LaneLayer& layer : layers) {
    total.vectors += layer.vectors;
    total.counters += layer.counters;
    total.dense_cycles += layer.dense_cycles;
    total.mismatches += layer.mismatches;
  }
  return total;
}

std::string line_of(const LaneLayer& layer, const std::string& lane, std::size_t width) {
  return fmt::format("{:<{}}  {:<8}  {:>9}  {:>11}  {:>11}  {:>10.2f}\n", layer.name, width, lane,
                     layer.vectors, layer.counters.cycles, layer.counters.waits,
                     speedup(layer.dense_cycles, layer.counters.cycles));
}

std::string table_of(const std::vector<LaneLayer>& layers) {
  std::size_t width = 5;
  for (const LaneLayer& layer : layers) width = std::max(width, layer.name.size());
  std::string text = fmt::format("{:<{}}  {:<8}  {:>9}  {:>11}  {:>11}  {:>10}\n", "layer", width,
                                 "lane", "vectors", "cycles", "waits", "over dense");
  std::string reasons;
  for (const LaneLayer& layer : layers) {
    text += line_of(layer, lanes::name_of(layer.kind), width);
    if (!layer.reason.empty()) reasons += "not balanced: " + layer.reason + "\n";
  }
  return text + line_of(sum_of(layers), "", width) + reasons;
}

nlohmann::json json_of(const LaneLayer& layer) {
  return {{"name", layer.name},
          {"lane", lanes::name_of(layer.kind)},
          {"vectors", layer.vectors},
          {"cycles", layer.counters.cycles},
          {"waits", layer.counters.waits},
          {"groups", layer.counters.groups},
          {"dense_cycles", layer.dense_cycles},
          {"mismatches", layer.mismatches},
          {"reason", layer.reason}};
}

nlohmann::json json_of(const std::vector<LaneLayer>& layers) {
  auto result = nlohmann::json::array();
  for (const LaneLayer& layer : layers) result.push_back(json_of(layer));
  return result;
}

/// Lanes of the kind asked for write waves; layers that do not fit run on another without.
runtime::LaneFactory lane_factory(const LaneArguments& arguments,
                                  const std::filesystem::path& trace) {
  return [traced = kKinds.at(arguments.lane), trace](LaneKind kind, const lanes::LaneShape& shape) {
    if (trace.empty() || kind != traced) return testbench::make_verilated_lane(kind, shape);
    return testbench::make_traced_lane(kind, shape, trace);
  };
}

void require_equal(const std::vector<LaneLayer>& layers) {
  for (const LaneLayer& layer : layers) {
    if (layer.mismatches == 0) continue;
    throw CheckFailed(fmt::format("layer {}: {} sums of the {} lane are not those of w_q and input",
                                  layer.name, layer.mismatches, lanes::name_of(layer.kind)));
  }
}

}  // namespace

void add_lane_options(CLI::App& command, LaneArguments& arguments) {
  command
      .add_option("--lane", arguments.lane,
                  "with --on lanes: dense, sparse (any weights pruned), or balanced (as many in "
                  "each group; layers that have more run dense)")
      ->check(CLI::IsMember({"dense", "sparse", "balanced"}))
      ->capture_default_str();
}

void run_lanes(const LaneArguments& arguments, const CLI::App& command,
               const std::filesystem::path& path, const DataArguments& data,
               const std::filesystem::path& trace, const Globals& globals) {
  check_options(command);
  check_trace(trace, true);
  const Job job = read_job(path, data);
  const lanes::LaneShape shape = testbench::verilated_lane_shape();
  const auto start = std::chrono::steady_clock::now();
  const LanesRun run = runtime::run_on_lanes(job.deployment, kKinds.at(arguments.lane), shape,
                                             lane_factory(arguments, trace), job.images);
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
  const double accuracy = runtime::accuracy_of(run.logits, job.images);
  const LaneLayer total = sum_of(run.layers);
  const std::string text = fmt::format(
      "{} on {} lanes of {} multipliers, {} channels, groups of {}; {} test images of {} (data "
      "seed "
      "{})\n"
      "  accuracy      {:.2f} %\n"
      "  mismatches    {} of the sums of products\n"
      "  time          {:.2f} s, {} lane cycles\n\n{}",
      job.deployment.network, arguments.lane, shape.multipliers, shape.channels, shape.group,
      job.images.count, job.images.name, data.options.seed, 100.0 * accuracy, total.mismatches,
      spent.count(), total.counters.cycles, table_of(run.layers));
  show_result(globals, text,
              {{"network", job.deployment.network},
               {"dataset", job.images.name},
               {"data_seed", data.options.seed},
               {"images", job.images.count},
               {"lane", arguments.lane},
               {"shape",
                {{"group", shape.group},
                 {"multipliers", shape.multipliers},
                 {"channels", shape.channels},
                 {"depth", shape.depth}}},
               {"accuracy", accuracy},
               {"cycles", total.counters.cycles},
               {"dense_cycles", total.dense_cycles},
               {"mismatches", total.mismatches},
               {"seconds", spent.count()},
               {"layers", json_of(run.layers)}});
  require_equal(run.layers);
}

}  // namespace crossloop::cli
