// Every pruning method through the same pipeline: what it zeroes stays zero, and is recorded.
#include "pruning/pipeline.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <string>

#include "host/error.hpp"
#include "tests/every_kind_of_layer.hpp"

namespace crossloop::pruning {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

using Given = MethodOptions::Given;

/// Settings that fit a network of a few hundred weights; methods not named take their defaults.
const std::map<std::string, Given> kSettings = {
    {"balanced", {{"group", "4"}, {"pruned", "2"}, {"schedule", "once"}}},
    {"channel_filter", {{"sparsity", "0.3"}}},
    {"column_grain", {{"sparsity", "0.4"}}},
    {"column_magnitude", {{"crossbar_ratio", "0.8"}, {"layer_limit", "0"}}},
    {"crossbar_grain", {{"sparsity", "0.4"}}},
    {"unstructured", {{"sparsity", "0.5"}}}};

PipelineOptions short_options(int epochs) {
  PipelineOptions options;
  options.tile = {.rows = 8, .outputs = 2};
  options.finetuning.epochs = epochs;
  options.finetuning.batch = 2;
  options.finetuning.learning_rate = 0.01;
  options.finetuning.threads = 1;
  options.finetuning.augment = false;
  options.penalised = options.finetuning;
  options.penalised.epochs = 2;
  options.calibration_images = 8;
  return options;
}

HeldZeros pruned(network::Network& network, const std::string& method, const Given& given,
                 const PipelineOptions& options) {
  const MethodInfo& info = find_method(method);
  return run_method(network, tests::tiny_images(8), info, {info.name, info.options, given},
                    options);
}

/// Weights that a mask holds and that are not 0.
int violations(const network::Network& network, const HeldZeros& zeros) {
  int found = 0;
  for (const auto& [name, mask] : zeros.weights) {
    network::Node node = network.node(name);
    const auto values = network::weight_values(node);
    for (std::size_t i = 0; i < values.size(); ++i) {
      found += mask[i] == 0 && values[i] != 0.0F ? 1 : 0;
    }
  }
  return found;
}

std::int64_t zero_weights(const network::Network& network) {
  const auto count = network::count_parameters(network);
  return count.weights - count.nonzero_weights;
}

class EveryMethod : public ::testing::TestWithParam<std::string> {
 protected:
  Given given() const {
    const auto found = kSettings.find(GetParam());
    return found == kSettings.end() ? Given{} : found->second;
  }
};

TEST_P(EveryMethod, HoldsItsZerosForAHundredStepsOnEveryKindOfLayer) {
  network::Network net = tests::every_kind_of_layer(), before = net;
  const HeldZeros zeros = pruned(net, GetParam(), given(), short_options(25));  // of 4 steps
  EXPECT_EQ(violations(net, zeros), 0);
  EXPECT_GT(zero_weights(net), 40);
  for (std::size_t i = 0; i < net.nodes.size(); ++i) {
    if (!network::has_weight(net.nodes[i])) continue;
    const auto now = network::weight_values(net.nodes[i]);
    const auto then = network::weight_values(before.nodes[i]);
    EXPECT_FALSE(std::equal(now.begin(), now.end(), then.begin())) << "did not train";
  }
  EXPECT_EQ(net.metadata.at("pruning.method"), GetParam());
  EXPECT_EQ(net.metadata.at("pruning.seed"), "1");
  for (const auto& [name, value] : given()) {
    EXPECT_EQ(net.metadata.at("pruning." + GetParam() + "." + name), value);
  }
}

TEST_P(EveryMethod, GivesTheSameForTheSameSeed) {
  network::Network first = tests::every_kind_of_layer(), second = first;
  const HeldZeros a = pruned(first, GetParam(), given(), short_options(1));
  const HeldZeros b = pruned(second, GetParam(), given(), short_options(1));
  EXPECT_EQ(a.weights, b.weights);
  EXPECT_EQ(a.channels, b.channels);
}

std::vector<std::string> all_names() {
  std::vector<std::string> names;
  for (const MethodInfo& info : methods()) names.push_back(info.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Methods, EveryMethod, ::testing::ValuesIn(all_names()),
                         [](const auto& method) { return method.param; });

TEST(Pipeline, JoinsAnEarlierPruning) {
  network::Network net = tests::every_kind_of_layer();
  const HeldZeros first = pruned(net, "unstructured", {{"sparsity", "0.3"}}, short_options(1));
  pruned(net, "balanced", kSettings.at("balanced"), short_options(5));
  EXPECT_EQ(violations(net, first), 0);
  EXPECT_EQ(net.metadata.at("pruning.method"), "unstructured+balanced");
}

TEST(Pipeline, FreesEarlierZerosWhereAsked) {
  network::Network net = tests::every_kind_of_layer();
  const HeldZeros first = pruned(net, "unstructured", {{"sparsity", "0.6"}}, short_options(1));
  PipelineOptions options = short_options(5);
  options.keep_zeros = false;
  pruned(net, "balanced", kSettings.at("balanced"), options);
  EXPECT_GT(violations(net, first), 0);
  EXPECT_EQ(net.metadata.at("pruning.method"), "balanced");
}

TEST(Pipeline, AnnouncesItsSteps) {
  network::Network net = tests::every_kind_of_layer();
  std::vector<std::string> steps;
  const MethodInfo& info = find_method("unstructured");
  run_method(net, tests::tiny_images(8), info, {info.name, info.options, {}}, short_options(0), {},
             [&](const std::string& step) { steps.push_back(step); });
  EXPECT_THAT(steps, ::testing::ElementsAre("select 1 of 1", "fine-tune 1 of 1"));
}

TEST(Pipeline, RefusesMasksThatDoNotFit) {
  network::Network net = tests::every_kind_of_layer();
  EXPECT_THAT(
      [&] {
        apply_zeros(net, {.weights = {{"conv", {1, 0}}}, .channels = {}});
      },
      ThrowsMessage<InputError>(AllOf(HasSubstr("conv"), HasSubstr("2 values"))));
  EXPECT_THAT(
      [&] {
        apply_zeros(net, {.weights = {{"relu", {1}}}, .channels = {}});
      },
      ThrowsMessage<InputError>(HasSubstr("relu")));
}

TEST(MethodOptions, TakesWhatIsDeclaredAndRefusesTheRest) {
  const std::vector<OptionSpec> specs = {number_option("share", 0.5, 0.0, 1.0, "a share"),
                                         integer_option("count", 3, 1, 9, "a count"),
                                         word_option("scope", {"global", "layer"}, "where"),
                                         list_option("ratios", 0.0, 1.0, "a list")};
  const MethodOptions plain("m", specs, {});
  EXPECT_EQ(plain.number("share"), 0.5);
  EXPECT_EQ(plain.integer("count"), 3);
  EXPECT_EQ(plain.word("scope"), "global");
  EXPECT_TRUE(plain.numbers("ratios").empty());
  const MethodOptions given("m", specs, {{"ratios", "0.25,1"}, {"scope", "layer"}});
  EXPECT_EQ(given.numbers("ratios"), (std::vector<double>{0.25, 1.0}));
  EXPECT_EQ(given.word("scope"), "layer");
  const auto refused = [&](const Given& values, const char* text) {
    EXPECT_THAT([&] { MethodOptions("m", specs, values); },
                ThrowsMessage<InputError>(AllOf(HasSubstr("m"), HasSubstr(text))));
  };
  refused({{"share", "1.5"}}, "1.5");
  refused({{"share", "half"}}, "half");
  refused({{"count", "2.5"}}, "2.5");
  refused({{"count", "10"}}, "from 1 to 9");
  refused({{"scope", "all"}}, "layer");
  refused({{"ratios", "0.5,2"}}, "2");
  refused({{"speed", "1"}}, "speed");
  EXPECT_THAT([] { find_method("magic"); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("magic"), HasSubstr("unstructured"))));
}

}  // namespace
}  // namespace crossloop::pruning
