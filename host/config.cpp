#include "host/config.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <sstream>

#include "host/error.hpp"
#include "host/files.hpp"

namespace crossloop {
namespace {

std::string shown(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.12g", value);
  return text;
}

/// A value as the message shows it: scalars by value, the rest by kind.
std::string shown(const toml::node& node) {
  if (const auto* value = node.as_string()) return '"' + value->get() + '"';
  if (const auto* value = node.as_integer()) return std::to_string(value->get());
  if (const auto* value = node.as_floating_point()) return shown(value->get());
  if (const auto* value = node.as_boolean()) return value->get() ? "true" : "false";
  if (node.is_array()) return "an array";
  if (node.is_table()) return "a table";
  return "a date or time";
}

std::string range(const char* kind, const std::string& low, const std::string& high) {
  return std::string(kind) + " from " + low + " to " + high;
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

/// Levenshtein distance, to suggest the key that was meant.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

/// A finite number, an integer included.
bool is_number_in(const toml::node& node, double low, double high) {
  const auto value = node.is_number() ? node.value<double>() : std::nullopt;
  return value && std::isfinite(*value) && *value >= low && *value <= high;
}

}  // namespace

struct ConfigTable::State {
  std::shared_ptr<const toml::table> root;  // owns every node; copies would lose their lines
  const toml::table* table = nullptr;       // null: the table is absent and reads as empty
  std::filesystem::path file;
  std::string prefix;  // "" or "wires."
  std::vector<std::string> known;

  std::string full(std::string_view key) const { return prefix + std::string(key); }

  const toml::node* peek(std::string_view key) const {
    return table == nullptr ? nullptr : table->get(key);
  }

  const toml::node* find(std::string_view key) {
    if (std::find(known.begin(), known.end(), key) == known.end()) known.emplace_back(key);
    return peek(key);
  }

  const toml::node& require(std::string_view key, const std::string& expected) {
    const toml::node* node = find(key);
    if (node == nullptr) {
      throw InputError(file.string() + ": key '" + full(key) + "' is missing, expected " +
                       expected);
    }
    return *node;
  }

  std::string where(const toml::node& node) const {
    return file.string() + ":" + std::to_string(node.source().begin.line);
  }

