// Training without constraints: the optimiser, what is scored, and what is refused.
#include "pruning/train.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>

#include "host/error.hpp"
#include "tests/train_fixture.hpp"

namespace crossloop::pruning {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

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

TEST(ResolveExecution, RefusesAGpuThatIsNotThere) {
  TrainOptions options = tiny_options(1);
  options.accelerator = Accelerator::kAuto;
  if (resolve_execution(options).accelerator == Accelerator::kCuda) return;
  options.accelerator = Accelerator::kCuda;
  EXPECT_THAT([&] { resolve_execution(options); },
              ThrowsMessage<InputError>(HasSubstr("no CUDA device")));
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
