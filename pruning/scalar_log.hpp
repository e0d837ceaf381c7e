// The scalars of a training over time, in a file.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "pruning/train.hpp"

namespace crossloop::pruning {

/// One line of the log. `epoch` is 1-based; a record of a step has no epoch totals.
struct ScalarRecord {
  int epoch = 0;
  std::int64_t step = 0;  ///< steps done since the start of the training
  double loss = 0.0;      ///< mean since the last record; of an epoch's record over the epoch
  double learning_rate = 0.0;
  double train_accuracy = 0.0;  ///< 0..1, likewise
  std::optional<double> validation_accuracy = {};
  std::optional<double> seconds = {};  ///< of the epoch; absent in the record of a step
};

/// Keeps records and writes them when an epoch is complete, so that the file ends where the
/// checkpoint does. CSV where the name ends in .csv, else JSON lines.
class ScalarLog {
 public:
  /// Starts a new file, or (`epochs_done` > 0) keeps the records of the epochs done and drops later
  /// ones. An empty path logs nothing. Throws InputError if the file cannot be read or written.
  ScalarLog(std::filesystem::path path, int epochs_done);

  void add(const ScalarRecord& record);
  /// Appends what was added since. Throws InputError if the file cannot be written.
  void flush();

 private:
  std::string line(const ScalarRecord& record) const;
  bool kept(const std::string& line, int epochs_done) const;

  std::filesystem::path path_;
  bool csv_ = false;
  std::string pending_;
};

}  // namespace crossloop::pruning
