#include "host/cli/counts_table.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "host/compiler/tile.hpp"

namespace crossloop::cli {

using compiler::MappingCounts;
using compiler::NodeCounts;

namespace {

std::string line(const std::string& name, std::size_t width, const MappingCounts& counts) {
  return fmt::format("{:<{}}  {:>10}  {:>11}  {:>10}\n", name, width, counts.folded,
                     counts.semi_folded == 0 ? "does not fit" : std::to_string(counts.semi_folded),
                     counts.unfolded);
}

nlohmann::json json_of(const MappingCounts& counts) {
  return {{"folded", counts.folded},
          {"semi_folded", counts.semi_folded},
          {"unfolded", counts.unfolded}};
}

}  // namespace

std::string counts_table(const std::vector<NodeCounts>& counts, const compiler::TileFormat& tile) {
  std::size_t width = 5;
  for (const NodeCounts& node : counts) width = std::max(width, node.node.size());
  std::string text = fmt::format(
      "crossbars of the dense network: {}x{} tiles, {} bits per cell, {}-bit weights ({}); counts "
      "only, unfolded is not built\n{:<{}}  {:>10}  {:>11}  {:>10}\n",
      tile.rows, tile.columns, tile.code.cell_bits, tile.weight_bits,
      compiler::encoding_name(tile.encoding), "layer", width, "folded", "semi-folded", "unfolded");
  for (const NodeCounts& node : counts) text += line(node.node, width, node.crossbars);
  return text + line("total", width, compiler::total(counts));
}

nlohmann::json counts_json(const std::vector<NodeCounts>& counts) {
  auto layers = nlohmann::json::array();
  for (const NodeCounts& node : counts) {
    nlohmann::json one = json_of(node.crossbars);
    one["name"] = node.node;
    layers.push_back(one);
  }
  return {{"layers", layers}, {"total", json_of(compiler::total(counts))}};
}

}  // namespace crossloop::cli
