#include "host/network/onnx_node.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "host/error.hpp"

namespace crossloop::network {

namespace {

static_assert(std::endian::native == std::endian::little, "raw_data is little-endian");

constexpr std::int64_t kLargestSize = 1 << 20;  // of a kernel, a stride, a padding

std::string type_name(int type) {
  return onnx::TensorProto_DataType_IsValid(type)
             ? onnx::TensorProto_DataType_Name(static_cast<onnx::TensorProto_DataType>(type))
             : std::to_string(type);
}

/// raw_data, or the repeated field where it is empty.
template <class T, class Field>
std::vector<T> read_values(const OnnxSource& source, const onnx::TensorProto& tensor, int type,
                           const Field& field) {
  const auto fail = [&](const std::string& why) {
    throw InputError(fmt::format("{}: tensor {}: {}", source.file, tensor.name(), why));
  };
  if (tensor.data_type() != type) {
    fail(fmt::format("type {}, expected {}", type_name(tensor.data_type()), type_name(type)));
  }
  if (tensor.data_location() == onnx::TensorProto::EXTERNAL || tensor.has_segment()) {
    fail("its data lie outside the file; save the model as one file");
  }
  const auto count = static_cast<std::size_t>(element_count(source, tensor));
  const std::string& raw = tensor.raw_data();
  const std::size_t found =
      raw.empty() ? static_cast<std::size_t>(field.size()) : raw.size() / sizeof(T);
  if (found != count || raw.size() % sizeof(T) != 0) {
    fail(fmt::format("{} values, its shape needs {}", found, count));
  }
  std::vector<T> values(field.begin(), field.end());
  if (!raw.empty()) {
    values.resize(count);
    std::memcpy(values.data(), raw.data(), raw.size());
  }
  return values;
}

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

std::int64_t element_count(const OnnxSource& source, const onnx::TensorProto& tensor) {
  std::int64_t count = 1;
  for (const std::int64_t size : tensor.dims()) {
    constexpr std::int64_t kLimit = std::numeric_limits<std::int32_t>::max();
    if (size < 0 || size > kLimit || (count *= size) > kLimit) {
      throw InputError(fmt::format("{}: tensor {}: its shape [{}] is out of range", source.file,
                                   tensor.name(), fmt::join(tensor.dims(), ", ")));
    }
  }
  return count;
}

std::vector<float> read_floats(const OnnxSource& source, const onnx::TensorProto& tensor) {
  auto values = read_values<float>(source, tensor, onnx::TensorProto::FLOAT, tensor.float_data());
  const auto odd =
      std::find_if(values.begin(), values.end(), [](float value) { return !std::isfinite(value); });
  if (odd != values.end()) {
    throw InputError(fmt::format("{}: tensor {}: value {} is {}, expected a finite number",
                                 source.file, tensor.name(), odd - values.begin(), *odd));
  }
  return values;
}

std::vector<std::int64_t> read_integers(const OnnxSource& source, const onnx::TensorProto& tensor) {
  return read_values<std::int64_t>(source, tensor, onnx::TensorProto::INT64, tensor.int64_data());
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

void OnnxNode::require_single_output() const {
  for (int i = 1; i < node_.output_size(); ++i) {
    if (!node_.output(i).empty()) {
      refuse("output " + node_.output(i) + " is not supported, only the first is");
    }
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

std::vector<std::int64_t> OnnxNode::integers(const char* name) const {
  const auto* attribute = find(name);
  if (!attribute) return {};
  return {attribute->ints().begin(), attribute->ints().end()};
}

bool OnnxNode::has_input(int index) const {
  return index < node_.input_size() && !node_.input(index).empty();
}

bool OnnxNode::is_constant(int index) const {
  return has_input(index) && constants_.contains(node_.input(index));
}

const onnx::TensorProto& OnnxNode::constant(int index) const {
  if (!has_input(index)) refuse(fmt::format("input {} is missing", index));
  const auto found = constants_.find(input(index));
  if (found == constants_.end()) {
    refuse("input " + input(index) + " is computed, expected an initializer or a Constant");
  }
  return found->second;
}

std::vector<float> OnnxNode::floats(int index, const std::vector<std::int64_t>& dimensions) const {
  const onnx::TensorProto& tensor = constant(index);
  const bool fits = std::equal(tensor.dims().begin(), tensor.dims().end(), dimensions.begin(),
                               dimensions.end(), [](std::int64_t found, std::int64_t expected) {
                                 return expected == -1 || found == expected;
                               });
  if (!fits) {
    refuse(fmt::format("input {} has the shape [{}], expected [{}]", input(index),
                       fmt::join(tensor.dims(), ", "), fmt::join(dimensions, ", ")));
  }
  return read_floats(source_, tensor);
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
