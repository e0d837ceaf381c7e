#include "host/experiment/runner.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <algorithm>
#include <chrono>

#include "host/analog/device.hpp"
#include "host/compiler/compile.hpp"
#include "host/error.hpp"
#include "host/experiment/counts.hpp"
#include "host/experiment/maker_lock.hpp"
#include "host/files.hpp"
#include "host/network/onnx_file.hpp"
#include "host/network/zoo.hpp"
#include "pruning/method.hpp"
#include "pruning/weight_clip.hpp"

namespace crossloop::experiment {

namespace {

/// Of one run; of a file of the cache the checkpoint files, whatever the stage appends.
void remove_checkpoints(const std::filesystem::path& checkpoint) {
  const std::string begin = checkpoint.filename().string();
  for (const auto& entry : std::filesystem::directory_iterator(checkpoint.parent_path())) {
    if (entry.path().filename().string().starts_with(begin)) std::filesystem::remove(entry.path());
  }
}

void forget_scales(network::Network& network) {
  for (network::Node& node : network.nodes) node.weight_scale.clear();
}

}  // namespace

Runner::Runner(const Experiment& experiment, const Images& images, const Places& places,
               ResultStore& store, Observers observers)
    : experiment_(experiment),
      images_(images),
      places_(places),
      settings_(experiment, images, places.root),
      store_(store),
      observers_(std::move(observers)) {
  check_names();
  require_writable(places_.cache / "results");
}

void Runner::check_names() const {
  const data::Dataset& train = images_.train;
  for (const NetworkSpec& network : experiment_.networks) {
    const network::Shape pixels{train.channels, train.height, train.width};
    if (!network.zoo.empty()) {
      network::plan_network(network.zoo, pixels, train.classes);
      continue;
    }
    const auto model = network::read_onnx(below(network.model, places_.root));
    if (model.input_shape == pixels) continue;
    throw InputError(fmt::format(
        "network {}: {} takes {}, expected {} as the images are", network.name,
        network.model.string(), network::to_string(model.input_shape), network::to_string(pixels)));
  }
  for (const RunSpec& run : experiment_.runs) tile_of(run);
  for (const ScoreSpec& score : experiment_.scores) chip_options(score, places_.root);
  count_all(experiment_, places_.root);
}

std::filesystem::path Runner::cached(const nlohmann::json& setting, const char* suffix) const {
  return places_.cache / (hash_of(setting) + suffix);
}

void Runner::say(const std::string& text) const {
  if (observers_.step) observers_.step(text);
}

std::vector<Job> Runner::jobs(const std::vector<std::string>& only) const {
  for (const std::string& name : only) {
    const auto& runs = experiment_.runs;
    const auto is_it = [&](const RunSpec& run) { return run.name == name; };
    if (std::any_of(runs.begin(), runs.end(), is_it)) continue;
    std::vector<std::string> names;
    for (const RunSpec& run : runs) names.push_back(run.name);
    throw InputError(fmt::format("experiment {}: no run '{}', expected one of {}", experiment_.name,
                                 name, fmt::join(names, ", ")));
  }
  std::vector<Job> jobs;
  for (const RunSpec& run : experiment_.runs) {
    if (!only.empty() && std::find(only.begin(), only.end(), run.name) == only.end()) continue;
    for (const std::uint64_t seed : run.seeds) {
      jobs.push_back({&run, seed, settings_.result(run, seed)});
    }
  }
  return jobs;
}

Result Runner::empty_result(const Job& job) const {
  return {.experiment = experiment_.name,
          .size = experiment_.size,
          .run = job.run->name,
          .network = job.run->network,
          .seed = job.seed,
          .setting = job.setting,
          .metrics = {},
          .version = places_.version};
}

std::optional<Result> Runner::done(const Job& job) const { return store_.find(empty_result(job)); }

bool Runner::has(const std::vector<Job>& jobs, const Result& result) const {
  return std::any_of(jobs.begin(), jobs.end(), [&](const Job& job) {
    const Result own = empty_result(job);
    return result.experiment == own.experiment && result.size == own.size &&
           result.run == own.run && result.network == own.network && result.seed == own.seed &&
           result.setting == own.setting;
  });
}

network::Network Runner::origin(const NetworkSpec& spec) {
  if (spec.zoo.empty()) return network::read_onnx(below(spec.model, places_.root));
  const auto file = cached(settings_.origin(spec), ".onnx");
  if (std::filesystem::exists(file)) return network::read_onnx(file);
  const MakerLock alone(file, [&] { say("waiting for another process to train " + spec.name); });
  if (std::filesystem::exists(file)) return network::read_onnx(file);
  say(fmt::format("train {} ({}), seed {}", spec.name, spec.zoo, spec.train.seed));
  const data::Dataset& images = images_.train;
  network::Network network = network::make_network(
      spec.zoo, {images.channels, images.height, images.width}, images.classes, spec.train.seed);
  const auto statistics = data::channel_statistics(images);
  network.normalisation = {statistics.mean, statistics.std};
  pruning::TrainOptions training = spec.train;
  training.checkpoint = cached(settings_.origin(spec), ".ckpt");
  training.threads = places_.threads;
  pruning::train(network, images, training, observers_.epoch);
  network::write_onnx(network, file);
  remove_checkpoints(training.checkpoint);
  return network;
}

network::Network Runner::start(const RunSpec& run, std::uint64_t seed) {
  return run.from.empty() ? origin(experiment_.network(run.network))
                          : model(experiment_.run(run.from), seed);
}

compiler::TileFormat Runner::tile_of(const RunSpec& run) const {
  return tile_named(run.tile, analog::find_device("ideal", places_.root), places_.root);
}

void Runner::clip(const RunSpec& run, const pruning::TrainOptions& training,
                  network::Network& network) {
  forget_scales(network);
  // Freezes the scales, so that clipped weights are mapped with the range they had (methods 2.5).
  compiler::compile(network, tile_of(run), analog::find_device("ideal", places_.root),
                    first_images(images_.train, experiment_.calibration_images));
  pruning::HeldZeros zeros = pruning::zeros_of(network);
  pruning::FinetuneConstraints held;
  held.masks = std::move(zeros.weights);
  held.channels = std::move(zeros.channels);
  held.clamp_to_scale = true;
  held.weight_bits = tile_of(run).weight_bits;
  held.weight_limit = pruning::clip_limits(network, run.clip_percentile);
  held.hold_gamma_sign = true;
  pruning::finetune(network, images_.train, training, held, observers_.epoch);
}

void Runner::train(const RunSpec& run, std::uint64_t seed, network::Network& network) {
  pruning::PipelineOptions options;
  options.policy = run.policy;
  options.calibration_images = experiment_.calibration_images;
  options.penalised = run.penalised;
  options.finetuning = run.finetuning;
  const auto checkpoint = cached(settings_.model(run, seed), ".ckpt");
  for (pruning::TrainOptions* training : {&options.penalised, &options.finetuning}) {
    training->seed = seed;
    training->checkpoint = checkpoint;
    training->threads = places_.threads;
  }
  if (!run.method.empty()) {
    const compiler::TileFormat tile = tile_of(run);
    options.tile = {.rows = tile.rows,
                    .outputs = compiler::outputs_per_crossbar(tile, network.name)};
    forget_scales(network);
    const auto& info = pruning::find_method(run.method);
    pruning::run_method(network, images_.train, info, {info.name, info.options, run.options},
                        options, observers_.epoch, observers_.step);
  } else if (run.clip_percentile == 100.0) {
    forget_scales(network);
    pruning::HeldZeros zeros = pruning::zeros_of(network);
    pruning::finetune(network, images_.train, options.finetuning,
                      {.masks = std::move(zeros.weights), .channels = std::move(zeros.channels)},
                      observers_.epoch);
  }
  if (run.clip_percentile < 100.0) clip(run, options.finetuning, network);
}

network::Network Runner::model(const RunSpec& run, std::uint64_t seed) {
  if (!run.trains) return start(run, seed);
  const auto file = cached(settings_.model(run, seed), ".onnx");
  if (std::filesystem::exists(file)) return network::read_onnx(file);
  const MakerLock alone(file, [&] {
    say(fmt::format("waiting for another process that does run {}, seed {}", run.name, seed));
  });
  if (std::filesystem::exists(file)) return network::read_onnx(file);
  network::Network network = start(run, seed);
  say(fmt::format("run {}, seed {}", run.name, seed));
  train(run, seed, network);
  network::write_onnx(network, file);
  remove_checkpoints(cached(settings_.model(run, seed), ".ckpt"));
  return network;
}

double Runner::accuracy_before(const NetworkSpec& spec) {
  const auto known = accuracy_before_.find(spec.name);
  if (known != accuracy_before_.end()) return known->second;
  return accuracy_before_[spec.name] = float_accuracy(origin(spec), images_, places_);
}

Result Runner::perform(const Job& job) {
  if (auto result = done(job)) return *result;
  const auto begin = std::chrono::steady_clock::now();
  const RunSpec& run = *job.run;
  const network::Network network = model(run, job.seed);
  say(fmt::format("score {}, seed {}", run.name, job.seed));
  Result result = empty_result(job);
  result.metrics = network_metrics(network, experiment_, run.tile, images_, places_);
  const double before = accuracy_before(experiment_.network(run.network));
  result.metrics["accuracy_before"] = before;
  result.metrics["accuracy_lost"] = before - result.metrics.at("accuracy");
  for (const std::string& name : run.scores) {
    result.metrics.merge(chip_metrics(network, experiment_, experiment_.score(name), job.seed,
                                      images_, places_.root));
  }
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
  result.seconds = spent.count();
  store_.add(result);
  return result;
}

}  // namespace crossloop::experiment
