// `crossloop experiment` on a toy data set: runs, resumes, compares.
#include <sqlite3.h>

#include <cstring>

#include "tests/command_line.hpp"

namespace crossloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kConfig = R"(
name = "toy"
title = "A toy"
paper = "none"
ours = "digits"
differences = "none"
tile = "16x16c2"
[size.small]
seeds = [1, 2]
integer_images = 20
chip_images = 20
calibration_images = 32
[size.small.network.net]
zoo = "resnet8"
train = { epochs = 2, batch = 20, learning_rate = 0.05, augment = false }
finetune = { epochs = 1, batch = 20, learning_rate = 0.01, augment = false }
penalty = { epochs = 1, batch = 20, learning_rate = 0.01, augment = false }
[score.chip]
tile = "16x16c2"
device = "demo"
passes = ["all", "rearrange"]
[run.dense]
[run.columns]
method = "column_magnitude"
options = { crossbar_ratio = 0.7 }
scores = ["chip"]
[run.columns-clipped]
from = "columns"
clip_percentile = 90
seeds = [1]
[run."columns+balanced"]
from = "columns"
method = "balanced"
options = { group = 8, pruned = 6, schedule = "once" }
seeds = [1]
[counts.vgg]
zoo = "vgg16"
tile = "64x64c2"
structure = "column_grain"
sparsity = 0.5
)";

constexpr const char* kCommand =
    "experiment toy.toml --data digits --cache cache --json toy.json --markdown toy.md ";

/// The only figure that `query` gives.
int number_from(const std::filesystem::path& file, const char* query) {
  sqlite3* database = nullptr;
  sqlite3_stmt* statement = nullptr;
  EXPECT_EQ(sqlite3_open(file.c_str(), &database), SQLITE_OK);
  EXPECT_EQ(sqlite3_prepare_v2(database, query, -1, &statement, nullptr), SQLITE_OK);
  EXPECT_EQ(sqlite3_step(statement), SQLITE_ROW);
  const int number = sqlite3_column_int(statement, 0);
  sqlite3_finalize(statement);
  sqlite3_close(database);
  return number;
}

class ExperimentCommand : public ::testing::Test {
 protected:
  ExperimentCommand() : folder_("experiment_command") {
    tests::write_digits(folder_.path());
    tests::write_content(folder_ / "toy.toml", kConfig);
  }
  tests::CommandResult run(const std::string& more = "") const {
    return folder_.run(kCommand + more);
  }
  /// Sends SIGINT when a file like `checkpoint` is in the cache: after the first epoch of a stage.
  void stop_at(const std::string& checkpoint, const std::string& command,
               const std::string& cache = "cache") const {
    const std::string folder = folder_.path().string();
    const std::string files = folder + "/" + cache + "/" + checkpoint;
    // The first `cd` is in the background.
    const auto stopped =
        folder_.run(command + " 2>log & pid=$!; for i in $(seq 3000); do ls " + files +
                    " >/dev/null 2>&1 && break; kill -0 $pid || break; sleep 0.02; done; cd '" +
                    folder + "'; kill -INT $pid; wait $pid");
    EXPECT_EQ(stopped.code, 1) << checkpoint;
  }
  static nlohmann::json row(const nlohmann::json& report, const std::string& run) {
    for (const auto& row : report.at("rows")) {
      if (row.at("run") == run) return row;
    }
    return {};
  }
  static double mean(const nlohmann::json& row, const std::string& metric) {
    return row.at("metrics").at(metric).at("mean");
  }

  tests::WorkFolder folder_;
};

