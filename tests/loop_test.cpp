#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "host/data/shapes.hpp"
#include "host/error.hpp"
#include "host/files.hpp"
#include "host/loop/loop_config.hpp"
#include "host/loop/starting_network.hpp"
#include "host/loop/summary.hpp"
#include "host/loop/weight_error.hpp"
#include "tests/small_deployment.hpp"

namespace crossloop::loop {
namespace {

using testing_support::ideal_device;
using testing_support::SmallCase;

/// Reads `text` as a configuration; the message of the InputError, or "".
std::string complaint_about(const std::string& text) {
  const auto path = std::filesystem::path(::testing::TempDir()) / "loop_test.toml";
  write_file(path, text);
  std::string message;
  try {
    read_loop_config(path, CROSSLOOP_SOURCE_DIR);
  } catch (const InputError& error) {
    message = error.what();
  }
  std::filesystem::remove(path);
  return message;
}

std::string demo_text() {
  const auto bytes =
      read_file(std::filesystem::path(CROSSLOOP_SOURCE_DIR) / "configs/demo/shapes.toml");
  return {bytes.begin(), bytes.end()};
}

std::string with(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(LoopConfig, ReadsTheShippedDemos) {
  const std::filesystem::path root = CROSSLOOP_SOURCE_DIR;
  const LoopConfig shapes = read_loop_config(root / "configs/demo/shapes.toml", root);
  EXPECT_EQ(shapes.network, "resnet8");
  EXPECT_EQ(shapes.device, "rtl");
  EXPECT_GE(shapes.test_images, 2000);
  EXPECT_GE(shapes.rtl_images, 4);
  EXPECT_NO_THROW(read_loop_config(root / "configs/demo/cifar10.toml", root));
}

TEST(LoopConfig, TakesARangePolicyAndAPercentileWithThatOfThePercentileOnly) {
  const std::filesystem::path root = CROSSLOOP_SOURCE_DIR;
  const auto path = std::filesystem::path(::testing::TempDir()) / "loop_range_test.toml";
  const auto range_of = [&](const std::string& keys) {
    write_file(path, with(demo_text(), "percentile = 99.99", keys));
    return read_loop_config(path, root).range;
  };
  EXPECT_EQ(range_of("").policy, runtime::AdcRangePolicy::kPercentile);
  EXPECT_EQ(range_of("").percentile, 99.99);
  EXPECT_EQ(range_of("range = 'percentile'\npercentile = 95").percentile, 95.0);
  EXPECT_EQ(range_of("range = 'fixed'").policy, runtime::AdcRangePolicy::kFixed);
  EXPECT_EQ(range_of("range = 'max'").policy, runtime::AdcRangePolicy::kMax);
  EXPECT_EQ(range_of("range = 'minimum-error'").policy, runtime::AdcRangePolicy::kMinimumError);
  std::filesystem::remove(path);
  EXPECT_THAT(complaint_about(with(demo_text(), "percentile =", "range = 'max'\npercentile =")),
              ::testing::AllOf(::testing::HasSubstr("'calibration.percentile'"),
                               ::testing::HasSubstr("range = \"max\"")));
  EXPECT_THAT(complaint_about(with(demo_text(), "percentile = 99.99", "range = 'most'")),
              ::testing::AllOf(::testing::HasSubstr("'calibration.range': found \"most\""),
                               ::testing::HasSubstr("minimum-error")));
}

TEST(LoopConfig, TakesGroupResolutionAndActivationRange) {
  const std::filesystem::path root = CROSSLOOP_SOURCE_DIR;
  const auto path = std::filesystem::path(::testing::TempDir()) / "loop_group_test.toml";
  const auto config_of = [&](const std::string& keys) {
    write_file(path, with(demo_text(), "percentile = 99.99", keys));
    return read_loop_config(path, root);
  };
  const auto standard = config_of("");
  EXPECT_EQ(standard.range.group, compiler::AdcGroup::kSlice);
  EXPECT_EQ(standard.range.resolution, runtime::AdcResolution::kTile);
  EXPECT_EQ(standard.activations.policy, compiler::ActivationRangePolicy::kMax);
  EXPECT_EQ(config_of("group = 'column'").range.group, compiler::AdcGroup::kColumn);
  EXPECT_EQ(config_of("resolution = 'proven'").range.resolution, runtime::AdcResolution::kProven);
  const auto activations =
      config_of("activation_range = 'percentile'\nactivation_percentile = 99.9").activations;
  EXPECT_EQ(activations.policy, compiler::ActivationRangePolicy::kPercentile);
  EXPECT_EQ(activations.percentile, 99.9);
  std::filesystem::remove(path);
  const auto complaint = [](const std::string& keys) {
    return complaint_about(with(demo_text(), "percentile = 99.99", keys));
  };
  EXPECT_THAT(complaint("group = 'tile'"),
              ::testing::AllOf(::testing::HasSubstr("'calibration.group': found \"tile\""),
                               ::testing::HasSubstr("column")));
  EXPECT_THAT(complaint("resolution = 'proven'\nrange = 'max'"),
              ::testing::HasSubstr("'calibration.range': found beside resolution = \"proven\""));
  EXPECT_THAT(complaint("activation_percentile = 99"),
              ::testing::AllOf(::testing::HasSubstr("'calibration.activation_percentile'"),
                               ::testing::HasSubstr("activation_range = \"max\"")));
}

TEST(LoopConfig, NamesTheUnknownKeyAndItsLine) {
  EXPECT_THAT(complaint_about(with(demo_text(), "chip_seed", "chipseed")),
              ::testing::AllOf(::testing::HasSubstr("chipseed"), ::testing::HasSubstr(".toml:32")));
}

TEST(LoopConfig, NamesTheAllowedRange) {
  EXPECT_THAT(complaint_about(with(demo_text(), "crossbar_ratio = 0.55", "crossbar_ratio = 1.5")),
              ::testing::AllOf(::testing::HasSubstr("prune.options.crossbar_ratio"),
                               ::testing::HasSubstr("1.5"), ::testing::HasSubstr("0.001")));
}

TEST(LoopConfig, NamesTheWrongType) {
  EXPECT_THAT(complaint_about(with(demo_text(), "batch = 128", "batch = \"many\"")),
              ::testing::HasSubstr("train.batch"));
}

TEST(LoopConfig, RefusesANameThatLeavesTheFolderOfRuns) {
  for (const std::string name : {"../elsewhere", "", "a/b", ".."}) {
    EXPECT_THAT(complaint_about(with(demo_text(), "demo-shapes", name)),
                ::testing::HasSubstr("key 'name'"))
        << name;
  }
}

TEST(LoopConfig, WantsAZooNameOrAModelNotBoth) {
  EXPECT_THAT(complaint_about(with(demo_text(), "name = \"resnet8\"",
                                   "name = \"resnet8\"\nmodel = \"m.onnx\"")),
              ::testing::HasSubstr("one of 'name'"));
}

/// Codes whose distance from the reference is doubled: every effective weight is 2 w_q.
runtime::Measurement doubled(const compiler::Deployment& deployment) {
  auto measurement = runtime::nominal_measurement(deployment);
  const float reference = static_cast<float>(deployment.tile.code.reference);
  for (auto& page : measurement.pages) {
    for (float& code : page.codes) code = reference + 2.0F * (code - reference);
  }
  return measurement;
}

TEST(WeightErrors, VanishOnAnIdealChip) {
  SmallCase test(ideal_device());
  const auto errors =
      weight_errors(test.net, test.deployment, runtime::nominal_measurement(test.deployment));
  for (const auto& [node, values] : errors) {
    for (const float value : values) EXPECT_EQ(value, 0.0F) << node;
  }
}

TEST(WeightErrors, ComeInTheUnitsOfTheFloatNetwork) {
  SmallCase test(ideal_device());
  const auto errors = weight_errors(test.net, test.deployment, doubled(test.deployment));
  for (const std::string node : {"conv", "fc"}) {  // conv: normalised input, a negative gamma
    const auto weights = network::weight_values(test.net.node(node));
    ASSERT_EQ(errors.at(node).size(), weights.size());
    for (std::size_t i = 0; i < weights.size(); ++i) {
      EXPECT_NEAR(errors.at(node)[i], weights[i], 0.006) << node << " weight " << i;
    }
  }
}

TEST(WeightErrors, HaveTheShapeOfANodeInGroups) {
  std::mt19937 rng(3);
  network::Network net = testing_support::small_network(rng);
  auto& conv = std::get<network::Conv>(net.node("conv").op);
  conv.groups = 2;
  conv.weight.resize(4 * 9);
  const auto device = ideal_device();
  const auto deployment = compiler::compile(net, testing_support::small_tile(device), device,
                                            testing_support::small_images(8, rng));
  const auto errors = weight_errors(net, deployment, doubled(deployment));
  ASSERT_EQ(errors.at("conv").size(), conv.weight.size());
  for (std::size_t i = 0; i < conv.weight.size(); ++i) {
    EXPECT_NEAR(errors.at("conv")[i], conv.weight[i], 0.006) << "weight " << i;
  }
  const network::Network before = net;
  const float unit = static_cast<float>(deployment.layers[0].weight_scale[3]) * 255.0F * 0.3F;
  conv.weight[27] += 3.0F * unit;  // of channel 1, whose std is 0.3
  conv.weight[28] += 5.0F * unit;
  undo_small_changes(net, before, deployment, 4);
  const auto old = network::weight_values(before.node("conv"));
  EXPECT_EQ(conv.weight[27], old[27]);
  EXPECT_NE(conv.weight[28], old[28]);
}

TEST(UndoSmallChanges, KeepsOnlyWhatIsWorthAProgrammingPulse) {
  SmallCase test(ideal_device());
  const network::Network before = test.net;
  auto weights = network::weight_of(test.net.node("conv")).values;
  const auto& layer = test.deployment.layers[0];
  const float unit = static_cast<float>(layer.weight_scale[0]) * 255.0F * 0.25F;
  weights[0] += 3.0F * unit;
  weights[1] -= 5.0F * unit;
  undo_small_changes(test.net, before, test.deployment, 4);
  const auto old = network::weight_values(before.node("conv"));
  EXPECT_EQ(weights[0], old[0]);
  EXPECT_NEAR(weights[1], old[1] - 5.0F * unit, 1e-6);
  EXPECT_EQ(weights[2], old[2]);
}

TEST(RelativeWeightError, IsOneWhenEveryWeightDoubles) {
  SmallCase test(ideal_device());
  EXPECT_NEAR(runtime::relative_weight_error(test.deployment, doubled(test.deployment)), 1.0, 1e-6);
}

TEST(Summary, HasTheKeysThatOthersReadAndPrintsEveryRung) {
  Summary summary;
  summary.name = "n";
  summary.seeds = {{"chip", 7}};
  summary.accuracy = {{"float", "float", 0.9}, {"mapped", "mapped as it is", 0.5}};
  summary.crossbars_dense = 10;
  summary.crossbars_pruned = 6;
  summary.rtl.images = 4;
  summary.rtl.mismatches = 1;
  summary.rtl.first =
      runtime::Mismatch{.layer = 2, .layer_name = "conv3", .crossbar = 5, .column = 6, .bit = 7};
  const auto json = summary.json();
  EXPECT_EQ(json["accuracy"]["mapped"], 0.5);
  EXPECT_EQ(json["crossbars"]["pruned"], 6);
  EXPECT_EQ(json["rtl"]["mismatches"], 1);
  EXPECT_EQ(json["seeds"]["chip"], 7);
  EXPECT_THAT(
      summary.table(),
      ::testing::AllOf(::testing::HasSubstr("mapped as it is"),
                       ::testing::HasSubstr("layer 2 (conv3), crossbar 5, column 6, bit 7")));
  EXPECT_THROW(summary.accuracy_of("recovered"), InputError);
}

TEST(StartingNetwork, IsTheShippedModelWhereThatIsTheOneAskedFor) {
  LoopConfig config;
  config.seed = 3;
  config.network = "resnet8";
  config.shipped = "models/resnet8_shapes.onnx";
  config.root = CROSSLOOP_SOURCE_DIR;
  config.run_folder = ::testing::TempDir() + "starting_network";
  config.train.epochs = 0;
  data::Dataset images = data::make_shapes(1, 20);
  const StartingNetwork shipped = starting_network(config, images, {});
  EXPECT_EQ(shipped.origin, "models/resnet8_shapes.onnx");
  EXPECT_GT(pruning::evaluate(shipped.network, images), 0.9);

  config.network = "resnet14";
  EXPECT_EQ(starting_network(config, images, {}).origin, "trained here");
  config.network = "resnet8";
  images.name = "others";
  const StartingNetwork trained = starting_network(config, images, {});
  EXPECT_EQ(trained.origin, "trained here");
  EXPECT_EQ(trained.network.metadata.at("dataset"), "others");
  std::filesystem::remove_all(config.run_folder);
}

}  // namespace
}  // namespace crossloop::loop
