#include "pruning/torch_network.hpp"

#include <ATen/Parallel.h>
#include <malloc.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <string>
#include <thread>
#include <variant>

#include "host/error.hpp"
#include "host/network/network.hpp"

namespace crossloop::pruning {

namespace {

constexpr double kBatchNormMomentum = 0.1;  // of the newest batch, as in PyTorch

at::Tensor copy_of(const std::vector<float>& values, at::IntArrayRef sizes) {
  // from_blob wants mutable memory; the clone leaves it untouched.
  const at::Tensor view = at::from_blob(const_cast<float*>(values.data()), sizes, at::kFloat);
  return view.clone(sizes.size() == 4 ? at::MemoryFormat::ChannelsLast
                                      : at::MemoryFormat::Contiguous);
}

at::Tensor copy_of(const std::vector<float>& values) {
  return copy_of(values, {static_cast<std::int64_t>(values.size())});
}

void copy_into(std::vector<float>& target, const at::Tensor& tensor) {
  const at::Tensor plain = tensor.detach().contiguous();
  std::copy_n(plain.data_ptr<float>(), target.size(), target.begin());
}

NodeTensors tensors_of(const network::Node& node) {
  NodeTensors tensors;
  if (const auto* conv = std::get_if<network::Conv>(&node.op)) {
    tensors.weight = copy_of(conv->weight, {conv->out_channels, conv->in_channels,
                                            conv->window.kernel_h, conv->window.kernel_w});
    if (!conv->bias.empty()) tensors.bias = copy_of(conv->bias);
  } else if (const auto* linear = std::get_if<network::Linear>(&node.op)) {
    tensors.weight = copy_of(linear->weight, {linear->out_features, linear->in_features});
    if (!linear->bias.empty()) tensors.bias = copy_of(linear->bias);
  } else if (const auto* norm = std::get_if<network::BatchNorm>(&node.op)) {
    tensors.gamma = copy_of(norm->gamma);
    tensors.beta = copy_of(norm->beta);
    tensors.mean = copy_of(norm->mean);
    tensors.variance = copy_of(norm->variance);
  } else if (const auto* pool = std::get_if<network::AveragePool>(&node.op)) {
    if (pool->window.dilation_h != 1 || pool->window.dilation_w != 1) {
      throw InputError("node " + node.name + ": average pool with dilation " +
                       std::to_string(pool->window.dilation_h) + "x" +
                       std::to_string(pool->window.dilation_w) + ", expected 1x1");
    }
  }
  return tensors;
}

using Pair = std::array<std::int64_t, 2>;
constexpr Pair kNoPadding = {0, 0};
Pair kernel_of(const network::Window& window) { return {window.kernel_h, window.kernel_w}; }
Pair stride_of(const network::Window& window) { return {window.stride_h, window.stride_w}; }
Pair dilation_of(const network::Window& window) { return {window.dilation_h, window.dilation_w}; }

at::Tensor padded(const at::Tensor& input, const network::Window& window, double value) {
  return at::constant_pad_nd(
      input, {window.pad_left, window.pad_right, window.pad_top, window.pad_bottom}, value);
}

/// Whether LibTorch's pooling takes the padding itself: symmetric and at most half the kernel.
bool pools_natively(const network::Window& window) {
  return window.pad_top == window.pad_bottom && window.pad_left == window.pad_right &&
         2 * window.pad_top <= window.kernel_h && 2 * window.pad_left <= window.kernel_w;
}

/// Runs one operator; the node's tensors and inputs are bound beforehand.
struct Runner {
  const NodeTensors& tensors;
  const std::vector<const at::Tensor*>& inputs;
  BatchNormMode mode;
  bool in_place;

  const at::Tensor& input() const { return *inputs.front(); }
  at::Tensor weight() const {
    return tensors.weight_offset.defined() ? tensors.weight + tensors.weight_offset
                                           : tensors.weight;
  }

