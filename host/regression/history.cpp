#include "host/regression/history.hpp"

#include "host/error.hpp"

namespace crossloop::regression {
namespace {

using nlohmann::json;

SqliteLayout layout() {
  return {.what = "history",
          .create = R"(
CREATE TABLE runs(
  id INTEGER PRIMARY KEY,
  evaluation INTEGER NOT NULL,
  date TEXT NOT NULL,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  passed INTEGER NOT NULL,
  seeds TEXT NOT NULL,
  summary TEXT NOT NULL);
CREATE INDEX runs_by_name ON runs(name, evaluation);
)",
          .version = 1};
}

}  // namespace

History::History(const std::filesystem::path& path) : file_(path, layout()) {}

void History::append(const Evaluation& evaluation, std::span<const Run> runs) {
  SqliteTransaction transaction(file_);
  SqliteStatement next(file_, "SELECT coalesce(max(evaluation), 0) + 1 FROM runs");
  next.step();
  const std::int64_t number = next.integer(0);
  for (const Run& run : runs) {
    SqliteStatement insert(
        file_,
        "INSERT INTO runs(evaluation, date, name, version, passed, seeds, summary) "
        "VALUES(?, ?, ?, ?, ?, ?, ?)");
    insert.bind(1, number).bind(2, evaluation.date).bind(3, evaluation.name);
    insert.bind(4, run.summary.value("version", evaluation.version))
        .bind(5, std::int64_t{evaluation.passed});
    insert.bind(6, run.summary.value("seeds", json::object()).dump()).bind(7, run.summary.dump());
    insert.step();
  }
  transaction.commit();
}

std::vector<Run> History::latest_passed(const std::string& name) const {
  SqliteStatement select(file_,
                         "SELECT id, summary FROM runs WHERE name = ?1 AND evaluation = (SELECT "
                         "max(evaluation) FROM runs WHERE name = ?1 AND passed = 1) ORDER BY id");
  select.bind(1, name);
  std::vector<Run> runs;
  while (select.step()) {
    const std::string source = file_.path().string() + " run " + std::to_string(select.integer(0));
    json summary = json::parse(select.text(1), nullptr, false);
    if (!summary.is_object()) {
      throw InputError(source + ": found text that is not a JSON object, expected a summary");
    }
    runs.push_back({source, std::move(summary)});
  }
  return runs;
}

}  // namespace crossloop::regression
