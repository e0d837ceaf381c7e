#include "host/loop/loop_config.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>

#include "host/config.hpp"
#include "host/error.hpp"

namespace crossloop::loop {

namespace {

constexpr std::int64_t kLargestSeed = 0xFFFFFFFF;

pruning::TrainOptions read_training(ConfigTable table, std::uint64_t seed,
                                    pruning::TrainOptions options) {
  options.epochs = static_cast<int>(table.integer("epochs", 0, 1000));
  options.batch = static_cast<int>(table.integer("batch", 1, 65536, options.batch));
  options.learning_rate = table.number("learning_rate", 0.0, 10.0, options.learning_rate);
  options.momentum = table.number("momentum", 0.0, 0.999, options.momentum);
  options.weight_decay = table.number("weight_decay", 0.0, 1.0, options.weight_decay);
  options.flip = table.boolean("flip", options.flip);
  options.augment = table.boolean("augment", options.augment);
  options.seed = seed;
  table.finish();
  return options;
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

  ConfigTable prune = file.table("prune");
  config.crossbar_ratio = prune.number("crossbar_ratio", 0.05, 1.0, 0.6);
  config.prune = read_training(std::move(prune), config.seed + 1, {.learning_rate = 0.02});

  ConfigTable tile = file.table("tile");
  config.tile_file = tile.text("file");
  tile.finish();
  read_device(file.table("device"), config);

  ConfigTable calibration = file.table("calibration");
  config.calibration_images = static_cast<int>(calibration.integer("images", 16, 100'000, 256));
  const auto& policies = runtime::kAdcRangePolicies;
  static_assert(std::size(runtime::kAdcRangePolicies) == 4);
  config.range.policy = static_cast<runtime::AdcRangePolicy>(
      calibration.choice("range", {policies[0], policies[1], policies[2], policies[3]},
                         static_cast<std::size_t>(runtime::AdcRangePolicy::kPercentile)));
  if (config.range.policy == runtime::AdcRangePolicy::kPercentile ||
      !calibration.has("percentile")) {
    config.range.percentile = calibration.number("percentile", 90.0, 100.0, 99.99);
  } else {
    throw InputError(calibration.where("percentile") +
                     ": key 'calibration.percentile': found beside range = \"" +
                     runtime::adc_range_name(config.range.policy) +
                     "\", expected with \"percentile\" only");
  }
  calibration.finish();
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
