#include "pruning/hoyer_penalty.hpp"

#include <spdlog/fmt/fmt.h>

#include <string>

#include "host/error.hpp"
#include "pruning/tile_grid.hpp"
#include "pruning/tile_tensor.hpp"
#include "pruning/torch_network.hpp"

namespace crossloop::pruning {

namespace {

class HoyerPenalty : public Penalty {
 public:
  HoyerPenalty(const std::vector<PrunableLayer>& layers, const TileShape& tile,
               const HoyerOptions& options)
      : layers_(layers), tile_(tile), options_(options) {
    check_tile(tile);
    if (tile.outputs < 2) {
      throw InputError(
          fmt::format("variance over the columns of a tile: found tiles of {} output, expected at "
                      "least 2",
                      tile.outputs));
    }
    if (options.scale == HoyerScale::kSum) return;
    std::size_t tiles = 0;
    for (const PrunableLayer& layer : layers) tiles += tiles_of(layer, tile).size();
    per_h_ = 1.0 / tile.rows;
    per_tile_ = 1.0 / static_cast<double>(tiles);
  }

  double add_gradients(const std::vector<NodeTensors>& nodes) const override {
    double total = 0.0;
    for (const PrunableLayer& layer : layers_) total += add_layer(nodes[layer.node].weight, layer);
    return total;
  }

  std::string text() const override {
    std::string names;
    for (const PrunableLayer& layer : layers_) names += " " + layer.name;
    return fmt::format(
        "squared Hoyer: tiles of {} x {}, lambda {}, mean {}, {}, {}, on{}", tile_.rows,
        tile_.outputs, options_.lambda, options_.lambda_mean, options_.gated ? "gated" : "ungated",
        options_.scale == HoyerScale::kSum ? "sum over tiles" : "mean over tiles", names);
  }

 private:
  /// In the denominator of H, as in the published code.
  static constexpr double kEpsilon = 1e-6;

  double add_layer(const at::Tensor& weight, const PrunableLayer& layer) const {
    const at::Tensor tiles = to_tiles(weight.detach(), layer, tile_);
    const at::Tensor sum = tiles.abs().sum(kTileRows, /*keepdim=*/true);
    const at::Tensor squares = tiles.square().sum(kTileRows, true).add_(kEpsilon);
    const at::Tensor ratio = sum / squares;
    const at::Tensor hoyer = sum * ratio * per_h_;
    const at::Tensor mean = hoyer.mean(kTileOutputs, true);
    const at::Tensor excess = hoyer - mean;
    const double variance = excess.square().sum().item<double>() / (tile_.outputs - 1);
    const double above_one = (mean - per_h_).sum().item<double>();

    // d penalty / dH, then dH / dw = 2 ratio (sign w - ratio w).
    at::Tensor slope = excess * (2.0 * options_.lambda / (tile_.outputs - 1));
    if (options_.gated) slope.clamp_min_(0.0);
    slope.add_(options_.lambda_mean / tile_.outputs).mul_(2.0 * per_h_ * per_tile_).mul_(ratio);
    const at::Tensor gradient = (tiles.sign() - ratio * tiles).mul_(slope);
    weight.mutable_grad().add_(from_tiles(gradient, layer, weight));
    return per_tile_ * (options_.lambda * variance + options_.lambda_mean * above_one);
  }

  std::vector<PrunableLayer> layers_;
  TileShape tile_;
  HoyerOptions options_;
  double per_h_ = 1.0;     ///< on every H
  double per_tile_ = 1.0;  ///< on every tile
};

}  // namespace

std::unique_ptr<Penalty> hoyer_penalty(const std::vector<PrunableLayer>& layers,
                                       const TileShape& tile, const HoyerOptions& options) {
  return std::make_unique<HoyerPenalty>(layers, tile, options);
}

std::vector<OptionSpec> hoyer_option_specs() {
  return {number_option("lambda", 300.0, 0.0, 1e6,
                        "weight of the variance of the squared Hoyer measure over the columns of a "
                        "tile; with scale sum about 0.001 was published"),
          number_option("lambda_mean", 0.0, 0.0, 1e6, "weight of its mean over the columns"),
          word_option("gate", {"on", "off"}, "whether columns sparser than the mean stay alone"),
          word_option("scale", {"mean", "sum"},
                      "mean over tiles, relative to their rows, or the sum as published")};
}

HoyerOptions hoyer_options(const MethodOptions& options) {
  return {.lambda = options.number("lambda"),
          .lambda_mean = options.number("lambda_mean"),
          .gated = options.word("gate") == "on",
          .scale = options.word("scale") == "sum" ? HoyerScale::kSum : HoyerScale::kMean};
}

}  // namespace crossloop::pruning
