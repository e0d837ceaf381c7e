#include <gmock/gmock.h>

#include <algorithm>
#include <numeric>

#include "host/compiler/compile.hpp"
#include "host/error.hpp"
#include "pruning/pipeline.hpp"
#include "tests/compiler_fixture.hpp"
#include "tests/tiny_training.hpp"

namespace crossloop::pruning {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

/// conv2 of the tiny network, 72 inputs x 8 outputs, on tiles of 16 inputs x 2 outputs.
struct Pruned {
  network::Network net = tests::tiny_network();
  Selection selection;
};

Pruned prune(const std::string& method, const MethodOptions::Given& given, std::uint64_t seed = 1) {
  Pruned pruned;
  network::infer_shapes(pruned.net);
  const data::Dataset images = tests::tiny_images(16);
  const PruningContext context{.layers = prunable_layers(pruned.net),
                               .tile = {.rows = 16, .outputs = 2},
                               .images = &images,
                               .calibration_images = 16,
                               .seed = seed,
                               .threads = 1};
  pruned.selection = make_method(find_method(method), given)->select(0, pruned.net, context);
  return pruned;
}

/// Whether the weights of output `o` in band `b` stay; they must agree.
bool stays(const Selection& selection, int o, int b) {
  const auto& mask = selection.weights.at("conv2");
  const auto order = selection.input_order.contains("conv2") ? selection.input_order.at("conv2")
                                                             : std::vector{0, 1, 2, 3, 4, 5, 6, 7};
  int kept = 0, count = 0;
  for (int p = 16 * b; p < std::min(16 * b + 16, 72); ++p, ++count) {
    kept +=
        mask[static_cast<std::size_t>(o * 72 + order[static_cast<std::size_t>(p / 9)] * 9 + p % 9)];
  }
  EXPECT_TRUE(kept == 0 || kept == count) << "output " << o << ", band " << b;
  return kept != 0;
}

int crossbars(const Selection& selection) {
  int sum = 0;
  for (int b = 0; b < 5; ++b) {
    int alive = 0;
    for (int o = 0; o < 8; ++o) alive += stays(selection, o, b) ? 1 : 0;
    sum += (alive + 1) / 2;
  }
  return sum;
}

/// The tiny network after the pipeline, all weights that stay as they were.
network::Network untrained(const std::string& method, const MethodOptions::Given& given) {
  network::Network net = tests::tiny_network();
  PipelineOptions options{.tile = {.rows = 16, .outputs = 2}, .policy = {}};
  options.finetuning.epochs = 0;
  options.finetuning.threads = 1;
  options.calibration_images = 16;
  const MethodInfo& info = find_method(method);
  run_method(net, tests::tiny_images(16), info, {info.name, info.options, given}, options);
  return net;
}

/// What the compiler makes of conv2 on 16 x 16 cells: 2 outputs of 4 slices in 2 columns each.
compiler::CrossbarCount compiled(network::Network net) {
  const compiler::TileFormat tile = compiler::test_tile(16, 16);
  EXPECT_EQ(compiler::outputs_per_crossbar(tile, "conv2"), 2);
  const compiler::Deployment deployment =
      compiler::compile(net, tile, compiler::test_device(), tests::tiny_images(2));
  for (std::size_t i = 0; i < deployment.layers.size(); ++i) {
    if (deployment.layers[i].name == "conv2") return deployment.count(static_cast<int>(i));
  }
  ADD_FAILURE() << "no layer conv2";
  return {};
}

TEST(GrainMethods, FreeTheCrossbarsAskedFor) {
  for (const char* method : {"crossbar_grain", "column_grain"}) {
    EXPECT_EQ(crossbars(prune(method, {{"sparsity", "0"}}).selection), 20);
    for (const char* solver : {"rpp", "iht", "greedy", "norm"}) {
      EXPECT_EQ(crossbars(prune(method, {{"solver", solver}}).selection), 10) << method << solver;
      EXPECT_EQ(crossbars(prune(method, {{"solver", solver}, {"reorder", "yes"}}).selection), 10);
    }
  }
}

TEST(GrainMethods, FreeTheSameCrossbarsInTheCompiler) {
  for (const char* method : {"crossbar_grain", "column_grain"}) {
    const compiler::CrossbarCount count = compiled(untrained(method, {}));
    EXPECT_EQ(count.dense, 20);
    EXPECT_EQ(count.pruned, 10) << method;
    const MethodOptions::Given uneven = {{"sparsity", "0.3"}, {"budget", "output"}};
    EXPECT_EQ(compiled(untrained(method, uneven)).pruned,
              crossbars(prune(method, uneven).selection))
        << method;
  }
}

TEST(GrainMethods, FreeFewerCrossbarsWithoutTheRecordedOrder) {
  for (const char* method : {"crossbar_grain", "column_grain"}) {
    network::Network net = untrained(method, {{"reorder", "yes"}});
    EXPECT_EQ(compiled(net).pruned, 10) << method;
    ASSERT_EQ(net.metadata.erase("pruning.order.conv2"), 1U);
    EXPECT_GT(compiled(net).pruned, 10) << method;
  }
}

TEST(GrainMethods, KeepEquallyManyBandsOfEachOutputUnderABudgetPerOutput) {
  for (const char* method : {"crossbar_grain", "column_grain"}) {
    const Selection found = prune(method, {{"sparsity", "0.6"}, {"budget", "output"}}).selection;
    for (int o = 0; o < 8; ++o) {
      int kept = 0;
      for (int b = 0; b < 5; ++b) kept += stays(found, o, b) ? 1 : 0;
      EXPECT_EQ(kept, 2);
    }
  }
}

TEST(GrainMethods, PruneOutputsOfACrossbarTogetherByCrossbarGrain) {
  const Selection found = prune("crossbar_grain", {}).selection;
  for (int o = 0; o < 8; o += 2) {
    for (int b = 0; b < 5; ++b) EXPECT_EQ(stays(found, o, b), stays(found, o + 1, b));
  }
}

TEST(GrainMethods, LeaveWeightsAloneUnlessTheyFold) {
  const auto before = tests::tiny_network();
  const auto weights = [](const network::Network& net) {
    const auto values = network::weight_values(net.node("conv2"));
    return std::vector<float>(values.begin(), values.end());
  };
  EXPECT_EQ(weights(prune("column_grain", {}).net), weights(before));
  EXPECT_NE(weights(prune("column_grain", {{"fold", "yes"}}).net), weights(before));
}

TEST(GrainMethods, GiveAPermutationOfChannelsWhereTheyReorder) {
  EXPECT_TRUE(prune("column_grain", {}).selection.input_order.empty());
  auto order = prune("column_grain", {{"reorder", "yes"}}).selection.input_order.at("conv2");
  std::sort(order.begin(), order.end());
  std::vector<int> natural(8);
  std::iota(natural.begin(), natural.end(), 0);
  EXPECT_EQ(order, natural);
}

TEST(GrainMethods, StopARoundAtEachOfItsConditions) {
  const auto left = [](MethodOptions::Given given) {
    given["mode"] = "round";
    return crossbars(prune("column_grain", given).selection);
  };
  EXPECT_EQ(left({{"ratio_max", "0.5"}}), 10);
  EXPECT_EQ(left({{"acc_threshold", "1"}}), 20);
  EXPECT_EQ(left({{"crossbar_threshold", "2"}, {"ratio_max", "0.5"}}), 10);
  EXPECT_EQ(left({{"crossbar_threshold", "3"}}), 20);
}

TEST(GrainMethods, AnswerTheSameForTheSameSeed) {
  EXPECT_EQ(prune("column_grain", {}, 5).selection.weights,
            prune("column_grain", {}, 5).selection.weights);
}

TEST(GrainMethods, RefuseOptionsOutOfRange) {
  const auto refuses = [](const MethodOptions::Given& given, const std::string& text) {
    EXPECT_THAT([&] { prune("crossbar_grain", given); },
                ThrowsMessage<InputError>(HasSubstr(text)));
  };
  refuses({{"solver", "lasso"}}, "solver");
  refuses({{"sparsity", "1.5"}}, "sparsity");
  refuses({{"relaxation", "0.5"}}, "relaxation");
}

}  // namespace
}  // namespace crossloop::pruning
