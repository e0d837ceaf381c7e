#include "host/network/onnx_node.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "host/error.hpp"

namespace crossloop::network {

namespace {

constexpr std::int64_t kLargestSize = 1 << 20;  // of a kernel, a stride, a padding

/// Padding before and after for auto_pad SAME_*: the output has ceil(size / stride) elements.
std::pair<int, int> same_padding(int size, int kernel, int stride, int dilation, bool upper) {
  const std::int64_t outputs = (std::int64_t{size} + stride - 1) / stride;
  const std::int64_t covered = (outputs - 1) * stride + std::int64_t{dilation} * (kernel - 1) + 1;
  const std::int64_t total =
      std::clamp<std::int64_t>(covered - size, 0, std::numeric_limits<int>::max() / 4);
  const std::int64_t small = total / 2;
  const std::int64_t large = total - small;
  return {static_cast<int>(upper ? small : large), static_cast<int>(upper ? large : small)};
}

}  // namespace

std::string display_name(const onnx::NodeProto& node) {
  if (!node.name().empty()) return node.name();
  return node.output_size() > 0 ? node.output(0) : "without a name";
}

void OnnxNode::refuse(const std::string& why) const {
  throw InputError(fmt::format("{}: node {} ({}, opset {}): {}", source_.file, display_name(node_),
                               type(), source_.opset, why));
}

void OnnxNode::require(const char* attribute, std::int64_t expected) const {
  const std::int64_t found = integer(attribute, expected);
  if (found != expected) {
    refuse(fmt::format("{} = {}, only {} is supported", attribute, found, expected));
  }
}

const onnx::AttributeProto* OnnxNode::find(const char* name) const {
  const auto found = std::find_if(node_.attribute().begin(), node_.attribute().end(),
                                  [&](const auto& each) { return each.name() == name; });
  return found == node_.attribute().end() ? nullptr : &*found;
}

std::int64_t OnnxNode::integer(const char* name, std::int64_t fallback) const {
  const auto* attribute = find(name);
  return attribute ? attribute->i() : fallback;
}

float OnnxNode::real(const char* name, float fallback) const {
  const auto* attribute = find(name);
  return attribute ? attribute->f() : fallback;
}

std::string OnnxNode::text(const char* name, const std::string& fallback) const {
  const auto* attribute = find(name);
  return attribute ? attribute->s() : fallback;
}

const onnx::TensorProto* OnnxNode::tensor(const char* name) const {
  const auto* attribute = find(name);
  return attribute ? &attribute->t() : nullptr;
}

const onnx::GraphProto* OnnxNode::graph(const char* name) const {
  const auto* attribute = find(name);
  return attribute ? &attribute->g() : nullptr;
}

std::vector<int> OnnxNode::sizes(const char* name, std::size_t count, int minimum,
                                 int fallback) const {
  if (!has_attribute(name)) return std::vector<int>(count, fallback);
  const std::vector<std::int64_t> values = integers(name);
  const bool fits = std::all_of(values.begin(), values.end(), [&](std::int64_t value) {
    return value >= minimum && value <= kLargestSize;
  });
  if (values.size() != count || !fits) {
    refuse(fmt::format("{} is [{}], expected {} numbers in {}..{}", name, fmt::join(values, ", "),
                       count, minimum, kLargestSize));
  }
  return {values.begin(), values.end()};
}

Dimensions OnnxNode::integers(const char* name) const {
  const auto* attribute = find(name);
  if (!attribute) return {};
  return {attribute->ints().begin(), attribute->ints().end()};
}

std::vector<float> OnnxNode::reals(const char* name) const {
  const auto* attribute = find(name);
  if (!attribute) return {};
  return {attribute->floats().begin(), attribute->floats().end()};
}

bool OnnxNode::has_input(int index) const {
  return index < node_.input_size() && !node_.input(index).empty();
}

bool OnnxNode::is_constant(int index) const {
  return has_input(index) && constants_.contains(node_.input(index));
}

const ConstantTensor& OnnxNode::constant(int index) const {
  if (!has_input(index)) refuse(fmt::format("input {} is missing", index));
  if (!is_constant(index)) {
    refuse("input " + input(index) + " is computed, expected an initializer or a Constant");
  }
  return constants_.at(input(index));
}

std::vector<float> OnnxNode::floats(int index, const Dimensions& dimensions) const {
  const ConstantTensor& tensor = constant(index);
  const bool fits = std::equal(tensor.dims.begin(), tensor.dims.end(), dimensions.begin(),
                               dimensions.end(), [](std::int64_t found, std::int64_t expected) {
                                 return expected == -1 || found == expected;
                               });
  if (!fits) {
    refuse(fmt::format("input {} has the shape [{}], expected [{}]", input(index),
                       fmt::join(tensor.dims, ", "), fmt::join(dimensions, ", ")));
  }
  if (!tensor.is_float()) {
    refuse(fmt::format("input {} is of type {}, expected FLOAT", input(index),
                       type_name(tensor.type)));
  }
  const auto odd = std::find_if(tensor.floats.begin(), tensor.floats.end(),
                                [](float value) { return !std::isfinite(value); });
  if (odd != tensor.floats.end()) {
    refuse(fmt::format("tensor {}: value {} is {}, expected a finite number", input(index),
                       odd - tensor.floats.begin(), *odd));
  }
  if (tensor.floats.size() != 1) return tensor.floats;
  constexpr std::int64_t kLargestRepeat = 1 << 24;
  if (tensor.size() > kLargestRepeat) {
    refuse(fmt::format("input {} repeats one value in the shape [{}], too many", input(index),
                       fmt::join(tensor.dims, ", ")));
  }
  return std::vector<float>(static_cast<std::size_t>(tensor.size()), tensor.floats[0]);
}

Dimensions OnnxNode::integers(int index) const {
  const ConstantTensor& tensor = constant(index);
  constexpr std::int64_t kMost = 64;
  if (tensor.is_float() || tensor.dims.size() > 1 || tensor.size() > kMost) {
    refuse(fmt::format("input {} is {} of shape [{}], expected a list of integers", input(index),
                       type_name(tensor.type), fmt::join(tensor.dims, ", ")));
  }
  Dimensions values;
  for (std::int64_t i = 0; i < tensor.size(); ++i) values.push_back(tensor.integer(i));
  return values;
}

float OnnxNode::scalar(int index, float fallback) const {
  if (!has_input(index)) return fallback;
  const ConstantTensor& tensor = constant(index);
  if (!tensor.is_float() || tensor.size() != 1 || std::isnan(tensor.real(0))) {
    refuse(fmt::format("input {} is {} of shape [{}], expected one number", input(index),
                       type_name(tensor.type), fmt::join(tensor.dims, ", ")));
  }
  return tensor.real(0);
}

std::optional<Dimensions> OnnxNode::integers(const char* attribute, int index) const {
  if (has_attribute(attribute)) return integers(attribute);
  if (has_input(index)) return integers(index);
  return std::nullopt;
}

Window OnnxNode::window(const Shape& in, int kernel_h, int kernel_w) const {
  const std::vector<int> strides = sizes("strides", 2, 1, 1);
  const std::vector<int> dilations = sizes("dilations", 2, 1, 1);
  const std::vector<int> pads = sizes("pads", 4, 0, 0);
  Window w{.kernel_h = kernel_h,
           .kernel_w = kernel_w,
           .stride_h = strides[0],
           .stride_w = strides[1],
           .pad_top = pads[0],
           .pad_left = pads[1],
           .pad_bottom = pads[2],
           .pad_right = pads[3],
           .dilation_h = dilations[0],
           .dilation_w = dilations[1]};
  const std::string mode = text("auto_pad", "NOTSET");
  if (mode == "NOTSET") return w;
  if (mode != "VALID" && mode != "SAME_UPPER" && mode != "SAME_LOWER") {
    refuse("auto_pad = " + mode + ", expected NOTSET, VALID, SAME_UPPER or SAME_LOWER");
  }
  w.pad_top = w.pad_left = w.pad_bottom = w.pad_right = 0;
  if (mode != "VALID") {
    const bool upper = mode == "SAME_UPPER";
    std::tie(w.pad_top, w.pad_bottom) =
        same_padding(in.height, kernel_h, w.stride_h, w.dilation_h, upper);
    std::tie(w.pad_left, w.pad_right) =
        same_padding(in.width, kernel_w, w.stride_w, w.dilation_w, upper);
  }
  return w;
}

}  // namespace crossloop::network
