#include "host/experiment/runner.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <algorithm>
#include <chrono>

#include "host/analog/device.hpp"
#include "host/compiler/compile.hpp"
#include "host/error.hpp"
#include "host/experiment/counts.hpp"
#include "host/files.hpp"
#include "host/loop/training_config.hpp"
#include "host/network/onnx_file.hpp"
#include "host/network/zoo.hpp"
#include "host/preset.hpp"
#include "pruning/checkpoint.hpp"
#include "pruning/method.hpp"
#include "pruning/weight_clip.hpp"

namespace crossloop::experiment {

namespace {

constexpr int kEvaluationBatch = 256;

std::string hash_of(const nlohmann::json& setting) {
  pruning::Fingerprint fingerprint;
  fingerprint.add(setting.dump());
  return fmt::format("{:016x}", fingerprint.value());
}

/// The file of `setting` in the cache: NAME-HASH.
std::filesystem::path cached(const Places& places, const std::string& name,
                             const nlohmann::json& setting, const char* suffix) {
  return places.cache / fmt::format("{}-{}{}", name, hash_of(setting), suffix);
}

/// A file of the configuration: as it is named, else below the root.
std::filesystem::path found(const std::filesystem::path& path, const std::filesystem::path& root) {
  return std::filesystem::exists(path) ? path : root / path;
}

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

data::Dataset calibration_of(const Images& images, const Experiment& experiment) {
  return images.train.slice(0, std::min(experiment.calibration_images, images.train.count));
}

}  // namespace

Runner::Runner(const Experiment& experiment, const Images& images, const Places& places,
               ResultStore& store, Observers observers)
    : experiment_(experiment),
      images_(images),
      places_(places),
      store_(store),
      observers_(std::move(observers)) {
  check_names();
  require_writable(places_.cache / "results");
}

void Runner::check_names() const {
  const data::Dataset& train = images_.train;
  for (const NetworkSpec& network : experiment_.networks) {
    origin_setting(network);
    if (network.zoo.empty()) continue;
    network::plan_network(network.zoo, {train.channels, train.height, train.width}, train.classes);
  }
  for (const RunSpec& run : experiment_.runs) tile_of(run);
  for (const ScoreSpec& score : experiment_.scores) chip_options(score, places_.root);
  count_all(experiment_, places_.root);
}

void Runner::say(const std::string& text) const {
  if (observers_.step) observers_.step(text);
}

nlohmann::json Runner::origin_setting(const NetworkSpec& spec) const {
  const data::Dataset& train = images_.train;
  nlohmann::json setting = {
      {"data", train.name}, {"train_images", train.count}, {"data_seed", experiment_.data_seed}};
  if (!spec.zoo.empty()) {
    setting["zoo"] = spec.zoo;
    setting["train"] = loop::training_json(spec.train);
    return setting;
  }
  const auto bytes = read_file(found(spec.model, places_.root));
  pruning::Fingerprint fingerprint;
  fingerprint.add_bytes(std::as_bytes(std::span(bytes)));
  setting["model"] = {spec.model.filename().string(), fmt::format("{:016x}", fingerprint.value())};
  return setting;
}

nlohmann::json Runner::model_setting(const RunSpec& run, std::uint64_t seed) const {
  const NetworkSpec& spec = experiment_.network(run.network);
  const nlohmann::json begin =
      run.from.empty() ? origin_setting(spec) : model_setting(experiment_.run(run.from), seed);
  if (!run.trains) return begin;
  nlohmann::json setting = {{"from", begin},
                            {"seed", seed},
                            {"tile", run.tile},
                            {"clip_percentile", run.clip_percentile},
                            {"finetune", loop::training_json(run.finetuning)}};
  if (!run.method.empty()) {
    const auto& info = pruning::find_method(run.method);
    setting["method"] = run.method;
    setting["options"] = pruning::MethodOptions(info.name, info.options, run.options).values();
    setting["penalty"] = loop::training_json(run.penalised);
    setting["keep"] = {run.policy.keep_first, run.policy.keep_last};
  }
  return setting;
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
    auto scores = nlohmann::json::array();
    for (const std::string& name : run.scores) {
      const ScoreSpec& score = experiment_.score(name);
      scores.push_back({name, score.tile, score.device, score.passes});
    }
    for (const std::uint64_t seed : run.seeds) {
      jobs.push_back({&run,
                      seed,
                      {{"model", model_setting(run, seed)},
                       {"tile", run.tile},
                       {"test_images", images_.test.count},
                       {"integer_images", experiment_.integer_images},
                       {"chip_images", experiment_.chip_images},
                       {"calibration_images", experiment_.calibration_images},
                       {"chip_seed", seed},
                       {"scores", scores}}});
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

network::Network Runner::origin(const NetworkSpec& spec) {
  if (spec.zoo.empty()) return network::read_onnx(found(spec.model, places_.root));
  const nlohmann::json setting = origin_setting(spec);
  const auto file = cached(places_, spec.name, setting, ".onnx");
  if (std::filesystem::exists(file)) return network::read_onnx(file);
  say(fmt::format("train {} ({}), seed {}", spec.name, spec.zoo, spec.train.seed));
  const data::Dataset& images = images_.train;
  network::Network network = network::make_network(
      spec.zoo, {images.channels, images.height, images.width}, images.classes, spec.train.seed);
  const auto statistics = data::channel_statistics(images);
  network.normalisation = {statistics.mean, statistics.std};
  pruning::TrainOptions training = spec.train;
  training.checkpoint = cached(places_, spec.name, setting, ".ckpt");
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
  const auto device = analog::find_device("ideal", places_.root);
  return compiler::read_tile(find_preset("tile", run.tile, places_.root / "configs" / "tiles"),
                             device);
}

void Runner::clip(const RunSpec& run, const pruning::TrainOptions& training,
                  network::Network& network) {
  forget_scales(network);
  // Freezes the scales, so that clipped weights are mapped with the range they had (methods 2.5).
  compiler::compile(network, tile_of(run), analog::find_device("ideal", places_.root),
                    calibration_of(images_, experiment_));
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
  const auto checkpoint = cached(places_, run.name, model_setting(run, seed), ".ckpt");
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
  const nlohmann::json setting = model_setting(run, seed);
  const auto file = cached(places_, run.name, setting, ".onnx");
  if (std::filesystem::exists(file)) return network::read_onnx(file);
  network::Network network = start(run, seed);
  say(fmt::format("run {}, seed {}", run.name, seed));
  train(run, seed, network);
  network::write_onnx(network, file);
  remove_checkpoints(cached(places_, run.name, setting, ".ckpt"));
  return network;
}

double Runner::accuracy_before(const NetworkSpec& spec) {
  const auto known = accuracy_before_.find(spec.name);
  if (known != accuracy_before_.end()) return known->second;
  return accuracy_before_[spec.name] =
             pruning::evaluate(origin(spec), images_.test, kEvaluationBatch, places_.threads);
}

Result Runner::perform(const Job& job) {
  if (auto result = done(job)) return *result;
  const auto begin = std::chrono::steady_clock::now();
  const RunSpec& run = *job.run;
  const network::Network network = model(run, job.seed);
  say(fmt::format("score {}, seed {}", run.name, job.seed));
  Result result = empty_result(job);
  result.metrics = network_metrics(network, experiment_, run.tile, images_, places_.root);
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
