// Training without constraints: the optimiser, checkpoints, and what is refused.
#include "pruning/train.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <numbers>
#include <optional>

#include "host/error.hpp"
#include "host/files.hpp"
#include "host/progress.hpp"
#include "tests/tiny_training.hpp"

namespace crossloop::pruning {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TrainOptions tiny_options(int epochs) {
  TrainOptions options;
  options.epochs = epochs;
  options.batch = 16;
  options.learning_rate = 0.05;
  options.threads = 1;
  return options;
}

/// All parameters and statistics one after another.
std::vector<float> parameters_of(const network::Network& net) {
  std::vector<float> all;
  const auto add = [&](const std::vector<float>& more) {
    all.insert(all.end(), more.begin(), more.end());
  };
  for (const network::Node& node : net.nodes) {
    if (const auto* norm = std::get_if<network::BatchNorm>(&node.op)) {
      for (const auto* part : {&norm->gamma, &norm->beta, &norm->mean, &norm->variance}) add(*part);
    } else if (const auto* conv = std::get_if<network::Conv>(&node.op)) {
      add(conv->weight);
    } else if (const auto* linear = std::get_if<network::Linear>(&node.op)) {
      add(linear->weight);
      add(linear->bias);
    }
  }
  return all;
}

std::vector<float> trained(const data::Dataset& images, const TrainOptions& options) {
  network::Network net = tests::tiny_network();
  train(net, images, options);
  return parameters_of(net);
}

std::filesystem::path fresh_path(const std::string& name) {
  const auto path = std::filesystem::path(::testing::TempDir()) / ("crossloop_" + name);
  std::filesystem::remove(path);
  return path;
}

struct Stop {};

/// Trains until `epochs` are done and stops there as a crash would.
void train_and_stop(network::Network& net, const data::Dataset& images, const TrainOptions& options,
                    int epochs) {
  EXPECT_THROW(train(net, images, options,
                     [&](const EpochReport& report) {
                       if (report.epoch == epochs) throw Stop{};
                     }),
               Stop);
}

TEST(Train, LowersTheLossAndLearnsTheClasses) {
  network::Network net = tests::tiny_network();
  const data::Dataset images = tests::tiny_images(256), test = tests::tiny_images(128, 5);
  std::vector<EpochReport> reports;
  train(net, images, tiny_options(8), [&](const EpochReport& r) { reports.push_back(r); });
  ASSERT_EQ(reports.size(), 8u);
  EXPECT_EQ(reports.back().epoch, 8);
  EXPECT_LT(reports.back().loss, 0.5 * reports.front().loss);
  EXPECT_GT(reports.back().train_accuracy, 0.8);
  EXPECT_GT(evaluate(net, test), 0.8);
}

/// Softmax regression by Nesterov SGD in doubles: the reference for one Linear layer.
class HandRegression {
 public:
  HandRegression(const network::Linear& linear, const TrainOptions& options)
      : options_(options), classes_(linear.bias.size()), inputs_(linear.weight.size() / classes_) {
    for (std::size_t o = 0; o < classes_; ++o) {
      for (std::size_t k = 0; k < inputs_; ++k) values_.push_back(linear.weight[o * inputs_ + k]);
      values_.push_back(linear.bias[o]);
    }
    momentum_.assign(values_.size(), 0.0);
  }

  /// One step on the whole set; returns the loss before it. Values are [class][inputs, bias].
  double step(const data::Dataset& images, double rate) {
    std::vector<double> gradient(values_.size(), 0.0);
    double loss = 0.0;
    for (int i = 0; i < images.count; ++i) loss += add_gradient(images, i, gradient);
    for (std::size_t i = 0; i < values_.size(); ++i) {
      const bool is_bias = i % (inputs_ + 1) == inputs_;
      const double decay = is_bias ? 0.0 : options_.weight_decay;
      const double slope = gradient[i] + decay * values_[i];
      momentum_[i] = options_.momentum * momentum_[i] + slope;
      values_[i] -= rate * (slope + options_.momentum * momentum_[i]);
    }
    return loss;
  }
  double weight(std::size_t o, std::size_t k) const { return values_[o * (inputs_ + 1) + k]; }
  double bias(std::size_t o) const { return values_[o * (inputs_ + 1) + inputs_]; }

