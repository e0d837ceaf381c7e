// Every network of the zoo compiled and run on ideal tiles, against the float network.
#include <gmock/gmock.h>

#include <cmath>

#include "host/compiler/compile.hpp"
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

/// Least accepted, some 3 dB below what these weights and images give. Where the step of the codes
/// is fixed by the tensor's largest element, every layer adds to the error: the deeper, the more.
double least_db(const std::string& name) {
  if (name == "linear") return 40.0;
  if (name == "lenet5") return 30.0;
  if (name == "mobilenet_v1") return 12.0;
  return name == "mobilenet_v2" ? 9.0 : 15.0;
}

/// With more than some million weights.
bool is_large(const std::string& name) {
  return name.starts_with("vgg1") || name == "resnet18" || name == "resnet50";
}

std::vector<std::string> names(bool large) {
  std::vector<std::string> all = network::zoo_names();
  std::erase_if(all, [&](const std::string& name) { return is_large(name) != large; });
  return all;
}

class Zoo : public ::testing::TestWithParam<std::string> {};

TEST_P(Zoo, CompilesAndFollowsTheFloatNetwork) {
  network::Network network = example(GetParam());
  const data::Dataset images = noisy_images(network.input_shape, kImages, 3);
  const Deployment deployment = compile(network, runtime::lossless_tile(), test_device(), images);
  const auto tensors = runtime::run_on_ideal_tiles(deployment, images);
  const auto expected =
      network::run(network, network::normalise(network, images, 0, kImages), kImages);
  const double db = signal_to_error_db(expected, tensors.back(), deployment.tensors.back().scale);
  EXPECT_GT(db, least_db(GetParam()));
}

std::string name_of(const ::testing::TestParamInfo<std::string>& info) { return info.param; }

INSTANTIATE_TEST_SUITE_P(Small, Zoo, ::testing::ValuesIn(names(false)), name_of);
INSTANTIATE_TEST_SUITE_P(Large, Zoo, ::testing::ValuesIn(names(true)), name_of);

/// Networks with an operator of every kind, whose tensors must be the integers of the rules.
class ZooIntegers : public ::testing::TestWithParam<std::string> {};

TEST_P(ZooIntegers, EqualThePlainEvaluation) {
  network::Network network = example(GetParam());
  const data::Dataset images = noisy_images(network.input_shape, 1, 3);
  const Deployment deployment = compile(network, runtime::lossless_tile(), test_device(), images);
  const auto expected = evaluate(deployment, images.image(0));
  const auto found = runtime::run_on_ideal_tiles(deployment, images);
  ASSERT_EQ(found.size() + 1, expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i], expected[i + 1]) << deployment.layers[i].name;
  }
}

INSTANTIATE_TEST_SUITE_P(Small, ZooIntegers,
                         ::testing::Values("resnet8_a", "mobilenet_v2", "squeezenet1_1"), name_of);

}  // namespace
}  // namespace crossloop::compiler
