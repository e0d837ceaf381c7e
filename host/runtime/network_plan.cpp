#include "host/runtime/network_plan.hpp"

#include <algorithm>
#include <optional>

#include "host/compiler/mapping.hpp"
#include "host/runtime/layers.hpp"

namespace crossloop::runtime {

using compiler::Deployment;
using compiler::Layer;
using compiler::LayerKind;
using network::Shape;

namespace {

int last_layer(const Deployment& deployment) {
  return static_cast<int>(deployment.layers.size()) - 1;
}

std::uint32_t words_of(const Shape& shape, int images) {
  return static_cast<std::uint32_t>(images) * ((static_cast<std::uint32_t>(shape.size()) + 3) / 4);
}

/// Pieces of the window by place and by the layers they live for.
class WindowMap {
 public:
  WindowMap(std::uint32_t begin, std::uint32_t end) : begin_(begin), end_(end) {}

  /// The lowest place for `words` words from layer `first` to layer `last`; nothing if there is
  /// none.
  std::optional<std::uint32_t> place(std::uint32_t words, int first, int last) {
    std::uint32_t at = begin_;
    for (const Piece& piece : pieces_) {  // by place
      if (piece.last < first || piece.first > last || piece.begin + piece.words <= at) continue;
      if (piece.begin >= at + words) break;
      at = piece.begin + piece.words;
    }
    if (at > end_ || words > end_ - at) return std::nullopt;
    const auto behind = std::find_if(pieces_.begin(), pieces_.end(),
                                     [&](const Piece& piece) { return piece.begin > at; });
    pieces_.insert(behind, {at, words, first, last});
    return at;
  }

 private:
  struct Piece {
    std::uint32_t begin, words;
    int first, last;
  };
  std::uint32_t begin_, end_;
  std::vector<Piece> pieces_;
};

/// Lays out the layers first..last for `images` images at a time.
class StepPlanner {
 public:
  StepPlanner(const Deployment& deployment, const drivers::DeviceInfo& device,
              const PlanOptions& options, int first, int last)
      : deployment_(deployment),
        device_(device),
        options_(options),
        map_(drivers::constant::RING_WORDS + staging_words(device),
             options.window_words != 0 ? std::min(options.window_words, device.window_words)
                                       : device.window_words) {
    step_.first = first;
    step_.last = last;
    step_.on_device = true;
    step_.tensors.resize(deployment.tensors.size());
    step_.layers.resize(static_cast<std::size_t>(last - first + 1));
  }

  /// Nothing if the window is too small.
  std::optional<PlanStep> plan() {
    if (!place_constants()) return std::nullopt;
    for (int layer = step_.first; layer <= step_.last; ++layer) {
      for (const std::int32_t tensor : layer_at(deployment_, layer).inputs) {
        if (!place_input(tensor)) return std::nullopt;
      }
    }
    for (int layer = step_.first; layer <= step_.last; ++layer) {
      const std::int32_t output = layer_at(deployment_, layer).output;
      const int last_use = use_of(output);
      const auto at = map_.place(output_words(deployment_, layer, options_.images), layer,
                                 std::min(last_use, step_.last));
      if (!at) return std::nullopt;
      step_.tensors[static_cast<std::size_t>(output)] = *at;
      if (last_use > step_.last) step_.outputs.push_back(output);
      if (!place_sums(layer)) return std::nullopt;
    }
    return step_;
  }

 private:
  /// Page images and tables pass through the first words behind the ring.
  static std::uint32_t staging_words(const drivers::DeviceInfo& device) {
    return static_cast<std::uint32_t>(
        std::max(device.geometry.image_words(), device.geometry.table_words()));
  }

  /// The last layer that reads a tensor; one behind the step if the host does.
  int use_of(std::int32_t tensor) const {
    int use = step_.first;
    for (int layer = step_.first; layer <= last_layer(deployment_); ++layer) {
      const auto& inputs = layer_at(deployment_, layer).inputs;
      if (std::find(inputs.begin(), inputs.end(), tensor) != inputs.end()) use = layer;
    }
    const bool logits = tensor == deployment_.layers.back().output;
    return logits || options_.keep_tensors ? step_.last + 1 : use;
  }

