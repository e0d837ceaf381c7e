#include "host/experiment/summary.hpp"

#include <algorithm>
#include <cmath>

namespace crossloop::experiment {

namespace {

constexpr const char* kCosts[] = {"crossbars", "adc_energy_nj", "cycles_least"};

Statistic statistic_of(const std::vector<double>& values) {
  Statistic statistic{.count = static_cast<int>(values.size())};
  for (const double value : values) statistic.mean += value / static_cast<double>(values.size());
  if (values.size() < 2) return statistic;
  double squares = 0.0;
  for (const double value : values) {
    squares += (value - statistic.mean) * (value - statistic.mean);
  }
  statistic.deviation = std::sqrt(squares / static_cast<double>(values.size() - 1));
  return statistic;
}

/// With the cycles of the lane that takes fewest.
Metrics completed(Metrics metrics) {
  const auto sparse = metrics.find("cycles_sparse"), balanced = metrics.find("cycles_balanced");
  if (sparse != metrics.end() && balanced != metrics.end()) {
    metrics["cycles_least"] = std::min(sparse->second, balanced->second);
  }
  return metrics;
}

bool beats(double accuracy, double cost, double other_accuracy, double other_cost) {
  return accuracy >= other_accuracy && cost <= other_cost &&
         (accuracy > other_accuracy || cost < other_cost);
}

}  // namespace

std::vector<Row> rows_of(std::span<const Result> results) {
  std::vector<Row> rows;
  std::map<std::string, std::map<std::string, std::vector<double>>> values;
  for (const Result& result : results) {
    const auto is_it = [&](const Row& row) { return row.run == result.run; };
    auto row = std::find_if(rows.begin(), rows.end(), is_it);
    if (row == rows.end()) {
      rows.push_back({.run = result.run, .network = result.network, .seeds = {}, .metrics = {}});
      row = rows.end() - 1;
    }
    row->seeds.push_back(result.seed);
    for (const auto& [name, value] : completed(result.metrics)) {
      values[result.run][name].push_back(value);
    }
  }
  for (Row& row : rows) {
    for (const auto& [name, all] : values[row.run]) row.metrics[name] = statistic_of(all);
  }
  return rows;
}

Front front_of(std::span<const Row> rows, const std::string& network, const std::string& cost) {
  struct Point {
    const Row* row = nullptr;
    double accuracy = 0.0, cost = 0.0;
  };
  std::vector<Point> points;
  for (const Row& row : rows) {
    const auto accuracy = row.metrics.find("accuracy"), value = row.metrics.find(cost);
    if (row.network != network || accuracy == row.metrics.end() || value == row.metrics.end()) {
      continue;
    }
    points.push_back({&row, accuracy->second.mean, value->second.mean});
  }
  std::stable_sort(points.begin(), points.end(),
                   [](const Point& a, const Point& b) { return a.cost < b.cost; });
  Front front{.network = network, .cost = cost, .runs = {}};
  for (const Point& point : points) {
    const bool beaten = std::any_of(points.begin(), points.end(), [&](const Point& other) {
      return beats(other.accuracy, other.cost, point.accuracy, point.cost);
    });
    if (!beaten) front.runs.push_back(point.row->run);
  }
  return front;
}

std::vector<Front> fronts_of(std::span<const Row> rows) {
  std::vector<std::string> networks;
  for (const Row& row : rows) {
    if (std::find(networks.begin(), networks.end(), row.network) == networks.end()) {
      networks.push_back(row.network);
    }
  }
  std::vector<Front> fronts;
  for (const std::string& network : networks) {
    for (const char* cost : kCosts) fronts.push_back(front_of(rows, network, cost));
  }
  return fronts;
}

nlohmann::json to_json(std::span<const Row> rows) {
  auto all = nlohmann::json::array(), fronts = nlohmann::json::array();
  for (const Row& row : rows) {
    auto metrics = nlohmann::json::object();
    for (const auto& [name, value] : row.metrics) {
      metrics[name] = {
          {"mean", value.mean}, {"deviation", value.deviation}, {"count", value.count}};
    }
    all.push_back(
        {{"run", row.run}, {"network", row.network}, {"seeds", row.seeds}, {"metrics", metrics}});
  }
  for (const Front& front : fronts_of(rows)) {
    fronts.push_back({{"network", front.network}, {"cost", front.cost}, {"runs", front.runs}});
  }
  return {{"rows", all}, {"fronts", fronts}};
}

}  // namespace crossloop::experiment
