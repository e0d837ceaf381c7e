// What makes two runs of an experiment the same, and the figures of a network on a chip.
#include <gmock/gmock.h>
#include <unistd.h>

#include <cstring>

#include "host/experiment/chip_figures.hpp"
#include "host/experiment/metrics.hpp"
#include "host/experiment/settings.hpp"
#include "host/files.hpp"
#include "tests/small_deployment.hpp"

namespace crossloop::experiment {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kToy = R"(
name = "toy"
title = "A toy"
paper = "theirs"
ours = "ours"
differences = "none"
tile = "16x16c2"
[size.small]
seeds = [1]
[size.small.network.shipped]
model = "net.onnx"
[size.small.network.made]
zoo = "resnet8"
train = { epochs = 2 }
[score.chip]
tile = "my_tile.toml"
device = "my_device.toml"
[run.dense]
network = "shipped"
[run.half]
network = "shipped"
method = "column_magnitude"
options = { crossbar_ratio = 0.5 }
scores = ["chip"]
[run.more]
from = "half"
network = "shipped"
finetune = { epochs = 3 }
[run.trained]
network = "made"
)";

class RunSettings : public ::testing::Test {
 protected:
  RunSettings() : folder_(fs::temp_directory_path() / name_of_folder()) {
    fs::create_directories(folder_);
    fs::create_directory_symlink(fs::path(CROSSLOOP_SOURCE_DIR) / "configs", folder_ / "configs");
    write_file(folder_ / "net.onnx", "a model");
    write_file(folder_ / "my_tile.toml", "rows = 16\n");
    write_file(folder_ / "my_device.toml", "levels = 4\n");
    std::mt19937 rng(1);
    images_.train = testing_support::small_images(3, rng);
    images_.test = testing_support::small_images(2, rng);
  }
  ~RunSettings() override { fs::remove_all(folder_); }

  static std::string name_of_folder() {
    return "experiment_settings_" + std::to_string(::getpid());
  }

  /// Of run `name`; `from` replaced by `to` in the configuration.
  json setting(const std::string& name, const std::string& from = "", const std::string& to = "",
               std::uint64_t seed = 1) const {
    std::string text = kToy;
    if (!from.empty()) text.replace(text.find(from), from.size(), to);
    for (const char* file : {"my_tile.toml", "my_device.toml"}) {
      const auto at = text.find(file);
      if (at != std::string::npos) text.replace(at, std::strlen(file), (folder_ / file).string());
    }
    write_file(folder_ / "toy.toml", text);
    const Experiment toy = read_experiment(folder_ / "toy.toml", "small");
    return Settings(toy, images_, folder_).result(toy.run(name), seed);
  }

  fs::path folder_;
  Images images_;
};

TEST_F(RunSettings, AreEqualWhereNothingThatMattersChanged) {
  const json half = setting("half");
  EXPECT_EQ(setting("half"), half);
  EXPECT_EQ(setting("half", "A toy", "A title"), half);
  EXPECT_EQ(setting("half", "[run.dense]", "[run.other]"), half);
  EXPECT_EQ(setting("half", "epochs = 3", "epochs = 9"), half) << "that is of run more";
  EXPECT_EQ(setting("trained").at("before").at("zoo"), "resnet8");
}

TEST_F(RunSettings, DifferByEveryThingThatDecidesAResult) {
  const json half = setting("half"), more = setting("more"), trained = setting("trained");
  EXPECT_NE(setting("half", "0.5 }", "0.6 }"), half);
  EXPECT_NE(setting("more", "0.5 }", "0.6 }"), more) << "more begins with half";
  EXPECT_NE(setting("more", "epochs = 3", "epochs = 4"), more);
  EXPECT_NE(setting("half", "16x16c2", "32x32c2"), half);
  EXPECT_NE(setting("half", "my_device.toml", "ideal"), half);
  EXPECT_NE(setting("trained", "epochs = 2", "epochs = 3"), trained);
  EXPECT_NE(setting("half", "", "", 2), half);
}

TEST_F(RunSettings, HoldFilesAndImagesByContent) {
  const json half = setting("half"), trained = setting("trained");
  for (const char* file : {"my_tile.toml", "my_device.toml"}) {
    const auto before = read_file(folder_ / file);
    write_file(folder_ / file, "rows = 32\n");
    EXPECT_NE(setting("half"), half) << file << " of the modelled chip";
    write_file(folder_ / file, {reinterpret_cast<const char*>(before.data()), before.size()});
  }
  EXPECT_EQ(setting("half"), half);
  write_file(folder_ / "net.onnx", "b model");
  EXPECT_NE(setting("half"), half);
  EXPECT_EQ(setting("trained"), trained) << "which does not begin with the model";
  write_file(folder_ / "net.onnx", "a model");
  for (data::Dataset* images : {&images_.train, &images_.test}) {
    images->pixels.back() ^= 1U;
    EXPECT_NE(setting("half"), half);
    images->pixels.back() ^= 1U;
    images->labels.back() ^= 1U;
    EXPECT_NE(setting("half"), half);
    images->labels.back() ^= 1U;
  }
  EXPECT_EQ(setting("half"), half);
}

// A weight is one cell: 18 inputs of 4 outputs are two tiles of 16 word lines and two outputs, and
// two of the two inputs left. The classifier does not count (Ibrayev et al. 2024).
TEST(ChipFigures, CountTilesOfWeightsOfConvolutions) {
  std::mt19937 rng(3);
  network::Network net = testing_support::small_network(rng);
  auto& weight = std::get<network::Conv>(net.nodes[0].op).weight;
  weight.assign(weight.size(), 0.0F);
  for (const std::size_t input : {0U, 5U, 9U, 17U}) weight[input] = 0.4F;  // of output 0
  weight[18 + 3] = -0.2F;                                                  // of output 1
  const analog::Device ideal = analog::find_device("ideal", CROSSLOOP_SOURCE_DIR);
  const auto tile = testing_support::small_tile(ideal);
  ASSERT_EQ(tile.weights_per_row(), 2);
  const auto figures =
      chip_figures(net, {.tile = tile, .device = ideal, .root = CROSSLOOP_SOURCE_DIR},
                   testing_support::small_images(16, rng), nullptr);
  ASSERT_TRUE(figures.weights);
  // Three of 16 rows in the fullest column: at most 16 / 4; one row: 16 / 16; two tiles are empty.
  EXPECT_THAT(figures.weights->tiles, ::testing::ElementsAre(0, 0, 1, 0, 1, 2));
  EXPECT_EQ(figures.weights->left_out, 0);
  // Dense, four times log2 16 bits, and one more each.
  EXPECT_DOUBLE_EQ(figures.weights->paper, 16.0 / 2.0);
  EXPECT_DOUBLE_EQ(figures.weights->physical, 20.0 / 4.0);
  EXPECT_FALSE(figures.accuracy) << "no test images";
}

}  // namespace
}  // namespace crossloop::experiment
