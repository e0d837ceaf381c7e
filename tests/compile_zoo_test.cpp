// Every network of the zoo compiled and run on ideal tiles, against the float network.
#include <gmock/gmock.h>

#include <cmath>

#include "host/compiler/compile.hpp"
#include "host/compiler/deployment_file.hpp"
#include "host/network/executor.hpp"
#include "tests/ideal_tiles.hpp"

namespace crossloop::compiler {
namespace {

constexpr int kImages = 8;
constexpr int kClasses = 5;

/// The smallest input that leaves every layer something to see.
network::Shape smallest_input(const std::string& name) {
  if (name == "lenet5") return {1, 28, 28};
  if (name == "alexnet") return {3, 29, 29};
  if (name.starts_with("vgg1")) return {3, 32, 32};
  if (name == "squeezenet1_1") return {3, 12, 12};
  return {3, 8, 8};
}

network::Network example(const std::string& name) {
  network::Network network = network::make_network(name, smallest_input(name), kClasses, 1);
  network.normalisation.mean.assign(std::size_t(network.input_shape.channels), 0.45F);
  network.normalisation.std.assign(std::size_t(network.input_shape.channels), 0.25F);
  return network;
}

/// 10 log10 of what the logits (scale 1 in `expected`) say about the images, their variance about
/// the mean of each class, over the square error of the integer ones.
double signal_to_error_db(const std::vector<float>& expected, const IntegerTensor& found,
                          double scale) {
  double signal = 0.0, error = 0.0;
  for (std::size_t o = 0; o < kClasses; ++o) {
    double mean = 0.0;
    for (std::size_t i = o; i < expected.size(); i += kClasses) mean += expected[i] / kImages;
    for (std::size_t i = o; i < expected.size(); i += kClasses) {
      signal += std::pow(expected[i] - mean, 2);
      error += std::pow(scale * found[i] - expected[i], 2);
    }
  }
  return 10.0 * std::log10(signal / error);
}

class Zoo : public ::testing::TestWithParam<std::string> {};

TEST_P(Zoo, CompilesAndFollowsTheFloatNetwork) {
  network::Network network = example(GetParam());
  const data::Dataset images = noisy_images(network.input_shape, kImages, 3);
  const Deployment deployment = compile(network, runtime::lossless_tile(), test_device(), images);
  EXPECT_NO_THROW(validate(deployment));
  const auto tensors = runtime::run_on_ideal_tiles(deployment, images);
  const auto expected =
      network::run(network, network::normalise(network, images, 0, kImages), kImages);
  const double db = signal_to_error_db(expected, tensors.back(), deployment.tensors.back().scale);
  printf("DB %s %.1f crossbars %zu\n", GetParam().c_str(), db, deployment.crossbars.size());
  EXPECT_GT(db, 20.0);
}

INSTANTIATE_TEST_SUITE_P(Names, Zoo, ::testing::ValuesIn(network::zoo_names()),
                         [](const auto& name) { return name.param; });

}  // namespace
}  // namespace crossloop::compiler
