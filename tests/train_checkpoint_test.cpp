// What a training leaves behind: checkpoints to go on from, and its log.
#include <gmock/gmock.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>

#include "host/error.hpp"
#include "host/files.hpp"
#include "host/progress.hpp"
#include "tests/train_fixture.hpp"

namespace crossloop::pruning {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(TrainCheckpoint, ResumesAsIfNeverStopped) {
  const data::Dataset images = tests::tiny_images(100);
  TrainOptions options = tiny_options(5);
  const std::vector<float> uninterrupted = trained(images, options);

  options.checkpoint = fresh_path("resume.checkpoint");
  network::Network net = tests::tiny_network();
  const std::vector<float> before = parameters_of(net);
  train_and_stop(net, images, options, 2);
  EXPECT_EQ(parameters_of(net), before) << "a stopped training leaves the network alone";

  std::vector<int> epochs;
  train(net, images, options, [&](const EpochReport& r) { epochs.push_back(r.epoch); });
  EXPECT_THAT(epochs, ElementsAre(3, 4, 5));
  EXPECT_EQ(parameters_of(net), uninterrupted);

  net = tests::tiny_network();
  train(net, images, options, [](const EpochReport&) { FAIL() << "all epochs are done"; });
  EXPECT_EQ(parameters_of(net), uninterrupted);
}

TEST(TrainCheckpoint, ResumesAsIfNeverStoppedInBfloat16UnderEverySchedule) {
  const data::Dataset images = tests::tiny_images(100);
  for (const Schedule schedule : {Schedule::kOneCycle, Schedule::kStep}) {
    TrainOptions options = tiny_options(4);
    options.precision = Precision::kBfloat16;
    options.schedule = schedule;
    if (schedule == Schedule::kStep) options.milestones = {2, 3};
    options.cutout = 3;
    const std::vector<float> uninterrupted = trained(images, options);

    options.checkpoint = fresh_path("resume_bfloat16.checkpoint");
    network::Network net = tests::tiny_network();
    train_and_stop(net, images, options, 2);
    train(net, images, options);
    EXPECT_EQ(parameters_of(net), uninterrupted);
  }
}

TEST(TrainCheckpoint, KeepsOneLogOverAResumedTraining) {
  const data::Dataset images = tests::tiny_images(1600);
  TrainOptions options = tiny_options(3);
  options.checkpoint = fresh_path("log.checkpoint");
  for (const char* name : {"log.csv", "log.jsonl"}) {
    std::filesystem::remove(options.checkpoint);
    options.log = fresh_path(name);
    network::Network net = tests::tiny_network();
    train_and_stop(net, images, options, 1);
    std::ofstream(options.log, std::ios::app) << "2,200,0.5,0.1,0.5,,\n{\"epoch\": 2}\n";
    train(net, images, options);
    // Per epoch of 100 steps two records on the way and one for the whole.
    const std::vector<std::uint8_t> bytes = read_file(options.log);
    const auto lines = std::count(bytes.begin(), bytes.end(), '\n');
    EXPECT_EQ(lines, options.log.extension() == ".csv" ? 10 : 9);
  }
}

TEST(TrainCheckpoint, StartsAfreshWhenTheCheckpointIsOfAnotherTraining) {
  const data::Dataset images = tests::tiny_images(64), others = tests::tiny_images(64, 12);
  const TrainOptions plain = tiny_options(2);
  TrainOptions other_seed = plain;
  other_seed.seed = 2;
  for (const auto& [old_images, old_options] :
       {std::pair{others, plain}, std::pair{images, other_seed}}) {
    const std::filesystem::path path = fresh_path("foreign.checkpoint");
    TrainOptions options = old_options;
    options.checkpoint = path;
    network::Network net = tests::tiny_network();
    train_and_stop(net, old_images, options, 1);

    options = plain;
    options.checkpoint = path;
    EXPECT_EQ(trained(images, options), trained(images, plain));
  }
}

TEST(TrainCheckpoint, RefusesToReplaceTheCheckpointOfAnotherTrainingWhenToldSo) {
  const data::Dataset images = tests::tiny_images(32);
  TrainOptions options = tiny_options(1);
  options.checkpoint = fresh_path("kept.checkpoint");
  trained(images, options);
  const std::vector<std::uint8_t> before = read_file(options.checkpoint);
  options.replace_checkpoint = false;
  options.epochs = 2;
  EXPECT_THAT([&] { trained(images, options); },
              ThrowsMessage<InputError>(
                  AllOf(HasSubstr("kept.checkpoint"), HasSubstr("another training"))));
  EXPECT_EQ(read_file(options.checkpoint), before);
}

TEST(TrainCheckpoint, RefusesACheckpointThatIsDamagedOrSomethingElse) {
  const data::Dataset images = tests::tiny_images(32);
  TrainOptions options = tiny_options(1);
  options.checkpoint = fresh_path("damaged.checkpoint");
  trained(images, options);
  const std::vector<std::uint8_t> bytes = read_file(options.checkpoint);
  const std::string good(bytes.begin(), bytes.end());

  std::string flipped = good;
  flipped[good.size() / 2] = static_cast<char>(flipped[good.size() / 2] ^ 1);
  for (const std::string& bad : {good.substr(0, good.size() - 5), good.substr(0, 34), flipped}) {
    write_file(options.checkpoint, bad);
    EXPECT_THAT([&] { trained(images, options); },
                ThrowsMessage<InputError>(AllOf(HasSubstr("damaged.checkpoint"),
                                                HasSubstr("remove it to start afresh"))));
  }

  write_file(options.checkpoint, "my thesis");
  EXPECT_THAT([&] { trained(images, options); },
              ThrowsMessage<InputError>(HasSubstr("not a training checkpoint")));
  EXPECT_THAT(read_file(options.checkpoint), ::testing::SizeIs(9));
}

TEST(TrainCheckpointDeathTest, StopsOnCtrlCWithTheLastEpochInTheCheckpoint) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto path = fresh_path("interrupt.checkpoint");
  EXPECT_EXIT(
      {
        install_interrupt_handler();
        TrainOptions options = tiny_options(3);
        options.checkpoint = path;
        network::Network net = tests::tiny_network();
        try {
          train(net, tests::tiny_images(32), options,
                [](const EpochReport&) { std::raise(SIGINT); });
        } catch (const Interrupted&) {
          std::exit(std::filesystem::exists(path) ? 17 : 1);
        }
      },
      ::testing::ExitedWithCode(17), "");
}

}  // namespace
}  // namespace crossloop::pruning