  bool made_here(std::int32_t tensor) const {
    for (int layer = step_.first; layer <= step_.last; ++layer) {
      if (layer_at(deployment_, layer).output == tensor) return true;
    }
    return false;
  }

  bool place_input(std::int32_t tensor) {
    if (made_here(tensor) || step_.tensors[static_cast<std::size_t>(tensor)] != 0) return true;
    const auto at = map_.place(words_of(shape_of(deployment_, tensor), options_.images),
                               step_.first, std::min(use_of(tensor), step_.last));
    if (!at) return false;
    step_.tensors[static_cast<std::size_t>(tensor)] = *at;
    step_.inputs.push_back(tensor);
    return true;
  }

  bool place_constants() {
    for (int layer = step_.first; layer <= step_.last; ++layer) {
      const Layer& here = layer_at(deployment_, layer);
      LayerPlaces& places = places_of(layer);
      const auto block = map_.place(static_cast<std::uint32_t>(output_block(here).size()),
                                    step_.first, step_.last);
      if (!block) return false;
      places.block = *block;
      if (here.kind != LayerKind::kCrossbar) continue;
      const auto padding = map_.place((static_cast<std::uint32_t>(here.pad_values.size()) + 3) / 4,
                                      step_.first, step_.last);
      if (!padding) return false;
      places.padding = *padding;
    }
    return true;
  }

  /// Running sums of as many images, or rows of one image, as there is room for.
  bool place_sums(int layer) {
    const Layer& here = layer_at(deployment_, layer);
    if (here.kind != LayerKind::kCrossbar ||
        here.crossbars.size() <= static_cast<std::size_t>(device_.pages)) {
      return true;
    }
    const Shape& out = shape_of(deployment_, here.output);
    const int row = out.width * here.outputs;
    LayerPlaces& places = places_of(layer);
    for (int images = options_.images, rows = out.height; rows > 0;) {
      const auto at = map_.place(static_cast<std::uint32_t>(images * rows * row), layer, layer);
      const bool whole_words = rows == out.height || rows * row % 4 == 0;  // of output bytes
      if (at && whole_words) {
        places.sums = *at;
        places.sum_images = images;
        places.sum_rows = rows;
        return true;
      }
      if (images > 1) {
        images = 1;
      } else {
        --rows;
      }
    }
    return false;
  }

  LayerPlaces& places_of(int layer) {
    return step_.layers[static_cast<std::size_t>(layer - step_.first)];
  }

