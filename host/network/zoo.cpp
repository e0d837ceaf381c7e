#include "host/network/zoo.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <random>

#include "host/error.hpp"

namespace crossloop::network {

namespace {

/// Standard normal and uniform numbers that are the same with every standard library.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  /// In (0, 1]: the top 53 bits, never 0 so that its logarithm is finite.
  double uniform() { return (static_cast<double>(engine_() >> 11) + 1.0) * 0x1p-53; }

  double normal() {  // Box and Muller 1958
    const double radius = std::sqrt(-2.0 * std::log(uniform()));
    return radius * std::cos(2.0 * std::numbers::pi * uniform());
  }

 private:
  std::mt19937_64 engine_;
};

/// Appends nodes; every method returns the name of the value it made, which is the node's name.
class Builder {
 public:
  Builder(const std::string& name, Shape input, std::uint64_t seed) : random_(seed) {
    network_.name = name;
    network_.input_shape = input;
  }

  std::string append(const std::string& name, Operator op, std::vector<std::string> inputs) {
    network_.nodes.push_back({name, std::move(op), std::move(inputs), name, {}});
    return name;
  }

  /// Square kernel of odd size, padded to keep the size at stride 1.
  std::string conv(const std::string& name, const std::string& from, int in, int out, int kernel,
                   int stride) {
    const int pad = kernel / 2;
    Conv op{.in_channels = in,
            .out_channels = out,
            .window = {.kernel_h = kernel,
                       .kernel_w = kernel,
                       .stride_h = stride,
                       .stride_w = stride,
                       .pad_top = pad,
                       .pad_left = pad,
                       .pad_bottom = pad,
                       .pad_right = pad},
            .weight = std::vector<float>(static_cast<std::size_t>(out * in * kernel * kernel)),
            .bias = {}};
    const double deviation = std::sqrt(2.0 / (out * kernel * kernel));
    for (float& w : op.weight) w = static_cast<float>(deviation * random_.normal());
    return append(name, std::move(op), {from});
  }

  std::string batch_norm(const std::string& name, const std::string& from, int channels) {
    const auto n = static_cast<std::size_t>(channels);
    BatchNorm op;
    op.gamma.assign(n, 1.0F);
    op.beta.assign(n, 0.0F);
    op.mean.assign(n, 0.0F);
    op.variance.assign(n, 1.0F);
    return append(name, std::move(op), {from});
  }

  /// Weights uniform in +-1/sqrt(in), zero bias.
  std::string linear(const std::string& name, const std::string& from, int in, int out) {
    Linear op{.in_features = in,
              .out_features = out,
              .weight = std::vector<float>(static_cast<std::size_t>(out * in)),
              .bias = std::vector<float>(static_cast<std::size_t>(out))};
    const double bound = 1.0 / std::sqrt(in);
    for (float& w : op.weight) w = static_cast<float>(bound * (2.0 * random_.uniform() - 1.0));
    return append(name, std::move(op), {from});
  }

  std::string relu(const std::string& name, const std::string& from) {
    return append(name, Relu{}, {from});
  }

  Network finish(const std::string& output) {
    network_.output_name = output;
    infer_shapes(network_);
    return std::move(network_);
  }

 private:
  Network network_;
  Random random_;
};

std::string residual_block(Builder& b, const std::string& name, const std::string& from, int in,
                           int out, int stride) {
  std::string x = b.conv(name + ".conv1", from, in, out, 3, stride);
  x = b.relu(name + ".relu1", b.batch_norm(name + ".bn1", x, out));
  x = b.conv(name + ".conv2", x, out, out, 3, 1);
  x = b.batch_norm(name + ".bn2", x, out);
  std::string shortcut = from;
  if (in != out || stride != 1) {
    shortcut = b.conv(name + ".shortcut.conv", from, in, out, 1, stride);
    shortcut = b.batch_norm(name + ".shortcut.bn", shortcut, out);
  }
  return b.relu(name + ".relu2", b.append(name + ".add", Add{}, {x, shortcut}));
}

/// 6 * blocks_per_stage + 2 layers.
Network resnet(const std::string& name, Shape input, int classes, std::uint64_t seed,
               int blocks_per_stage) {
  constexpr std::array<int, 3> kChannels = {16, 32, 64};
  Builder b(name, input, seed);
  std::string x = b.conv("conv1", "input", input.channels, kChannels[0], 3, 1);
  x = b.relu("relu1", b.batch_norm("bn1", x, kChannels[0]));
  int in = kChannels[0];
  int block = 0;
  for (const int out : kChannels) {
    for (int i = 0; i < blocks_per_stage; ++i) {
      const int stride = in == out ? 1 : 2;
      x = residual_block(b, "block" + std::to_string(++block), x, in, out, stride);
      in = out;
    }
  }
  x = b.append("flatten", Flatten{}, {b.append("pool", GlobalAveragePool{}, {x})});
  return b.finish(b.linear("fc", x, in, classes));
}

/// Six 3x3 convolutions in three stages, each stage ending in a 2x2 max pool, and two linear
/// layers.
Network vgg8(const std::string& name, Shape input, int classes, std::uint64_t seed) {
  constexpr std::array<int, 3> kChannels = {32, 64, 128};
  constexpr int kHidden = 256;
  if (input.height < 8 || input.width < 8) {
    throw InputError("vgg8: input " + to_string(input) + ", expected at least 8x8 pixels");
  }
  Builder b(name, input, seed);
  std::string x = "input";
  int in = input.channels;
  int layer = 0;
  for (int stage = 0; stage < 3; ++stage) {
    const int out = kChannels[static_cast<std::size_t>(stage)];
    for (int i = 0; i < 2; ++i) {
      const std::string number = std::to_string(++layer);
      x = b.batch_norm("bn" + number, b.conv("conv" + number, x, in, out, 3, 1), out);
      x = b.relu("relu" + number, x);
      in = out;
    }
    const Window half{.kernel_h = 2, .kernel_w = 2, .stride_h = 2, .stride_w = 2};
    x = b.append("pool" + std::to_string(stage + 1), MaxPool{half}, {x});
  }
  x = b.append("flatten", Flatten{}, {x});
  x = b.linear("fc1", x, in * (input.height / 8) * (input.width / 8), kHidden);
  x = b.relu("relu" + std::to_string(layer + 1), x);
  return b.finish(b.linear("fc2", x, kHidden, classes));
}

Network linear_classifier(const std::string& name, Shape input, int classes, std::uint64_t seed) {
  Builder b(name, input, seed);
  const std::string x = b.append("flatten", Flatten{}, {"input"});
  return b.finish(b.linear("fc", x, input.size(), classes));
}

}  // namespace

std::vector<std::string> zoo_names() { return {"linear", "resnet8", "resnet20", "vgg8"}; }

Network make_network(const std::string& name, Shape input, int classes, std::uint64_t seed) {
  if (std::min({input.channels, input.height, input.width}) < 1 || classes < 2) {
    throw InputError("network " + name + ": input " + to_string(input) + " and " +
                     std::to_string(classes) +
                     " classes, expected positive sizes and at least 2 classes");
  }
  if (name == "linear") return linear_classifier(name, input, classes, seed);
  if (name == "resnet8") return resnet(name, input, classes, seed, 1);
  if (name == "resnet20") return resnet(name, input, classes, seed, 3);
  if (name == "vgg8") return vgg8(name, input, classes, seed);
  std::string known;
  for (const std::string& each : zoo_names()) known += (known.empty() ? "" : ", ") + each;
  throw InputError("no network is called " + name + "; known: " + known);
}

}  // namespace crossloop::network
