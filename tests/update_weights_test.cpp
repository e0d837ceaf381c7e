#include <gmock/gmock.h>

#include "host/compiler/compile.hpp"
#include "host/compiler/deployment_file.hpp"
#include "host/error.hpp"
#include "tests/compiler_fixture.hpp"

namespace crossloop::compiler {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::ThrowsMessage;

class UpdateWeights : public ::testing::Test {
 protected:
  /// block1.conv1 loses the segment of output 2 in its second band of 64 inputs.
  UpdateWeights() : network_(small_resnet()) {
    for (int k = 64; k < 128; ++k) weight("block1.conv1", 2, k) = 0.0F;
    deployment_ =
        compile(network_, test_tile(), test_device(), noisy_images(network_.input_shape, 8, 3));
  }

  float& weight(const std::string& node, int output, int input) {
    const network::WeightView view = network::weight_of(network_.node(node));
    return view.values[static_cast<std::size_t>(output * view.inputs + input)];
  }

  network::BatchNorm& norm(const std::string& node) {
    return std::get<network::BatchNorm>(network_.node(node).op);
  }

  const Layer& layer(const std::string& name) const {
    for (const Layer& each : deployment_.layers) {
      if (each.name == name) return each;
    }
    throw InputError("no layer " + name);
  }

  /// The crossbar that holds one weight.
  std::int32_t home(const std::string& name, int output, int input) const {
    for (const std::int32_t id : layer(name).crossbars) {
      const PageTables& tables = deployment_.crossbars[static_cast<std::size_t>(id)].tables;
      for (const ColumnSetting& column : tables.columns) {
        const auto row = std::find(tables.rows.begin(), tables.rows.end(), input);
        if (column.output == output && row != tables.rows.end()) return id;
      }
    }
    return -1;
  }

