#include "host/loop/loop_config.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "host/config.hpp"
#include "host/error.hpp"
#include "host/loop/training_config.hpp"

namespace crossloop::loop {

namespace {

constexpr std::int64_t kLargestSeed = 0xFFFFFFFF;

/// The method and its options; "none" prunes nothing.
void read_method(ConfigTable& prune, LoopConfig& config) {
  const std::string name = prune.text("method", "column_magnitude");
  ConfigTable options = prune.table("options");
  if (name != "none") {
    config.prune_options = read_method_options(std::move(options), name);
    config.prune_method = name;
    return;
  }
  options.finish();
}

void read_prune(ConfigTable prune, LoopConfig& config) {
  read_method(prune, config);
  ConfigTable penalty = prune.table("penalty");
  config.prune_penalised = {.epochs = 2, .learning_rate = 0.01, .seed = config.seed + 1};
  if (!penalty.keys().empty()) {
    config.prune_penalised =
        read_training(std::move(penalty), config.seed + 1, config.prune_penalised);
  } else {
    penalty.finish();
  }
  config.prune = read_training(std::move(prune), config.seed + 1, {.learning_rate = 0.02});
}

void read_data(ConfigTable table, LoopConfig& config) {
  config.source = table.text("source", "shapes");
  config.data.seed = static_cast<std::uint64_t>(table.integer("seed", 0, kLargestSeed, 1));
  config.data.train_images = static_cast<int>(table.integer("train_images", 0, 10'000'000, 20000));
  config.test_images = static_cast<int>(table.integer("test_images", 1, 10'000'000, 2000));
  config.data.test_images = config.test_images;
  table.finish();
}

void read_network(ConfigTable table, LoopConfig& config) {
  if (table.has("name") == table.has("model")) {
    throw InputError(
        table.where("name") +
        ": table 'network' needs one of 'name' (of the zoo) and 'model' (an ONNX file)");
  }
  if (table.has("name")) {
    config.network = table.text("name");
    config.shipped = table.text("shipped", "");
  } else {
    config.model = table.text("model");
    const auto floats = [&](const char* key, double low) {
      if (!table.has(key)) return std::vector<float>();
      const std::vector<double> values = table.numbers(key, low, 1e6);
      return std::vector<float>(values.begin(), values.end());
    };
    config.mean = floats("mean", -1e6);
    config.std = floats("std", 1e-9);
  }
  table.finish();
}

void read_device(ConfigTable table, LoopConfig& config) {
  config.device_preset = table.text("preset");
  config.chip_seed = static_cast<std::uint64_t>(table.integer("chip_seed", 0, kLargestSeed, 1));
  config.noise_seed = static_cast<std::uint32_t>(table.integer("noise_seed", 0, kLargestSeed, 1));
  config.device = table.choice("run_on", {"rtl", "engine"}, 0) == 0 ? "rtl" : "engine";
  table.finish();
}

void read_measure(ConfigTable table, LoopConfig& config) {
  auto& measure = config.measure;
  measure.repeats = static_cast<int>(table.integer("repeats", 2, 1024, measure.repeats));
  measure.max_repeats =
      static_cast<int>(table.integer("max_repeats", 2, 65536, measure.max_repeats));
  measure.offset_reads =
      static_cast<int>(table.integer("offset_reads", 0, 256, measure.offset_reads));
  measure.max_standard_error =
      table.number("max_standard_error", 1e-6, 1e3, measure.max_standard_error);
  if (measure.max_repeats < measure.repeats) {
    throw InputError(table.where("max_repeats") + ": key 'measure.max_repeats': found " +
                     std::to_string(measure.max_repeats) + ", expected at least repeats, " +
                     std::to_string(measure.repeats));
  }
  table.finish();
}

/// A percentile of 90 to 100, which goes with choice "percentile" of key `policy` only.
double read_percentile(ConfigTable& table, const char* key, const char* policy, bool allowed,
                       const std::string& chosen) {
  constexpr double kDefault = 99.99;
  if (allowed || !table.has(key)) return table.number(key, 90.0, 100.0, kDefault);
  throw InputError(table.where(key) + ": key 'calibration." + key + "': found beside " + policy +
                   " = \"" + chosen + "\", expected with \"percentile\" only");
}

/// The index of the chosen one of `names`.
template <std::size_t N>
std::size_t choice_of(ConfigTable& table, const char* key, const std::string_view (&names)[N],
                      std::size_t fallback) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return table.choice(key, {names[I]...}, fallback);
  }
  (std::make_index_sequence<N>());
}

