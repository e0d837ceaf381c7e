// Experiments: their configuration, their results in SQLite, and what is made of them.
#include <gmock/gmock.h>
#include <unistd.h>

#include "host/error.hpp"
#include "host/experiment/counts.hpp"
#include "host/experiment/report.hpp"
#include "host/experiment/result_store.hpp"
#include "host/experiment/results_file.hpp"
#include "host/files.hpp"

namespace crossloop::experiment {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kHead = R"(
name = "toy"
title = "A toy"
paper = "theirs"
ours = "ours"
differences = "none"
[size.small]
seeds = [3, 4]
test_images = 100
[size.small.network.net]
zoo = "resnet8"
train = { epochs = 2, learning_rate = 0.05 }
finetune = { epochs = 1, learning_rate = 0.02 }
[size.full]
[size.full.network.net]
model = "net.onnx"
)";

/// A folder for one test.
class ExperimentFiles : public ::testing::Test {
 protected:
  ExperimentFiles()
      : folder_(fs::path(::testing::TempDir()) / ("experiment_" + std::to_string(::getpid()))) {
    fs::create_directories(folder_);
  }
  ~ExperimentFiles() override { fs::remove_all(folder_); }

  Experiment read(const std::string& rest, const std::string& size = "small") const {
    write_file(folder_ / "toy.toml", kHead + rest);
    return read_experiment(folder_ / "toy.toml", size);
  }
  std::string refusal(const std::string& rest, const std::string& size = "small") const {
    try {
      read(rest, size);
    } catch (const InputError& error) {
      return error.what();
    }
    return "accepted";
  }

  fs::path folder_;
};

std::vector<std::string> names_of(const std::vector<RunSpec>& runs) {
  std::vector<std::string> names;
  for (const RunSpec& run : runs) names.push_back(run.name);
  return names;
}

TEST_F(ExperimentFiles, ARunTakesFromItsNetworkWhatItDoesNotSay) {
  const Experiment toy = read(R"(
[run.a]
method = "balanced"
options = { group = 8, pruned = 6, schedule = "once" }
[run.b]
seeds = [9]
clip_percentile = 95
finetune = { epochs = 5 }
[run.c]
)");
  const RunSpec& a = toy.run("a");
  EXPECT_THAT(a.seeds, ElementsAre(3, 4));
  EXPECT_EQ(a.network, "net");
  EXPECT_EQ(a.finetuning.epochs, 1);
  EXPECT_EQ(a.finetuning.learning_rate, 0.02);
  EXPECT_EQ(a.options.at("schedule"), "once");
  EXPECT_TRUE(a.trains);
  const RunSpec& b = toy.run("b");
  EXPECT_THAT(b.seeds, ElementsAre(9));
  EXPECT_EQ(b.finetuning.epochs, 5);
  EXPECT_EQ(b.finetuning.learning_rate, 0.02);
  EXPECT_TRUE(b.trains);
  EXPECT_FALSE(toy.run("c").trains);
  EXPECT_EQ(toy.test_images, 100);
}

TEST_F(ExperimentFiles, RunsComeBehindThoseTheyComeFrom) {
  const Experiment toy = read("[run.a]\nfrom = 'c'\n[run.b]\n[run.c]\nfrom = 'b'\n");
  EXPECT_THAT(names_of(toy.runs), ElementsAre("b", "c", "a"));
}

TEST_F(ExperimentFiles, EverySizeIsReadAndOneIsChosen) {
  EXPECT_EQ(read("[run.a]\n", "full").networks[0].model, "net.onnx");
  EXPECT_THAT(refusal("", "huge"),
              HasSubstr("size 'huge' is not there, expected one of full, small"));
  EXPECT_THAT(refusal("[size.big]\nseeds = [1, 1]\n[size.big.network.n]\nzoo = 'resnet8'\n"),
              HasSubstr("key 'seeds': found [1, 1], expected one or more, all different"));
}

