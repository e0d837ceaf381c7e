#include "host/report/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "host/error.hpp"
#include "host/files.hpp"

namespace crossloop::report {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

namespace fs = std::filesystem;

json small_summary() {
  return json::parse(R"({
    "name": "small", "dataset": "shapes", "network": "linear", "device": "ideal", "run_on": "rtl",
    "tile": "16x16, 2 bits per cell", "test_images": 100, "command": "crossloop loop small.toml",
    "accuracy": {"float": 0.5, "recovered": 0.25},
    "ladder": [{"name": "float", "label": "float"}, {"name": "recovered", "label": "at last"}],
    "crossbars": {"dense": 4, "pruned": 3},
    "layers": [{"name": "fc", "dense": 4, "pruned": 3}],
    "rtl": {"images": 1, "integers": 10, "mismatches": 0, "cycles": 20, "column_reads": 30,
            "conversions": 40, "clipped_low": 0, "clipped_high": 0, "seconds": 0.5},
    "measure": {"pages": 6, "vectors": 7, "max_standard_error": 0.5, "weight_error": 0.1},
    "reprogrammed": {"crossbars": 1, "cells": 2, "of_cells": 3},
    "seeds": {"chip": 7}, "seconds": {"train": 1.5}, "snapshot_hash": "ff"})");
}

/// The JSON that the page carries.
json data_of(const std::string& page) {
  const std::string open = "<script type=\"application/json\" id=\"summary\">";
  const std::size_t begin = page.find(open) + open.size();
  return json::parse(page.substr(begin, page.find("</script>", begin) - begin));
}

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

std::string error_of(const json& summary) {
  return error_of([&] { html_report(summary); });
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

class ReportFile : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_ =
      fs::path(::testing::TempDir()) /
      ("report_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
};

TEST(HtmlReport, CarriesTheWholeSummary) {
  EXPECT_EQ(data_of(html_report(small_summary())), small_summary());
}

TEST(HtmlReport, FetchesNothing) {
  const std::string page = html_report(small_summary());
  EXPECT_THAT(page,
              AllOf(Not(HasSubstr("src=\"")), Not(HasSubstr("<link")), Not(HasSubstr("@import"))));
  EXPECT_THAT(page, HasSubstr("Chart.js v3"));
}

TEST(HtmlReport, KeepsMarkupInTextFromEndingTheScript) {
  json summary = small_summary();
  summary["dataset"] = "</script><script>alert(1)</script><!--";
  const std::string page = html_report(summary);
  EXPECT_EQ(data_of(page), summary);
  EXPECT_EQ(count_of(page, "</script>"), count_of(html_report(small_summary()), "</script>"));
  EXPECT_THAT(page, Not(HasSubstr("alert(1)<")));
}

TEST(HtmlReport, KeepsTextThatLooksLikeASlot) {
  json summary = small_summary();
  summary["name"] = "{{chart_js}} {{summary}}";
  EXPECT_EQ(data_of(html_report(summary)), summary);
}

TEST(HtmlReport, ShowsBytesThatAreNotUtf8AsReplacements) {
  json summary = small_summary();
  summary["device"] = "a\xff";
  EXPECT_EQ(data_of(html_report(summary))["device"], "a\xef\xbf\xbd");
}

TEST(HtmlReport, TakesASummaryWithoutCommandVersionAndHash) {
  json summary = small_summary();
  for (const char* key : {"command", "version", "snapshot_hash"}) summary.erase(key);
  EXPECT_EQ(error_of(summary), "no error");
}

TEST(HtmlReport, NamesAMissingKey) {
  const json whole = small_summary();
  for (const auto& [key, value] : whole.items()) {
    if (key == "command" || key == "snapshot_hash") continue;
    json summary = whole;
    summary.erase(key);
    EXPECT_THAT(error_of(summary), HasSubstr("summary: key '" + key + "' is missing")) << key;
  }
}

TEST(HtmlReport, NamesAKeyOfTheWrongKind) {
  json summary = small_summary();
  summary["rtl"]["cycles"] = "many";
  EXPECT_EQ(error_of(summary), "summary: key 'rtl.cycles': found string, expected a number");
  summary = small_summary();
  summary["accuracy"]["recovered"] = nullptr;
  EXPECT_EQ(error_of(summary), "summary: key 'accuracy.recovered': found null, expected a number");
  summary = small_summary();
  summary["layers"][0].erase("dense");
  EXPECT_EQ(error_of(summary), "summary: key 'layers[0].dense' is missing, expected a number");
  summary = small_summary();
  summary["ladder"] = {1};
  EXPECT_EQ(error_of(summary), "summary: key 'ladder[0]': found number, expected an object");
  summary = small_summary();
  summary["seeds"]["chip"] = "x";
  EXPECT_EQ(error_of(summary), "summary: key 'seeds.chip': found string, expected a number");
  EXPECT_EQ(error_of(json::array()), "summary: found array, expected an object");
}

TEST_F(ReportFile, ReadsASummaryFromItsFileOrItsFolder) {
  write_file(folder_ / "summary.json", small_summary().dump());
  EXPECT_EQ(read_summary(folder_ / "summary.json"), small_summary());
  EXPECT_EQ(read_summary(folder_), small_summary());
}

TEST_F(ReportFile, NamesASummaryThatIsMissingOrNoJson) {
  EXPECT_THAT(error_of([&] { read_summary(folder_); }),
              HasSubstr((folder_ / "summary.json").string() + ": cannot be read"));
  write_file(folder_ / "summary.json", "{\"name\": ");
  EXPECT_THAT(error_of([&] { read_summary(folder_); }), HasSubstr("found text that is not JSON"));
  write_file(folder_ / "summary.json", "[1]");
  EXPECT_THAT(error_of([&] { read_summary(folder_); }), HasSubstr("found array"));
}

TEST_F(ReportFile, WritesThePage) {
  write_report(small_summary(), folder_ / "report.html");
  const auto bytes = read_file(folder_ / "report.html");
  EXPECT_EQ(std::string(bytes.begin(), bytes.end()), html_report(small_summary()));
}

TEST_F(ReportFile, LeavesTheOldPageWhenTheSummaryIsBad) {
  write_file(folder_ / "report.html", "old");
  EXPECT_THROW(write_report(json::object(), folder_ / "report.html"), InputError);
  EXPECT_EQ(read_file(folder_ / "report.html").size(), 3u);
}

}  // namespace
}  // namespace crossloop::report
