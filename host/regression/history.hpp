// Evaluations over time, in one SQLite file that any tool can query.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "host/regression/evaluate.hpp"
#include "host/sqlite.hpp"

namespace crossloop::regression {

/// What is known about one evaluation besides its runs.
struct Evaluation {
  std::string name;     ///< Regression::name
  std::string date;     ///< UTC, "2024-05-31T12:00:00Z"
  std::string version;  ///< of the program, for runs that do not say theirs
  bool passed = false;
};

/// Table runs(id, evaluation, date, name, version, passed, seeds, summary), one row a run; the runs
/// judged together share `evaluation`. seeds and summary are JSON: `json_extract(summary,
/// '$.accuracy.recovered')`. Not thread-safe; two processes may append to one file.
class History {
 public:
  /// Opens the file, made if missing. Throws InputError naming it if it cannot be opened, is no
  /// SQLite database or has another layout.
  explicit History(const std::filesystem::path& path);

  /// Adds one row a run, all or none. Throws InputError if the file cannot be written.
  void append(const Evaluation& evaluation, std::span<const Run> runs);

  /// The runs of the latest evaluation of this name that passed; empty if there is none.
  std::vector<Run> latest_passed(const std::string& name) const;

 private:
  SqliteFile file_;
};

}  // namespace crossloop::regression
