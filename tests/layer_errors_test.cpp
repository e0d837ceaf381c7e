#include "host/runtime/layer_errors.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "host/error.hpp"
#include "host/network/executor.hpp"
#include "host/runtime/engine_backend.hpp"
#include "tests/compiler_fixture.hpp"
#include "tests/small_deployment.hpp"

namespace crossloop::runtime {
namespace {

using compiler::Deployment;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using testing_support::ideal_device;
using testing_support::rough_device;
using testing_support::SmallCase;

std::vector<LayerError> errors_of(const SmallCase& test, const Deployment& deployment,
                                  Backend& backend, int batch = 64) {
  LayerErrors errors(deployment, test.net, test.images);
  RunOptions options;
  options.batch = batch;
  run_images(deployment, backend, test.images, options,
             [&](const LayerEvent& event) { errors.observe(event); });
  return errors.layers();
}

TEST(SignalToError, IsTenLogOfTheRatioOfPowers) {
  SignalToError sums;
  EXPECT_TRUE(sums.silent());
  sums.add(3.0, 3.0);
  EXPECT_TRUE(sums.exact());
  EXPECT_FALSE(sums.decibel());
  sums.add(-1.0, -2.0);
  EXPECT_DOUBLE_EQ(sums.decibel().value(), 10.0);  // (9 + 1) / 1
  SignalToError silent;
  silent.add(0.0, 1.0);
  EXPECT_TRUE(silent.silent());
  EXPECT_FALSE(silent.exact());
  EXPECT_FALSE(silent.decibel());
}

TEST(ExactOutput, IsStepEightWithAnAccumulatorOfEveryResolution) {
  const compiler::OutputRange wide = {.zero = 3, .low = -1000, .high = 1000};
  const compiler::OutputScale scale = {.bias = 2, .multiplier = 3, .shift = 2};
  // ((10 + 2) 3 + 2) >> 2 = 9, and 3 on top.
  EXPECT_EQ(exact_output(10, 0, scale, wide), 12);
  EXPECT_EQ(exact_output(10, 0, scale, wide), engine::requantise(10, scale, wide));
  // A unit of 1/4: the accumulator is 40. ((40 + 2) 3 + 2) >> 2 = 32.
  EXPECT_EQ(exact_output(10, -2, scale, wide), 35);
  EXPECT_EQ(exact_output(10, -2, scale, wide), engine::requantise(40, scale, wide));
  // A unit of 4: the accumulator is 2.5. round(4.5 * 3 / 4) = round(3.375) = 3.
  EXPECT_EQ(exact_output(10, 2, scale, wide), 6);
  EXPECT_EQ(exact_output(-4000, 0, scale, wide), -1000);
  EXPECT_EQ(exact_output(4000, 0, scale, wide), 1000);
}

/// A deployment at full scale and ADCs that resolve every level: accumulator unit 1.
TEST(ExactLayer, IsThePlainIntegerEvaluation) {
  auto network = compiler::small_resnet();
  const auto images = compiler::noisy_images(network.input_shape, 3, 5);
  Deployment deployment =
      compiler::compile(network, compiler::test_tile(), compiler::test_device(), images);
  for (auto& crossbar : deployment.crossbars) {
    for (auto& column : crossbar.tables.columns) column.shift = 13;
  }
  for (int layer = 0; layer < static_cast<int>(deployment.layers.size()); ++layer) {
    if (deployment.layers[static_cast<std::size_t>(layer)].kind == compiler::LayerKind::kCrossbar) {
      compiler::finish_layer(deployment, layer);
      ASSERT_EQ(deployment.layers[static_cast<std::size_t>(layer)].accumulator_unit, 1.0);
    }
  }
  const auto pixels = std::span(images.pixels).first(3 * 8 * 8);
  const auto expected = compiler::evaluate(deployment, pixels);
  Activations activations = start_batch(deployment, images, 0, 1);
  const auto conv1 = exact_layer(deployment, 0, activations);
  EXPECT_EQ(conv1, expected[1]);
}

TEST(ExactLayer, ReadsTheTableBehindTheClamp) {
  SmallCase test(ideal_device());
  const Activations activations = start_batch(test.deployment, test.images, 0, 2);
  auto expected = exact_layer(test.deployment, 0, activations);
  for (std::int32_t& value : expected) value = 255 - value;
  for (int q = 0; q < compiler::kTableEntries; ++q) {
    test.deployment.layers[0].table.codes.push_back(static_cast<std::uint8_t>(255 - q));
  }
  EXPECT_EQ(exact_layer(test.deployment, 0, activations), expected);
}

TEST(LayerErrors, OfIdealTilesAreThoseOfQuantisation) {
  SmallCase test(ideal_device());
  Deployment deployment = compiler::compile(test.net, testing_support::small_tile(test.device),
                                            test.device, test.images);
  for (auto& crossbar : deployment.crossbars) {
    for (auto& column : crossbar.tables.columns) {
      column.shift = 13;
      column.bits = 12;
    }
  }
  for (int layer = 0; layer < 2; ++layer) compiler::finish_layer(deployment, layer);
  EngineBackend backend(deployment.tile, test.device, 1);
  program_all(backend, deployment);
  const auto layers = errors_of(test, deployment, backend);
  ASSERT_EQ(layers.size(), 2u);
  for (const LayerError& error : layers) {
    EXPECT_TRUE(error.own.exact()) << error.name;
    EXPECT_TRUE(error.integer_chip.exact()) << error.name;
    EXPECT_EQ(error.float_chip.error, error.float_integer.error);
    EXPECT_GT(error.float_integer.decibel().value(), 30.0) << error.name;
    EXPECT_EQ(error.counters.clipped_low + error.counters.clipped_high, 0);
    EXPECT_GT(error.counters.conversions, 0);
  }
}

/// The logits' figure against the float network, summed up here once more.
TEST(LayerErrors, CompareRealValuesOfAllImages) {
  SmallCase test(rough_device());
  EngineBackend backend(test.deployment.tile, test.device, 9);
  program_all(backend, test.deployment);
  const auto layers = errors_of(test, test.deployment, backend, 7);
  const auto logits = run_images(test.deployment, backend, test.images, {});
  const auto expected = network::run(
      test.net, network::normalise(test.net, test.images, 0, test.images.count), test.images.count);
  double signal = 0.0, error = 0.0, chip = 0.0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double real = logits[i] * test.deployment.tensors.back().scale;
    signal += expected[i] * double{expected[i]};
    error += (expected[i] - real) * (expected[i] - real);
    chip += real * real;
  }
  EXPECT_NEAR(layers[1].float_chip.signal, signal, 1e-9 * signal);
  EXPECT_NEAR(layers[1].float_chip.error, error, 1e-9 * error);
  EXPECT_LT(layers[1].integer_chip.decibel().value(), 20.0);
  EXPECT_GT(std::abs(layers[1].integer_chip.signal - chip), 1e-6 * chip);  // that of the integers
  EXPECT_GT(layers[1].float_integer.decibel().value(), 30.0);
}

TEST(LayerErrors, DoNotDependOnTheBatch) {
  SmallCase test(rough_device());
  EngineBackend backend(test.deployment.tile, test.device, 9);
  program_all(backend, test.deployment);
  const auto whole = errors_of(test, test.deployment, backend);
  const auto parts = errors_of(test, test.deployment, backend, 3);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    EXPECT_EQ(whole[i].counters, parts[i].counters);
    EXPECT_NEAR(whole[i].own.error, parts[i].own.error, 1e-9 * whole[i].own.error);
    EXPECT_NEAR(whole[i].float_chip.error, parts[i].float_chip.error,
                1e-9 * whole[i].float_chip.error);
  }
}