  const Deployment& deployment_;
  const drivers::DeviceInfo& device_;
  const PlanOptions& options_;
  WindowMap map_;
  PlanStep step_;
};

PlanStep host_step(int first, int last, std::string reason) {
  PlanStep step;
  step.first = first;
  step.last = last;
  step.reason = std::move(reason);
  return step;
}

/// Layers first..last on the device, in pieces where the window does not hold all of them. With
/// `split` off: nothing if it takes pieces.
bool plan_layers(const Deployment& deployment, const drivers::DeviceInfo& device,
                 const PlanOptions& options, int first, int last, bool split,
                 std::vector<PlanStep>& steps) {
  if (auto step = StepPlanner(deployment, device, options, first, last).plan()) {
    steps.push_back(std::move(*step));
    return true;
  }
  if (!split) return false;
  if (first == last) {
    steps.push_back(host_step(first, last, "its tensors do not fit the window"));
    return true;
  }
  const int middle = (first + last) / 2;
  return plan_layers(deployment, device, options, first, middle, split, steps) &&
         plan_layers(deployment, device, options, middle + 1, last, split, steps);
}

std::optional<NetworkPlan> try_plan(const Deployment& deployment, const drivers::DeviceInfo& device,
                                    const PlanOptions& options) {
  NetworkPlan plan;
  plan.images = options.images;
  for (int layer = 0; layer <= last_layer(deployment); ++layer) {
    const std::string reason = host_reason(deployment, layer, device);
    if (!reason.empty()) {
      plan.steps.push_back(host_step(layer, layer, reason));
      continue;
    }
    const int first = layer;
    while (layer < last_layer(deployment) && host_reason(deployment, layer + 1, device).empty()) {
      ++layer;
    }
    if (!plan_layers(deployment, device, options, first, layer, options.images == 1, plan.steps)) {
      return std::nullopt;
    }
  }
  return plan;
}

}  // namespace

std::string host_reason(const Deployment& deployment, int layer,
                        const drivers::DeviceInfo& device) {
  const Layer& here = layer_at(deployment, layer);
  if (here.kind == LayerKind::kCopy) return "copies codes to other places";
  if (here.kind == LayerKind::kAdd) return {};
  const network::Window& w = here.window;
  if (w.dilation_h != 1 || w.dilation_w != 1) return "its window is dilated";
  const auto beyond = [](int low, int high, int limit) { return low < 0 || high > limit; };
  if (beyond(0, std::max(w.kernel_h, w.kernel_w), 255) ||
      beyond(0, std::max(w.stride_h, w.stride_w), 255) ||
      beyond(std::min(w.pad_top, w.pad_left), std::max(w.pad_top, w.pad_left), 255)) {
    return "its window does not fit a descriptor";
  }
  if (here.kind != LayerKind::kCrossbar) return {};
  if (here.mapping != compiler::Mapping::kFolded) return "it is semi-folded";
  if (here.parts != 1) return "it has copies";
  if (deployment.tile.unit_columns() != 0) return "its encoding has unit columns";
  if (compiler::vector_inputs(here) > device.max_inputs) {
    return "its vectors are longer than the device's " + std::to_string(device.max_inputs) +
           " bytes";
  }
  if (here.outputs > device.max_outputs) {
    return "it has more outputs than the device's " + std::to_string(device.max_outputs);
  }
  return {};
}

int NetworkPlan::layers_on_device() const {
  int layers = 0;
  for (const PlanStep& step : steps) layers += step.on_device ? step.last - step.first + 1 : 0;
  return layers;
}

NetworkPlan plan_network(const Deployment& deployment, const drivers::DeviceInfo& device,
                         const PlanOptions& options) {
  PlanOptions smaller = options;
  for (;; smaller.images = (smaller.images + 1) / 2) {
    if (auto plan = try_plan(deployment, device, smaller)) return *std::move(plan);
  }
}

std::vector<std::uint32_t> output_block(const Layer& layer) {
  std::vector<drivers::ScaleWords> scales;
  const compiler::OutputRange codes;
  switch (layer.kind) {
    case LayerKind::kAdd:
      scales = {{-layer.add.zero_a, layer.add.multiplier_a, layer.add.shift},
                {-layer.add.zero_b, layer.add.multiplier_b, 0}};
      break;
    case LayerKind::kMaxPool:  // passes codes on
      return drivers::pack_output_block(codes.zero, codes.low, codes.high, {},
                                        std::vector<drivers::ScaleWords>(2));
    default:
      for (const auto& scale : layer.scales) {
        scales.push_back({scale.bias, scale.multiplier, scale.shift});
      }
      if (layer.kind == LayerKind::kAveragePool) scales.resize(2);
  }
  return drivers::pack_output_block(layer.range.zero, layer.range.low, layer.range.high,
                                    layer.table.codes, scales);
}

std::uint32_t output_words(const Deployment& deployment, int layer, int images) {
  const Shape& shape = shape_of(deployment, layer_at(deployment, layer).output);
  return layer == last_layer(deployment) ? static_cast<std::uint32_t>(images * shape.size())
                                         : words_of(shape, images);
}

}  // namespace crossloop::runtime
