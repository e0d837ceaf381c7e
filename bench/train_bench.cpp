// Training and evaluation of ResNet-20 over a bare LibTorch loop: the same network written with
// torch::nn, batches that lie ready in memory, channels last, torch::optim::SGD. Same threads.
#include <torch/torch.h>

#include <algorithm>
#include <array>
#include <string>
#include <thread>
#include <vector>

#include "bench/figures.hpp"
#include "host/data/shapes.hpp"
#include "host/network/zoo.hpp"
#include "pruning/train.hpp"

namespace crossloop::bench {

namespace {

constexpr int kBatch = 128;

torch::Tensor rectified(torch::Tensor value) { return torch::relu_(value); }

torch::nn::Conv2d conv(int in, int out, int kernel, int stride) {
  return torch::nn::Conv2d(
      torch::nn::Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2).bias(false));
}

struct BlockImpl : torch::nn::Module {
  BlockImpl(int in, int out, int stride)
      : conv1(register_module("conv1", conv(in, out, 3, stride))),
        bn1(register_module("bn1", torch::nn::BatchNorm2d(out))),
        conv2(register_module("conv2", conv(out, out, 3, 1))),
        bn2(register_module("bn2", torch::nn::BatchNorm2d(out))) {
    if (in == out) return;
    shortcut = register_module(
        "shortcut", torch::nn::Sequential(conv(in, out, 1, stride), torch::nn::BatchNorm2d(out)));
  }
  torch::Tensor forward(const torch::Tensor& x) {
    const torch::Tensor y = bn2(conv2(rectified(bn1(conv1(x)))));
    return rectified(y + (shortcut ? shortcut->forward(x) : x));
  }
  torch::nn::Conv2d conv1;
  torch::nn::BatchNorm2d bn1;
  torch::nn::Conv2d conv2;
  torch::nn::BatchNorm2d bn2;
  torch::nn::Sequential shortcut = nullptr;
};
TORCH_MODULE(Block);

torch::nn::Sequential resnet20() {
  torch::nn::Sequential net(conv(3, 16, 3, 1), torch::nn::BatchNorm2d(16), torch::nn::ReLU());
  int in = 16;
  for (const int out : {16, 32, 64}) {
    for (int block = 0; block < 3; ++block) {
      net->push_back(Block(in, out, in == out ? 1 : 2));
      in = out;
    }
  }
  net->push_back(torch::nn::AdaptiveAvgPool2d(1));
  net->push_back(torch::nn::Flatten());
  net->push_back(torch::nn::Linear(64, 10));
  for (torch::Tensor& each : net->parameters()) {
    if (each.dim() == 4) each.set_data(each.contiguous(torch::MemoryFormat::ChannelsLast));
  }
  return net;
}

torch::Tensor images(int count) {
  return torch::randn({count, 3, 32, 32}).contiguous(torch::MemoryFormat::ChannelsLast);
}

void use_all_cores() {
  torch::set_num_threads(std::max(1, static_cast<int>(std::thread::hardware_concurrency())));
}

double bare_training(int steps) {
  use_all_cores();
  torch::nn::Sequential net = resnet20();
  torch::optim::SGD sgd(
      net->parameters(),
      torch::optim::SGDOptions(0.1).momentum(0.9).nesterov(true).weight_decay(5e-4));
  const torch::Tensor batch = images(kBatch);
  const torch::Tensor labels = torch::randint(0, 10, {kBatch}, torch::kLong);
  return seconds([&] {
    for (int step = 0; step < steps; ++step) {
      sgd.zero_grad();
      torch::nn::functional::cross_entropy(net->forward(batch), labels).backward();
      sgd.step();
    }
  });
}

double bare_evaluation(int count) {
  constexpr int kEvaluationBatch = 250;
  use_all_cores();
  torch::nn::Sequential net = resnet20();
  net->eval();
  const torch::NoGradGuard no_grad;
  const torch::Tensor batch = images(kEvaluationBatch);
  const torch::Tensor labels = torch::randint(0, 10, {kEvaluationBatch}, torch::kLong);
  return seconds([&] {
    std::int64_t correct = 0;
    for (int first = 0; first < count; first += kEvaluationBatch) {
      correct += net->forward(batch).argmax(1).eq(labels).sum().item<std::int64_t>();
    }
    if (correct > count) std::abort();  // the sum is used
  });
}

double our_training(const data::Dataset& set, pruning::Precision precision) {
  network::Network net = network::make_network("resnet20", {3, 32, 32}, set.classes, 1);
  pruning::TrainOptions options;
  options.epochs = 1;
  options.batch = kBatch;
  options.precision = precision;
  return seconds([&] { pruning::train(net, set, options); });
}

std::map<std::string, Figure> measure_training() {
  constexpr int kSteps = 24, kRounds = 5;
  const data::Dataset set = data::make_shapes(1, kSteps * kBatch);
  std::vector<double> single, low;
  our_training(set, pruning::Precision::kFloat32);  // warms up
  our_training(set, pruning::Precision::kAuto);
  bare_training(kSteps);
  for (int round = 0; round < kRounds; ++round) {
    const double bare = bare_training(kSteps);
    single.push_back(our_training(set, pruning::Precision::kFloat32) / bare);
    low.push_back(our_training(set, pruning::Precision::kAuto) / bare);
  }
  return {{"train.over_libtorch", {median(single), "ratio", 1.11, Better::kSmaller}},
          {"train.auto_over_libtorch", {median(low), "ratio", 1.11, Better::kSmaller}}};
}

std::map<std::string, Figure> measure_evaluation() {
  constexpr int kImages = 10000, kRounds = 3;
  const data::Dataset set = data::make_shapes(1, kImages);
  const network::Network net = network::make_network("resnet20", {3, 32, 32}, set.classes, 1);
  std::vector<double> ratios;
  bare_evaluation(1000);  // warms up
  for (int round = 0; round < kRounds; ++round) {
    const double bare = bare_evaluation(kImages);
    ratios.push_back(seconds([&] { pruning::evaluate(net, set); }) / bare);
  }
  return {{"evaluate.over_libtorch", {median(ratios), "ratio", 1.05, Better::kSmaller}}};
}

}  // namespace

Benchmark training() {
  return {{"train.over_libtorch", "train.auto_over_libtorch"}, measure_training};
}

Benchmark evaluation() { return {{"evaluate.over_libtorch"}, measure_evaluation}; }

}  // namespace crossloop::bench