  [[noreturn]] void refuse(std::string_view key, const toml::node& node,
                           const std::string& expected) const {
    throw InputError(where(node) + ": key '" + full(key) + "': found " + shown(node) +
                     ", expected " + expected);
  }
};

ConfigTable::ConfigTable(std::unique_ptr<State> state) : state_(std::move(state)) {}
ConfigTable::~ConfigTable() = default;
ConfigTable::ConfigTable(ConfigTable&&) noexcept = default;
ConfigTable& ConfigTable::operator=(ConfigTable&&) noexcept = default;

ConfigTable ConfigTable::parse_file(const std::filesystem::path& path) {
  const auto bytes = read_file(path);
  return parse_text(std::string(bytes.begin(), bytes.end()), path.string());
}

ConfigTable ConfigTable::parse_text(std::string_view text, const std::string& name) {
  auto state = std::make_unique<State>();
  state->file = name;
  try {
    state->root = std::make_shared<const toml::table>(toml::parse(text, name));
  } catch (const toml::parse_error& error) {
    throw InputError(name + ":" + std::to_string(error.source().begin.line) +
                     ": not valid TOML: " + std::string(error.description()));
  }
  state->table = state->root.get();
  return ConfigTable(std::move(state));
}

bool ConfigTable::has(std::string_view key) const { return state_->peek(key) != nullptr; }

std::vector<std::string> ConfigTable::keys() const {
  std::vector<std::string> names;
  if (state_->table == nullptr) return names;
  for (const auto& [key, value] : *state_->table) names.emplace_back(key.str());
  return names;
}

double ConfigTable::number(std::string_view key, double low, double high) {
  const std::string expected = range("a number", shown(low), shown(high));
  const toml::node& node = state_->require(key, expected);
  if (!is_number_in(node, low, high)) state_->refuse(key, node, expected);
  return *node.value<double>();
}

double ConfigTable::number(std::string_view key, double low, double high, double fallback) {
  return state_->find(key) == nullptr ? fallback : number(key, low, high);
}

std::int64_t ConfigTable::integer(std::string_view key, std::int64_t low, std::int64_t high) {
  const std::string expected = range("an integer", std::to_string(low), std::to_string(high));
  const toml::node& node = state_->require(key, expected);
  const auto* value = node.as_integer();
  if (value == nullptr || value->get() < low || value->get() > high) {
    state_->refuse(key, node, expected);
  }
  return value->get();
}

std::int64_t ConfigTable::integer(std::string_view key, std::int64_t low, std::int64_t high,
                                  std::int64_t fallback) {
  return state_->find(key) == nullptr ? fallback : integer(key, low, high);
}

bool ConfigTable::boolean(std::string_view key, bool fallback) {
  const toml::node* node = state_->find(key);
  if (node == nullptr) return fallback;
  if (!node->is_boolean()) state_->refuse(key, *node, "true or false");
  return node->as_boolean()->get();
}

std::string ConfigTable::text(std::string_view key) {
  const toml::node& node = state_->require(key, "a string");
  if (!node.is_string()) state_->refuse(key, node, "a string");
  return node.as_string()->get();
}

std::string ConfigTable::text(std::string_view key, const std::string& fallback) {
  return state_->find(key) == nullptr ? fallback : text(key);
}

std::size_t ConfigTable::choice(std::string_view key,
                                std::initializer_list<std::string_view> choices) {
  const std::string expected =
      "one of " + listed(std::vector<std::string>(choices.begin(), choices.end()));
  const toml::node& node = state_->require(key, expected);
  const auto* value = node.as_string();
  const auto* found =
      value == nullptr ? choices.end() : std::find(choices.begin(), choices.end(), value->get());
  if (found == choices.end()) state_->refuse(key, node, expected);
  return static_cast<std::size_t>(found - choices.begin());
}

std::size_t ConfigTable::choice(std::string_view key,
                                std::initializer_list<std::string_view> choices,
                                std::size_t fallback) {
  return state_->find(key) == nullptr ? fallback : choice(key, choices);
}

std::vector<double> ConfigTable::numbers(std::string_view key, double low, double high) {
  const std::string each = range("numbers", shown(low), shown(high));
  const toml::node& node = state_->require(key, "an array of " + each);
  const auto* array = node.as_array();
  if (array == nullptr) state_->refuse(key, node, "an array of " + each);
  std::vector<double> values;
  for (const toml::node& item : *array) {
    if (!is_number_in(item, low, high)) {
      state_->refuse(std::string(key) + "[" + std::to_string(values.size()) + "]", item, each);
    }
    values.push_back(*item.value<double>());
  }
  return values;
}

std::vector<std::string> ConfigTable::texts(std::string_view key) {
  const toml::node& node = state_->require(key, "an array of strings");
  const auto* array = node.as_array();
  if (array == nullptr) state_->refuse(key, node, "an array of strings");
  std::vector<std::string> values;
  for (const toml::node& item : *array) {
    if (!item.is_string()) {
      state_->refuse(std::string(key) + "[" + std::to_string(values.size()) + "]", item,
                     "a string");
    }
    values.push_back(item.as_string()->get());
  }
  return values;
}

ConfigTable ConfigTable::table(std::string_view key) {
  const toml::node* node = state_->find(key);
  if (node != nullptr && !node->is_table()) state_->refuse(key, *node, "a table");
  auto below = std::make_unique<State>();
  below->root = state_->root;
  below->table = node == nullptr ? nullptr : node->as_table();
  below->file = state_->file;
  below->prefix = state_->full(key) + ".";
  return ConfigTable(std::move(below));
}

void ConfigTable::finish() const {
  const auto& known = state_->known;
  const toml::key* unknown = nullptr;  // the first in the file; the map is in alphabetical order
  if (state_->table == nullptr) return;
  for (const auto& [key, value] : *state_->table) {
    if (std::find(known.begin(), known.end(), key.str()) != known.end()) continue;
    if (unknown == nullptr || key.source().begin.line < unknown->source().begin.line) {
      unknown = &key;
    }
  }
  if (unknown == nullptr) return;
  const auto distance = [&](const std::string& key) { return edit_distance(key, unknown->str()); };
  const auto nearest = std::min_element(
      known.begin(), known.end(),
      [&](const std::string& a, const std::string& b) { return distance(a) < distance(b); });
  std::string message = state_->file.string() + ":" + std::to_string(unknown->source().begin.line) +
                        ": unknown key '" + state_->full(unknown->str()) + "'";
  if (nearest != known.end() && distance(*nearest) <= 1 + unknown->str().size() / 3) {
    message += ", did you mean '" + state_->full(*nearest) + "'?";
  }
  throw InputError(message + " Known keys here: " + (known.empty() ? "none" : listed(known)));
}

std::string ConfigTable::where(std::string_view key) const {
  const toml::node* node = state_->peek(key);
  return node == nullptr ? state_->file.string() : state_->where(*node);
}

const std::filesystem::path& ConfigTable::file() const { return state_->file; }

}  // namespace crossloop
