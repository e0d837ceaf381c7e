// What a network needs on crossbars and what it is worth there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "host/analog/device.hpp"
#include "host/compiler/deployment.hpp"
#include "host/compiler/tile_sparsity.hpp"
#include "host/data/dataset.hpp"
#include "host/network/network.hpp"

namespace crossloop::experiment {

/// Of one network, compiled as `crossloop compile --adc-resolution proven --adc-group column` does.
/// Energy and latency are estimates from analog::kDefaultComponents.
struct ChipFigures {
  compiler::Deployment deployment;
  std::optional<double> accuracy;  ///< 0..1, of the integer network on ideal tiles; if asked for
  std::int64_t partial_sum_crossbars = 0;
  double adc_mean_bits = 0.0;
  /// Of the conversions of one image in nJ by ADC model; nothing where it has no figure.
  std::map<std::string, std::optional<double>> adc_energy_nj;
  double sequential_us = 0.0;  ///< one image, one layer after the other
  /// ADC energy by the sparsity of tiles alone; nothing for rows that are no power of two. Of bit
  /// lines: every column of the placed crossbars. Of weights: a weight is one cell, and the weights
  /// of the convolutions are cut into tiles of as many word lines and outputs as a crossbar has;
  /// this is how Ibrayev et al. 2024 count.
  std::optional<compiler::AdcSavings> bit_lines, weights;
};

struct ChipFigureOptions {
  compiler::TileFormat tile;
  analog::Device device;
  std::filesystem::path root;  ///< the folder that holds configs/
};

/// Compiles a copy of `network` with ranges from `calibration`, and runs it on `test` where that is
/// not nullptr. Throws InputError as compile() does.
ChipFigures chip_figures(network::Network network, const ChipFigureOptions& options,
                         const data::Dataset& calibration, const data::Dataset* test);

/// {"accuracy", "crossbars": {"compute", "total", "dense"}, "adc": {"mean_bits", "energy_nj":
/// {...}, "components", "accounting": {...}, "accounting_weights": {...}}, "sequential_us"}.
nlohmann::json to_json(const ChipFigures& figures);

}  // namespace crossloop::experiment