TEST_F(ExperimentFiles, RefusesWhatItCannotDoNamingIt) {
  EXPECT_THAT(refusal("[run.a]\nmethod = 'magic'\n"), HasSubstr("magic"));
  EXPECT_THAT(refusal("[run.a]\nmethod = 'balanced'\noptions = { speed = 1 }\n"),
              AllOf(HasSubstr("toy.toml:"), HasSubstr("speed")));
  EXPECT_THAT(refusal("[run.a]\nnetwork = 'other'\n"),
              HasSubstr("key 'network': found \"other\", expected one of net"));
  EXPECT_THAT(refusal("[run.a]\nscores = ['t']\n"), HasSubstr("expected names of [score.NAME]"));
  EXPECT_THAT(refusal("[run.a]\nfrom = 'a'\n"),
              HasSubstr("run 'a': key 'from': found \"a\", expected another run"));
  EXPECT_THAT(refusal("[run.a]\nfrom = 'b'\n[run.b]\nfrom = 'nobody'\n"),
              HasSubstr("run 'b': key 'from': found \"nobody\""));
  EXPECT_THAT(refusal("[run.a]\nseeds = [1.5]\n"), HasSubstr("found 1.5, expected whole numbers"));
  EXPECT_THAT(refusal("[run.a]\nfinetune = { epochs = 4, schedule = 'step' }\n"),
              HasSubstr("milestones"));
  EXPECT_THAT(refusal("[run.a]\nsparsity = 0.5\n"), HasSubstr("unknown key 'run.a.sparsity'"));
  EXPECT_THAT(refusal("[run.'a/b']\n"), HasSubstr("run 'a/b', expected letters, digits"));
  EXPECT_THAT(refusal(""), HasSubstr("no table [run.NAME], expected one or more"));
  EXPECT_THAT(refusal("[counts.c]\nzoo = 'vgg16'\ntile = '64x64c2'\nstructure = 'odd'\n"),
              HasSubstr("expected one of dense, crossbar_grain"));
}

TEST(ShippedExperiments, CanBeReadInEverySize) {
  const fs::path folder = fs::path(CROSSLOOP_SOURCE_DIR) / "configs" / "experiments";
  int files = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    ++files;
    for (const char* size : {"small", "full"}) {
      const Experiment experiment = read_experiment(entry.path(), size);
      EXPECT_EQ(experiment.name, entry.path().stem());
      EXPECT_FALSE(experiment.runs.empty());
    }
  }
  EXPECT_EQ(files, 5);
}

Result result_of(const std::string& run, std::uint64_t seed, const Metrics& metrics) {
  return {.experiment = "toy",
          .size = "small",
          .run = run,
          .network = "net",
          .seed = seed,
          .setting = {{"run", run}, {"seed", seed}},
          .metrics = metrics};
}

TEST_F(ExperimentFiles, AResultIsFoundByItsSetting) {
  const fs::path file = folder_ / "results.sqlite";
  const Result first = result_of("a", 1, {{"accuracy", 0.5}});
  ResultStore(file).add(first);
  ResultStore store(file);
  const auto found = store.find(first);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->metrics, first.metrics);
  EXPECT_FALSE(store.find(result_of("a", 2, {})));
  Result other = first;
  other.setting["epochs"] = 4;
  EXPECT_FALSE(store.find(other)) << "another training is another run";
  other.metrics["accuracy"] = 0.75;
  store.add(other);
  EXPECT_EQ(store.find(other)->metrics.at("accuracy"), 0.75);
  EXPECT_EQ(store.find(first)->metrics, first.metrics) << "one setting does not push out another";
}

TEST_F(ExperimentFiles, ResultsTravelInJson) {
  Result sent = result_of("a", 1, {{"accuracy", 0.5}});
  sent.date = "2026-01-02T03:04:05Z";
  sent.seconds = 60.0;
  const fs::path file = folder_ / "other.json";
  const auto write = [&](const nlohmann::json& results) {
    write_file(file, nlohmann::json{{"results", results}}.dump());
  };
  write(results_json(std::vector{sent}));
  const auto got = read_results(file);
  ASSERT_THAT(got, ::testing::SizeIs(1));
  EXPECT_EQ(results_json(got), results_json(std::vector{sent}));
  ResultStore store(folder_ / "results.sqlite");
  store.add(got[0]);
  EXPECT_EQ(store.find(sent)->date, sent.date) << "the day of the measurement, not of the copy";

  const auto refusal = [&](const char* name, const nlohmann::json& value) {
    auto results = results_json(std::vector{sent});
    results[0][name] = value;
    write(results);
    try {
      read_results(file);
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_THAT(refusal("seed", "x"),
              AllOf(HasSubstr("other.json: result 0: seed"), HasSubstr("\"x\"")));
  EXPECT_THAT(refusal("metrics", {{"accuracy", "high"}}), HasSubstr("numbers by name"));
  EXPECT_THAT(refusal("metrics", 3), HasSubstr("metrics: found 3, expected an object"));
  EXPECT_THAT(refusal("setting", nullptr), HasSubstr("setting"));
  write_file(file, "[]");
  EXPECT_THROW(read_results(file), InputError);
  write_file(file, "not JSON");
  EXPECT_THROW(read_results(file), InputError);
}

TEST(ExperimentRows, HaveMeanAndSampleDeviationOverSeeds) {
  const auto rows = rows_of(std::vector{result_of("a", 1, {{"accuracy", 0.5}}),
                                        result_of("b", 1, {{"accuracy", 0.25}}),
                                        result_of("a", 2, {{"accuracy", 0.75}, {"extra", 3.0}})});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].run, "a");
  EXPECT_THAT(rows[0].seeds, ElementsAre(1, 2));
  const Statistic& accuracy = rows[0].metrics.at("accuracy");
  EXPECT_EQ(accuracy.count, 2);
  EXPECT_DOUBLE_EQ(accuracy.mean, 0.625);
  EXPECT_DOUBLE_EQ(accuracy.deviation, 0.25 / std::sqrt(2.0));
  EXPECT_EQ(rows[0].metrics.at("extra").count, 1);
  EXPECT_EQ(rows[1].metrics.at("accuracy").deviation, 0.0);
}

