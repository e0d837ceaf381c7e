#include "host/network/zoo_builder.hpp"

#include <algorithm>
#include <cassert>

#include "host/network/shape_rules.hpp"

namespace crossloop::network {

namespace {

/// output_shape() of a node whose weight may still be missing.
Shape planned_shape(const Node& node, const std::vector<Shape>& inputs) {
  const Shape& in = inputs[0];
  const Shape out =
      std::visit(Overloaded{[&](const Conv& op) {
                              return Shape{op.out_channels, op.window.out_height(in.height),
                                           op.window.out_width(in.width)};
                            },
                            [](const Linear& op) { return Shape{.channels = op.out_features}; },
                            [&](const auto&) { return output_shape(node, inputs); }},
                 node.op);
  if (std::min(out.height, out.width) < 1)
    refuse(node, "its input " + to_string(in) + " is too small");
  return out;
}

/// Of a node whose weight may still be missing.
std::int64_t planned_parameters(Node& node) {
  if (const auto* norm = std::get_if<BatchNorm>(&node.op)) {
    return static_cast<std::int64_t>(norm->gamma.size() + norm->beta.size());
  }
  if (!has_weight(node)) return 0;
  const WeightView view = weight_of(node);
  return std::int64_t{view.outputs} * view.inputs + static_cast<std::int64_t>(view.bias.size());
}

}  // namespace

Window square_window(int kernel, int stride, int pad) {
  return {.kernel_h = kernel,
          .kernel_w = kernel,
          .stride_h = stride,
          .stride_w = stride,
          .pad_top = pad,
          .pad_left = pad,
          .pad_bottom = pad,
          .pad_right = pad};
}

Builder::Builder(const std::string& name, Shape input, int classes) : classes_(classes) {
  plan_.network.name = name;
  plan_.network.input_shape = input;
  plan_.shapes = {{plan_.network.input_name, input}};
}

bool Builder::is_small() const { return std::min(input().height, input().width) < 64; }

std::string Builder::append(const std::string& name, Operator op,
                            const std::vector<std::string>& inputs) {
  Node& node = plan_.network.nodes.emplace_back(Node{name, std::move(op), inputs, name, {}});
  std::vector<Shape> shapes;
  for (const std::string& each : inputs) shapes.push_back(shape(each));
  plan_.shapes[name] = planned_shape(node, shapes);
  plan_.parameters += planned_parameters(node);
  return name;
}

std::string Builder::conv(const std::string& name, const std::string& from,
                          const ConvSettings& settings) {
  const auto biases = static_cast<std::size_t>(settings.bias ? settings.out : 0);
  Conv op{.in_channels = shape(from).channels,
          .out_channels = settings.out,
          .window = square_window(settings.kernel, settings.stride,
                                  settings.pad.value_or(settings.kernel / 2)),
          .weight = {},
          .bias = std::vector<float>(biases),
          .groups = settings.groups};
  return append(name, std::move(op), {from});
}

std::string Builder::batch_norm(const std::string& name, const std::string& from) {
  const auto n = static_cast<std::size_t>(shape(from).channels);
  BatchNorm op;
  op.gamma.assign(n, 1.0F);
  op.beta.assign(n, 0.0F);
  op.mean.assign(n, 0.0F);
  op.variance.assign(n, 1.0F);
  return append(name, std::move(op), {from});
}

std::string Builder::relu(const std::string& name, const std::string& from) {
  return append(name, Relu{}, {from});
}

std::string Builder::max_pool(const std::string& name, const std::string& from,
                              const Window& window) {
  return append(name, MaxPool{window}, {from});
}

std::string Builder::linear(const std::string& name, const std::string& from, int out) {
  assert(shape(from) == Shape{.channels = shape(from).channels});
  Linear op{.in_features = shape(from).channels,
            .out_features = out,
            .weight = {},
            .bias = std::vector<float>(static_cast<std::size_t>(out))};
  return append(name, std::move(op), {from});
}

std::string Builder::conv_block(const std::string& name, const std::string& from,
                                const ConvSettings& settings, const Operator& activation) {
  const std::string x = batch_norm(name + ".bn", conv(name + ".conv", from, settings));
  return append(name + ".relu", activation, {x});
}

std::string Builder::classify(const std::string& from) {
  const std::string pooled = append("pool", GlobalAveragePool{}, {from});
  return linear("fc", append("flatten", Flatten{}, {pooled}), classes_);
}

NetworkPlan Builder::finish(const std::string& output) {
  plan_.network.output_name = output;
  return std::move(plan_);
}

}  // namespace crossloop::network
