// SQLite files: opened and checked, statements, transactions.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

struct sqlite3;
struct sqlite3_stmt;

namespace crossloop {

/// What a file must look like: made so where it is new, refused where it is otherwise.
struct SqliteLayout {
  std::string what;    ///< "history", for messages
  std::string create;  ///< SQL that makes the tables
  int version = 1;     ///< PRAGMA user_version
};

/// One open file. Every method throws InputError naming the file, what it is and SQLite's reason.
/// Not thread-safe; two processes may write to one file, the second waits for up to 10 s.
class SqliteFile {
 public:
  /// Opens `path`, making it and its folder where they are missing. Throws InputError for a file
  /// that is no SQLite database or has another layout.
  SqliteFile(std::filesystem::path path, SqliteLayout layout);

  void execute(const std::string& sql);
  const std::filesystem::path& path() const { return path_; }

 private:
  friend class SqliteStatement;
  [[noreturn]] void fail() const;
  void create_or_check();

  struct Closer {
    void operator()(sqlite3* database) const;
  };
  std::filesystem::path path_;
  SqliteLayout layout_;
  std::unique_ptr<sqlite3, Closer> database_;
};

/// A prepared statement of a file that outlives it. Parameters count from 1, columns from 0.
class SqliteStatement {
 public:
  SqliteStatement(const SqliteFile& file, const std::string& sql);

  SqliteStatement& bind(int parameter, const std::string& value);
  SqliteStatement& bind(int parameter, std::int64_t value);

  /// True while there is a row.
  bool step();
  std::int64_t integer(int column) const;
  std::string text(int column) const;  ///< "" for NULL

 private:
  struct Finaliser {
    void operator()(sqlite3_stmt* statement) const;
  };
  const SqliteFile& file_;
  std::unique_ptr<sqlite3_stmt, Finaliser> statement_;
};

/// Takes the write lock at once; what is not committed is rolled back.
class SqliteTransaction {
 public:
  explicit SqliteTransaction(SqliteFile& file);
  ~SqliteTransaction();
  SqliteTransaction(const SqliteTransaction&) = delete;
  SqliteTransaction& operator=(const SqliteTransaction&) = delete;

  void commit();

 private:
  SqliteFile& file_;
  bool committed_ = false;
};

/// The time now, UTC: "2024-05-31T12:00:00Z".
std::string utc_now();

}  // namespace crossloop
