// Every operator in LibTorch against the plain executor, and that gradients pass where they should.
#include <gmock/gmock.h>

#include "host/error.hpp"
#include "tests/torch_against_executor.hpp"

namespace crossloop::pruning {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using tests::expect_equal_to_executor;
using tests::single;

constexpr network::Shape kImage = {6, 7, 9};

TEST(TorchOperators, EqualTheExecutorOnElementwiseFunctions) {
  const std::vector<network::Operator> ops = {network::Relu{},
                                              network::LeakyRelu{0.2F},
                                              network::Clip{-0.3F, 0.4F},
                                              network::Clip{},
                                              network::Sigmoid{},
                                              network::HardSigmoid{0.3F, 0.4F},
                                              network::HardSwish{},
                                              network::Quantise{0.1F, 3, 0, 15},
                                              network::Softmax{1, 1},
                                              network::Softmax{2, 2},
                                              network::Softmax{1, 3},
                                              network::Softmax{3, 3},
                                              network::GlobalMaxPool{},
                                              network::Lrn{3, 0.5F, 0.6F, 2.0F},
                                              network::Lrn{4, 0.5F, 0.6F, 1.0F}};
  for (const network::Operator& op : ops) expect_equal_to_executor(single(op, kImage), 2, 1);
}

TEST(TorchOperators, EqualTheExecutorOnGroupedConvolutions) {
  std::mt19937 rng(2);
  for (const int groups : {2, 3, 6}) {
    network::Conv conv = tests::random_conv(6 / groups, 12, tests::square_window(3, 2, 1), rng);
    conv.in_channels = 6;
    conv.groups = groups;
    conv.bias = tests::random_floats(12, 1.0F, rng);
    expect_equal_to_executor(single(conv, kImage), 2, 3);
  }
}

TEST(TorchOperators, EqualTheExecutorOnPoolsThatRoundUp) {
  std::vector<network::Window> windows = {
      tests::square_window(3, 2, 0), tests::square_window(2, 2, 1), tests::square_window(3, 2, 1),
      tests::square_window(2, 3, 0)};
  windows.push_back(tests::square_window(3, 2, 0));
  windows.back().pad_top = 2;
  windows.push_back(windows.back());
  windows.back().pad_bottom = 1;
  windows.back().pad_right = 2;
  for (network::Window window : windows) {
    window.ceil_mode = true;
    for (const network::Shape& shape :
         {kImage, network::Shape{2, 8, 8}, network::Shape{2, 6, 11}}) {
      expect_equal_to_executor(single(network::MaxPool{window}, shape), 2, 4);
      expect_equal_to_executor(single(network::AveragePool{window, false}, shape), 2, 5);
      expect_equal_to_executor(single(network::AveragePool{window, true}, shape), 2, 6);
    }
  }
}

TEST(TorchOperators, EqualTheExecutorOnShapes) {
  using network::Pad;
  const std::vector<network::Operator> ops = {
      network::Reshape{{7, 18, 3}},
      network::Permute{{2, 3, 1}},
      Pad{{1, 0, 2}, {0, 3, 1}, Pad::Mode::kConstant, 0.5F},
      Pad{{2, 1, 0}, {3, 2, 4}, Pad::Mode::kReflect},
      Pad{{1, 0, 2}, {0, 9, 1}, Pad::Mode::kEdge},
      network::Slice{{1, 0, 8}, {2, 3, -2}, {3, 2, 4}},
      network::ScaleShift{{6, 1, 1}, {1, 2, 3, 4, 5, 6}, {}},
      network::ScaleShift{{1, 1, 9}, {}, {1, 2, 3, 4, 5, 6, 7, 8, 9}},
      network::ScaleShift{{1, 1, 1}, {2}, {-1}}};
  for (const network::Operator& op : ops) expect_equal_to_executor(single(op, kImage), 2, 7);
}

/// x, its global maximum and a Relu of it, joined by `join`.
network::Network joined(network::Operator join, std::vector<std::string> inputs) {
  network::Network net = single(network::GlobalMaxPool{}, kImage);
  net.nodes[0].output = "largest";
  net.nodes.push_back({"relu", network::Relu{}, {"input"}, "relu", {}});
  net.nodes.push_back({"join", std::move(join), std::move(inputs), "out", {}});
  return net;
}

TEST(TorchOperators, EqualTheExecutorOnJoins) {
  for (const auto& inputs :
       {std::vector<std::string>{"input", "relu"}, {"largest", "relu"}, {"relu", "largest"}}) {
    network::Network net = joined(network::Add{}, inputs);
    if (inputs[0] == "input") net.nodes.erase(net.nodes.begin());
    expect_equal_to_executor(net, 2, 8);
    net.nodes.back().op = network::Multiply{};
    expect_equal_to_executor(net, 2, 8);
  }
  for (const int axis : {1, 2, 3}) {
    network::Network net = joined(network::Concat{axis}, {"relu", "input", "relu"});
    net.nodes.erase(net.nodes.begin());
    expect_equal_to_executor(net, 2, 9);
  }
}

TEST(TorchOperators, RefuseANetworkWithSeveralInputs) {
  network::Network net = single(network::Relu{}, {1, 2, 2});
  net.extra_inputs.push_back({"second", {1, 2, 2}});
  EXPECT_THAT([&] { forward(net, std::vector<float>(4), 1); },
              ThrowsMessage<InputError>(HasSubstr("2 inputs")));
}

TEST(TorchOperators, TrainThroughRoundingAsIfItWereNotThere) {
  // A quantiser of one level would stop every gradient; the straight-through estimate passes it.
  network::Network net = tests::tiny_network();
  net.node("fc").inputs = {"quantised"};
  net.nodes.insert(
      net.nodes.end() - 1,
      {"quantise", network::Quantise{100.0F, 0, 0, 255}, {"flatten.out"}, "quantised", {}});
  const auto weights = [](const network::Network& each) {
    return std::get<network::Conv>(each.nodes[0].op).weight;
  };
  const auto before = weights(net);
  TrainOptions options;
  options.epochs = 1;
  options.batch = 16;
  options.weight_decay = 0.0;
  options.threads = 1;
  train(net, tests::tiny_images(32), options);
  EXPECT_NE(weights(net), before);
}

}  // namespace
}  // namespace crossloop::pruning
