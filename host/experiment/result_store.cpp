#include "host/experiment/result_store.hpp"

#include <cmath>

#include "host/error.hpp"

namespace crossloop::experiment {

namespace {

SqliteLayout layout() {
  return {.what = "results of experiments",
          .create = R"(
CREATE TABLE results(
  id INTEGER PRIMARY KEY,
  experiment TEXT NOT NULL,
  size TEXT NOT NULL,
  run TEXT NOT NULL,
  network TEXT NOT NULL,
  seed INTEGER NOT NULL,
  setting TEXT NOT NULL,
  metrics TEXT NOT NULL,
  date TEXT NOT NULL,
  version TEXT NOT NULL,
  seconds INTEGER NOT NULL,
  UNIQUE(experiment, size, run, seed, setting));
)",
          .version = 1};
}

}  // namespace

ResultStore::ResultStore(const std::filesystem::path& path) : file_(path, layout()) {}

void ResultStore::add(const Result& result) {
  SqliteTransaction transaction(file_);
  SqliteStatement insert(file_,
                         "INSERT OR REPLACE INTO results(experiment, size, run, network, seed, "
                         "setting, metrics, date, version, seconds) "
                         "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  insert.bind(1, result.experiment).bind(2, result.size).bind(3, result.run);
  insert.bind(4, result.network).bind(5, static_cast<std::int64_t>(result.seed));
  insert.bind(6, result.setting.dump()).bind(7, nlohmann::json(result.metrics).dump());
  insert.bind(8, result.date.empty() ? utc_now() : result.date)
      .bind(9, result.version)
      .bind(10, std::llround(result.seconds));
  insert.step();
  transaction.commit();
}

std::optional<Result> ResultStore::find(const Result& like) const {
  SqliteStatement select(file_,
                         "SELECT metrics, date, version, seconds FROM results WHERE experiment = "
                         "? AND size = ? AND run = ? AND seed = ? AND setting = ?");
  select.bind(1, like.experiment).bind(2, like.size).bind(3, like.run);
  select.bind(4, static_cast<std::int64_t>(like.seed)).bind(5, like.setting.dump());
  if (!select.step()) return {};
  Result result = like;
  const auto metrics = nlohmann::json::parse(select.text(0), nullptr, false);
  if (!metrics.is_object()) {
    throw InputError(file_.path().string() + ": run '" + like.run +
                     "': metrics are no JSON object, expected one");
  }
  result.metrics = metrics.get<Metrics>();
  result.date = select.text(1);
  result.version = select.text(2);
  result.seconds = static_cast<double>(select.integer(3));
  return result;
}

}  // namespace crossloop::experiment
