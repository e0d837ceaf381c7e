#include "pruning/scalar_log.hpp"

#include <spdlog/fmt/fmt.h>

#include <charconv>
#include <fstream>
#include <nlohmann/json.hpp>

#include "host/error.hpp"
#include "host/files.hpp"

namespace crossloop::pruning {

namespace {

constexpr const char* kHeader =
    "epoch,step,loss,learning_rate,train_accuracy,validation_accuracy,seconds\n";

std::string text(const std::optional<double>& value) {
  return value ? fmt::format("{:.6g}", *value) : "";
}

}  // namespace

ScalarLog::ScalarLog(std::filesystem::path path, int epochs_done)
    : path_(std::move(path)), csv_(path_.extension() == ".csv") {
  if (path_.empty()) return;
  std::string content = csv_ ? kHeader : "";
  std::ifstream former(path_);
  for (std::string each; epochs_done > 0 && std::getline(former, each);) {
    if (kept(each, epochs_done)) content += each + "\n";
  }
  write_file(path_, content);
}

bool ScalarLog::kept(const std::string& line, int epochs_done) const {
  int epoch = 0;
  if (csv_) {
    std::from_chars(line.data(), line.data() + line.size(), epoch);
  } else {
    const auto parsed = nlohmann::json::parse(line, nullptr, false);
    if (parsed.is_object()) epoch = parsed.value("epoch", 0);
  }
  return epoch >= 1 && epoch <= epochs_done;
}

std::string ScalarLog::line(const ScalarRecord& record) const {
  if (csv_) {
    return fmt::format("{},{},{:.6g},{:.6g},{:.6g},{},{}\n", record.epoch, record.step, record.loss,
                       record.learning_rate, record.train_accuracy,
                       text(record.validation_accuracy), text(record.seconds));
  }
  nlohmann::ordered_json json = {{"epoch", record.epoch},
                                 {"step", record.step},
                                 {"loss", record.loss},
                                 {"learning_rate", record.learning_rate},
                                 {"train_accuracy", record.train_accuracy}};
  if (record.validation_accuracy) json["validation_accuracy"] = *record.validation_accuracy;
  if (record.seconds) json["seconds"] = *record.seconds;
  return json.dump() + "\n";
}

void ScalarLog::add(const ScalarRecord& record) {
  if (!path_.empty()) pending_ += line(record);
}

void ScalarLog::flush() {
  if (pending_.empty()) return;
  std::ofstream file(path_, std::ios::app);
  file << pending_ << std::flush;
  if (!file) throw InputError(path_.string() + ": cannot be written");
  pending_.clear();
}

}  // namespace crossloop::pruning