TEST(ExperimentRows, CountTheLaneThatTakesFewestCycles) {
  const auto rows =
      rows_of(std::vector{result_of("a", 1, {{"cycles_sparse", 30.0}, {"cycles_balanced", 20.0}})});
  EXPECT_THAT(rows[0].metrics.at("cycles_least").mean, DoubleEq(20.0));
}

TEST(ParetoFront, NamesRunsThatNoOtherBeats) {
  const auto point = [](const std::string& run, double accuracy, double crossbars) {
    return result_of(run, 1, {{"accuracy", accuracy}, {"crossbars", crossbars}});
  };
  const auto rows =
      rows_of(std::vector{point("dense", 0.9, 100), point("worse", 0.8, 60),
                          point("half", 0.85, 50), point("same", 0.85, 50), point("tiny", 0.3, 10),
                          point("costly", 0.9, 120), point("dim", 0.7, 50)});
  EXPECT_THAT(front_of(rows, "net", "crossbars").runs,
              ElementsAre("tiny", "half", "same", "dense"));
  EXPECT_THAT(front_of(rows, "net", "cycles_least").runs, ElementsAre());
  EXPECT_THAT(front_of(rows, "other", "crossbars").runs, ElementsAre());
}

TEST_F(ExperimentFiles, ThePageSaysWhatWasRunAndWhatCameOfIt) {
  const Experiment toy = read(
      "[score.chip]\ntile = '16x16c2'\ndevice = 'demo'\n"
      "[run.a]\nmethod = 'balanced'\nscores = ['chip']\n");
  const auto rows = rows_of(
      std::vector{result_of("a", 3, {{"accuracy", 0.5}, {"crossbars", 8}, {"chip.mapped", 0.25}}),
                  result_of("a", 4, {{"accuracy", 0.6}, {"crossbars", 8}, {"chip.mapped", 0.25}})});
  const std::string page = markdown(toy, rows, {.command = "crossloop experiment x", .missing = 1});
  EXPECT_THAT(page,
              AllOf(HasSubstr("# A toy"), HasSubstr("`crossloop experiment x`"),
                    HasSubstr("| a | net | 64x64c2 | balanced |"),
                    HasSubstr("| a | 3, 4 | 55.00 +- 7.07 |"),
                    HasSubstr("| chip | 16x16c2 | demo | all |"), HasSubstr("25.00 +- 0.00"),
                    HasSubstr("- net, crossbars: a\n"), HasSubstr("1 runs have no result yet")));
}

TEST_F(ExperimentFiles, CountsAreOfTheStructureAlone) {
  const Experiment toy = read(
      "[counts.a]\nzoo = 'resnet18'\ntile = '64x64c2'\nstructure = 'tile_level'\nlevel = 1\n"
      "[counts.b]\nzoo = 'resnet18'\ntile = '64x64c2'\nstructure = 'dense'\n"
      "[run.a]\n");
  const auto rows = count_all(toy, CROSSLOOP_SOURCE_DIR);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].counts.crossbars, rows[1].counts.crossbars);
  EXPECT_LT(rows[0].counts.mean_adc_bits(), rows[1].counts.mean_adc_bits());
  EXPECT_THAT(counts_section(rows), HasSubstr("| resnet18 | 224x224 | 64x64c2 | tile_level 1 |"));
  EXPECT_EQ(to_json(rows)[0].at("counts_only"), true);
  EXPECT_EQ(counts_section({}), "");
}

}  // namespace
}  // namespace crossloop::experiment
