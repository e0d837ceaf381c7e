// Pruning in bundles of segments, the weakest first: what xcs, xrs and others that drop groups
// share.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "pruning/group_selection.hpp"
#include "pruning/method.hpp"

namespace crossloop::pruning {

/// How the weights [outputs][inputs] of a layer are cut into what leaves together.
using Bundling = std::function<std::vector<WeightBundle>(
    std::span<const float> weights, const PrunableLayer& layer, const TileShape& tile)>;

/// Of every layer of the context, for drop_weakest().
std::vector<std::vector<WeightBundle>> bundles_of(const network::Network& network,
                                                  const PruningContext& context,
                                                  const Bundling& bundling);

/// The options `lambda`, `ratio`, `scope` and `layer_limit`.
std::vector<OptionSpec> segment_options();

/// Drops the weakest of `bundling`, after a training under the group lasso of `grain` where the
/// option lambda is above 0.
std::unique_ptr<Method> make_segment_method(Grain grain, Bundling bundling,
                                            const MethodOptions& options);

}  // namespace crossloop::pruning