  at::Tensor operator()(const network::Conv& conv) const {
    const network::Window& window = conv.window;
    const Pair stride = stride_of(window), dilation = dilation_of(window);
    if (window.pad_top == window.pad_bottom && window.pad_left == window.pad_right) {
      const Pair padding = {window.pad_top, window.pad_left};
      return at::conv2d(input(), weight(), tensors.bias, stride, padding, dilation);
    }
    return at::conv2d(padded(input(), window, 0.0), weight(), tensors.bias, stride, kNoPadding,
                      dilation);
  }
  at::Tensor operator()(const network::Linear&) const {
    return at::linear(input().flatten(1), weight(), tensors.bias);
  }
  at::Tensor operator()(const network::BatchNorm& norm) const {
    return at::batch_norm(input(), tensors.gamma, tensors.beta, tensors.mean, tensors.variance,
                          mode == BatchNormMode::kBatch, kBatchNormMomentum, norm.epsilon, false);
  }
  at::Tensor operator()(const network::Relu&) const {
    if (!in_place) return at::relu(input());
    at::Tensor value = input();
    return at::relu_(value);
  }
  at::Tensor operator()(const network::MaxPool& pool) const {
    const network::Window& window = pool.window;
    const Pair kernel = kernel_of(window), stride = stride_of(window);
    const Pair dilation = dilation_of(window);
    if (pools_natively(window)) {
      const Pair padding = {window.pad_top, window.pad_left};
      return at::max_pool2d(input(), kernel, stride, padding, dilation);
    }
    const double lowest = -std::numeric_limits<double>::infinity();
    return at::max_pool2d(padded(input(), window, lowest), kernel, stride, kNoPadding, dilation);
  }
  at::Tensor operator()(const network::AveragePool& pool) const {
    const network::Window& window = pool.window;
    const Pair kernel = kernel_of(window), stride = stride_of(window);
    if (pools_natively(window)) {
      const Pair padding = {window.pad_top, window.pad_left};
      return at::avg_pool2d(input(), kernel, stride, padding, false, pool.count_include_pad);
    }
    const auto pooled = [&](const at::Tensor& value) {
      return at::avg_pool2d(padded(value, window, 0.0), kernel, stride);
    };
    if (pool.count_include_pad) return pooled(input());
    return pooled(input()) / pooled(at::ones_like(input()));
  }
  at::Tensor operator()(const network::GlobalAveragePool&) const {
    return at::adaptive_avg_pool2d(input(), {1, 1});
  }
  at::Tensor operator()(const network::Add&) const { return *inputs[0] + *inputs[1]; }
  at::Tensor operator()(const network::Flatten&) const { return input().flatten(1); }
  template <class Other>
  at::Tensor operator()(const Other&) const {
    throw InputError("this operator cannot be run yet");
  }
};

/// Backward of these does not need their output, so that a Relu may overwrite it.
bool output_may_be_overwritten(const network::Operator& op) {
  return std::holds_alternative<network::Conv>(op) || std::holds_alternative<network::Linear>(op) ||
         std::holds_alternative<network::BatchNorm>(op) || std::holds_alternative<network::Add>(op);
}

}  // namespace

TorchNetwork::TorchNetwork(const network::Network& network) : network_(network) {
  network::infer_shapes(network);
  for (const network::Node& node : network.nodes) nodes_.push_back(tensors_of(node));
  plan_steps();
}

void TorchNetwork::plan_steps() {
  std::map<std::string, std::size_t> slot_of = {{network_.input_name, 0}};
  std::vector<std::size_t> uses(1, 0), last_use(1, 0);
  for (std::size_t i = 0; i < network_.nodes.size(); ++i) {
    Step step;
    for (const std::string& name : network_.nodes[i].inputs) {
      step.inputs.push_back(slot_of.at(name));
      ++uses[step.inputs.back()];
      last_use[step.inputs.back()] = i;
    }
    step.output = slot_of.size();
    slot_of[network_.nodes[i].output] = step.output;
    uses.push_back(0);
    last_use.push_back(i);
    steps_.push_back(std::move(step));
  }
  output_slot_ = slot_of.at(network_.output_name);
  ++uses[output_slot_];

  for (std::size_t slot = 0; slot < uses.size(); ++slot) {
    if (slot != output_slot_ && !steps_.empty()) steps_[last_use[slot]].released.push_back(slot);
  }
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const std::size_t source = steps_[i].inputs.front();
    // Slot s > 0 is made by node s - 1.
    steps_[i].in_place = std::holds_alternative<network::Relu>(network_.nodes[i].op) &&
                         source > 0 && uses[source] == 1 &&
                         output_may_be_overwritten(network_.nodes[source - 1].op);
  }
}

at::Tensor TorchNetwork::forward(const at::Tensor& input, BatchNormMode mode) const {
  std::vector<at::Tensor> values(steps_.size() + 1);
  values[0] = input;
  std::vector<const at::Tensor*> inputs;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    inputs.clear();
    for (const std::size_t slot : step.inputs) inputs.push_back(&values[slot]);
    const Runner runner{nodes_[i], inputs, mode, step.in_place};
    values[step.output] = std::visit(runner, network_.nodes[i].op);
    for (const std::size_t slot : step.released) values[slot].reset();
  }
  return values[output_slot_].flatten(1);
}

std::vector<at::Tensor> TorchNetwork::parameters() const {
  std::vector<at::Tensor> found;
  for (const NodeTensors& node : nodes_) {
    for (const at::Tensor* tensor : {&node.weight, &node.bias, &node.gamma, &node.beta}) {
      if (tensor->defined()) found.push_back(*tensor);
    }
  }
  return found;
}

std::vector<at::Tensor> TorchNetwork::statistics() const {
  std::vector<at::Tensor> found;
  for (const NodeTensors& node : nodes_) {
    for (const at::Tensor* tensor : {&node.mean, &node.variance}) {
      if (tensor->defined()) found.push_back(*tensor);
    }
  }
  return found;
}

void TorchNetwork::store(network::Network& network) const {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    network::Operator& op = network.nodes[i].op;
    const NodeTensors& tensors = nodes_[i];
    if (auto* conv = std::get_if<network::Conv>(&op)) {
      copy_into(conv->weight, tensors.weight);
      if (tensors.bias.defined()) copy_into(conv->bias, tensors.bias);
    } else if (auto* linear = std::get_if<network::Linear>(&op)) {
      copy_into(linear->weight, tensors.weight);
      if (tensors.bias.defined()) copy_into(linear->bias, tensors.bias);
    } else if (auto* norm = std::get_if<network::BatchNorm>(&op)) {
      copy_into(norm->gamma, tensors.gamma);
      copy_into(norm->beta, tensors.beta);
      copy_into(norm->mean, tensors.mean);
      copy_into(norm->variance, tensors.variance);
    }
  }
}

at::Tensor view_nhwc(float* pixels, std::int64_t batch, std::int64_t channels, std::int64_t height,
                     std::int64_t width) {
  return at::from_blob(pixels, {batch, channels, height, width},
                       {height * width * channels, 1, width * channels, channels}, at::kFloat);
}

TorchScope::TorchScope(int threads) : former_threads_(at::get_num_threads()) {
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  at::set_num_threads(threads > 0 ? threads : cores);
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
}

TorchScope::~TorchScope() {
  at::set_num_threads(former_threads_);
  // Setting any of them switched off glibc's own adjustment: leave what that would have reached.
  mallopt(M_MMAP_MAX, 65536);
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 64 << 20);
  malloc_trim(0);
}

}  // namespace crossloop::pruning
