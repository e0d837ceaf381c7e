#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cmath>
#include <filesystem>
#include <functional>

#include "host/error.hpp"
#include "host/files.hpp"
#include "host/regression/history.hpp"

namespace crossloop::regression {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

namespace fs = std::filesystem;
using Runs = std::vector<Run>;  // inside a test, Run is a member of ::testing::Test

Regression parse(const std::string& gates) {
  return read_regression(ConfigTable::parse_text("name = 'r'\n" + gates, "r.toml"));
}

Run run_of(double recovered, int chip, std::int64_t mismatches = 0) {
  return {"seed" + std::to_string(chip) + ".json",
          {{"dataset", "shapes"},
           {"network", "resnet8"},
           {"seeds", {{"chip", chip}}},
           {"accuracy", {{"mapped", 0.25}, {"recovered", recovered}}},
           {"crossbars", {{"dense", 8}, {"pruned", 4}, {"none", 0}}},
           {"rtl", {{"mismatches", mismatches}}}}};
}

/// The only gate's result.
GateResult judged(const std::string& keys, const Runs& runs, const Runs& baseline = {}) {
  return evaluate(parse("[gate.g]\n" + keys), runs, baseline).at(0);
}

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Gates, ReadsValuesDifferencesRatiosAndBounds) {
  const Regression regression = parse(
      "[gate.b]\nvalue = 'x.y'\nmin = 1\nmax = 2.5\nof = 'every'\n"
      "[gate.a]\nvalue = 'x'\nminus = 'y'\nmax_drop = 0.5\nbaseline = 3\n"
      "[gate.c]\nvalue = 'x'\nover = 'y'\nmax = 0\nmin = 0\n");
  EXPECT_EQ(regression.name, "r");
  ASSERT_EQ(regression.gates.size(), 3u);
  EXPECT_EQ(regression.gates[0].formula(), "x - y");
  EXPECT_EQ(regression.gates[0].bounds(), "drop <= 0.5");
  EXPECT_EQ(regression.gates[0].baseline, 3.0);
  EXPECT_EQ(regression.gates[1].formula(), "x.y");
  EXPECT_EQ(regression.gates[1].bounds(), ">= 1, <= 2.5 (every seed)");
  EXPECT_EQ(regression.gates[1].scope, Scope::kEvery);
  EXPECT_EQ(regression.gates[2].formula(), "x / y");
  EXPECT_EQ(regression.gates[2].bounds(), "= 0");
}

TEST(Gates, RefusesWhatCannotBeJudgedAndNamesTheLine) {
  const auto error = [](const std::string& gates) { return error_of([&] { parse(gates); }); };
  EXPECT_EQ(error("[gate.g]\nvalue = 'x'\n"),
            "r.toml:3: gate 'g': found no bound, expected min, max or max_drop");
  EXPECT_EQ(error("[gate.g]\nvalue = 'x'\nminus = 'y'\nover = 'z'\nmax = 1\n"),
            "r.toml:3: gate 'g': found minus and over, expected at most one of them");
  EXPECT_EQ(error("[gate.g]\nvalue = 'x'\nmin = 2\nmax = 1\n"),
            "r.toml:3: gate 'g': min 2 is above max 1");
  EXPECT_THAT(error("[gate.g]\nvalue = 'x'\nmin = 2\nbaseline = 1\n"),
              HasSubstr("without max_drop"));
  EXPECT_THAT(error("[gate.g]\nmin = 2\n"), HasSubstr("key 'gate.g.value' is missing"));
  EXPECT_THAT(error("[gate.g]\nvalue = 'x'\nmax_drop = -1\n"),
              StartsWith("r.toml:4: key 'gate.g.max_drop': found -1"));
  EXPECT_THAT(error("[gate.g]\nvalue = 'x'\nmin = 2\nmxa = 3\n"), HasSubstr("did you mean"));
  EXPECT_THAT(error("[gate.g]\nvalue = 'x'\nmin = 2\nof = 'some'\n"),
              HasSubstr("one of mean, every"));
  EXPECT_THAT(error("[gate]\ng = 1\n"), HasSubstr("key 'gate.g': found 1, expected a table"));
  EXPECT_THAT(error(""), HasSubstr("found no gate"));
}

TEST(Gates, OfTheDemoAreReadable) {
  const Regression demo =
      read_regression(fs::path(CROSSLOOP_SOURCE_DIR) / "configs/regressions/demo.toml");
  EXPECT_EQ(demo.name, "demo");
  EXPECT_EQ(demo.gates.size(), 6u);
}

TEST(Evaluate, TakesMeanAndSampleDeviationOverTheSeeds) {
  const GateResult result = judged("value = 'accuracy.recovered'\nmin = 0.75\n",
                                   {run_of(0.5, 1), run_of(0.75, 2), run_of(1.0, 3)});
  EXPECT_THAT(result.values, ElementsAre(0.5, 0.75, 1.0));
  EXPECT_EQ(result.mean, 0.75);
  EXPECT_EQ(result.deviation, 0.25);
  EXPECT_TRUE(result.passed);
  EXPECT_EQ(judged("value = 'accuracy.recovered'\nmin = 0\n", {run_of(0.5, 1)}).deviation, 0.0);
}

