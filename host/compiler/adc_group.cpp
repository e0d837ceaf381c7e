#include "host/compiler/adc_group.hpp"

#include <algorithm>
#include <iterator>

#include "host/compiler/mapping.hpp"

namespace crossloop::compiler {

std::string adc_group_name(AdcGroup group) {
  return std::string(kAdcGroups[static_cast<std::size_t>(group)]);
}

std::optional<AdcGroup> adc_group(std::string_view name) {
  const auto found = std::find(std::begin(kAdcGroups), std::end(kAdcGroups), name);
  if (found == std::end(kAdcGroups)) return std::nullopt;
  return static_cast<AdcGroup>(found - std::begin(kAdcGroups));
}

AdcGroupKey adc_group_key(const Deployment& deployment, const Layer& layer, std::int32_t crossbar,
                          std::int32_t column, AdcGroup group) {
  const auto& columns = deployment.crossbars.at(static_cast<std::size_t>(crossbar)).tables.columns;
  const ColumnSetting& setting = columns.at(static_cast<std::size_t>(column));
  if (group == AdcGroup::kColumn) return {.crossbar = crossbar, .column = column};
  AdcGroupKey key;
  key.unit = setting.output >= accumulators_of(layer);
  if (group == AdcGroup::kSlice && !key.unit) key.slice = setting.slice;
  return key;
}

std::string to_string(const AdcGroupKey& key) {
  if (key.column >= 0) {
    return "crossbar " + std::to_string(key.crossbar) + ", column " + std::to_string(key.column);
  }
  if (key.unit) return "unit columns";
  return key.slice < 0 ? "all columns" : "slice " + std::to_string(key.slice);
}

}  // namespace crossloop::compiler
