#include "host/compiler/compile.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "host/compiler/activation_scales.hpp"
#include "host/compiler/channel_order.hpp"
#include "host/compiler/deployment_file.hpp"
#include "host/compiler/digital_layers.hpp"
#include "host/compiler/duplicate.hpp"
#include "host/compiler/fusion.hpp"
#include "host/compiler/place.hpp"
#include "host/compiler/quantise.hpp"
#include "host/compiler/tile.hpp"
#include "host/error.hpp"

namespace crossloop::compiler {
namespace {

using network::Network;
using network::Node;
using network::Shape;

constexpr int kPixelBits = 8;

/// Builds one deployment, layer by layer.
class Compilation {
 public:
  Compilation(const Network& network, const TileFormat& tile, const analog::Device& device,
              const data::Dataset& calibration, const CompileOptions& options)
      : network_(network),
        options_(options),
        shapes_(network::infer_shapes(network)),
        ranges_(observe_ranges(network, calibration, options.activations)),
        sigma_(analog::noise_sigma(device, tile.code)) {
    result_.network = network.name;
    result_.tile = tile;
    result_.device = device.name;
    result_.normalisation = network.normalisation;
    result_.tensors.push_back({.name = network.input_name, .shape = network.input_shape});
    tensor_ids_[network.input_name] = 0;
  }

  Deployment run(std::map<std::string, std::vector<float>>& chosen_scales) {
    const std::vector<FusedNode> fused = fuse(network_);
    join_ranges(fused, ranges_);
    for (std::size_t i = 0; i < fused.size(); ++i) {
      append(fused[i], i + 1 == fused.size());
    }
    const Shape& logits = result_.tensors.back().shape;
    if (logits.height != 1 || logits.width != 1) {
      throw InputError("network '" + network_.name + "': output has shape " +
                       network::to_string(logits) + ", expected one value per class");
    }
    result_.classes = logits.channels;
    chosen_scales = std::move(chosen_scales_);
    return std::move(result_);
  }

 private:
  void append(const FusedNode& fused, bool last) {
    Layer layer;
    layer.name = fused.node->name;
    for (const std::string& input : fused.inputs) layer.inputs.push_back(tensor_ids_.at(input));
    layer.output = static_cast<std::int32_t>(result_.tensors.size());
    const bool on_image = std::count(layer.inputs.begin(), layer.inputs.end(), 0) != 0;
    if (on_image && !network::has_weight(*fused.node)) {
      throw InputError("node '" + layer.name + "': a " + network::operator_name(*fused.node) +
                       " on the input image, expected Conv or Linear");
    }
    add_output_tensor(fused, layer, last);
    if (network::has_weight(*fused.node)) {
      append_crossbar_layer(fused, std::move(layer), on_image);
      return;
    }
    set_digital_layer(result_, *fused.node, layer);
    result_.layers.push_back(std::move(layer));
  }

  /// The tensor a layer makes, and the rails of the layer.
  void add_output_tensor(const FusedNode& fused, Layer& layer, bool last) {
    std::vector<TensorInfo> inputs;
    for (const std::int32_t id : layer.inputs) {
      inputs.push_back(result_.tensors[static_cast<std::size_t>(id)]);
    }
    const ValueRange& made = ranges_.at(fused.output);
    const OutputCodes codes = passes_codes(*fused.node) ? passed_codes(fused, inputs)
                              : fused.table != nullptr
                                  ? tabled_codes(fused, ranges_.at(fused.table_input), made)
                                  : output_codes(fused, made, last);
    layer.range = codes.range;
    layer.table = codes.table;
    tensor_ids_[fused.output] = layer.output;
    result_.tensors.push_back({.name = fused.output,
                               .shape = shapes_.at(fused.output),
                               .scale = codes.scale.scale,
                               .zero = codes.scale.zero});
  }