TEST(Evaluate, SubtractsAndDivides) {
  EXPECT_EQ(judged("value = 'accuracy.recovered'\nminus = 'accuracy.mapped'\nmin = 0\n",
                   {run_of(0.75, 1)})
                .mean,
            0.5);
  EXPECT_EQ(
      judged("value = 'crossbars.pruned'\nover = 'crossbars.dense'\nmax = 1\n", {run_of(0.5, 1)})
          .mean,
      0.5);
}

TEST(Evaluate, PassesOnABoundAndFailsBeyondIt) {
  const Runs runs = {run_of(0.5, 1)};
  EXPECT_TRUE(judged("value = 'accuracy.recovered'\nmin = 0.5\nmax = 0.5\n", runs).passed);
  const GateResult low = judged("value = 'accuracy.recovered'\nmin = 0.51\n", runs);
  EXPECT_FALSE(low.passed);
  EXPECT_EQ(low.reason, "0.5 is below 0.51");
  const GateResult high = judged("value = 'accuracy.recovered'\nmax = 0.49\n", runs);
  EXPECT_FALSE(high.passed);
  EXPECT_EQ(high.reason, "0.5 is above 0.49");
}

TEST(Evaluate, HoldsEverySeedToTheBoundWhereAsked) {
  const Runs runs = {run_of(0.25, 1), run_of(0.75, 2)};
  EXPECT_TRUE(judged("value = 'accuracy.recovered'\nmin = 0.5\nmax = 0.5\n", runs).passed);
  EXPECT_FALSE(judged("value = 'accuracy.recovered'\nmin = 0.5\nof = 'every'\n", runs).passed);
  EXPECT_FALSE(judged("value = 'accuracy.recovered'\nmax = 0.5\nof = 'every'\n", runs).passed);
}

TEST(Evaluate, HoldsTheMeanAgainstTheBaseline) {
  const std::string gate = "value = 'accuracy.recovered'\nmax_drop = 0.125\n";
  const Runs runs = {run_of(0.5, 1)};
  EXPECT_TRUE(judged(gate, runs, {run_of(0.5, 1), run_of(0.75, 2)}).passed);
  const GateResult fallen = judged(gate, runs, {run_of(0.75, 1)});
  EXPECT_FALSE(fallen.passed);
  EXPECT_EQ(fallen.baseline, 0.75);
  EXPECT_EQ(fallen.reason, "0.5 is 0.25 below the baseline 0.75");
  EXPECT_TRUE(judged(gate, runs, {run_of(0.25, 1)}).passed) << "a rise is no drop";
}

TEST(Evaluate, PrefersTheFixedBaseline) {
  const std::string gate = "value = 'accuracy.recovered'\nmax_drop = 0.125\nbaseline = 0.75\n";
  EXPECT_FALSE(judged(gate, {run_of(0.5, 1)}).passed);
  EXPECT_FALSE(judged(gate, {run_of(0.5, 1)}, {run_of(0.5, 1)}).passed);
}

TEST(Evaluate, PassesAndSaysSoWithoutABaseline) {
  const GateResult result =
      judged("value = 'accuracy.recovered'\nmax_drop = 0.125\n", {run_of(0.5, 1)});
  EXPECT_TRUE(result.passed);
  EXPECT_EQ(result.reason, "no baseline yet");
}

TEST(Evaluate, NamesRunAndKeyOfABadValue) {
  const auto error = [](const std::string& keys) {
    return error_of([&] { judged(keys, {run_of(0.5, 1)}); });
  };
  EXPECT_EQ(error("value = 'accuracy.best'\nmin = 0\n"),
            "seed1.json: gate 'g': key 'accuracy.best' is missing, expected a number");
  EXPECT_THAT(error("value = 'accuracy.mapped.x'\nmin = 0\n"), HasSubstr("is missing"));
  EXPECT_THAT(error("value = ''\nmin = 0\n"), HasSubstr("key '' is missing"));
  EXPECT_EQ(error("value = 'dataset'\nmin = 0\n"),
            "seed1.json: gate 'g': key 'dataset': found string, expected a number");
  EXPECT_EQ(error("value = 'crossbars.dense'\nover = 'crossbars.none'\nmin = 0\n"),
            "seed1.json: gate 'g': key 'crossbars.none' is 0, expected a divisor");
}

