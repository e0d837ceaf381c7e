#include "host/experiment/metrics.hpp"

#include <algorithm>
#include <cmath>

#include "host/compiler/compile.hpp"
#include "host/compiler/pass_names.hpp"
#include "host/experiment/chip_figures.hpp"
#include "host/preset.hpp"
#include "host/runtime/lanes_run.hpp"
#include "host/runtime/measured_chip.hpp"
#include "pruning/train.hpp"

namespace crossloop::experiment {

namespace {

constexpr int kEvaluationBatch = 256;
constexpr lanes::LaneShape kLane = {.group = 16, .multipliers = 4, .channels = 16, .depth = 8};

double share_of_zeros(const network::Network& network) {
  std::size_t zeros = 0, all = 0;
  for (const network::Node& node : network.nodes) {
    if (!network::has_weight(node)) continue;
    const auto values = network::weight_values(node);
    zeros += static_cast<std::size_t>(std::count(values.begin(), values.end(), 0.0F));
    all += values.size();
  }
  return static_cast<double>(zeros) / static_cast<double>(all);
}

double saved(double part, double whole) { return whole > 0.0 ? 1.0 - part / whole : 0.0; }

void add_crossbars(const ChipFigures& figures, Metrics& metrics) {
  const auto count = figures.deployment.count();
  const auto partial = static_cast<double>(figures.partial_sum_crossbars);
  metrics["crossbars"] = count.pruned;
  metrics["crossbars_dense"] = count.dense;
  metrics["crossbars_total"] = count.pruned + partial;
  metrics["crossbars_saved"] = saved(count.pruned, count.dense);
  metrics["crossbars_total_saved"] = saved(count.pruned + partial, count.dense + partial);
}

void add_adcs(const ChipFigures& figures, Metrics& metrics) {
  metrics["adc_bits"] = figures.adc_mean_bits;
  for (const auto& [model, energy] : figures.adc_energy_nj) {
    if (energy) metrics[model == "linear" ? "adc_energy_nj" : "adc_energy_nj." + model] = *energy;
  }
  const auto add = [&](const std::string& name, const std::optional<compiler::AdcSavings>& saving) {
    if (!saving) return;
    if (std::isfinite(saving->paper)) metrics[name + "paper"] = saving->paper;
    if (std::isfinite(saving->physical)) metrics[name + "physical"] = saving->physical;
  };
  add("adc_", figures.weights);
  add("adc_bit_lines_", figures.bit_lines);
}

void add_cycles(const ChipFigures& figures, Metrics& metrics) {
  metrics["latency_us"] = figures.sequential_us;
  for (const auto kind :
       {lanes::LaneKind::kDense, lanes::LaneKind::kSparse, lanes::LaneKind::kBalanced}) {
    metrics["cycles_" + lanes::name_of(kind)] =
        static_cast<double>(runtime::lane_cycles(figures.deployment, kind, kLane));
  }
}

}  // namespace

compiler::TileFormat tile_named(const std::string& name, const analog::Device& device,
                                const std::filesystem::path& root) {
  return compiler::read_tile(find_preset("tile", name, root / "configs" / "tiles"), device);
}

data::Dataset first_images(const data::Dataset& images, int count) {
  return images.slice(0, std::min(count, images.count));
}

double float_accuracy(const network::Network& network, const Images& images, const Places& places) {
  return pruning::evaluate(network, images.test, kEvaluationBatch, places.threads);
}

Metrics network_metrics(const network::Network& network, const Experiment& experiment,
                        const std::string& tile, const Images& images, const Places& places) {
  const std::filesystem::path& root = places.root;
  const analog::Device device = analog::find_device("ideal", root);
  const data::Dataset test = first_images(images.test, experiment.integer_images);
  const ChipFigures figures = chip_figures(
      network, {.tile = tile_named(tile, device, root), .device = device, .root = root},
      first_images(images.train, experiment.calibration_images), test.count > 0 ? &test : nullptr);
  Metrics metrics;
  metrics["accuracy"] = float_accuracy(network, images, places);
  if (figures.accuracy) metrics["integers"] = *figures.accuracy;
  metrics["weights_pruned"] = share_of_zeros(network);
  add_crossbars(figures, metrics);
  add_adcs(figures, metrics);
  add_cycles(figures, metrics);
  return metrics;
}

ChipOptions chip_options(const ScoreSpec& score, const std::filesystem::path& root) {
  ChipOptions options{.device = analog::find_device(score.device, root), .tile = {}, .compile = {}};
  options.tile = tile_named(score.tile, options.device, root);
  compiler::switch_on_passes(score.passes, "score " + score.name + ": passes",
                             options.compile.placement);
  return options;
}

Metrics chip_metrics(const network::Network& network, const Experiment& experiment,
                     const ScoreSpec& score, std::uint64_t seed, const Images& images,
                     const std::filesystem::path& root) {
  const ChipOptions options = chip_options(score, root);
  const data::Dataset calibration = first_images(images.train, experiment.calibration_images);
  const data::Dataset test = first_images(images.test, experiment.chip_images);
  network::Network copy = network;
  auto deployment =
      compiler::compile(copy, options.tile, options.device, calibration, options.compile);
  runtime::calibrate_ideal(deployment, calibration);
  Metrics metrics;
  metrics[score.name + ".crossbars"] = deployment.count().pruned;
  runtime::MeasuredChip chip(deployment, options.device, seed);
  metrics[score.name + ".weight_error"] =
      runtime::relative_weight_error(chip.deployment(), chip.measurement());
  metrics[score.name + ".mapped"] = chip.accuracy(test);
  chip.calibrate({.gain = true}, calibration);
  metrics[score.name + ".gain"] = chip.accuracy(test);
  chip.calibrate({.gain = true, .statistics = true}, calibration);
  metrics[score.name + ".statistics"] = chip.accuracy(test);
  return metrics;
}

}  // namespace crossloop::experiment
