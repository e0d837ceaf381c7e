#include "host/network/layer_table.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace crossloop::network {

namespace {

/// A row of the table.
struct Row {
  std::string name;
  std::string op;
  Shape in;
  Shape out;
  const Window* window = nullptr;
  int groups = 1;
  std::int64_t weights = 0;
  std::int64_t nonzero_weights = 0;
  std::int64_t macs = 0;
};

double sparsity(std::int64_t weights, std::int64_t nonzero) {
  return weights == 0 ? 0.0 : 1.0 - static_cast<double>(nonzero) / static_cast<double>(weights);
}

const Window* window_of(const Node& node) {
  if (const auto* conv = std::get_if<Conv>(&node.op)) return &conv->window;
  if (const auto* pool = std::get_if<MaxPool>(&node.op)) return &pool->window;
  if (const auto* pool = std::get_if<AveragePool>(&node.op)) return &pool->window;
  return nullptr;
}

std::vector<Row> rows_of(const Network& network) {
  const std::map<std::string, Shape> shapes = infer_shapes(network);
  std::vector<Row> rows;
  for (const Node& node : network.nodes) {
    Row row{.name = node.name,
            .op = operator_name(node),
            .in = shapes.at(node.inputs[0]),
            .out = shapes.at(node.output),
            .window = window_of(node)};
    if (has_weight(node)) {
      const std::span<const float> weights = weight_values(node);
      row.weights = static_cast<std::int64_t>(weights.size());
      row.nonzero_weights = row.weights - std::count(weights.begin(), weights.end(), 0.0F);
      row.macs = row.weights * row.out.height * row.out.width;
      if (const auto* conv = std::get_if<Conv>(&node.op)) row.groups = conv->groups;
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::int64_t total_macs(const std::vector<Row>& rows) {
  std::int64_t macs = 0;
  for (const Row& row : rows) macs += row.macs;
  return macs;
}

/// Cells as text; numbers of rows without a weight stay empty.
std::vector<std::string> cells_of(std::size_t number, const Row& row) {
  std::vector<std::string> cells = {std::to_string(number), row.name, row.op, to_string(row.in),
                                    to_string(row.out)};
  const Window* w = row.window;
  const std::string groups = row.groups > 1 ? fmt::format(" g{}", row.groups) : "";
  cells.push_back(
      w ? fmt::format("{}x{}/{}x{}{}", w->kernel_h, w->kernel_w, w->stride_h, w->stride_w, groups)
        : "");
  const bool weighted = row.weights > 0;
  cells.push_back(weighted ? std::to_string(row.weights) : "");
  cells.push_back(weighted ? std::to_string(row.macs) : "");
  cells.push_back(
      weighted ? fmt::format("{:.1f}", 100.0 * sparsity(row.weights, row.nonzero_weights)) : "");
  return cells;
}

/// Left-aligned text columns, right-aligned numbers, two spaces between.
std::string aligned(const std::vector<std::vector<std::string>>& lines) {
  constexpr std::size_t kFirstNumber = 6;
  std::vector<std::size_t> widths(lines.front().size());
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  std::string text;
  for (const auto& line : lines) {
    std::string row;
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (i > 0) row += "  ";
      const bool right = i == 0 || i >= kFirstNumber;
      row += right ? fmt::format("{:>{}}", line[i], widths[i])
                   : fmt::format("{:<{}}", line[i], widths[i]);
    }
    row.erase(row.find_last_not_of(' ') + 1);
    text += row + "\n";
  }
  return text;
}

nlohmann::json shape_json(const Shape& shape) {
  return {shape.channels, shape.height, shape.width};
}

}  // namespace

std::string layer_table(const Network& network) {
  const std::vector<Row> rows = rows_of(network);
  const ParameterCount count = count_parameters(network);
  std::vector<std::vector<std::string>> lines = {{"#", "node", "operator", "input", "output",
                                                  "kernel/stride", "weights", "MACs",
                                                  "sparsity %"}};
  for (std::size_t i = 0; i < rows.size(); ++i) lines.push_back(cells_of(i + 1, rows[i]));
  lines.push_back({"", "total", "", "", "", "", std::to_string(count.weights),
                   std::to_string(total_macs(rows)),
                   fmt::format("{:.1f}", 100.0 * sparsity(count.weights, count.nonzero_weights))});
  return fmt::format("{}: input {}, {} parameters\n{}", network.name,
                     to_string(network.input_shape), count.parameters, aligned(lines));
}

nlohmann::json layer_table_json(const Network& network) {
  const std::vector<Row> rows = rows_of(network);
  const ParameterCount count = count_parameters(network);
  nlohmann::json nodes = nlohmann::json::array();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Row& row = rows[i];
    nlohmann::json node = {{"name", row.name},
                           {"operator", row.op},
                           {"inputs", network.nodes[i].inputs},
                           {"input_shape", shape_json(row.in)},
                           {"output_shape", shape_json(row.out)},
                           {"weights", row.weights},
                           {"nonzero_weights", row.nonzero_weights},
                           {"macs", row.macs},
                           {"sparsity", sparsity(row.weights, row.nonzero_weights)}};
    if (const Window* w = row.window) {
      node["kernel"] = {w->kernel_h, w->kernel_w};
      node["stride"] = {w->stride_h, w->stride_w};
      node["groups"] = row.groups;
    }
    nodes.push_back(std::move(node));
  }
  return {
      {"name", network.name},        {"input_shape", shape_json(network.input_shape)},
      {"nodes", std::move(nodes)},   {"parameters", count.parameters},
      {"weights", count.weights},    {"nonzero_weights", count.nonzero_weights},
      {"macs", total_macs(rows)},    {"sparsity", sparsity(count.weights, count.nonzero_weights)},
      {"metadata", network.metadata}};
}

}  // namespace crossloop::network