/// The second layer is fed wrong inputs but makes no error of its own.
TEST(LayerErrors, NameTheLayerThatIsBad) {
  SmallCase test(ideal_device());
  Deployment broken = test.deployment;
  for (const std::int32_t id : broken.layers[0].crossbars) {
    for (auto& level : broken.crossbars[static_cast<std::size_t>(id)].levels) level ^= 1;
  }
  EngineBackend backend(test.deployment.tile, test.device, 1);
  program_all(backend, broken);
  const auto layers = errors_of(test, test.deployment, backend);
  EXPECT_LT(layers[0].own.decibel().value(), 20.0);
  EXPECT_LT(layers[1].integer_chip.decibel().value(), 20.0);
  EXPECT_TRUE(layers[1].own.exact() || layers[1].own.decibel().value() > 40.0);
}

TEST(LayerErrors, CountClippedConversionsByLayer) {
  SmallCase test(ideal_device());
  for (auto& column : test.deployment.crossbars[0].tables.columns) column.shift -= 3;
  EngineBackend backend(test.deployment.tile, test.device, 1);
  program_all(backend, test.deployment);
  const auto layers = errors_of(test, test.deployment, backend);
  EXPECT_GT(layers[0].counters.clipped_high, 0);
  EXPECT_LT(layers[1].counters.clipped_high, layers[0].counters.clipped_high);
}

TEST(LayerErrors, RefuseAnotherNetwork) {
  SmallCase test(ideal_device());
  network::Network renamed = test.net;
  renamed.nodes[2].output = "other";
  renamed.nodes[3].inputs = {"other"};
  EXPECT_THAT([&] { LayerErrors(test.deployment, renamed, test.images); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("tensor c is missing"),
                                              HasSubstr("layer conv of the deployment"))));
  network::Network wider = test.net;
  wider.nodes.resize(3);
  wider.output_name = "c";
  std::get<network::Conv>(wider.nodes[0].op).window.stride_w = 1;
  EXPECT_THAT([&] { LayerErrors(test.deployment, wider, test.images); },
              ThrowsMessage<InputError>(
                  AllOf(HasSubstr("tensor c is [4, 3, 6]"), HasSubstr("has it as [4, 3, 3]"))));
}

TEST(LayerErrorsBatch, KeepsTheWindowsBelowTheBound) {
  SmallCase test(ideal_device());
  EXPECT_EQ(layer_errors_batch(test.deployment), 64);
  test.deployment.tensors[1].shape = {4, 1024, 1024};  // 2^20 positions of 18 inputs
  EXPECT_EQ(layer_errors_batch(test.deployment), 14);
  test.deployment.tensors[1].shape = {4, 8192, 8192};
  EXPECT_EQ(layer_errors_batch(test.deployment), 1);
}

}  // namespace
}  // namespace crossloop::runtime
