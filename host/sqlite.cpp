#include "host/sqlite.hpp"

#include <sqlite3.h>

#include <ctime>
#include <utility>

#include "host/error.hpp"

namespace crossloop {

namespace {

constexpr int kBusyMilliseconds = 10'000;

}  // namespace

void SqliteFile::Closer::operator()(sqlite3* database) const { sqlite3_close(database); }

SqliteFile::SqliteFile(std::filesystem::path path, SqliteLayout layout)
    : path_(std::move(path)), layout_(std::move(layout)) {
  if (path_.has_parent_path()) {
    std::error_code failure;
    std::filesystem::create_directories(path_.parent_path(), failure);
    if (failure) {
      throw InputError(path_.parent_path().string() + ": cannot be created: " + failure.message());
    }
  }
  sqlite3* database = nullptr;
  const int code = sqlite3_open(path_.c_str(), &database);
  database_.reset(database);
  if (code != SQLITE_OK) fail();
  sqlite3_busy_timeout(database, kBusyMilliseconds);
  create_or_check();
}

void SqliteFile::fail() const {
  throw InputError(path_.string() + ": " + layout_.what + ": " + sqlite3_errmsg(database_.get()));
}

void SqliteFile::execute(const std::string& sql) {
  if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail();
}

void SqliteFile::create_or_check() {
  const auto integer = [this](const char* sql) {
    SqliteStatement statement(*this, sql);
    statement.step();
    return statement.integer(0);
  };
  SqliteTransaction transaction(*this);
  if (integer("SELECT count(*) FROM sqlite_master") == 0) {
    execute(layout_.create);
    execute("PRAGMA user_version = " + std::to_string(layout_.version));
  }
  const std::int64_t version = integer("PRAGMA user_version");
  if (version != layout_.version) {
    throw InputError(path_.string() + ": " + layout_.what + ": found layout " +
                     std::to_string(version) + ", expected " + std::to_string(layout_.version));
  }
  transaction.commit();
}

void SqliteStatement::Finaliser::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

SqliteStatement::SqliteStatement(const SqliteFile& file, const std::string& sql) : file_(file) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(file.database_.get(), sql.c_str(), -1, &statement, nullptr);
  statement_.reset(statement);
  if (code != SQLITE_OK) file_.fail();
}

SqliteStatement& SqliteStatement::bind(int parameter, const std::string& value) {
  sqlite3_bind_text(statement_.get(), parameter, value.data(), static_cast<int>(value.size()),
                    SQLITE_TRANSIENT);
  return *this;
}

SqliteStatement& SqliteStatement::bind(int parameter, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), parameter, value);
  return *this;
}

bool SqliteStatement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code != SQLITE_ROW && code != SQLITE_DONE) file_.fail();
  return code == SQLITE_ROW;
}

std::int64_t SqliteStatement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string SqliteStatement::text(int column) const {
  const auto* bytes = sqlite3_column_text(statement_.get(), column);
  return bytes == nullptr ? "" : reinterpret_cast<const char*>(bytes);
}

SqliteTransaction::SqliteTransaction(SqliteFile& file) : file_(file) {
  file_.execute("BEGIN IMMEDIATE");
}

SqliteTransaction::~SqliteTransaction() {
  if (committed_) return;
  try {
    file_.execute("ROLLBACK");
  } catch (const InputError&) {
    // SQLite has rolled back by itself, or does when the file is closed.
  }
}

void SqliteTransaction::commit() {
  file_.execute("COMMIT");
  committed_ = true;
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm fields{};
  gmtime_r(&now, &fields);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &fields);
  return text;
}

}  // namespace crossloop
