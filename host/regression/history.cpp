#include "host/regression/history.hpp"

#include <sqlite3.h>

#include <ctime>

#include "host/error.hpp"

namespace crossloop::regression {
namespace {

using nlohmann::json;

constexpr int kLayout = 1;  // PRAGMA user_version
constexpr int kBusyMilliseconds = 10'000;

constexpr const char* kCreate = R"(
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
PRAGMA user_version = 1;
)";

[[noreturn]] void fail(sqlite3* database, const std::filesystem::path& path) {
  throw InputError(path.string() + ": history: " + sqlite3_errmsg(database));
}

void execute(sqlite3* database, const std::filesystem::path& path, const char* sql) {
  if (sqlite3_exec(database, sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail(database, path);
}

/// A prepared statement. Parameters count from 1, columns from 0.
class Statement {
 public:
  Statement(sqlite3* database, const std::filesystem::path& path, const char* sql)
      : database_(database), path_(path) {
    if (sqlite3_prepare_v2(database, sql, -1, &statement_, nullptr) != SQLITE_OK) {
      fail(database, path);
    }
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(int parameter, const std::string& value) {
    sqlite3_bind_text(statement_, parameter, value.data(), static_cast<int>(value.size()),
                      SQLITE_TRANSIENT);
    return *this;
  }
  Statement& bind(int parameter, std::int64_t value) {
    sqlite3_bind_int64(statement_, parameter, value);
    return *this;
  }

  /// True while there is a row.
  bool step() {
    const int code = sqlite3_step(statement_);
    if (code != SQLITE_ROW && code != SQLITE_DONE) fail(database_, path_);
    return code == SQLITE_ROW;
  }

  std::int64_t integer(int column) { return sqlite3_column_int64(statement_, column); }
  std::string text(int column) {
    const auto* bytes = sqlite3_column_text(statement_, column);
    return bytes == nullptr ? "" : reinterpret_cast<const char*>(bytes);
  }

 private:
  sqlite3* database_;
  const std::filesystem::path& path_;
  sqlite3_stmt* statement_ = nullptr;
};

std::int64_t query_integer(sqlite3* database, const std::filesystem::path& path, const char* sql) {
  Statement statement(database, path, sql);
  statement.step();
  return statement.integer(0);
}

/// Takes the write lock at once; what is not committed is rolled back.
class Transaction {
 public:
  Transaction(sqlite3* database, const std::filesystem::path& path)
      : database_(database), path_(path) {
    execute(database_, path_, "BEGIN IMMEDIATE");
  }
  ~Transaction() {
    if (!committed_) sqlite3_exec(database_, "ROLLBACK", nullptr, nullptr, nullptr);
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  void commit() {
    execute(database_, path_, "COMMIT");
    committed_ = true;
  }

 private:
  sqlite3* database_;
  const std::filesystem::path& path_;
  bool committed_ = false;
};

void create_or_check(sqlite3* database, const std::filesystem::path& path) {
  Transaction transaction(database, path);
  const auto tables = query_integer(database, path, "SELECT count(*) FROM sqlite_master");
  if (tables == 0) execute(database, path, kCreate);
  const auto layout = query_integer(database, path, "PRAGMA user_version");
  if (layout != kLayout) {
    throw InputError(path.string() + ": history: found layout " + std::to_string(layout) +
                     ", expected " + std::to_string(kLayout));
  }
  transaction.commit();
}

}  // namespace

void History::Closer::operator()(sqlite3* database) const { sqlite3_close(database); }

History::History(const std::filesystem::path& path) : path_(path) {
  if (path.has_parent_path()) {
    std::error_code failure;
    std::filesystem::create_directories(path.parent_path(), failure);
    if (failure) {
      throw InputError(path.parent_path().string() + ": cannot be created: " + failure.message());
    }
  }
  sqlite3* database = nullptr;
  const int code = sqlite3_open(path.c_str(), &database);
  database_.reset(database);
  if (code != SQLITE_OK) fail(database, path_);
  sqlite3_busy_timeout(database, kBusyMilliseconds);
  create_or_check(database, path_);
}

void History::append(const Evaluation& evaluation, std::span<const Run> runs) {
  sqlite3* database = database_.get();
  Transaction transaction(database, path_);
  const auto number =
      query_integer(database, path_, "SELECT coalesce(max(evaluation), 0) + 1 FROM runs");
  for (const Run& run : runs) {
    Statement insert(database, path_,
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
  Statement select(database_.get(), path_,
                   "SELECT id, summary FROM runs WHERE name = ?1 AND evaluation = (SELECT "
                   "max(evaluation) FROM runs WHERE name = ?1 AND passed = 1) ORDER BY id");
  select.bind(1, name);
  std::vector<Run> runs;
  while (select.step()) {
    const std::string source = path_.string() + " run " + std::to_string(select.integer(0));
    json summary = json::parse(select.text(1), nullptr, false);
    if (!summary.is_object()) {
      throw InputError(source + ": found text that is not a JSON object, expected a summary");
    }
    runs.push_back({source, std::move(summary)});
  }
  return runs;
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm fields{};
  gmtime_r(&now, &fields);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &fields);
  return text;
}

}  // namespace crossloop::regression
