#include "host/network/zoo.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <random>

#include "host/error.hpp"
#include "host/network/zoo_families.hpp"

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

/// Draws the missing weight of a Conv or Linear node.
void initialise(Node& node, Random& random) {
  const WeightView view = weight_of(node);
  const std::size_t size =
      static_cast<std::size_t>(view.outputs) * static_cast<std::size_t>(view.inputs);
  if (auto* conv = std::get_if<Conv>(&node.op)) {
    const int fan_out =
        conv->out_channels / conv->groups * conv->window.kernel_h * conv->window.kernel_w;
    const double deviation = std::sqrt(2.0 / fan_out);
    conv->weight.resize(size);
    for (float& w : conv->weight) w = static_cast<float>(deviation * random.normal());
  } else {
    auto& linear = std::get<Linear>(node.op);
    const double bound = 1.0 / std::sqrt(linear.in_features);
    linear.weight.resize(size);
    for (float& w : linear.weight) w = static_cast<float>(bound * (2.0 * random.uniform() - 1.0));
  }
}

constexpr int kAnySide = std::numeric_limits<int>::max();

/// Pixels a side, least and most.
struct Sides {
  int least = 1;
  int most = kAnySide;
};

struct Recipe {
  std::function<std::string(Builder&)> build;
  std::vector<Sides> sides = {};  ///< height and width both lie in one of these; empty: any
};

Recipe cifar_resnet_of(int blocks_per_stage, Shortcut shortcut) {
  return {[=](Builder& b) { return cifar_resnet(b, blocks_per_stage, shortcut); }};
}

Recipe imagenet_resnet_of(const std::array<int, 4>& blocks, bool bottleneck) {
  return {[=](Builder& b) { return imagenet_resnet(b, blocks, bottleneck); }};
}

/// Five stages leave 1x1 pixels for the one classifier, 7x7 for the other.
Recipe vgg_of(const VggStages& stages, bool batch_norm) {
  return {[=](Builder& b) { return vgg(b, stages, batch_norm); }, {{32, 63}, {224, 255}}};
}

Recipe vgg8_of(int width) {
  return {[=](Builder& b) { return vgg8(b, width); }, {{8, kAnySide}}};
}

std::map<std::string, Recipe> all_recipes() {
  std::map<std::string, Recipe> recipes = {
      {"alexnet", {alexnet, {{29, 63}, {223, 254}}}},  // the latter leave 6x6 pixels
      {"lenet5", {lenet5, {{28, 28}, {32, 32}}}},
      {"linear", {linear_classifier}},
      {"mobilenet_v1", {mobilenet_v1}},
      {"mobilenet_v2", {mobilenet_v2}},
      {"resnet18", imagenet_resnet_of({2, 2, 2, 2}, false)},
      {"resnet50", imagenet_resnet_of({3, 4, 6, 3}, true)},
      {"squeezenet1_1", {squeezenet1_1, {{12, kAnySide}}}},
      {"vgg8", vgg8_of(32)},
      {"vgg8_w64", vgg8_of(64)},
      {"vgg8_w128", vgg8_of(128)}};
  for (const int layers : {8, 14, 20, 32, 56}) {
    const std::string name = "resnet" + std::to_string(layers);
    recipes[name] = cifar_resnet_of((layers - 2) / 6, Shortcut::kProjection);
    recipes[name + "_a"] = cifar_resnet_of((layers - 2) / 6, Shortcut::kPadded);
  }
  const std::map<std::string, VggStages> vggs = {
      {"vgg11", {{64}, {128}, {256, 256}, {512, 512}, {512, 512}}},
      {"vgg11_w32", {{32}, {64}, {128, 128}, {256, 256}, {256, 256}}},
      {"vgg13", {{64, 64}, {128, 128}, {256, 256}, {512, 512}, {512, 512}}},
      {"vgg16", {{64, 64}, {128, 128}, {256, 256, 256}, {512, 512, 512}, {512, 512, 512}}}};
  for (const auto& [name, stages] : vggs) {
    recipes[name] = vgg_of(stages, false);
    recipes[name + "_bn"] = vgg_of(stages, true);
  }
  return recipes;
}

const std::map<std::string, Recipe>& recipes() {
  static const std::map<std::string, Recipe> kRecipes = all_recipes();
  return kRecipes;
}

void check_sides(const std::string& name, const Shape& input, const std::vector<Sides>& allowed) {
  if (allowed.empty()) return;
  std::vector<std::string> expected;
  for (const auto& [least, most] : allowed) {
    if (std::min(input.height, input.width) >= least &&
        std::max(input.height, input.width) <= most) {
      return;
    }
    expected.push_back(most == kAnySide ? fmt::format("at least {}", least)
                       : least == most  ? std::to_string(least)
                                        : fmt::format("{} to {}", least, most));
  }
  throw InputError(fmt::format("network {}: input {}, expected {} pixels a side", name,
                               to_string(input), fmt::join(expected, " or ")));
}

}  // namespace

std::vector<std::string> zoo_names() {
  std::vector<std::string> names;
  for (const auto& [name, recipe] : recipes()) names.push_back(name);
  return names;
}

NetworkPlan plan_network(const std::string& name, Shape input, int classes) {
  const auto found = recipes().find(name);
  if (found == recipes().end()) {
    throw InputError(
        fmt::format("no network is called {}; known: {}", name, fmt::join(zoo_names(), ", ")));
  }
  if (std::min({input.channels, input.height, input.width}) < 1 || classes < 2) {
    throw InputError("network " + name + ": input " + to_string(input) + " and " +
                     std::to_string(classes) +
                     " classes, expected positive sizes and at least 2 classes");
  }
  check_sides(name, input, found->second.sides);
  Builder builder(name, input, classes);
  return builder.finish(found->second.build(builder));
}

Network make_network(const std::string& name, Shape input, int classes, std::uint64_t seed) {
  Network network = plan_network(name, input, classes).network;
  Random random(seed);
  for (Node& node : network.nodes) {
    if (has_weight(node)) initialise(node, random);
  }
  infer_shapes(network);
  return network;
}

}  // namespace crossloop::network
