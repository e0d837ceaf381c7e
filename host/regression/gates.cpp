#include "host/regression/gates.hpp"

#include <fmt/format.h>

#include "host/error.hpp"

namespace crossloop::regression {
namespace {

constexpr double kLargest = 1e15;

std::optional<double> bound(ConfigTable& table, std::string_view key, double low = -kLargest) {
  if (!table.has(key)) return std::nullopt;
  return table.number(key, low, kLargest);
}

Gate read_gate(ConfigTable table, const std::string& name) {
  Gate gate;
  gate.name = name;
  gate.value = table.text("value");
  gate.minus = table.text("minus", "");
  gate.over = table.text("over", "");
  gate.min = bound(table, "min");
  gate.max = bound(table, "max");
  gate.max_drop = bound(table, "max_drop", 0.0);
  gate.baseline = bound(table, "baseline");
  gate.scope = static_cast<Scope>(table.choice("of", {"mean", "every"}, 0));
  table.finish();
  const std::string where = table.where("value") + ": gate '" + name + "': ";
  if (!gate.minus.empty() && !gate.over.empty()) {
    throw InputError(where + "found minus and over, expected at most one of them");
  }
  if (!gate.min && !gate.max && !gate.max_drop) {
    throw InputError(where + "found no bound, expected min, max or max_drop");
  }
  if (gate.min && gate.max && *gate.min > *gate.max) {
    throw InputError(where + fmt::format("min {} is above max {}", *gate.min, *gate.max));
  }
  if (gate.baseline && !gate.max_drop) {
    throw InputError(where + "found baseline without max_drop, expected both");
  }
  return gate;
}

}  // namespace

std::string Gate::formula() const {
  if (!minus.empty()) return value + " - " + minus;
  if (!over.empty()) return value + " / " + over;
  return value;
}

std::string Gate::bounds() const {
  std::string text;
  const auto add = [&text](const std::string& one) { text += (text.empty() ? "" : ", ") + one; };
  if (min && max && *min == *max) {
    add(fmt::format("= {:.6g}", *min));
  } else {
    if (min) add(fmt::format(">= {:.6g}", *min));
    if (max) add(fmt::format("<= {:.6g}", *max));
  }
  if (scope == Scope::kEvery && !text.empty()) text += " (every seed)";
  if (max_drop) add(fmt::format("drop <= {:.6g}", *max_drop));
  return text;
}

Regression read_regression(ConfigTable config) {
  Regression regression;
  regression.name = config.text("name");
  ConfigTable gates = config.table("gate");
  for (const std::string& name : gates.keys()) {
    regression.gates.push_back(read_gate(gates.table(name), name));
  }
  config.finish();
  if (regression.name.empty()) {
    throw InputError(config.where("name") + ": key 'name' is empty, expected a name");
  }
  if (regression.gates.empty()) {
    throw InputError(config.file().string() + ": found no gate, expected one [gate.NAME] or more");
  }
  return regression;
}

Regression read_regression(const std::filesystem::path& path) {
  return read_regression(ConfigTable::parse_file(path));
}

}  // namespace crossloop::regression
