// Networks without branches: one linear layer, LeNet, AlexNet, VGG.
#include "host/network/zoo_families.hpp"

namespace crossloop::network {

namespace {

/// `hidden` linear layers of `width` features, rectified as relu<number>..., and one of the
/// classes; the layers are called fc1, fc2, ...
std::string linear_layers(Builder& b, std::string x, const std::vector<int>& hidden, int number) {
  x = b.append("flatten", Flatten{}, {x});
  int layer = 0;
  for (const int width : hidden) {
    x = b.linear("fc" + std::to_string(++layer), x, width);
    x = b.relu("relu" + std::to_string(number++), x);
  }
  return b.linear("fc" + std::to_string(++layer), x, b.classes());
}

/// The stages of a VGG: conv1, bn1, relu1, ..., pool1, ...
struct VggFeatures {
  std::string output;
  int convolutions = 0;
};
VggFeatures vgg_features(Builder& b, const VggStages& stages, bool batch_norm, bool bias) {
  std::string x = "input";
  int layer = 0, stage = 0;
  for (const std::vector<int>& channels : stages) {
    for (const int out : channels) {
      const std::string number = std::to_string(++layer);
      x = b.conv("conv" + number, x, {.out = out, .bias = bias});
      if (batch_norm) x = b.batch_norm("bn" + number, x);
      x = b.relu("relu" + number, x);
    }
    x = b.max_pool("pool" + std::to_string(++stage), x, square_window(2, 2));
  }
  return {x, layer};
}

}  // namespace

std::string linear_classifier(Builder& b) {
  return b.linear("fc", b.append("flatten", Flatten{}, {"input"}), b.classes());
}

std::string lenet5(Builder& b) {
  const int pad = b.input().height == 28 ? 2 : 0;
  std::string x = b.conv("conv1", "input", {.out = 6, .kernel = 5, .pad = pad, .bias = true});
  x = b.max_pool("pool1", b.relu("relu1", x), square_window(2, 2));
  x = b.conv("conv2", x, {.out = 16, .kernel = 5, .pad = 0, .bias = true});
  x = b.max_pool("pool2", b.relu("relu2", x), square_window(2, 2));
  return linear_layers(b, x, {120, 84}, 3);
}

std::string alexnet(Builder& b) {
  const bool small = b.is_small();
  const Window pool = small ? square_window(2, 2) : square_window(3, 2);
  std::string x = b.conv(
      "conv1", "input", {.out = 64, .kernel = 11, .stride = 4, .pad = small ? 5 : 2, .bias = true});
  x = b.max_pool("pool1", b.relu("relu1", x), pool);
  x = b.conv("conv2", x, {.out = 192, .kernel = 5, .bias = true});
  x = b.max_pool("pool2", b.relu("relu2", x), pool);
  x = b.relu("relu3", b.conv("conv3", x, {.out = 384, .bias = true}));
  x = b.relu("relu4", b.conv("conv4", x, {.out = 256, .bias = true}));
  x = b.relu("relu5", b.conv("conv5", x, {.out = 256, .bias = true}));
  x = b.max_pool("pool3", x, pool);
  return linear_layers(b, x, small ? std::vector<int>{} : std::vector<int>{4096, 4096}, 6);
}

std::string vgg(Builder& b, const VggStages& stages, bool batch_norm) {
  const VggFeatures features = vgg_features(b, stages, batch_norm, true);
  return linear_layers(b, features.output,
                       b.is_small() ? std::vector<int>{} : std::vector<int>{4096, 4096},
                       features.convolutions + 1);
}

std::string vgg8(Builder& b, int width) {
  const VggStages stages = {{width, width}, {2 * width, 2 * width}, {4 * width, 4 * width}};
  const VggFeatures features = vgg_features(b, stages, true, false);
  return linear_layers(b, features.output, {8 * width}, features.convolutions + 1);
}

}  // namespace crossloop::network
