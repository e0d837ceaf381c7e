#include "host/cli/adc_table.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>

namespace crossloop::cli {

using compiler::AdcColumns;
using compiler::AdcDoubt;
using compiler::LayerAdcs;

namespace {

constexpr const char* kTitle =
    "ADC resolution in bits by slice. proven: exact sums of levels on ideal codes with the\n"
    "reference on and no noise, no clipping possible; statistical: anything else\n";

std::string slice_name(const AdcColumns& columns) {
  return columns.unit ? "unit" : std::to_string(columns.slice);
}

std::string bits_text(int fewest, int most) {
  return fewest == most ? std::to_string(fewest) : fmt::format("{}-{}", fewest, most);
}

/// "0: 4-6 proven; 1: 6 proven, 7 statistical; unit: 7 proven".
std::string groups_text(const LayerAdcs& layer) {
  std::string text;
  const auto& columns = layer.columns;
  for (auto first = columns.begin(); first != columns.end();) {
    const auto same_slice = [&](const AdcColumns& other) {
      return other.slice == first->slice && other.unit == first->unit;
    };
    const auto end = std::find_if_not(first, columns.end(), same_slice);
    text += (text.empty() ? "" : "; ") + slice_name(*first) + ": ";
    auto doubted = first;
    if (first->doubt == AdcDoubt::kNone) {
      text += bits_text(first->fewest_bits, first->most_bits) + " proven";
      ++doubted;
    }
    int fewest = compiler::kLargestAdcBits, most = 0;
    for (auto one = doubted; one != end; ++one) {
      fewest = std::min(fewest, one->fewest_bits);
      most = std::max(most, one->most_bits);
    }
    if (doubted != end) {
      text += (doubted == first ? "" : ", ") + bits_text(fewest, most) + " statistical";
    }
    first = end;
  }
  return text;
}

/// "columns: 120 proven, 8 statistical (may clip)".
std::string reasons_text(const std::vector<LayerAdcs>& layers) {
  std::map<AdcDoubt, std::int64_t> counts;
  for (const LayerAdcs& layer : layers) {
    for (const AdcColumns& columns : layer.columns) counts[columns.doubt] += columns.columns;
  }
  std::string text;
  for (const auto& [doubt, count] : counts) {
    text += fmt::format("{}{} {}", text.empty() ? "columns: " : ", ", count,
                        compiler::adc_doubt_text(doubt));
  }
  return text + "\n";
}

}  // namespace

std::string adc_table(const compiler::Deployment& deployment) {
  const auto layers = compiler::summarise_adcs(deployment);
  const auto name_of = [&](const LayerAdcs& layer) {
    return deployment.layers[static_cast<std::size_t>(layer.layer)].name;
  };
  std::size_t width = 5;
  for (const LayerAdcs& layer : layers) width = std::max(width, name_of(layer).size());
  std::string text = kTitle + fmt::format("{:<{}}  {:>12}  {:>9}  bits by slice\n", "layer", width,
                                          "conversions", "mean bits");
  std::int64_t conversions = 0;
  for (const LayerAdcs& layer : layers) {
    conversions += layer.conversions;
    text += fmt::format("{:<{}}  {:>12}  {:>9.3f}  {}\n", name_of(layer), width, layer.conversions,
                        layer.mean_bits, groups_text(layer));
  }
  text += fmt::format("{:<{}}  {:>12}  {:>9.3f}\n", "total", width, conversions,
                      compiler::mean_bits(layers));
  return text + reasons_text(layers);
}

nlohmann::json adc_json(const LayerAdcs& layer) {
  auto groups = nlohmann::json::array();
  for (const AdcColumns& columns : layer.columns) {
    groups.push_back({{"slice", slice_name(columns)},
                      {"resolution", compiler::adc_doubt_text(columns.doubt)},
                      {"proven", columns.doubt == AdcDoubt::kNone},
                      {"columns", columns.columns},
                      {"bits", {columns.fewest_bits, columns.most_bits}}});
  }
  return {{"conversions", layer.conversions}, {"mean_bits", layer.mean_bits}, {"groups", groups}};
}

}  // namespace crossloop::cli
