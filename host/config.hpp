// Strict TOML: every key is known, typed and in range, or the error names key, line and range.
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace crossloop {

/// One table of a TOML file, read key by key. Every getter marks its key as known; finish() refuses
/// what is left. All errors are InputError and read
/// `FILE:LINE: key 'wires.row_ohm': found -1, expected a number from 0 to 1e6`.
class ConfigTable {
 public:
  /// Parses a file. Throws InputError for a missing file or a syntax error (with its line).
  static ConfigTable parse_file(const std::filesystem::path& path);
  /// Parses text; `name` stands for the file in messages.
  static ConfigTable parse_text(std::string_view text, const std::string& name);
  ~ConfigTable();
  ConfigTable(ConfigTable&&) noexcept;
  ConfigTable& operator=(ConfigTable&&) noexcept;

  bool has(std::string_view key) const;
  /// All keys of this table in alphabetical order, for tables whose keys are names the user gives.
  std::vector<std::string> keys() const;

  // Required where there is no fallback. Integers are accepted where a number is asked for.
  double number(std::string_view key, double low, double high);
  double number(std::string_view key, double low, double high, double fallback);
  std::int64_t integer(std::string_view key, std::int64_t low, std::int64_t high);
  std::int64_t integer(std::string_view key, std::int64_t low, std::int64_t high,
                       std::int64_t fallback);
  bool boolean(std::string_view key, bool fallback);
  std::string text(std::string_view key);
  std::string text(std::string_view key, const std::string& fallback);
  /// One of `choices`; returns its index. The error lists them.
  std::size_t choice(std::string_view key, std::initializer_list<std::string_view> choices);
  std::size_t choice(std::string_view key, std::initializer_list<std::string_view> choices,
                     std::size_t fallback);
  std::vector<double> numbers(std::string_view key, double low, double high);
  std::vector<std::string> texts(std::string_view key);

  /// A sub-table; an absent one reads as empty. It must be finished too.
  ConfigTable table(std::string_view key);

  /// Throws InputError for the first key no getter asked for, listing the known ones.
  void finish() const;

  /// `FILE:LINE` of a key, or the file where it is absent, for errors found later.
  std::string where(std::string_view key) const;
  const std::filesystem::path& file() const;

 private:
  struct State;
  explicit ConfigTable(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace crossloop
