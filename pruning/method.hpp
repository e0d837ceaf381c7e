// One interface for all pruning methods: what a method is told, what it answers, and how it is
// found by name. No LibTorch type appears here. docs/adding-a-method.md shows a whole one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "host/data/dataset.hpp"
#include "host/network/network.hpp"
#include "pruning/method_options.hpp"
#include "pruning/train.hpp"

namespace crossloop::pruning {

class Penalty;  // pruning/penalty.hpp

/// A crossbar as pruning sees it: `rows` word lines by `outputs` weights side by side. A band of a
/// layer is `rows` consecutive im2col inputs, the last one perhaps fewer.
struct TileShape {
  int rows = 64;
  int outputs = 8;  ///< tile columns over the columns of one weight (2 * slices)
};

/// A Conv or Linear that may lose weights. Its weight is [outputs][inputs], and input k of output o
/// is tap k % taps of channel k / taps of the group of o.
struct PrunableLayer {
  std::size_t node = 0;  ///< index in Network::nodes
  std::string name;
  int outputs = 0;
  int inputs = 0;  ///< channels of one group * taps
  int taps = 1;    ///< kernel_h * kernel_w; 1 for Linear
  int groups = 1;

  int channels() const { return inputs / taps; }
};

/// What a method may look at beside the network.
struct PruningContext {
  std::vector<PrunableLayer> layers;  ///< in graph order; the others stay as they are
  TileShape tile;
  const data::Dataset* images = nullptr;  ///< training images, not owned
  int calibration_images = 256;           ///< how many of them a method should look at
  std::uint64_t seed = 1;
  int threads = 0;  ///< 0: all cores
};

/// What leaves the network.
struct Selection {
  /// [outputs][inputs] by name of the layer, 0: pruned. A layer not named keeps its weights.
  Masks weights;
  /// Per output channel of a Conv or Linear, or per channel of a BatchNorm, 0: bias, gamma and beta
  /// are zero from now on, so that the channel is silent.
  Masks channels;
  /// Input channels of a layer in the order in which they should meet its bands (methods.md 1.6): a
  /// permutation by name of the layer. Recorded for the compiler as `pruning.order.NAME`.
  std::map<std::string, std::vector<int>> input_order;
};

/// One way of pruning. Each stage is a training under its penalty (where it has one), a selection,
/// and a fine-tuning with all masks so far held.
class Method {
 public:
  virtual ~Method() = default;

  /// At least 1.
  virtual int stages() const { return 1; }

  /// The penalty of the training before selection `stage`; nullptr: no such training.
  virtual std::unique_ptr<Penalty> penalty(int stage, const network::Network& network,
                                           const PruningContext& context) const;

  /// Decides what leaves in `stage`. May move weights that stay, e.g. to make up for others. Equal
  /// arguments give equal answers. Throws InputError where the network cannot be pruned so.
  virtual Selection select(int stage, network::Network& network,
                           const PruningContext& context) const = 0;
};

/// A method by name, with its documented options.
struct MethodInfo {
  std::string name;
  std::string summary;  ///< one sentence
  std::string source;   ///< paper and section, and "in the spirit of" where the text is not at hand
  std::vector<OptionSpec> options;
  std::function<std::unique_ptr<Method>(const MethodOptions&)> make;
};

/// All methods, by name. The list is in pruning/methods/CMakeLists.txt.
const std::vector<MethodInfo>& methods();

/// Throws InputError listing the names where there is no such method.
const MethodInfo& find_method(const std::string& name);

/// `info` with options as given; throws InputError for those it does not have or take.
std::unique_ptr<Method> make_method(const MethodInfo& info, const MethodOptions::Given& given);

/// The Conv or Linear `network.nodes[index]` as a layer that may be pruned.
PrunableLayer layer_of(const network::Network& network, std::size_t index);

/// Throws InputError unless `ratios`, an option of `method`, are none or one for each layer of the
/// context.
void check_ratios(const std::string& method, const std::vector<double>& ratios,
                  const PruningContext& context);

/// The layers a method may prune. `keep_first`, `keep_last`: the first Conv or Linear, the last one
/// stay as they are; so do the nodes `keep`, which must be there.
struct LayerPolicy {
  bool keep_first = true;
  bool keep_last = true;
  std::vector<std::string> keep;
};

/// Throws InputError if nothing is left to prune or a node to keep has no weight.
std::vector<PrunableLayer> prunable_layers(const network::Network& network,
                                           const LayerPolicy& policy = {});

}  // namespace crossloop::pruning
