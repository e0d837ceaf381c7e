// Damaged ONNX files end in an InputError or in a network that runs, within bounded memory.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <iostream>
#include <limits>
#include <random>

#include "host/error.hpp"
#include "host/files.hpp"
#include "tests/onnx_checks.hpp"

namespace crossloop::network {
namespace {

constexpr unsigned kSeed = 20261121;

/// One network of every operator, as write_onnx() puts it.
std::string every_operator() {
  const Window window = tests::square(3, 2, 1);
  const std::vector<Operator> operators = {
      tests::random_conv(2, 4, {}, 2, true),
      BatchNorm{1e-5F, {1, 1, 1, 1}, {0, 0, 0, 0}, {0, 0, 0, 0}, {1, 1, 1, 1}},
      Relu{},
      LeakyRelu{},
      Clip{0, 6},
      Sigmoid{},
      HardSigmoid{},
      HardSwish{},
      Softmax{1, 2},
      Lrn{},
      ScaleShift{{4, 1, 1}, {1, 2, 3, 4}, {1}},
      Permute{{2, 1, 3}},
      Pad{.before = {1, 0, 1}, .mode = Pad::Mode::kEdge},
      Slice{{0, 3, 0}, {1, -1, 2}, {9, 4, 4}},
      Quantise{0.1F, 3, 0, 255},
      MaxPool{window},
      AveragePool{window, true},
      Reshape{{3, 3, 1}},
      GlobalMaxPool{},
      Flatten{},
      Linear{3, 2, {1, 2, 3, 4, 5, 6}, {1, 2}}};
  Network network;
  network.name = "every operator";
  network.input_shape = {2, 8, 8};
  network.normalisation = {.mean = {0.5F, 0.4F}, .std = {0.2F, 0.3F}};
  network.metadata = {{"seed", "1"}};
  std::string value = network.input_name;
  for (const Operator& op : operators) {
    const std::string name = "node" + std::to_string(network.nodes.size());
    network.nodes.push_back({name, op, {value}, name, {}});
    if (const auto* shift = std::get_if<ScaleShift>(&op)) {
      std::get<ScaleShift>(network.nodes.back().op).offset.resize(shift->factor.size());
    }
    value = name;
  }
  for (const Operator& op : std::vector<Operator>{Add{}, Multiply{}, Concat{1}}) {
    const std::string name = "pair" + std::to_string(network.nodes.size());
    network.nodes.push_back({name, op, {value, value}, name, {}});
    value = name;
  }
  network.output_name = value;
  const auto path = temporary_model();
  write_onnx(network, path);
  const auto bytes = read_file(path);
  return {bytes.begin(), bytes.end()};
}

/// Ours, and those of PyTorch.
std::vector<std::string> samples() {
  std::vector<std::string> files = {every_operator()};
  const std::filesystem::path folder = CROSSLOOP_FOREIGN_MODELS;
  for (const char* name : {"AlexNet.opset13.dynamic.plain", "LinearGates.opset11.dynamic.plain",
                           "MobileNet.opset17.one.preserved", "OptionA.opset11.dynamic.plain",
                           "Shuffle.opset17.dynamic.folded", "ZeroShortcut.opset9.dynamic.plain"}) {
    const auto bytes = read_file(folder / (std::string(name) + ".onnx"));
    files.emplace_back(bytes.begin(), bytes.end());
  }
  return files;
}

bool is_small(const Network& network) {
  std::int64_t work = 0;
  for (const auto& [value, shape] : infer_shapes(network)) work += shape.size();
  for (const Node& node : network.nodes) {
    if (has_weight(node)) work += static_cast<std::int64_t>(weight_values(node).size());
    const auto* pool = std::get_if<MaxPool>(&node.op);
    const auto* mean = std::get_if<AveragePool>(&node.op);
    const Window window = pool ? pool->window : mean ? mean->window : Window{};
    work += std::int64_t{window.kernel_h} * window.kernel_w;
  }
  return work < 200'000;
}

/// True if the file makes a network; that one must run, and be written.
bool makes_a_network(const std::string& bytes) {
  const auto path = write_bytes(bytes);
  bool made = false;
  try {
    const Network network = read_onnx(path);
    made = true;
    if (is_small(network)) {
      const auto batches = random_batches(network);
      const std::vector<std::span<const float>> views(batches.begin(), batches.end());
      run(network, views, 3);
      write_onnx(network, path);
    }
  } catch (const InputError&) {
  }
  std::filesystem::remove(path);
  return made;
}

std::int64_t peak_memory_kib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

/// Calls damage(file, rng) on copies of the samples in turn, `count` in all.
template <class Damage>
void survive(int count, const Damage& damage) {
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  std::mt19937 rng(kSeed);
  const std::vector<std::string> files = samples();
  for (const std::string& file : files) ASSERT_TRUE(makes_a_network(file));
  const std::int64_t before = peak_memory_kib();
  int made = 0;
  for (int i = 0; i < count; ++i) {
    std::string file = files[static_cast<std::size_t>(i) % files.size()];
    damage(file, rng);
    made += makes_a_network(file) ? 1 : 0;
  }
  std::cout << made << " of " << count << " damaged files still make a network, seed " << kSeed
            << "\n";
  EXPECT_GT(made, 0);
  EXPECT_LT(made, count);
  EXPECT_LT(peak_memory_kib() - before, 512 * 1024);
}

TEST(OnnxFuzz, SurvivesFlippedBytesAndTruncation) {
  survive(500, [](std::string& file, std::mt19937& rng) {
    if (rng() % 5 == 0) return file.resize(rng() % file.size());
    for (auto flips = 1 + rng() % 3; flips > 0; --flips) {
      file[rng() % file.size()] = static_cast<char>(rng());
    }
  });
}

/// An integer no model should hold there.
std::int64_t odd_integer(std::mt19937& rng) {
  constexpr std::int64_t kOdd[] = {0,
                                   1,
                                   2,
                                   3,
                                   -1,
                                   7,
                                   64,
                                   -5,
                                   64,
                                   1 << 20,
                                   1 << 30,
                                   std::int64_t{1} << 40,
                                   std::numeric_limits<std::int64_t>::max(),
                                   std::numeric_limits<std::int64_t>::min()};
  return kOdd[rng() % std::size(kOdd)];
}

/// Some of the values become odd ones.
template <class Field>
void make_odd(Field& values, std::mt19937& rng) {
  for (auto& value : values) {
    if (rng() % 2 == 0) value = odd_integer(rng);
  }
}

void make_odd(onnx::TensorProto& tensor, std::mt19937& rng) {
  if (tensor.data_type() != onnx::TensorProto::INT64) {
    if (rng() % 4 == 0) make_odd(*tensor.mutable_dims(), rng);
    return;
  }
  std::vector<std::int64_t> values(tensor.raw_data().size() / sizeof(std::int64_t));
  make_odd(values, rng);
  tensor.set_raw_data(values.data(), values.size() * sizeof(std::int64_t));
}

/// A random element of a repeated field.
template <class Field>
auto& random_element(Field& field, std::mt19937& rng) {
  return *field.Mutable(static_cast<int>(rng() % static_cast<unsigned>(field.size())));
}

/// Edits the attributes of a node, a tensor, and sometimes the shape of the input.
void edit_integers(std::string& file, std::mt19937& rng) {
  onnx::ModelProto model;
  ASSERT_TRUE(model.ParseFromString(file));
  onnx::GraphProto& graph = *model.mutable_graph();
  for (auto& attribute : *random_element(*graph.mutable_node(), rng).mutable_attribute()) {
    if (attribute.has_i()) attribute.set_i(odd_integer(rng));
    make_odd(*attribute.mutable_ints(), rng);
    if (attribute.has_t()) make_odd(*attribute.mutable_t(), rng);
  }
  if (rng() % 2 == 0) make_odd(random_element(*graph.mutable_initializer(), rng), rng);
  if (rng() % 4 == 0) {
    auto& shape = *graph.mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape();
    random_element(*shape.mutable_dim(), rng).set_dim_value(odd_integer(rng));
  }
  file = model.SerializeAsString();
}

TEST(OnnxFuzz, SurvivesOddIntegers) { survive(500, edit_integers); }

}  // namespace
}  // namespace crossloop::network
