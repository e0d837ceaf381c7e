#include "host/regression/evaluate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "host/error.hpp"

namespace crossloop::regression {
namespace {

using nlohmann::json;

/// `key` with dots into objects.
double number_at(const Run& run, const std::string& key, const std::string& gate) {
  const json* node = &run.summary;
  for (std::size_t begin = 0; begin <= key.size() && node != nullptr;) {
    const std::size_t end = std::min(key.find('.', begin), key.size());
    const auto found = node->find(key.substr(begin, end - begin));
    node = found == node->end() ? nullptr : &*found;
    begin = end + 1;
  }
  const std::string where = run.source + ": gate '" + gate + "': key '" + key + "'";
  if (node == nullptr) throw InputError(where + " is missing, expected a number");
  if (!node->is_number()) {
    throw InputError(where + ": found " + node->type_name() + ", expected a number");
  }
  return node->get<double>();
}

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double deviation_of(const std::vector<double>& values, double mean) {
  if (values.size() < 2) return 0.0;
  double squares = 0.0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

std::vector<double> values_of(const Gate& gate, std::span<const Run> runs) {
  std::vector<double> values;
  for (const Run& run : runs) values.push_back(gate_value(gate, run));
  return values;
}

void check_runs(std::span<const Run> runs) {
  if (runs.empty()) throw InputError("regression: no summary, expected one or more");
  const Run& first = runs.front();
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const Run& run = runs[i];
    for (const char* key : {"dataset", "network", "device", "tile"}) {
      const json found = run.summary.value(key, json());
      const json expected = first.summary.value(key, json());
      if (found == expected) continue;
      throw InputError(run.source + ": " + key + " is " + found.dump() + ", expected " +
                       expected.dump() + " as in " + first.source);
    }
    const json seeds = run.summary.value("seeds", json());
    for (const Run& other : runs.first(i)) {
      if (other.summary.value("seeds", json()) != seeds) continue;
      throw InputError(run.source + ": seeds " + seeds.dump() + " are those of " + other.source +
                       ", expected other ones");
    }
  }
}

std::optional<double> baseline_of(const Gate& gate, std::span<const Run> baseline) {
  if (gate.baseline) return gate.baseline;
  if (baseline.empty()) return std::nullopt;
  return mean_of(values_of(gate, baseline));
}

GateResult judge(const Gate& gate, std::span<const Run> runs, std::span<const Run> baseline) {
  GateResult result;
  result.gate = gate;
  result.values = values_of(gate, runs);
  result.mean = mean_of(result.values);
  result.deviation = deviation_of(result.values, result.mean);
  const bool every = gate.scope == Scope::kEvery;
  const auto [least, most] = std::minmax_element(result.values.begin(), result.values.end());
  const double low = every ? *least : result.mean;
  const double high = every ? *most : result.mean;
  std::vector<std::string> reasons;
  result.passed = true;
  // The comparisons are written so that NaN fails.
  const auto hold = [&](bool holds, const std::string& reason) {
    if (holds) return;
    result.passed = false;
    reasons.push_back(reason);
  };
  if (gate.min) hold(low >= *gate.min, fmt::format("{:.6g} is below {:.6g}", low, *gate.min));
  if (gate.max) hold(high <= *gate.max, fmt::format("{:.6g} is above {:.6g}", high, *gate.max));
  if (gate.max_drop) {
    result.baseline = baseline_of(gate, baseline);
    if (result.baseline) {
      const double drop = *result.baseline - result.mean;
      hold(drop <= *gate.max_drop, fmt::format("{:.6g} is {:.6g} below the baseline {:.6g}",
                                               result.mean, drop, *result.baseline));
    } else {
      reasons.push_back("no baseline yet");
    }
  }
  result.reason = fmt::format("{}", fmt::join(reasons, "; "));
  return result;
}

}  // namespace

double gate_value(const Gate& gate, const Run& run) {
  const double value = number_at(run, gate.value, gate.name);
  if (!gate.minus.empty()) return value - number_at(run, gate.minus, gate.name);
  if (gate.over.empty()) return value;
  const double divisor = number_at(run, gate.over, gate.name);
  if (divisor == 0.0) {
    throw InputError(run.source + ": gate '" + gate.name + "': key '" + gate.over +
                     "' is 0, expected a divisor");
  }
  return value / divisor;
}

std::vector<GateResult> evaluate(const Regression& regression, std::span<const Run> runs,
                                 std::span<const Run> baseline) {
  check_runs(runs);
  std::vector<GateResult> results;
  for (const Gate& gate : regression.gates) results.push_back(judge(gate, runs, baseline));
  return results;
}

bool all_passed(std::span<const GateResult> results) {
  return std::all_of(results.begin(), results.end(),
                     [](const GateResult& result) { return result.passed; });
}

std::string table(const Regression& regression, std::span<const GateResult> results) {
  std::size_t name_width = 4;
  std::size_t bound_width = 5;
  for (const GateResult& result : results) {
    name_width = std::max(name_width, result.gate.name.size());
    bound_width = std::max(bound_width, result.gate.bounds().size());
  }
  const std::size_t runs = results.empty() ? 0 : results.front().values.size();
  std::string out = fmt::format("\n{}: {} gates, {} {}\n\n", regression.name, results.size(), runs,
                                runs == 1 ? "run" : "runs");
  out += fmt::format("  {:<{}}  {:>12}  {:>12}  {:<{}}\n", "gate", name_width, "mean", "deviation",
                     "bound", bound_width);
  for (const GateResult& result : results) {
    const std::string deviation =
        result.values.size() < 2 ? "-" : fmt::format("{:.6g}", result.deviation);
    out += fmt::format("  {:<{}}  {:>12.6g}  {:>12}  {:<{}}  {}{}\n", result.gate.name, name_width,
                       result.mean, deviation, result.gate.bounds(), bound_width,
                       result.passed ? "ok" : "FAILED",
                       result.reason.empty() ? "" : ": " + result.reason);
  }
  return out;
}

json to_json(const Regression& regression, std::span<const GateResult> results) {
  json gates = json::array();
  for (const GateResult& result : results) {
    json gate = {{"name", result.gate.name},      {"value", result.gate.formula()},
                 {"bound", result.gate.bounds()}, {"values", result.values},
                 {"mean", result.mean},           {"deviation", result.deviation},
                 {"passed", result.passed},       {"reason", result.reason}};
    if (result.baseline) gate["baseline"] = *result.baseline;
    gates.push_back(std::move(gate));
  }
  return {{"name", regression.name}, {"passed", all_passed(results)}, {"gates", gates}};
}

}  // namespace crossloop::regression
