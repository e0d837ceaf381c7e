// Residual networks.
#include "host/network/zoo_families.hpp"

namespace crossloop::network {

namespace {

std::string projection(Builder& b, const std::string& name, const std::string& from, int out,
                       int stride) {
  const std::string x = b.conv(name + ".conv", from, {.out = out, .kernel = 1, .stride = stride});
  return b.batch_norm(name + ".bn", x);
}

std::string padded(Builder& b, const std::string& name, const std::string& from, int out,
                   int stride) {
  const Shape in = b.shape(from);
  const auto kept = [&](int size) { return (size + stride - 1) / stride; };
  const std::string x = b.append(
      name + ".slice",
      Slice{.step = {1, stride, stride}, .count = {in.channels, kept(in.height), kept(in.width)}},
      {from});
  const int before = (out - in.channels) / 2;
  return b.append(name + ".pad",
                  Pad{.before = {before, 0, 0}, .after = {out - in.channels - before, 0, 0}}, {x});
}

/// The shape that a residual block gives its input.
struct Block {
  int out = 0;
  int stride = 1;
  Shortcut shortcut = Shortcut::kProjection;
};

/// Rectifies the sum of x, which the block made of `from`, and the shortcut; `number` counts on.
std::string join(Builder& b, const std::string& name, const std::string& from, const std::string& x,
                 const Block& block, const std::string& number) {
  std::string shortcut = from;
  if (b.shape(from).channels != block.out || block.stride != 1) {
    const auto shape_changed = block.shortcut == Shortcut::kProjection ? projection : padded;
    shortcut = shape_changed(b, name + ".shortcut", from, block.out, block.stride);
  }
  return b.relu(name + ".relu" + number, b.append(name + ".add", Add{}, {x, shortcut}));
}

std::string basic_block(Builder& b, const std::string& name, const std::string& from,
                        const Block& block) {
  std::string x = b.conv(name + ".conv1", from, {.out = block.out, .stride = block.stride});
  x = b.relu(name + ".relu1", b.batch_norm(name + ".bn1", x));
  x = b.batch_norm(name + ".bn2", b.conv(name + ".conv2", x, {.out = block.out}));
  return join(b, name, from, x, block, "2");
}

std::string bottleneck_block(Builder& b, const std::string& name, const std::string& from,
                             const Block& block) {
  const int width = block.out / 4;
  std::string x = b.conv(name + ".conv1", from, {.out = width, .kernel = 1});
  x = b.relu(name + ".relu1", b.batch_norm(name + ".bn1", x));
  x = b.conv(name + ".conv2", x, {.out = width, .stride = block.stride});
  x = b.relu(name + ".relu2", b.batch_norm(name + ".bn2", x));
  x = b.conv(name + ".conv3", x, {.out = block.out, .kernel = 1});
  return join(b, name, from, b.batch_norm(name + ".bn3", x), block, "3");
}

}  // namespace

std::string cifar_resnet(Builder& b, int blocks_per_stage, Shortcut shortcut) {
  std::string x = b.conv("conv1", "input", {.out = 16});
  x = b.relu("relu1", b.batch_norm("bn1", x));
  int number = 0;
  for (const int out : {16, 32, 64}) {
    for (int i = 0; i < blocks_per_stage; ++i) {
      const int stride = b.shape(x).channels == out ? 1 : 2;
      x = basic_block(b, "block" + std::to_string(++number), x, {out, stride, shortcut});
    }
  }
  return b.classify(x);
}

std::string imagenet_resnet(Builder& b, const std::array<int, 4>& blocks, bool bottleneck) {
  const bool small = b.is_small();
  std::string x =
      b.conv("conv1", "input",
             small ? ConvSettings{.out = 64} : ConvSettings{.out = 64, .kernel = 7, .stride = 2});
  x = b.relu("relu1", b.batch_norm("bn1", x));
  if (!small) x = b.max_pool("maxpool", x, square_window(3, 2, 1));
  const auto block = bottleneck ? bottleneck_block : basic_block;
  for (std::size_t stage = 0; stage < blocks.size(); ++stage) {
    const int out = (bottleneck ? 256 : 64) << stage;
    for (int i = 0; i < blocks[stage]; ++i) {
      const int stride = stage > 0 && i == 0 ? 2 : 1;
      const std::string name = "layer" + std::to_string(stage + 1) + "." + std::to_string(i);
      x = block(b, name, x, {.out = out, .stride = stride});
    }
  }
  return b.classify(x);
}

}  // namespace crossloop::network