void read_adc(ConfigTable& table, runtime::AdcRangeOptions& range) {
  using runtime::AdcRangePolicy, runtime::AdcResolution;
  range.resolution = static_cast<AdcResolution>(choice_of(
      table, "resolution", runtime::kAdcResolutions, static_cast<std::size_t>(range.resolution)));
  range.group = static_cast<compiler::AdcGroup>(
      choice_of(table, "group", compiler::kAdcGroups, static_cast<std::size_t>(range.group)));
  for (const char* key : {"range", "percentile"}) {
    if (range.resolution != AdcResolution::kProven || !table.has(key)) continue;
    throw InputError(table.where(key) + ": key 'calibration." + key +
                     "': found beside resolution = \"proven\", whose ranges hold every sum there "
                     "can be");
  }
  range.policy = static_cast<AdcRangePolicy>(choice_of(table, "range", runtime::kAdcRangePolicies,
                                                       static_cast<std::size_t>(range.policy)));
  range.percentile =
      read_percentile(table, "percentile", "range", range.policy == AdcRangePolicy::kPercentile,
                      runtime::adc_range_name(range.policy));
}

void read_calibration(ConfigTable table, LoopConfig& config) {
  using compiler::ActivationRangePolicy;
  config.calibration_images = static_cast<int>(table.integer("images", 16, 100'000, 256));
  read_adc(table, config.range);
  compiler::ActivationRangeOptions& activations = config.activations;
  activations.policy = static_cast<ActivationRangePolicy>(
      choice_of(table, "activation_range", compiler::kActivationRangePolicies,
                static_cast<std::size_t>(activations.policy)));
  activations.percentile = read_percentile(table, "activation_percentile", "activation_range",
                                           activations.policy == ActivationRangePolicy::kPercentile,
                                           compiler::activation_range_name(activations.policy));
  table.finish();
}

/// The name becomes a folder below runs/, so it must stay one.
std::string read_name(ConfigTable& file) {
  const std::string name = file.text("name");
  const auto allowed = [](unsigned char letter) {
    return std::isalnum(letter) != 0 || letter == '-' || letter == '_' || letter == '.';
  };
  if (name.empty() || name[0] == '.' || !std::all_of(name.begin(), name.end(), allowed)) {
    throw InputError(file.where("name") + ": key 'name': found \"" + name +
                     "\", expected letters, digits, '-', '_' and '.', since it names a folder");
  }
  return name;
}

}  // namespace

LoopConfig read_loop_config(const std::filesystem::path& path, const std::filesystem::path& root) {
  ConfigTable file = ConfigTable::parse_file(path);
  LoopConfig config;
  config.root = root;
  config.name = read_name(file);
  config.seed = static_cast<std::uint64_t>(file.integer("seed", 0, kLargestSeed, 1));
  read_data(file.table("data"), config);
  read_network(file.table("network"), config);
  config.train = read_training(file.table("train"), config.seed, {});

  read_prune(file.table("prune"), config);

  ConfigTable tile = file.table("tile");
  config.tile_file = tile.text("file");
  tile.finish();
  read_device(file.table("device"), config);

  read_calibration(file.table("calibration"), config);
  read_measure(file.table("measure"), config);
  ConfigTable finetune = file.table("finetune");
  config.batch_norm_epochs = static_cast<int>(finetune.integer("batch_norm_epochs", 0, 1000, 1));
  config.min_change = static_cast<int>(finetune.integer("min_change", 1, 127, 4));
  config.finetune = read_training(std::move(finetune), config.seed + 2,
                                  {.learning_rate = 0.005, .weight_decay = 0.0});
  ConfigTable rtl = file.table("rtl");
  config.rtl_images = static_cast<int>(rtl.integer("images", 0, config.test_images, 4));
  rtl.finish();
  file.finish();
  return config;
}

}  // namespace crossloop::loop