  network::Network network_;
  Deployment deployment_;
};

TEST_F(UpdateWeights, ChangesNothingForTheSameNetwork) {
  const Deployment before = deployment_;
  EXPECT_THAT(update_weights(deployment_, network_), IsEmpty());
  EXPECT_EQ(deployment_.layers, before.layers);
  EXPECT_EQ(deployment_.crossbars, before.crossbars);
}

TEST_F(UpdateWeights, ReturnsExactlyTheCrossbarsWhoseLevelsChanged) {
  weight("conv1", 9, 20) *= -0.5F;
  weight("block2.conv2", 30, 287) *= 0.25F;
  const std::int32_t first = home("conv1", 9, 20);
  const std::int32_t second = home("block2.conv2", 30, 287);
  const Deployment before = deployment_;
  EXPECT_THAT(update_weights(deployment_, network_), ElementsAre(first, second));
  for (std::size_t id = 0; id < before.crossbars.size(); ++id) {
    const bool changed = static_cast<int>(id) == first || static_cast<int>(id) == second;
    EXPECT_EQ(deployment_.crossbars[id] != before.crossbars[id], changed) << id;
    EXPECT_EQ(deployment_.crossbars[id].tables, before.crossbars[id].tables) << id;
  }
  EXPECT_NO_THROW(validate(deployment_));
}

TEST_F(UpdateWeights, GivesWhatCompilingAgainWouldGive) {
  for (const char* name : {"conv1", "block3.conv2", "fc"}) {
    for (float& each : network::weight_of(network_.node(name)).values) each *= 0.8F;
  }
  norm("block3.bn2").beta[5] += 0.2F;
  update_weights(deployment_, network_);
  const Deployment again =
      compile(network_, test_tile(), test_device(), noisy_images(network_.input_shape, 8, 3));
  EXPECT_EQ(deployment_.crossbars, again.crossbars);
  for (std::size_t i = 0; i < again.layers.size(); ++i) {
    EXPECT_EQ(deployment_.layers[i].weights, again.layers[i].weights);
    EXPECT_EQ(deployment_.layers[i].affine_offset, again.layers[i].affine_offset);
  }
}

TEST_F(UpdateWeights, MovesNoCellForBatchNormAlone) {
  const Deployment before = deployment_;
  norm("bn1").gamma[4] *= 1.5F;
  norm("bn1").mean[4] += 0.1F;
  EXPECT_THAT(update_weights(deployment_, network_), IsEmpty());
  EXPECT_NE(layer("conv1").scales[4], before.layers[0].scales[4]);
  EXPECT_EQ(layer("conv1").scales[5], before.layers[0].scales[5]);
}

TEST_F(UpdateWeights, ActivationRangesFollowBatchNormAndMoveNoCell) {
  const Deployment before = deployment_;
  const std::int32_t output = layer("block1.conv1").output;
  for (float& gamma : norm("block1.bn1").gamma) gamma *= 4.0F;
  for (float& beta : norm("block1.bn1").beta) beta *= 4.0F;
  update_weights(deployment_, network_);
  update_activation_ranges(deployment_, network_, noisy_images(network_.input_shape, 8, 3));
  const auto tensor = [output](const Deployment& from) {
    return from.tensors[static_cast<std::size_t>(output)];
  };
  EXPECT_NEAR(tensor(deployment_).scale / tensor(before).scale, 4.0, 1e-3);
  EXPECT_EQ(deployment_.tensors[0], before.tensors[0]);
  for (std::size_t id = 0; id < before.crossbars.size(); ++id) {
    EXPECT_EQ(deployment_.crossbars[id].levels, before.crossbars[id].levels);
  }
  EXPECT_NO_THROW(validate(deployment_));
}

TEST_F(UpdateWeights, RefusesAPrunedSegmentThatCameBack) {
  weight("block1.conv1", 2, 100) = 0.01F;
  const Deployment before = deployment_;
  EXPECT_THAT([&] { update_weights(deployment_, network_); },
              ThrowsMessage<InputError>(
                  AllOf(HasSubstr("block1.conv1"), HasSubstr("weight 100 of output 2"))));
  EXPECT_EQ(deployment_.layers, before.layers);
}

TEST_F(UpdateWeights, RefusesAFlippedGammaAndLeavesTheDeploymentAlone) {
  const Deployment before = deployment_;
  weight("conv1", 0, 0) *= 0.5F;
  norm("block2.bn2").gamma[7] *= -1.0F;
  EXPECT_THAT([&] { update_weights(deployment_, network_); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("block2.conv2"), HasSubstr("channel 7"))));
  EXPECT_EQ(deployment_.layers, before.layers);
  EXPECT_EQ(deployment_.crossbars, before.crossbars);
}

TEST_F(UpdateWeights, AcceptsAGammaThatReachesZeroAndComesBack) {
  const std::vector<std::int8_t> weights = layer("conv1").weights;
  const float gamma = norm("bn1").gamma[4];
  norm("bn1").gamma[4] = 0.0F;
  EXPECT_THAT(update_weights(deployment_, network_), ElementsAre(home("conv1", 4, 0)));
  norm("bn1").gamma[4] = gamma;
  update_weights(deployment_, network_);
  EXPECT_EQ(layer("conv1").weights, weights);
}

TEST_F(UpdateWeights, RefusesAWeightBeyondItsFrozenScale) {
  float& largest = weight("conv1", 0, 0);
  largest = network_.node("conv1").weight_scale[0] * 127.0F * 255.0F * 0.25F;  // 1/(255 std)
  EXPECT_NO_THROW(update_weights(deployment_, network_));
  largest *= 1.01F;
  EXPECT_THAT([&] { update_weights(deployment_, network_); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("conv1"), HasSubstr("127"))));
}

TEST_F(UpdateWeights, RefusesAnotherNetwork) {
  network::Network other = network::make_network("linear", {3, 8, 8}, 4, 1);
  EXPECT_THROW(update_weights(deployment_, other), InputError);
  network_.normalisation.mean[0] += 0.1F;
  EXPECT_THAT([&] { update_weights(deployment_, network_); },
              ThrowsMessage<InputError>(HasSubstr("normalisation")));
}

}  // namespace
}  // namespace crossloop::compiler
