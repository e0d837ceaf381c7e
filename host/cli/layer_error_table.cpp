#include "host/cli/layer_error_table.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>

#include "host/cli/counters.hpp"

namespace crossloop::cli {

using runtime::LayerError;
using runtime::SignalToError;

namespace {

const char* state_of(const SignalToError& sums) { return sums.silent() ? "no signal" : "exact"; }

std::string text_of(const SignalToError& sums) {
  const auto decibel = sums.decibel();
  // A tenth, without a sign before 0.0.
  return decibel ? fmt::format("{:.1f}", std::round(10.0 * *decibel) / 10.0 + 0.0) : state_of(sums);
}

nlohmann::json json_of(const SignalToError& sums) {
  const auto decibel = sums.decibel();
  return decibel ? nlohmann::json(*decibel) : nlohmann::json(state_of(sums));
}

bool converts(const LayerError& error) { return error.counters.column_reads > 0; }

/// The layer with the lowest figure of its own; null where all are exact.
const LayerError* worst_of(const std::vector<LayerError>& layers) {
  const LayerError* worst = nullptr;
  for (const LayerError& error : layers) {
    const auto decibel = error.own.decibel();
    if (decibel && (worst == nullptr || *decibel < *worst->own.decibel())) worst = &error;
  }
  return worst;
}

}  // namespace

std::string layer_error_table(const std::vector<LayerError>& layers) {
  std::size_t width = 5;
  for (const LayerError& error : layers) width = std::max(width, error.name.size());
  std::string text = fmt::format(
      "signal to error in dB; own: of this layer alone, exact on the inputs it had\n"
      "{:<{}}  integer/float  chip/float  chip/integer        own  clipped\n",
      "layer", width);
  for (const LayerError& error : layers) {
    text += fmt::format(
        "{:<{}}  {:>13}  {:>10}  {:>12}  {:>9}  {:>7}\n", error.name, width,
        text_of(error.float_integer), text_of(error.float_chip), text_of(error.integer_chip),
        converts(error) ? text_of(error.own) : "-",
        converts(error) ? fmt::format("{:.4f}%", 100.0 * clipped_share(error.counters)) : "-");
  }
  const LayerError* worst = worst_of(layers);
  return text + (worst == nullptr ? "every layer is exact on the inputs it had\n"
                                  : fmt::format("most error of its own: {}, {} dB\n", worst->name,
                                                text_of(worst->own)));
}

nlohmann::json layer_error_json(const std::vector<LayerError>& layers) {
  auto result = nlohmann::json::array();
  for (const LayerError& error : layers) {
    result.push_back({{"name", error.name},
                      {"integer_vs_float_db", json_of(error.float_integer)},
                      {"chip_vs_float_db", json_of(error.float_chip)},
                      {"chip_vs_integer_db", json_of(error.integer_chip)},
                      {"own_db", json_of(error.own)},
                      {"adc", converts(error) ? counters_json(error.counters) : nullptr}});
  }
  return result;
}

}  // namespace crossloop::cli
