// The method that docs/adding-a-method.md shows, compiled from that page.
#include <gmock/gmock.h>

#include "host/error.hpp"
#include "pruning/pipeline.hpp"
#include "pruning/prune.hpp"
#include "tests/tiny_training.hpp"

namespace crossloop::pruning {

MethodInfo by_lot_method();

namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

Selection select(const std::string& sparsity, std::uint64_t seed) {
  network::Network net = tests::tiny_network();
  const PruningContext context{.layers = prunable_layers(net), .tile = {}, .seed = seed};
  return make_method(by_lot_method(), {{"sparsity", sparsity}})->select(0, net, context);
}

TEST(AddingAMethod, TheExampleTakesItsShareByTheSeed) {
  const auto mask = select("0.25", 1).weights.at("conv2");
  EXPECT_EQ(std::count(mask.begin(), mask.end(), 0), 8 * 72 / 4);
  EXPECT_EQ(mask, select("0.25", 1).weights.at("conv2"));
  EXPECT_NE(mask, select("0.25", 2).weights.at("conv2"));
}

TEST(AddingAMethod, TheExampleRefusesValuesOutOfRange) {
  EXPECT_THAT([] { select("1.5", 1); },
              ThrowsMessage<InputError>(HasSubstr("method by_lot, option sparsity")));
}

TEST(AddingAMethod, TheExampleRunsInThePipeline) {
  network::Network net = tests::tiny_network();
  PipelineOptions options;
  options.finetuning = {.epochs = 1, .batch = 20, .learning_rate = 0.1, .threads = 1};
  const MethodInfo info = by_lot_method();
  const HeldZeros zeros = run_method(net, tests::tiny_images(40), info,
                                     MethodOptions(info.name, info.options, {}), options);
  EXPECT_EQ(masks_of(net).at("conv2"), zeros.weights.at("conv2"));
  EXPECT_EQ(net.metadata.at("pruning.method"), "by_lot");
  EXPECT_EQ(net.metadata.at("pruning.by_lot.sparsity"), "0.5");
}

}  // namespace
}  // namespace crossloop::pruning
