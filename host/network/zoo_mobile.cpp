// Networks for small devices: MobileNet and SqueezeNet.
#include "host/network/zoo_families.hpp"

namespace crossloop::network {

namespace {

/// A 3x3 convolution of each channel by itself.
std::string depthwise(Builder& b, const std::string& name, const std::string& from, int stride,
                      const Operator& activation) {
  const int channels = b.shape(from).channels;
  return b.conv_block(name, from, {.out = channels, .stride = stride, .groups = channels},
                      activation);
}

const Operator kRelu6 = Clip{.low = 0.0F, .high = 6.0F};

/// Widens the channels by `expansion`, filters each, and narrows to `out` without an activation.
struct InvertedResidual {
  int expansion, out, stride;
};
std::string append_block(Builder& b, const std::string& name, const std::string& from,
                         const InvertedResidual& block) {
  const int in = b.shape(from).channels;
  std::string x = from;
  if (block.expansion != 1) {
    x = b.conv_block(name + ".expand", x, {.out = in * block.expansion, .kernel = 1}, kRelu6);
  }
  x = depthwise(b, name + ".depthwise", x, block.stride, kRelu6);
  x = b.conv(name + ".project.conv", x, {.out = block.out, .kernel = 1});
  x = b.batch_norm(name + ".project.bn", x);
  return block.stride == 1 && in == block.out ? b.append(name + ".add", Add{}, {from, x}) : x;
}

/// Squeezes the channels, and expands them with 1x1 and 3x3 kernels side by side.
std::string fire(Builder& b, const std::string& name, const std::string& from, int squeeze,
                 int expand) {
  const auto rectified = [&](const std::string& part, const std::string& in, int out, int kernel) {
    const std::string x =
        b.conv(name + "." + part, in, {.out = out, .kernel = kernel, .bias = true});
    return b.relu(name + "." + part + ".relu", x);
  };
  const std::string x = rectified("squeeze", from, squeeze, 1);
  const std::string ones = rectified("expand1x1", x, expand, 1);
  const std::string threes = rectified("expand3x3", x, expand, 3);
  return b.append(name + ".concat", Concat{1}, {ones, threes});
}

}  // namespace

std::string mobilenet_v1(Builder& b) {
  std::string x =
      b.conv_block("stem", "input", {.out = 32, .stride = b.is_small() ? 1 : 2}, Relu{});
  int number = 0;
  for (const int out : {64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024}) {
    // The channels double where the image halves, but for the first block.
    const int stride = number > 0 && out != b.shape(x).channels ? 2 : 1;
    const std::string name = "block" + std::to_string(++number);
    x = depthwise(b, name + ".depthwise", x, stride, Relu{});
    x = b.conv_block(name + ".pointwise", x, {.out = out, .kernel = 1}, Relu{});
  }
  return b.classify(x);
}

std::string mobilenet_v2(Builder& b) {
  struct Stage {
    int blocks;
    InvertedResidual first;
  };
  const int early_stride = b.is_small() ? 1 : 2;
  const std::vector<Stage> stages = {
      {1, {1, 16, 1}}, {2, {6, 24, early_stride}}, {3, {6, 32, 2}}, {4, {6, 64, 2}},
      {3, {6, 96, 1}}, {3, {6, 160, 2}},           {1, {6, 320, 1}}};
  std::string x = b.conv_block("stem", "input", {.out = 32, .stride = early_stride}, kRelu6);
  int number = 0;
  for (const Stage& stage : stages) {
    InvertedResidual block = stage.first;
    for (int i = 0; i < stage.blocks; ++i, block.stride = 1) {
      x = append_block(b, "block" + std::to_string(++number), x, block);
    }
  }
  return b.classify(b.conv_block("head", x, {.out = 1280, .kernel = 1}, kRelu6));
}

std::string squeezenet1_1(Builder& b) {
  Window pool = square_window(3, 2);
  pool.ceil_mode = true;
  std::string x =
      b.conv("conv1", "input",
             b.is_small() ? ConvSettings{.out = 64, .bias = true}
                          : ConvSettings{.out = 64, .stride = 2, .pad = 0, .bias = true});
  x = b.max_pool("pool1", b.relu("relu1", x), pool);
  x = fire(b, "fire2", x, 16, 64);
  x = b.max_pool("pool2", fire(b, "fire3", x, 16, 64), pool);
  x = fire(b, "fire4", x, 32, 128);
  x = b.max_pool("pool3", fire(b, "fire5", x, 32, 128), pool);
  x = fire(b, "fire6", x, 48, 192);
  x = fire(b, "fire7", x, 48, 192);
  x = fire(b, "fire8", x, 64, 256);
  x = fire(b, "fire9", x, 64, 256);
  x = b.relu("relu10", b.conv("conv10", x, {.out = b.classes(), .kernel = 1, .bias = true}));
  return b.append("flatten", Flatten{}, {b.append("pool", GlobalAveragePool{}, {x})});
}

}  // namespace crossloop::network
