#include "pruning/torch_network.hpp"

#include <ATen/CPUGeneratorImpl.h>
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
#include "pruning/torch_operators.hpp"

namespace crossloop::pruning {

namespace {

/// Copies go to one device; matrices and vectors as they are, filters channels last.
class Copier {
 public:
  explicit Copier(at::Device device) : device_(device) {}

  at::Tensor operator()(const std::vector<float>& values, at::IntArrayRef sizes) const {
    // from_blob wants mutable memory; the clone leaves it untouched.
    const at::Tensor view = at::from_blob(const_cast<float*>(values.data()), sizes, at::kFloat);
    return view
        .clone(sizes.size() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous)
        .to(device_);
  }
  at::Tensor operator()(const std::vector<float>& values) const {
    return (*this)(values, {static_cast<std::int64_t>(values.size())});
  }

 private:
  at::Device device_;
};

void copy_into(std::vector<float>& target, const at::Tensor& tensor) {
  const at::Tensor plain = tensor.detach().cpu().contiguous();
  std::copy_n(plain.data_ptr<float>(), target.size(), target.begin());
}

NodeTensors tensors_of(const network::Node& node, const Copier& copy_of) {
  NodeTensors tensors;
  if (const auto* conv = std::get_if<network::Conv>(&node.op)) {
    tensors.weight = copy_of(conv->weight, {conv->out_channels, conv->in_channels / conv->groups,
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
  } else if (const auto* scale = std::get_if<network::ScaleShift>(&node.op)) {
    const network::Shape& shape = scale->shape;
    const std::array<std::int64_t, 4> sizes = {1, shape.channels, shape.height, shape.width};
    if (!scale->factor.empty()) tensors.factor = copy_of(scale->factor, sizes);
    if (!scale->offset.empty()) tensors.offset = copy_of(scale->offset, sizes);
  }
  return tensors;
}

/// `deviation` times unit noise beside `value`, which keeps its type and layout.
at::Tensor with_noise(const at::Tensor& value, const at::Tensor& deviation,
                      const at::Generator& generator) {
  const at::Tensor noise = at::randn(value.sizes(), generator, at::kFloat).to(value.device());
  return value + (noise * deviation).to(value.scalar_type());
}

/// Backward of these does not need their output, so that a Relu may overwrite it.
bool output_may_be_overwritten(const network::Operator& op) {
  return std::holds_alternative<network::Conv>(op) || std::holds_alternative<network::Linear>(op) ||
         std::holds_alternative<network::BatchNorm>(op) || std::holds_alternative<network::Add>(op);
}

}  // namespace

TorchNetwork::TorchNetwork(const network::Network& network, at::Device device) : network_(network) {
  network::infer_shapes(network);
  if (!network.extra_inputs.empty()) {
    throw InputError("network " + network.name + ": " +
                     std::to_string(1 + network.extra_inputs.size()) +
                     " inputs, LibTorch runs and trains networks with one");
  }
  const Copier copier(device);
  for (const network::Node& node : network.nodes) nodes_.push_back(tensors_of(node, copier));
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

at::Tensor TorchNetwork::forward(const at::Tensor& input, BatchNormMode mode,
                                 at::ScalarType convolution) const {
  std::vector<at::Tensor> values(steps_.size() + 1);
  values[0] = input;
  std::vector<const at::Tensor*> inputs;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    inputs.clear();
    for (const std::size_t slot : step.inputs) inputs.push_back(&values[slot]);
    values[step.output] = run_operator(network_.nodes[i].op, {.tensors = nodes_[i],
                                                              .inputs = inputs,
                                                              .mode = mode,
                                                              .convolution = convolution,
                                                              .in_place = step.in_place});
    if (noise_.defined() && nodes_[i].output_noise.defined()) {
      values[step.output] = with_noise(values[step.output], nodes_[i].output_noise, noise_);
    }
    for (const std::size_t slot : step.released) values[slot].reset();
  }
  return values[output_slot_].flatten(1).to(at::kFloat);
}

void TorchNetwork::seed_noise(std::uint64_t seed) { noise_ = at::detail::createCPUGenerator(seed); }

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
