#include "pruning/group_lasso.hpp"

#include <spdlog/fmt/fmt.h>

#include <string>

#include "pruning/tile_tensor.hpp"
#include "pruning/torch_network.hpp"

namespace crossloop::pruning {

namespace {

class GroupLasso : public Penalty {
 public:
  GroupLasso(const std::vector<PrunableLayer>& layers, const TileShape& tile,
             const GroupLassoOptions& options)
      : layers_(layers), tile_(tile), options_(options) {
    check_tile(tile);
  }

  double add_gradients(const std::vector<NodeTensors>& nodes) const override {
    double total = 0.0;
    for (const PrunableLayer& layer : layers_) {
      const at::Tensor& weight = nodes[layer.node].weight;
      const at::Tensor tiles = to_tiles(weight.detach(), layer, tile_);
      const at::Tensor norms = tiles.square().sum(summed(), /*keepdim=*/true).sqrt();
      total += norms.sum().item<double>();
      const at::Tensor slope = tiles / norms.clamp_min(kTinyNorm);
      weight.mutable_grad().add_(from_tiles(slope, layer, weight), options_.lambda);
    }
    return options_.lambda * total;
  }

  std::string text() const override {
    std::string names;
    for (const PrunableLayer& layer : layers_) names += " " + layer.name;
    return fmt::format("group lasso: {} of {} x {}, lambda {}, on{}", grain_name(options_.grain),
                       tile_.rows, tile_.outputs, options_.lambda, names);
  }

 private:
  /// Far below any norm that matters, so that zeros divide to zero.
  static constexpr double kTinyNorm = 1e-20;

  /// The dimensions of a tensor of tiles that make one group.
  std::vector<std::int64_t> summed() const {
    if (options_.grain == Grain::kRows) return {kTileOutputs};
    if (options_.grain == Grain::kColumns) return {kTileRows};
    return {kTileOutputs, kTileRows};
  }

  std::vector<PrunableLayer> layers_;
  TileShape tile_;
  GroupLassoOptions options_;
};

}  // namespace

std::unique_ptr<Penalty> group_lasso(const std::vector<PrunableLayer>& layers,
                                     const TileShape& tile, const GroupLassoOptions& options) {
  return std::make_unique<GroupLasso>(layers, tile, options);
}

}  // namespace crossloop::pruning
