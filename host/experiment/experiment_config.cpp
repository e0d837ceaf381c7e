#include "host/experiment/experiment_config.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <algorithm>
#include <cassert>
#include <cctype>
#include <cmath>
#include <set>
#include <string_view>
#include <utility>

#include "host/config.hpp"
#include "host/error.hpp"
#include "host/loop/training_config.hpp"

namespace crossloop::experiment {

namespace {

constexpr int kMostImages = 10'000'000;
constexpr double kLargestSeed = 0xFFFFFFFF;
constexpr const char* kDefaultTile = "64x64c2";

/// Trainings take what multiplies fastest here, and say so in their results.
pruning::TrainOptions standard(int epochs, double learning_rate) {
  pruning::TrainOptions options{.epochs = epochs, .learning_rate = learning_rate};
  options.precision = pruning::Precision::kAuto;
  options.accelerator = pruning::Accelerator::kAuto;
  return options;
}

/// A training of its own, or `otherwise` where the table is absent.
pruning::TrainOptions training_or(ConfigTable& above, const char* key,
                                  const pruning::TrainOptions& otherwise) {
  const bool given = above.has(key);
  ConfigTable table = above.table(key);
  if (given) return loop::read_training(std::move(table), otherwise.seed, otherwise);
  table.finish();
  return otherwise;
}

std::vector<std::uint64_t> read_seeds(ConfigTable& table, std::vector<std::uint64_t> otherwise) {
  if (!table.has("seeds")) return otherwise;
  std::vector<std::uint64_t> seeds;
  for (const double seed : table.numbers("seeds", 0.0, kLargestSeed)) {
    if (seed != std::floor(seed)) {
      throw InputError(fmt::format("{}: key 'seeds': found {}, expected whole numbers",
                                   table.where("seeds"), seed));
    }
    seeds.push_back(static_cast<std::uint64_t>(seed));
  }
  const std::set<std::uint64_t> different(seeds.begin(), seeds.end());
  if (seeds.empty() || different.size() != seeds.size()) {
    throw InputError(fmt::format("{}: key 'seeds': found [{}], expected one or more, all different",
                                 table.where("seeds"), fmt::join(seeds, ", ")));
  }
  return seeds;
}

/// The names in a table of tables; they name files of the cache, too.
std::vector<std::string> names_in(const ConfigTable& table, const std::string& what) {
  const std::vector<std::string> names = table.keys();
  for (const std::string& name : names) {
    const auto allowed = [](unsigned char letter) {
      return std::isalnum(letter) != 0 ||
             std::string_view("-_+.").find(letter) != std::string::npos;
    };
    if (!name.empty() && name[0] != '.' && std::all_of(name.begin(), name.end(), allowed)) continue;
    throw InputError(fmt::format("{}: {} '{}', expected letters, digits, '-', '_', '+' and '.'",
                                 table.where(name), what, name));
  }
  return names;
}

NetworkSpec read_network(ConfigTable table, const std::string& name) {
  NetworkSpec spec;
  spec.name = name;
  if (table.has("zoo") == table.has("model")) {
    throw InputError(fmt::format(
        "{}: network '{}' needs one of 'zoo' (a name of the zoo) and 'model' (an ONNX file)",
        table.where("zoo"), name));
  }
  if (table.has("zoo")) {
    spec.zoo = table.text("zoo");
    spec.train = training_or(table, "train", standard(15, 0.1));
  } else {
    spec.model = table.text("model");
  }
  spec.finetuning = training_or(table, "finetune", standard(3, 0.02));
  spec.penalised = training_or(table, "penalty", standard(1, 0.01));
  table.finish();
  return spec;
}

/// One size; returns the seeds of its runs.
std::vector<std::uint64_t> read_size(ConfigTable size, Experiment& experiment) {
  const auto images = [&](const char* key, int otherwise, int least = 0) {
    return static_cast<int>(size.integer(key, least, kMostImages, otherwise));
  };
  experiment.train_images = images("train_images", 0);
  experiment.test_images = images("test_images", 0);
  experiment.integer_images = images("integer_images", 500);
  experiment.chip_images = images("chip_images", 500, 1);
  experiment.calibration_images =
      static_cast<int>(size.integer("calibration_images", 16, 100'000, 256));
  ConfigTable networks = size.table("network");
  for (const std::string& name : names_in(networks, "network")) {
    experiment.networks.push_back(read_network(networks.table(name), name));
  }
  networks.finish();
  if (experiment.networks.empty()) {
    throw InputError(size.where("network") + ": size '" + experiment.size +
                     "' has no network, expected a table [size." + experiment.size +
                     ".network.NAME]");
  }
  const auto seeds = read_seeds(size, {1});
  size.finish();
  return seeds;
}

ScoreSpec read_score(ConfigTable table, const std::string& name) {
  ScoreSpec spec{
      .name = name, .tile = table.text("tile"), .device = table.text("device"), .passes = {}};
  spec.passes = table.has("passes") ? table.texts("passes") : std::vector<std::string>{"all"};
  table.finish();
  return spec;
}

CountsSpec read_counts(ConfigTable table, const std::string& name) {
  CountsSpec spec;
  spec.name = name;
  spec.zoo = table.text("zoo");
  const int side = static_cast<int>(table.integer("side", 1, 4096, 224));
  spec.input = {3, side, side};
  spec.classes = static_cast<int>(table.integer("classes", 2, 100'000, 1000));
  spec.tile = table.text("tile");
  compiler::PredictedPruning& pruning = spec.pruning;
  pruning.structure = static_cast<compiler::PruningStructure>(table.choice(
      "structure", {"dense", "crossbar_grain", "column_grain", "tile_level", "balanced"}));
  pruning.sparsity = table.number("sparsity", 0.0, 0.999, pruning.sparsity);
  pruning.level = static_cast<int>(table.integer("level", 0, 16, pruning.level));
  pruning.group = static_cast<int>(table.integer("group", 2, 256, pruning.group));
  pruning.pruned = static_cast<int>(table.integer("pruned", 0, 255, pruning.pruned));
  table.finish();
  return spec;
}

/// The only network where a run names none.
std::string network_of(ConfigTable& table, const Experiment& experiment) {
  std::vector<std::string> names;
  for (const NetworkSpec& network : experiment.networks) names.push_back(network.name);
  const std::string name =
      names.size() == 1 ? table.text("network", names[0]) : table.text("network");
  if (std::find(names.begin(), names.end(), name) != names.end()) return name;
  throw InputError(fmt::format("{}: key 'network': found \"{}\", expected one of {}",
                               table.where("network"), name, fmt::join(names, ", ")));
}

void read_scores(ConfigTable& table, const Experiment& experiment, RunSpec& spec) {
  if (table.has("scores")) spec.scores = table.texts("scores");
  for (const std::string& name : spec.scores) {
    const auto known = [&](const ScoreSpec& score) { return score.name == name; };
    if (std::any_of(experiment.scores.begin(), experiment.scores.end(), known)) continue;
    throw InputError(fmt::format("{}: key 'scores': found \"{}\", expected names of [score.NAME]",
                                 table.where("scores"), name));
  }
}

RunSpec read_run(ConfigTable table, const std::string& name, const Experiment& experiment,
                 const std::string& tile, const std::vector<std::uint64_t>& seeds) {
  RunSpec spec;
  spec.name = name;
  spec.network = network_of(table, experiment);
  const NetworkSpec& network = experiment.network(spec.network);
  spec.from = table.text("from", "");
  spec.tile = table.text("tile", tile);
  spec.method = table.text("method", "");
  ConfigTable options = table.table("options");
  if (!spec.method.empty()) {
    spec.options = loop::read_method_options(std::move(options), spec.method);
  } else {
    options.finish();
  }
  spec.policy.keep_first = table.boolean("keep_first", true);
  spec.policy.keep_last = table.boolean("keep_last", true);
  spec.clip_percentile = table.number("clip_percentile", 1.0, 100.0, 100.0);
  spec.trains = !spec.method.empty() || spec.clip_percentile < 100.0 || table.has("finetune");
  spec.finetuning = training_or(table, "finetune", network.finetuning);
  spec.penalised = training_or(table, "penalty", network.penalised);
  spec.seeds = read_seeds(table, seeds);
  read_scores(table, experiment, spec);
  table.finish();
  return spec;
}

/// Puts each run behind the one it comes from.
std::vector<RunSpec> in_order(std::vector<RunSpec> runs, const std::string& file) {
  for (const RunSpec& run : runs) {
    const auto is_it = [&](const RunSpec& other) { return other.name == run.from; };
    if (run.from.empty() || std::any_of(runs.begin(), runs.end(), is_it)) continue;
    throw InputError(fmt::format("{}: run '{}': key 'from': found \"{}\", expected another run",
                                 file, run.name, run.from));
  }
  std::vector<RunSpec> ordered;
  const auto placed = [&](const std::string& name) {
    return std::any_of(ordered.begin(), ordered.end(),
                       [&](const RunSpec& run) { return run.name == name; });
  };
  while (!runs.empty()) {
    const auto next = std::find_if(runs.begin(), runs.end(), [&](const RunSpec& run) {
      return run.from.empty() || placed(run.from);
    });
    if (next == runs.end()) {
      throw InputError(fmt::format(
          "{}: run '{}': key 'from': found \"{}\", expected another run that does not come from it",
          file, runs[0].name, runs[0].from));
    }
    ordered.push_back(*next);
    runs.erase(next);
  }
  return ordered;
}

void check_origins(const Experiment& experiment, const std::string& file) {
  for (const RunSpec& run : experiment.runs) {
    if (run.from.empty() || experiment.run(run.from).network == run.network) continue;
    throw InputError(
        fmt::format("{}: run '{}' of network {} comes from '{}' of network {}, "
                    "expected the same network",
                    file, run.name, run.network, run.from, experiment.run(run.from).network));
  }
}

template <class Spec>
const Spec& named(const std::vector<Spec>& specs, const std::string& name) {
  const auto found =
      std::find_if(specs.begin(), specs.end(), [&](const Spec& spec) { return spec.name == name; });
  assert(found != specs.end());
  return *found;
}

/// Reads every size, so that none is wrong unseen, and keeps the one asked for.
std::vector<std::uint64_t> read_sizes(ConfigTable sizes, Experiment& experiment) {
  std::vector<std::uint64_t> seeds;
  for (const std::string& name : sizes.keys()) {
    Experiment other = experiment;
    other.size = name;
    const auto its_seeds = read_size(sizes.table(name), other);
    if (name != experiment.size) continue;
    experiment = other;
    seeds = its_seeds;
  }
  if (seeds.empty()) {
    throw InputError(fmt::format("{}: size '{}' is not there, expected one of {}",
                                 sizes.file().string(), experiment.size,
                                 fmt::join(sizes.keys(), ", ")));
  }
  sizes.finish();
  return seeds;
}

}  // namespace

const NetworkSpec& Experiment::network(const std::string& wanted) const {
  return named(networks, wanted);
}
const ScoreSpec& Experiment::score(const std::string& wanted) const {
  return named(scores, wanted);
}
const RunSpec& Experiment::run(const std::string& wanted) const { return named(runs, wanted); }

Experiment read_experiment(const std::filesystem::path& path, const std::string& size) {
  ConfigTable file = ConfigTable::parse_file(path);
  Experiment experiment;
  experiment.name = file.text("name");
  experiment.size = size;
  experiment.title = file.text("title");
  experiment.paper = file.text("paper");
  experiment.ours = file.text("ours");
  experiment.differences = file.text("differences");
  experiment.data_seed =
      static_cast<std::uint64_t>(file.integer("data_seed", 0, std::int64_t{0xFFFFFFFF}, 1));
  const std::string tile = file.text("tile", kDefaultTile);
  const auto seeds = read_sizes(file.table("size"), experiment);
  ConfigTable scores = file.table("score");
  for (const std::string& name : names_in(scores, "score")) {
    experiment.scores.push_back(read_score(scores.table(name), name));
  }
  scores.finish();
  ConfigTable counts = file.table("counts");
  for (const std::string& name : counts.keys()) {
    experiment.counts.push_back(read_counts(counts.table(name), name));
  }
  counts.finish();
  ConfigTable runs = file.table("run");
  std::vector<RunSpec> read;
  for (const std::string& name : names_in(runs, "run")) {
    read.push_back(read_run(runs.table(name), name, experiment, tile, seeds));
  }
  runs.finish();
  file.finish();
  if (read.empty()) throw InputError(path.string() + ": no table [run.NAME], expected one or more");
  experiment.runs = in_order(std::move(read), path.string());
  check_origins(experiment, path.string());
  return experiment;
}

}  // namespace crossloop::experiment