TEST_F(ExperimentCommand, RunsEverythingOnceAndComparesIt) {
  const auto first = run("-q");
  ASSERT_EQ(first.code, 0) << first.errors;
  const auto report = folder_.json("toy.json");
  EXPECT_THAT(report.at("rows"), SizeIs(4));
  const auto dense = row(report, "dense"), columns = row(report, "columns");
  const auto both = row(report, "columns+balanced"), clipped = row(report, "columns-clipped");
  EXPECT_GE(mean(dense, "accuracy"), 0.9);
  EXPECT_EQ(mean(dense, "accuracy_lost"), 0.0);
  EXPECT_EQ(columns.at("metrics").at("accuracy").at("count"), 2);
  EXPECT_LE(mean(columns, "crossbars"), 0.7 * mean(dense, "crossbars"));
  EXPECT_GT(mean(both, "weights_pruned"), mean(columns, "weights_pruned") + 0.1);
  EXPECT_LT(mean(both, "cycles_balanced"), mean(columns, "cycles_balanced"));
  EXPECT_EQ(mean(clipped, "weights_pruned"), mean(columns, "weights_pruned"));
  EXPECT_GT(mean(columns, "chip.statistics"), 0.5);
  EXPECT_FALSE(dense.at("metrics").contains("chip.mapped"));
  EXPECT_EQ(report.at("counts_only")[0].at("structure"), "column_grain 0.5");
  EXPECT_THAT(tests::content_of(folder_ / "toy.md"),
              AllOf(HasSubstr("# A toy"), HasSubstr("Pareto fronts"), HasSubstr("Counts only")));

  EXPECT_EQ(number_from(folder_ / "cache/results.sqlite",
                        "SELECT count(*) FROM results WHERE json_extract(metrics, '$.accuracy') "
                        "> 0.5 AND experiment = 'toy' AND seed IN (1, 2)"),
            6);

  const auto again = run();
  ASSERT_EQ(again.code, 0) << again.errors;
  EXPECT_EQ(folder_.json("toy.json"), report);
  EXPECT_THAT(again.errors, Not(HasSubstr("epoch"))) << "nothing is trained twice";
}

TEST_F(ExperimentCommand, GoesOnWhereItWasStopped) {
  std::string config = kConfig;
  config.replace(config.find("epochs = 2"), 10, "epochs = 4");
  tests::write_content(folder_ / "long.toml", config);
  const std::string command =
      "experiment long.toml --data digits --cache cache --only dense --json long.json";
  stop_at("*.ckpt", command);
  EXPECT_THAT(tests::content_of(folder_ / "log"),
              AllOf(HasSubstr("epoch 1:"), HasSubstr("interrupted"), Not(HasSubstr("epoch 4:"))));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "long.json"));
  const auto resumed = folder_.run(command);
  ASSERT_EQ(resumed.code, 0) << resumed.errors;
  EXPECT_THAT(resumed.errors, AllOf(Not(HasSubstr("epoch 1:")), HasSubstr("epoch 4:")));
  EXPECT_EQ(folder_.json("long.json").at("runs_without_result"), 4);
}

// Stopped under the penalty, in the fine-tuning, and under clipped weights: the same figures.
TEST_F(ExperimentCommand, GoesOnInEveryStageOfAMethod) {
  std::string config = kConfig;
  for (const char* stage : {"finetune = { epochs = 1", "penalty = { epochs = 1"}) {
    config.replace(config.find(stage) + std::strlen(stage) - 1, 1, "12");
  }
  config += R"(
[run.dub]
method = "dub_regularize"
options = { ratio = 0.5 }
seeds = [1]
[run.dub-clipped]
from = "dub"
clip_percentile = 90
seeds = [1]
)";
  tests::write_content(folder_ / "stages.toml", config);
  const std::string command =
      "experiment stages.toml --data digits --threads 1 --only dub --only dub-clipped ";
  const std::string parts = command + "--cache parts --json parts.json";
  ASSERT_EQ(folder_
                .run("experiment stages.toml --data digits --threads 1 --only dense -q --cache "
                     "parts")
                .code,
            0);
  for (const char* checkpoint : {"*.ckpt.penalty-1", "*.ckpt.finetune-1", "*.ckpt"}) {
    stop_at(checkpoint, parts, "parts");
    EXPECT_THAT(tests::content_of(folder_ / "log"), HasSubstr("interrupted")) << checkpoint;
  }
  const auto last = folder_.run(parts);
  ASSERT_EQ(last.code, 0) << last.errors;
  EXPECT_THAT(last.errors, AllOf(Not(HasSubstr("epoch 1:")), HasSubstr("epoch 12:")));
  ASSERT_EQ(folder_.run(command + "-q --cache whole --json whole.json").code, 0);
  EXPECT_EQ(row(folder_.json("parts.json"), "dub"), row(folder_.json("whole.json"), "dub"));
  EXPECT_EQ(row(folder_.json("parts.json"), "dub-clipped"),
            row(folder_.json("whole.json"), "dub-clipped"));
}

