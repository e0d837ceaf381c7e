#include "host/network/onnx_tensor.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <bit>
#include <cstring>
#include <limits>
#include <utility>

#include "host/error.hpp"

namespace crossloop::network {

namespace {

static_assert(std::endian::native == std::endian::little, "raw_data is little-endian");

[[noreturn]] void fail(const OnnxSource& source, const std::string& tensor,
                       const std::string& why) {
  throw InputError(fmt::format("{}: tensor {}: {}", source.file, tensor, why));
}

/// raw_data as `Stored`, or the repeated field where it is empty.
template <class Stored, class Value, class Field>
void read_values(const OnnxSource& source, const onnx::TensorProto& tensor, const Field& field,
                 std::int64_t size, std::vector<Value>& values) {
  const std::string& raw = tensor.raw_data();
  const auto count = static_cast<std::size_t>(size);
  const std::size_t found =
      raw.empty() ? static_cast<std::size_t>(field.size()) : raw.size() / sizeof(Stored);
  if (found != count || raw.size() % sizeof(Stored) != 0) {
    fail(source, tensor.name(), fmt::format("{} values, its shape needs {}", found, count));
  }
  values.reserve(count);
  if (raw.empty()) {
    for (const auto value : field) values.push_back(static_cast<Value>(static_cast<Stored>(value)));
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    Stored value;
    std::memcpy(&value, raw.data() + i * sizeof(Stored), sizeof(Stored));
    values.push_back(static_cast<Value>(value));
  }
}

}  // namespace

std::int64_t ConstantTensor::size() const {
  std::int64_t size = 1;
  for (const std::int64_t each : dims) size *= each;
  return size;
}

ConstantTensor float_tensor(Dimensions dims, std::vector<float> values) {
  return {onnx::TensorProto::FLOAT, std::move(dims), std::move(values), {}, {}};
}

ConstantTensor integer_tensor(Dimensions dims, std::vector<std::int64_t> values) {
  return {onnx::TensorProto::INT64, std::move(dims), {}, std::move(values), {}};
}

ConstantTensor float_list(std::vector<float> values) {
  const auto size = static_cast<std::int64_t>(values.size());
  return float_tensor({size}, std::move(values));
}

ConstantTensor integer_list(std::vector<std::int64_t> values) {
  const auto size = static_cast<std::int64_t>(values.size());
  return integer_tensor({size}, std::move(values));
}

std::int64_t element_count(const OnnxSource& source, const std::string& tensor,
                           const Dimensions& dims) {
  constexpr std::int64_t kLargestDimension = std::numeric_limits<std::int32_t>::max();
  constexpr std::int64_t kLargestCount = std::int64_t{1} << 50;
  std::int64_t count = 1;
  for (const std::int64_t size : dims) {
    std::int64_t product = 0;
    if (size < 0 || size > kLargestDimension || __builtin_mul_overflow(count, size, &product) ||
        product > kLargestCount) {
      fail(source, tensor, fmt::format("its shape [{}] is out of range", fmt::join(dims, ", ")));
    }
    count = product;
  }
  return count;
}

std::string type_name(int type) {
  return onnx::TensorProto_DataType_IsValid(type)
             ? onnx::TensorProto_DataType_Name(static_cast<onnx::TensorProto_DataType>(type))
             : std::to_string(type);
}

void require_inside(const OnnxSource& source, const onnx::TensorProto& tensor) {
  if (tensor.data_location() == onnx::TensorProto::EXTERNAL || tensor.has_segment()) {
    fail(source, tensor.name(), "its data lie outside the file; save the model as one file");
  }
}

ConstantTensor decode(const OnnxSource& source, const onnx::TensorProto& tensor) {
  using Type = onnx::TensorProto;
  require_inside(source, tensor);
  ConstantTensor result;
  result.type = tensor.data_type();
  result.dims = {tensor.dims().begin(), tensor.dims().end()};
  const std::int64_t size = element_count(source, tensor.name(), result.dims);
  const auto read = [&]<class Stored>(Stored, const auto& field) {
    read_values<Stored>(source, tensor, field, size, result.integers);
  };
  switch (tensor.data_type()) {
    case Type::FLOAT:
      read_values<float>(source, tensor, tensor.float_data(), size, result.floats);
      break;
    case Type::DOUBLE:
      result.type = Type::FLOAT;
      read_values<double>(source, tensor, tensor.double_data(), size, result.floats);
      break;
    case Type::INT64:
      read(std::int64_t{}, tensor.int64_data());
      break;
    case Type::INT32:
      read(std::int32_t{}, tensor.int32_data());
      break;
    case Type::INT16:
      read(std::int16_t{}, tensor.int32_data());
      break;
    case Type::UINT16:
      read(std::uint16_t{}, tensor.int32_data());
      break;
    case Type::INT8:
      read(std::int8_t{}, tensor.int32_data());
      break;
    case Type::UINT8:
      read(std::uint8_t{}, tensor.int32_data());
      break;
    case Type::BOOL:
      read(std::uint8_t{}, tensor.int32_data());
      break;
    default:
      fail(source, tensor.name(),
           fmt::format("type {}, expected FLOAT or an integer", type_name(tensor.data_type())));
  }
  return result;
}

Constants::Constants(const OnnxSource& source, const onnx::GraphProto& graph) : source_(source) {
  for (const auto& tensor : graph.initializer()) stored_[tensor.name()] = &tensor;
}

bool Constants::contains(const std::string& value) const {
  return known_.contains(value) || stored_.contains(value);
}

const ConstantTensor& Constants::at(const std::string& value) const {
  const auto known = known_.find(value);
  if (known != known_.end()) return known->second;
  return known_[value] = decode(source_, *stored_.at(value));
}

void Constants::add(const std::string& value, ConstantTensor tensor) {
  known_[value] = std::move(tensor);
}

}  // namespace crossloop::network
