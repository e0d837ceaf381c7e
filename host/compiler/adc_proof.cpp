#include "host/compiler/adc_proof.hpp"

#include <algorithm>
#include <bit>
#include <map>

#include "host/error.hpp"

namespace crossloop::compiler {
namespace {

/// The code before the rails for a sum of `levels` levels (numerics.md, step 6).
std::int64_t unclamped_code(const ColumnSetting& column, std::int64_t levels,
                            const analog::CodeFormat& format) {
  const std::int64_t half = column.shift == 0 ? 0 : std::int64_t{1} << (column.shift - 1);
  const std::int64_t sum = (levels << format.fraction_bits) * column.gain;
  return (sum + column.offset + half) >> column.shift;
}

/// Shift of a step of one level at unit gain.
int level_shift(const analog::CodeFormat& format) {
  return kGainFractionBits + format.fraction_bits;
}

std::map<AdcGroupKey, std::int64_t> largest_sums(const Deployment& deployment, const Layer& layer,
                                                 AdcGroup group) {
  std::map<AdcGroupKey, std::int64_t> largest;
  for (const std::int32_t id : layer.crossbars) {
    const auto sums = column_level_sums(deployment.crossbars[static_cast<std::size_t>(id)]);
    for (std::size_t j = 0; j < sums.size(); ++j) {
      const auto column = static_cast<std::int32_t>(j);
      std::int64_t& sum = largest[adc_group_key(deployment, layer, id, column, group)];
      sum = std::max(sum, sums[j]);
    }
  }
  return largest;
}

}  // namespace

std::string adc_doubt_text(AdcDoubt doubt) {
  switch (doubt) {
    case AdcDoubt::kNone:
      return "proven";
    case AdcDoubt::kNoise:
      return "statistical (read noise)";
    case AdcDoubt::kReference:
      return "statistical (reference)";
    case AdcDoubt::kGain:
      return "statistical (gain)";
    case AdcDoubt::kCoarseStep:
      return "statistical (coarse step)";
    case AdcDoubt::kOffset:
      return "statistical (offset)";
    case AdcDoubt::kClips:
      break;
  }
  return "statistical (may clip)";
}

AdcDoubt adc_doubt(const ColumnSetting& column, std::int64_t largest,
                   const analog::CodeFormat& format) {
  if (column.sigma != 0) return AdcDoubt::kNoise;
  if (column.reference != format.reference) return AdcDoubt::kReference;
  if (column.gain != kUnitGain) return AdcDoubt::kGain;
  if (column.shift > level_shift(format)) return AdcDoubt::kCoarseStep;
  const std::int64_t zero = std::int64_t{column.zero_code} << column.shift;
  if (column.offset != zero) return AdcDoubt::kOffset;
  const std::int64_t top = (std::int64_t{1} << column.bits) - 1;
  return unclamped_code(column, largest, format) > top ? AdcDoubt::kClips : AdcDoubt::kNone;
}

std::vector<std::int64_t> column_level_sums(const Crossbar& crossbar) {
  const std::size_t columns = crossbar.tables.columns.size();
  std::vector<std::int64_t> sums(columns);
  for (std::size_t i = 0; i < crossbar.levels.size(); ++i) sums[i % columns] += crossbar.levels[i];
  return sums;
}

int bits_for_sum(std::int64_t largest) {
  return std::max(1, static_cast<int>(std::bit_width(static_cast<std::uint64_t>(largest))));
}

void prove_adcs(Deployment& deployment, int layer, AdcGroup group) {
  const Layer& proven = deployment.layers.at(static_cast<std::size_t>(layer));
  const auto largest = largest_sums(deployment, proven, group);
  for (const auto& [key, sum] : largest) {
    if (bits_for_sum(sum) <= kLargestAdcBits) continue;
    throw InputError("layer '" + proven.name + "', " + to_string(key) + ": sums up to " +
                     std::to_string(sum) + " levels need an ADC of " +
                     std::to_string(bits_for_sum(sum)) + " bits to be proven, expected at most " +
                     std::to_string(kLargestAdcBits));
  }
  for (const std::int32_t id : proven.crossbars) {
    auto& columns = deployment.crossbars[static_cast<std::size_t>(id)].tables.columns;
    for (std::size_t j = 0; j < columns.size(); ++j) {
      const auto column = static_cast<std::int32_t>(j);
      const auto key = adc_group_key(deployment, proven, id, column, group);
      columns[j].bits = bits_for_sum(largest.at(key));
      columns[j].shift = level_shift(deployment.tile.code);
      columns[j].zero_code = 0;
      columns[j].offset = 0;
    }
  }
  finish_layer(deployment, layer);
}

}  // namespace crossloop::compiler
