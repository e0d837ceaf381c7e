#include "host/experiment/settings.hpp"

#include <spdlog/fmt/fmt.h>

#include <span>
#include <utility>

#include "host/files.hpp"
#include "host/loop/training_config.hpp"
#include "host/preset.hpp"
#include "pruning/checkpoint.hpp"
#include "pruning/method.hpp"

namespace crossloop::experiment {

namespace {

std::string text_of(const pruning::Fingerprint& fingerprint) {
  return fmt::format("{:016x}", fingerprint.value());
}

std::string hash_of_file(const std::filesystem::path& path) {
  const auto bytes = read_file(path);
  pruning::Fingerprint fingerprint;
  fingerprint.add_bytes(std::as_bytes(std::span(bytes)));
  return text_of(fingerprint);
}

std::string hash_of_images(const data::Dataset& images) {
  pruning::Fingerprint fingerprint;
  fingerprint.add(images.count);
  fingerprint.add(images.height);
  fingerprint.add(images.width);
  fingerprint.add_bytes(std::as_bytes(std::span(images.pixels)));
  fingerprint.add_bytes(std::as_bytes(std::span(images.labels)));
  return text_of(fingerprint);
}

}  // namespace

std::string hash_of(const nlohmann::json& setting) {
  pruning::Fingerprint fingerprint;
  fingerprint.add(setting.dump());
  return text_of(fingerprint);
}

std::filesystem::path below(const std::filesystem::path& path, const std::filesystem::path& root) {
  return std::filesystem::exists(path) ? path : root / path;
}

Settings::Settings(const Experiment& experiment, const Images& images, std::filesystem::path root)
    : experiment_(experiment),
      root_(std::move(root)),
      train_(hash_of_images(images.train)),
      test_(hash_of_images(images.test)),
      test_images_(images.test.count),
      data_(images.train.name) {}

nlohmann::json Settings::preset(const std::string& what, const std::string& name) const {
  return {name, hash_of_file(find_preset(what, name, root_ / "configs" / (what + "s")))};
}

nlohmann::json Settings::origin(const NetworkSpec& spec) const {
  if (spec.zoo.empty()) {
    return {{"model", {spec.model.filename().string(), hash_of_file(below(spec.model, root_))}}};
  }
  return {{"zoo", spec.zoo}, {"data", {data_, train_}}, {"train", loop::training_json(spec.train)}};
}

nlohmann::json Settings::model(const RunSpec& run, std::uint64_t seed) const {
  const nlohmann::json begin = run.from.empty() ? origin(experiment_.network(run.network))
                                                : model(experiment_.run(run.from), seed);
  if (!run.trains) return begin;
  nlohmann::json setting = {{"from", begin},
                            {"data", {data_, train_}},
                            {"seed", seed},
                            {"tile", preset("tile", run.tile)},
                            {"clip_percentile", run.clip_percentile},
                            {"calibration_images", experiment_.calibration_images},
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

nlohmann::json Settings::result(const RunSpec& run, std::uint64_t seed) const {
  auto scores = nlohmann::json::array();
  for (const std::string& name : run.scores) {
    const ScoreSpec& score = experiment_.score(name);
    scores.push_back(
        {name, preset("tile", score.tile), preset("device", score.device), score.passes});
  }
  return {{"model", model(run, seed)},
          {"before", origin(experiment_.network(run.network))},
          {"tile", preset("tile", run.tile)},
          {"test", {test_images_, test_}},
          {"integer_images", experiment_.integer_images},
          {"chip_images", experiment_.chip_images},
          {"calibration", {experiment_.calibration_images, train_}},
          {"chip_seed", seed},
          {"scores", scores}};
}

}  // namespace crossloop::experiment