 private:
  double add_gradient(const data::Dataset& images, int image, std::vector<double>& gradient) {
    std::vector<double> x;
    for (const std::uint8_t pixel : images.image(image)) x.push_back(pixel / 255.0);
    x.push_back(1.0);
    std::vector<double> exponential(classes_, 0.0);
    double sum = 0.0;
    for (std::size_t o = 0; o < classes_; ++o) {
      double logit = 0.0;
      for (std::size_t k = 0; k < x.size(); ++k) logit += values_[o * x.size() + k] * x[k];
      sum += exponential[o] = std::exp(logit);
    }
    double loss = 0.0;
    const double smoothing = options_.label_smoothing / static_cast<double>(classes_);
    for (std::size_t o = 0; o < classes_; ++o) {
      const bool hit = images.labels[static_cast<std::size_t>(image)] == o;
      const double target = smoothing + (hit ? 1.0 - options_.label_smoothing : 0.0);
      const double probability = exponential[o] / sum;
      loss -= target * std::log(probability) / images.count;
      for (std::size_t k = 0; k < x.size(); ++k) {
        gradient[o * x.size() + k] += (probability - target) * x[k] / images.count;
      }
    }
    return loss;
  }

  const TrainOptions& options_;
  std::size_t classes_, inputs_;
  std::vector<double> values_, momentum_;
};

TEST(Train, FollowsNesterovSgdWithACosineRateByHand) {
  const data::Dataset images{"four",      4, 1, 2, 1, 2, {10, 200, 250, 30, 90, 90, 5, 140},
                             {0, 1, 1, 0}};
  network::Network net;
  net.input_shape = {1, 1, 2};
  net.output_name = "out";
  const network::Linear linear{2, 2, {0.3F, -0.2F, 0.1F, 0.5F}, {0.0F, 0.1F}};
  net.nodes = {{"flatten", network::Flatten{}, {"input"}, "flat", {}},
               {"fc", linear, {"flat"}, "out", {}}};
  TrainOptions options = tiny_options(3);
  options.augment = false;
  options.learning_rate = 0.7;
  options.weight_decay = 0.05;
  options.label_smoothing = 0.1;

  std::vector<double> losses;
  train(net, images, options, [&](const EpochReport& r) { losses.push_back(r.loss); });

  HandRegression hand(linear, options);
  for (int step = 0; step < 3; ++step) {
    const double rate = 0.35 * (1.0 + std::cos(std::numbers::pi * step / 3.0));
    EXPECT_NEAR(losses.at(static_cast<std::size_t>(step)), hand.step(images, rate), 1e-6);
  }
  const auto& fc = std::get<network::Linear>(net.node("fc").op);
  for (std::size_t o = 0; o < 2; ++o) {
    EXPECT_NEAR(fc.bias[o], hand.bias(o), 1e-6);
    for (std::size_t k = 0; k < 2; ++k) EXPECT_NEAR(fc.weight[o * 2 + k], hand.weight(o, k), 1e-6);
  }
}

TEST(Train, MovesRunningStatisticsByATenthOfTheBatch) {
  // One conv that copies its input, so that the statistics are those of the image: mean 1/3 of the
  // pixels at 1, unbiased variance 2/9 * 3/2 = 1/3.
  network::Network net;
  net.input_shape = {1, 1, 3};
  net.output_name = "out";
  net.nodes = {{"conv", network::Conv{1, 1, {}, {1.0F}, {}}, {"input"}, "a", {}},
               {"bn", network::BatchNorm{1e-5F, {1}, {0}, {0}, {1}}, {"a"}, "b", {}},
               {"pool", network::GlobalAveragePool{}, {"b"}, "out", {}}};
  TrainOptions options = tiny_options(1);
  options.augment = false;
  options.learning_rate = 0.0;
  train(net, {"one", 1, 1, 3, 1, 1, {255, 0, 0}, {0}}, options);
  const auto& norm = std::get<network::BatchNorm>(net.node("bn").op);
  EXPECT_THAT(norm.mean, ElementsAre(::testing::FloatNear(0.1F / 3.0F, 1e-6F)));
  EXPECT_THAT(norm.variance, ElementsAre(::testing::FloatNear(0.9F + 0.1F / 3.0F, 1e-6F)));
}

TEST(Train, IsTheSameForTheSameSeedOnly) {
  const data::Dataset images = tests::tiny_images(100);
  for (const int threads : {1, 2}) {
    TrainOptions options = tiny_options(2);
    options.threads = threads;
    const std::vector<float> first = trained(images, options);
    EXPECT_EQ(trained(images, options), first);
    options.seed = 2;
    EXPECT_NE(trained(images, options), first);
  }
}

TEST(Train, ResumesAsIfNeverStopped) {
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

TEST(Train, ResumesAsIfNeverStoppedInBfloat16UnderEverySchedule) {
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

TEST(Train, LearnsInBfloat16AsInSinglePrecision) {
  const data::Dataset images = tests::tiny_images(256), test = tests::tiny_images(128, 5);
  TrainOptions options = tiny_options(8);
  options.precision = Precision::kBfloat16;
  network::Network low = tests::tiny_network(), single = tests::tiny_network();
  train(low, images, options);
  options.precision = Precision::kFloat32;
  train(single, images, options);
  EXPECT_NE(parameters_of(low), parameters_of(single)) << "bfloat16 was not used";
  EXPECT_NEAR(evaluate(low, test), evaluate(single, test), 0.05);
}

TEST(Train, ScoresValidationImagesWithoutTrainingOnThem) {
  const data::Dataset images = tests::tiny_images(96), held_out = tests::tiny_images(64, 5);
  network::Network alone = tests::tiny_network(), watched = tests::tiny_network();
  train(alone, images, tiny_options(2));
  std::optional<double> last;
  train(
      watched, images, tiny_options(2),
      [&](const EpochReport& report) { last = report.validation_accuracy; }, &held_out);
  EXPECT_EQ(parameters_of(watched), parameters_of(alone));
  ASSERT_TRUE(last.has_value());
  EXPECT_DOUBLE_EQ(*last, evaluate(watched, held_out));
}

TEST(Train, KeepsOneLogOverAResumedTraining) {
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

TEST(ResolveExecution, RefusesAGpuThatIsNotThere) {
  TrainOptions options = tiny_options(1);
  options.accelerator = Accelerator::kAuto;
  if (resolve_execution(options).accelerator == Accelerator::kCuda) return;
  options.accelerator = Accelerator::kCuda;
  EXPECT_THAT([&] { resolve_execution(options); },
              ThrowsMessage<InputError>(HasSubstr("no CUDA device")));
}

TEST(Train, StartsAfreshWhenTheCheckpointIsOfAnotherTraining) {
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

TEST(Train, RefusesToReplaceTheCheckpointOfAnotherTrainingWhenToldSo) {
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

TEST(Train, TakesTheLogarithmOfANetworkThatEndsInSoftmax) {
  const data::Dataset images = tests::tiny_images(64);
  network::Network plain = tests::tiny_network(), ended = tests::tiny_network();
  ended.nodes.push_back({"softmax", network::Softmax{}, {"fc.out"}, "probabilities", {}});
  ended.output_name = "probabilities";
  std::vector<double> losses;
  for (network::Network* net : {&plain, &ended}) {
    train(*net, images, tiny_options(1), [&](const EpochReport& r) { losses.push_back(r.loss); });
  }
  EXPECT_NEAR(losses.at(0), losses.at(1), 1e-4 * losses.at(0));
}

TEST(Train, RefusesACheckpointThatIsDamagedOrSomethingElse) {
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

TEST(TrainDeathTest, StopsOnCtrlCWithTheLastEpochInTheCheckpoint) {
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

TEST(Train, NamesEpochAndStepOfALossThatIsNotFinite) {
  network::Network net = tests::tiny_network();
  std::get<network::Linear>(net.node("fc").op).bias[0] = std::numeric_limits<float>::infinity();
  EXPECT_THAT([&] { train(net, tests::tiny_images(40), tiny_options(1)); },
              ThrowsMessage<CheckFailed>(HasSubstr("epoch 1, step 1 of 3")));
}

TEST(Train, RefusesImagesThatDoNotFit) {
  network::Network net = tests::tiny_network();
  data::Dataset images = tests::tiny_images(4);
  images.classes = 3;
  EXPECT_THROW(train(net, images, tiny_options(1)), InputError);
  EXPECT_THROW(evaluate(net, images), InputError);
}

TEST(Train, RefusesOptionsOutOfRange) {
  const auto expect_refused = [](auto change, const char* name) {
    network::Network net = tests::tiny_network();
    TrainOptions options = tiny_options(1);
    change(options);
    EXPECT_THAT([&] { train(net, tests::tiny_images(4), options); },
                ThrowsMessage<InputError>(HasSubstr(name)));
  };
  expect_refused([](auto& o) { o.epochs = -1; }, "epochs");
  expect_refused([](auto& o) { o.batch = 0; }, "batch");
  expect_refused([](auto& o) { o.learning_rate = -1; }, "learning_rate");
  expect_refused([](auto& o) { o.learning_rate = std::nan(""); }, "learning_rate");
  expect_refused([](auto& o) { o.momentum = 1; }, "momentum");
  expect_refused([](auto& o) { o.weight_decay = -1; }, "weight_decay");
  expect_refused([](auto& o) { o.label_smoothing = 1; }, "label_smoothing");
  expect_refused([](auto& o) { o.threads = -1; }, "threads");
  expect_refused([](auto& o) { o.cutout = -1; }, "cutout");
  expect_refused([](auto& o) { o.warmup_epochs = 2; }, "warmup_epochs");
  expect_refused([](auto& o) { o.schedule = Schedule::kStep; }, "milestones");
}

}  // namespace
}  // namespace crossloop::pruning