TEST(Evaluate, RefusesRunsThatAreNotSeedsOfOneThing) {
  const auto error = [](const Runs& runs) {
    return error_of([&] { judged("value = 'accuracy.recovered'\nmin = 0\n", runs); });
  };
  EXPECT_THAT(error({}), HasSubstr("no summary"));
  EXPECT_EQ(error({run_of(0.5, 1), run_of(0.5, 2), run_of(0.5, 1)}),
            "seed1.json: seeds {\"chip\":1} are those of seed1.json, expected other ones");
  auto other = run_of(0.5, 2);
  other.summary["network"] = "linear";
  EXPECT_EQ(error({run_of(0.5, 1), other}),
            "seed2.json: network is \"linear\", expected \"resnet8\" as in seed1.json");
}

TEST(Evaluate, ShowsEveryGateInTableAndJson) {
  const Regression regression = parse(
      "[gate.exact]\nvalue = 'rtl.mismatches'\nmax = 0\n"
      "[gate.good]\nvalue = 'accuracy.recovered'\nmin = 0.25\n");
  const auto results = evaluate(regression, std::vector{run_of(0.5, 1, 3)}, {});
  EXPECT_FALSE(all_passed(results));
  const std::string text = table(regression, results);
  EXPECT_THAT(text, HasSubstr("r: 2 gates, 1 run\n"));
  EXPECT_THAT(text, HasSubstr("FAILED: 3 is above 0\n"));
  const json out = to_json(regression, results);
  EXPECT_EQ(out["passed"], false);
  EXPECT_EQ(out["gates"][0]["name"], "exact");
  EXPECT_EQ(out["gates"][0]["passed"], false);
  EXPECT_EQ(out["gates"][1]["passed"], true);
  EXPECT_EQ(out["gates"][1]["values"], json({0.5}));
}

class HistoryFile : public ::testing::Test {
 protected:
  void SetUp() override { fs::remove_all(folder_); }
  void TearDown() override { fs::remove_all(folder_); }
  static Evaluation evaluation(const std::string& name, bool passed) {
    return {name, "2024-05-31T12:00:00Z", "0.1.0", passed};
  }
  fs::path folder_ =
      fs::path(::testing::TempDir()) /
      ("history_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
  fs::path file_ = folder_ / "below" / "history.sqlite";
};

TEST_F(HistoryFile, GivesTheLatestEvaluationThatPassed) {
  const Runs first = {run_of(0.5, 1)};
  const Runs second = {run_of(0.75, 1), run_of(0.25, 2)};
  const Runs failed = {run_of(0.125, 1)};
  {
    History history(file_);
    EXPECT_THAT(history.latest_passed("r"), IsEmpty());
    history.append(evaluation("r", true), first);
    history.append(evaluation("r", true), second);
  }
  History history(file_);
  history.append(evaluation("r", false), failed);
  history.append(evaluation("other", true), failed);
  const auto runs = history.latest_passed("r");
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0].summary, second[0].summary);
  EXPECT_EQ(runs[1].summary, second[1].summary);
  EXPECT_THAT(history.latest_passed("none"), IsEmpty());
}

TEST_F(HistoryFile, CanBeQueriedWithPlainSql) {
  auto newer = run_of(0.75, 2);
  newer.summary["version"] = "0.2.0";
  History(file_).append(evaluation("r", true), std::vector{run_of(0.5, 1), newer});
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(file_.c_str(), &database), SQLITE_OK);
  std::string rows;
  const auto collect = [](void* text, int columns, char** values, char**) {
    for (int i = 0; i < columns; ++i)
      *static_cast<std::string*>(text) += values[i] + std::string(" ");
    return 0;
  };
  EXPECT_EQ(sqlite3_exec(database,
                         "SELECT id, evaluation, date, name, version, passed, seeds, "
                         "json_extract(summary, '$.accuracy.recovered') FROM runs ORDER BY id",
                         collect, &rows, nullptr),
            SQLITE_OK);
  sqlite3_close(database);
  EXPECT_EQ(rows,
            "1 1 2024-05-31T12:00:00Z r 0.1.0 1 {\"chip\":1} 0.5 "
            "2 1 2024-05-31T12:00:00Z r 0.2.0 1 {\"chip\":2} 0.75 ");
}

TEST_F(HistoryFile, RefusesWhatIsNoHistory) {
  write_file(file_, std::string(4096, 'x'));
  EXPECT_THAT(error_of([&] { History{file_}; }), HasSubstr(file_.string() + ": history: "));
  fs::remove(file_);
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(file_.c_str(), &database), SQLITE_OK);
  sqlite3_exec(database, "CREATE TABLE runs(a); PRAGMA user_version = 9", nullptr, nullptr,
               nullptr);
  sqlite3_close(database);
  EXPECT_THAT(error_of([&] { History{file_}; }), HasSubstr("found layout 9, expected 1"));
  EXPECT_THAT(error_of([&] { History{folder_}; }), HasSubstr(folder_.string() + ": history: "));
}

TEST(UtcNow, IsADateThatSortsAsText) {
  EXPECT_THAT(utc_now(), ::testing::MatchesRegex("20..-..-..T..:..:..Z"));
  EXPECT_THAT(utc_now(), Not(HasSubstr(" ")));
}

}  // namespace
}  // namespace crossloop::regression