TEST_F(ExperimentCommand, TwoProcessesShareACache) {
  const std::string command =
      "experiment toy.toml --data digits --cache cache --only dense --json ";
  const std::string folder = folder_.path().string();
  // The first one's `cd` is in its background.
  const auto both = folder_.run(
      command + "first.json >/dev/null 2>first & pid=$!; for i in $(seq 3000); do ls '" + folder +
      "'/cache/*.lock >/dev/null 2>&1 && break; kill -0 $pid || break; sleep 0.02; done; cd '" +
      folder + "' && '" CROSSLOOP_PROGRAM "' " + command +
      "second.json >/dev/null 2>second; code=$?; wait $pid && test $code = 0");
  const std::string first = tests::content_of(folder_ / "first"),
                    second = tests::content_of(folder_ / "second");
  ASSERT_EQ(both.code, 0) << first << second;
  EXPECT_THAT(first, HasSubstr("epoch 2:"));
  EXPECT_THAT(second, AllOf(HasSubstr("waiting for another process to train net"),
                            Not(HasSubstr("epoch"))));
  EXPECT_EQ(folder_.json("first.json").at("rows"), folder_.json("second.json").at("rows"));
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "cache")) {
    EXPECT_NE(entry.path().extension(), ".lock");
  }
}

TEST_F(ExperimentCommand, ListsWhatIsDone) {
  ASSERT_EQ(run("-q --only dense").code, 0);
  const auto listed = run("--list");
  ASSERT_EQ(listed.code, 0) << listed.errors;
  EXPECT_THAT(listed.output, ::testing::ContainsRegex("dense +seed 2 +done 20"));
  EXPECT_THAT(listed.output, ::testing::ContainsRegex("columns +seed 1 +to do"));
}

TEST_F(ExperimentCommand, TakesResultsOfAnotherMachine) {
  ASSERT_EQ(run("-q --only dense").code, 0);
  const auto report = folder_.json("toy.json");
  const std::string other = "experiment toy.toml --data digits --cache other --import toy.json ";
  const auto taken = folder_.run(other + "--only dense --json taken.json");
  ASSERT_EQ(taken.code, 0) << taken.errors;
  EXPECT_THAT(taken.errors, AllOf(HasSubstr("2 of 2 results have the setting of a run, 2 of them"),
                                  Not(HasSubstr("epoch"))));
  EXPECT_EQ(folder_.json("taken.json"), report);

  std::string config = kConfig;
  config.replace(config.find("integer_images = 20"), 19, "integer_images = 10");
  tests::write_content(folder_ / "toy.toml", config);
  EXPECT_THAT(folder_.run(other + "--list").errors,
              HasSubstr("0 of 2 results have the setting of a run"));
  tests::write_content(folder_ / "torn.json", R"({"results": [{"run": "dense"}]})");
  const auto torn = folder_.run(other + "--import torn.json --list");
  EXPECT_EQ(torn.code, 2);
  EXPECT_THAT(torn.errors, HasSubstr("torn.json: result 0:"));
}

TEST_F(ExperimentCommand, RefusesWhatItDoesNotKnow) {
  const auto refused = [&](const std::string& arguments, const std::string& text) {
    const auto result = folder_.run("experiment " + arguments);
    EXPECT_EQ(result.code, 2) << arguments;
    EXPECT_THAT(result.errors, HasSubstr(text));
  };
  refused("nothing.toml --data digits", "nothing.toml");
  refused("toy.toml --data digits --size full", "expected one of small");
  refused("toy.toml --data digits --cache cache --only magic", "no run 'magic', expected one of");
  refused("toy.toml --data nowhere", "nowhere");
  const auto edited = [&](const std::string& from, const std::string& to) {
    std::string config = kConfig;
    config.replace(config.find(from), from.size(), to);
    tests::write_content(folder_ / "edited.toml", config);
    return "edited.toml --data digits --cache cache";
  };
  refused(edited("resnet8", "resnet9"), "resnet9");
  refused(edited("\"demo\"", "\"mars\""), "mars");
  refused(edited("\"rearrange\"", "\"tidy\""), "score chip: passes: 'tidy'");
  refused(edited("16x16c2", "3x3"), "3x3");
}

}  // namespace
}  // namespace crossloop
