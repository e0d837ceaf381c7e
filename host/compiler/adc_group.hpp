// Which columns of a layer share the range and the resolution of their ADCs.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "host/compiler/deployment.hpp"

namespace crossloop::compiler {

/// What the columns of a group have in common. Unit columns of the offset encoding always have
/// groups of their own.
enum class AdcGroup {
  kLayer,  ///< the layer
  kSlice,  ///< the layer and the slice
  kColumn  ///< nothing: every column has a range of its own
};

/// The names that command line and configuration use, in the order of the enumerators.
inline constexpr std::string_view kAdcGroups[] = {"layer", "slice", "column"};
std::string adc_group_name(AdcGroup group);
/// Nothing where there is no such group.
std::optional<AdcGroup> adc_group(std::string_view name);

/// Columns of a layer with equal keys share a group. What does not tell them apart is -1.
struct AdcGroupKey {
  std::int32_t crossbar = -1;  ///< id
  std::int32_t column = -1;    ///< bit line
  std::int32_t slice = -1;
  bool unit = false;  ///< a unit column of the offset encoding
  auto operator<=>(const AdcGroupKey&) const = default;
};

/// The group of bit line `column` (in range, asserted) of crossbar `crossbar` of `layer`.
AdcGroupKey adc_group_key(const Deployment& deployment, const Layer& layer, std::int32_t crossbar,
                          std::int32_t column, AdcGroup group);

/// "slice 2", "unit columns", "crossbar 7, column 3", or "all columns", for errors.
std::string to_string(const AdcGroupKey& key);

}  // namespace crossloop::compiler
