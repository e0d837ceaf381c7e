#include "host/analog/inl_file.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include "host/error.hpp"
#include "host/files.hpp"

namespace crossloop::analog {
namespace {

constexpr double kLargest = 127.0;  // a signed byte, both signs alike

/// One number and the line it stands on.
struct Entry {
  double value = 0.0;
  int line = 0;
};

class InlFile {
 public:
  explicit InlFile(const std::filesystem::path& path) : name_(path.string()) {
    const auto bytes = read_file(path);
    std::istringstream text(std::string(bytes.begin(), bytes.end()));
    std::string line;
    for (int number = 1; std::getline(text, line); ++number) add_line(line, number);
  }

  InlTable table() const { return pairs_only_ ? from_pairs() : from_list(); }

 private:
  [[noreturn]] void refuse(int line, const std::string& found, const std::string& expected) const {
    throw InputError(name_ + ":" + std::to_string(line) + ": found " + found + ", expected " +
                     expected);
  }

  void add_line(std::string line, int number) {
    line = line.substr(0, line.find('#'));
    std::replace(line.begin(), line.end(), ',', ' ');
    std::istringstream words(line);
    int count = 0;
    for (std::string word; words >> word; ++count) {
      double value = 0.0;
      const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
      if (error != std::errc() || end != word.data() + word.size() || !std::isfinite(value)) {
        refuse(number, '"' + word + '"', "a number");
      }
      entries_.push_back({value, number});
    }
    pairs_only_ = pairs_only_ && (count == 0 || count == 2);
  }

  std::int8_t correction(double value, int line) const {
    if (std::abs(value) > kLargest) {
      refuse(line, "correction " + std::to_string(value), "-127 to 127 LSB");
    }
    return static_cast<std::int8_t>(std::lround(value));
  }

  InlTable from_list() const {
    InlTable table;
    if (entries_.size() != table.size()) {
      throw InputError(name_ + ": found " + std::to_string(entries_.size()) +
                       " numbers, expected 256 corrections in LSB, or lines of a code and its "
                       "correction");
    }
    for (std::size_t i = 0; i < table.size(); ++i) {
      table[i] = correction(entries_[i].value, entries_[i].line);
    }
    return table;
  }

  InlTable from_pairs() const {
    check_codes();
    InlTable table;
    for (std::size_t i = 0, code = 0; code < table.size(); ++code) {
      while (i + 4 < entries_.size() && entries_[i + 2].value <= static_cast<double>(code)) i += 2;
      const double x0 = entries_[i].value, x1 = entries_[i + 2].value;
      const double part = (static_cast<double>(code) - x0) / (x1 - x0);
      const double y0 = entries_[i + 1].value, y1 = entries_[i + 3].value;
      table[code] = correction(y0 + part * (y1 - y0), entries_[i].line);
    }
    return table;
  }

  void check_codes() const {
    if (entries_.size() < 4) {
      throw InputError(name_ + ": found " + std::to_string(entries_.size() / 2) +
                       " codes with a correction, expected at least those of codes 0 and 255");
    }
    double last = -1.0;
    for (std::size_t i = 0; i < entries_.size(); i += 2) {
      const auto& [code, line] = entries_[i];
      const bool whole = code == std::floor(code) && code >= 0.0 && code <= 255.0;
      if (!whole) refuse(line, "code " + std::to_string(code), "an integer from 0 to 255");
      if (code <= last) refuse(line, "code " + std::to_string(code), "codes that increase");
      if (i == 0 && code != 0.0) refuse(line, "first code " + std::to_string(code), "0");
      last = code;
    }
    if (last != 255.0) {
      refuse(entries_.back().line, "last code " + std::to_string(last), "255");
    }
  }

  std::string name_;
  std::vector<Entry> entries_;
  bool pairs_only_ = true;
};

}  // namespace

InlTable read_inl_file(const std::filesystem::path& path) {
  const InlTable table = InlFile(path).table();
  if (table == InlTable{}) {
    throw InputError(path.string() +
                     ": found corrections that all round to 0 LSB, expected one of at least 0.5");
  }
  return table;
}

}  // namespace crossloop::analog
