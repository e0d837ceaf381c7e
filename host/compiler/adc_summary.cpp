#include "host/compiler/adc_summary.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "host/compiler/mapping.hpp"

namespace crossloop::compiler {
namespace {

/// Unit columns behind the slices, and the proven ones of a slice in front.
using Place = std::tuple<bool, std::int32_t, AdcDoubt>;

LayerAdcs summarise_layer(const Deployment& deployment, int index) {
  const Layer& layer = deployment.layers[static_cast<std::size_t>(index)];
  const auto& shape = deployment.tensors[static_cast<std::size_t>(layer.output)].shape;
  std::map<Place, AdcColumns> places;
  LayerAdcs summary{.layer = index, .columns = {}};
  double bits = 0.0;
  for (const std::int32_t id : layer.crossbars) {
    const Crossbar& crossbar = deployment.crossbars[static_cast<std::size_t>(id)];
    const auto sums = column_level_sums(crossbar);
    const std::int64_t reads =
        vectors_of_part(layer, shape, crossbar.part) * deployment.tile.input_bits;
    for (std::size_t j = 0; j < sums.size(); ++j) {
      const ColumnSetting& column = crossbar.tables.columns[j];
      const bool unit = column.output >= accumulators_of(layer);
      const AdcDoubt doubt = adc_doubt(column, sums[j], deployment.tile.code);
      AdcColumns& place = places[{unit, column.slice, doubt}];
      place.slice = column.slice;
      place.unit = unit;
      place.doubt = doubt;
      place.columns += 1;
      place.fewest_bits = std::min(place.fewest_bits, column.bits);
      place.most_bits = std::max(place.most_bits, column.bits);
      summary.conversions += reads;
      bits += static_cast<double>(reads) * column.bits;
    }
  }
  if (summary.conversions > 0) summary.mean_bits = bits / static_cast<double>(summary.conversions);
  for (const auto& [key, place] : places) summary.columns.push_back(place);
  return summary;
}

}  // namespace

std::vector<LayerAdcs> summarise_adcs(const Deployment& deployment) {
  std::vector<LayerAdcs> layers;
  for (std::size_t i = 0; i < deployment.layers.size(); ++i) {
    if (deployment.layers[i].kind != LayerKind::kCrossbar) continue;
    layers.push_back(summarise_layer(deployment, static_cast<int>(i)));
  }
  return layers;
}

double mean_bits(const std::vector<LayerAdcs>& layers) {
  double bits = 0.0, conversions = 0.0;
  for (const LayerAdcs& layer : layers) {
    bits += layer.mean_bits * static_cast<double>(layer.conversions);
    conversions += static_cast<double>(layer.conversions);
  }
  return conversions > 0.0 ? bits / conversions : 0.0;
}

}  // namespace crossloop::compiler