  void append_crossbar_layer(const FusedNode& fused, Layer layer, bool on_image) {
    const Node& node = *fused.node;
    const TensorInfo& input = result_.tensors[static_cast<std::size_t>(layer.inputs[0])];
    layer.window = crossbar_window(node, input.shape);
    if (const auto* conv = std::get_if<network::Conv>(&node.op)) layer.groups = conv->groups;
    const int taps = layer.window.kernel_h * layer.window.kernel_w;
    const FoldedLayer folded = fold(fused, on_image ? &network_.normalisation : nullptr, taps);
    layer.outputs = folded.outputs;
    layer.inputs_per_output = folded.inputs;
    layer.pad_values =
        on_image ? normalised_zero(network_.normalisation, input.shape.channels)
                 : std::vector(static_cast<std::size_t>(input.shape.channels), input.zero);
    const std::vector<float> scale = frozen_scale(node, folded);
    layer.weight_scale.assign(scale.begin(), scale.end());
    set_terms(layer, folded, on_image ? &network_.normalisation : nullptr,
              result_.tile.weight_limit());
    place_layer(std::move(layer), folded);
  }

  std::vector<float> frozen_scale(const Node& node, const FoldedLayer& folded) {
    if (node.weight_scale.empty()) {
      chosen_scales_[node.name] = choose_weight_scale(folded, result_.tile.weight_limit());
      return chosen_scales_[node.name];
    }
    const bool valid = std::all_of(node.weight_scale.begin(), node.weight_scale.end(),
                                   [](float s) { return std::isfinite(s) && s > 0.0F; });
    if (!valid || node.weight_scale.size() != static_cast<std::size_t>(folded.outputs)) {
      throw InputError("node '" + node.name + "': " + std::to_string(node.weight_scale.size()) +
                       " frozen weight scales, expected " + std::to_string(folded.outputs) +
                       " positive numbers");
    }
    return node.weight_scale;
  }

  void place_layer(Layer layer, const FoldedLayer& folded) {
    std::vector<std::uint8_t> alive(folded.weights.size());
    std::transform(folded.weights.begin(), folded.weights.end(), alive.begin(),
                   [](double weight) { return static_cast<std::uint8_t>(weight != 0.0); });
    const auto index = static_cast<std::int32_t>(result_.layers.size());
    PlacementOptions placement = options_.placement;
    const int taps = layer.window.kernel_h * layer.window.kernel_w;
    placement.plan.order =
        given_channel_order(network_, layer.name, layer.inputs_per_output / taps);
    place(result_, layer, index, alive, sigma_, placement);
    if (layer.crossbars.empty()) {
      throw InputError("node '" + layer.name +
                       "': every weight is zero, expected at least one "
                       "that is not");
    }
    result_.layers.push_back(std::move(layer));
    finish_layer(result_, index);
  }

  const Network& network_;
  const CompileOptions& options_;
  std::map<std::string, Shape> shapes_;
  std::map<std::string, ValueRange> ranges_;
  std::int32_t sigma_ = 0;
  Deployment result_;
  std::map<std::string, std::int32_t> tensor_ids_;
  std::map<std::string, std::vector<float>> chosen_scales_;
};

void check_code(const TileFormat& tile, const analog::Device& device) {
  const analog::CodeFormat expected =
      analog::code_format(device, tile.code.cell_bits, tile.code.bits, tile.code.fraction_bits);
  if (tile.code != expected) {
    throw InputError("tile: reference code " + std::to_string(tile.code.reference) + ", device '" +
                     device.name + "' has " + std::to_string(expected.reference));
  }
  if (tile.input_bits != kPixelBits) {
    throw InputError("tile: input_bits is " + std::to_string(tile.input_bits) +
                     ", expected 8, the width of a pixel");
  }
}

}  // namespace

Deployment compile(Network& network, const TileFormat& tile, const analog::Device& device,
                   const data::Dataset& calibration, const CompileOptions& options) {
  check_tile(tile);
  check_code(tile, device);
  check_channel_orders(network);
  if (calibration.count < 1) {
    throw InputError("calibration set '" + calibration.name + "' has no images, expected some");
  }
  std::map<std::string, std::vector<float>> chosen_scales;
  Deployment deployment =
      Compilation(network, tile, device, calibration, options).run(chosen_scales);
  if (options.crossbar_budget > 0) duplicate_layers(deployment, options.crossbar_budget);
  validate(deployment);
  for (auto& [name, scale] : chosen_scales) network.node(name).weight_scale = std::move(scale);
  return deployment;
}

}  // namespace crossloop::compiler
