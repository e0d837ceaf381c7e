#include "host/network/onnx_import.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "host/error.hpp"

namespace crossloop::network {

namespace {

/// [rows][columns] -> [columns][rows].
std::vector<float> transposed(const std::vector<float>& matrix, std::size_t rows,
                              std::size_t columns) {
  std::vector<float> result(matrix.size());
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) result[c * rows + r] = matrix[r * columns + c];
  }
  return result;
}

/// A bias of one value for each output; [n], [1, n] or a single value for all.
std::vector<float> bias_values(const OnnxNode& node, int input, int outputs) {
  const auto rank = static_cast<std::size_t>(node.constant(input).dims_size());
  std::vector<std::int64_t> any(rank, 1);
  if (rank > 0) any.back() = -1;
  std::vector<float> values = node.floats(input, any);
  if (values.size() == 1) values.resize(static_cast<std::size_t>(outputs), values[0]);
  if (values.size() != static_cast<std::size_t>(outputs)) {
    node.refuse(fmt::format("bias {} has {} values, expected {}", node.input(input), values.size(),
                            outputs));
  }
  return values;
}

}  // namespace

const std::map<std::string, OnnxImporter::Import>& OnnxImporter::imports() {
  static const std::map<std::string, Import> kImports = {
      {"Add", &OnnxImporter::add},
      {"AveragePool", &OnnxImporter::average_pool},
      {"BatchNormalization", &OnnxImporter::batch_norm},
      {"Constant", &OnnxImporter::constant},
      {"Conv", &OnnxImporter::conv},
      {"Dropout", &OnnxImporter::identity},
      {"Flatten", &OnnxImporter::flatten},
      {"Gemm", &OnnxImporter::gemm},
      {"GlobalAveragePool", &OnnxImporter::global_average_pool},
      {"Identity", &OnnxImporter::identity},
      {"MatMul", &OnnxImporter::matmul},
      {"MaxPool", &OnnxImporter::max_pool},
      {"ReduceMean", &OnnxImporter::reduce_mean},
      {"Relu", &OnnxImporter::relu},
      {"Reshape", &OnnxImporter::reshape},
  };
  return kImports;
}

const std::set<std::string>& supported_operators() {
  static const std::set<std::string> kNames = [] {
    std::set<std::string> names;
    for (const auto& [name, import] : OnnxImporter::imports()) names.insert(name);
    return names;
  }();
  return kNames;
}

OnnxImporter::OnnxImporter(OnnxSource source, Constants constants, std::map<std::string, int> uses,
                           std::int64_t batch, Network& network)
    : source_(std::move(source)),
      constants_(std::move(constants)),
      uses_(std::move(uses)),
      batch_(batch),
      network_(network),
      shapes_{{network.input_name, network.input_shape}} {}

void OnnxImporter::import_node(const onnx::NodeProto& proto) {
  const OnnxNode node(source_, constants_, proto);
  node.require_single_output();
  (this->*imports().at(proto.op_type()))(node);
}

const std::string& OnnxImporter::resolve(const std::string& value) const {
  const auto alias = aliases_.find(value);
  return alias == aliases_.end() ? value : alias->second;
}

const Shape& OnnxImporter::shape(const OnnxNode& node, int input) const {
  const auto found = shapes_.find(resolve(node.input(input)));
  if (found == shapes_.end()) {
    node.refuse("input " + node.input(input) + " is a constant, expected an activation");
  }
  return found->second;
}

std::string OnnxImporter::unique_name(const std::string& wanted) {
  std::string name = wanted;
  for (int i = 2; !names_.insert(name).second; ++i) name = fmt::format("{}_{}", wanted, i);
  return name;
}

void OnnxImporter::append(const OnnxNode& node, Operator op, int inputs) {
  std::vector<std::string> values;
  for (int i = 0; i < inputs; ++i) {
    shape(node, i);  // refuses constants
    values.push_back(resolve(node.input(i)));
  }
  append_named(node, display_name(node.proto()), std::move(op), std::move(values),
               node.proto().output(0));
}

void OnnxImporter::append_named(const OnnxNode& node, const std::string& name, Operator op,
                                std::vector<std::string> inputs, const std::string& output) {
  Node made{unique_name(name), std::move(op), std::move(inputs), output, {}};
  std::vector<Shape> shapes;
  for (const std::string& value : made.inputs) shapes.push_back(shapes_.at(value));
  try {
    shapes_[output] = output_shape(made, shapes);
  } catch (const InputError& error) {
    node.refuse(error.what());
  }
  network_.nodes.push_back(std::move(made));
}

void OnnxImporter::conv(const OnnxNode& node) {
  node.require("group", 1);
  std::vector<float> weight = node.floats(1, {-1, -1, -1, -1});
  const auto& dims = node.constant(1).dims();
  const auto size = [&](int axis) { return static_cast<int>(dims[axis]); };
  const std::vector<int> kernel = node.sizes("kernel_shape", 2, 1, 0);
  if (node.has_attribute("kernel_shape") && (kernel[0] != size(2) || kernel[1] != size(3))) {
    node.refuse(fmt::format("kernel_shape is {}x{}, its weight {} is {}x{}", kernel[0], kernel[1],
                            node.input(1), size(2), size(3)));
  }
  Conv op{.in_channels = size(1),
          .out_channels = size(0),
          .window = node.window(shape(node, 0), size(2), size(3)),
          .weight = std::move(weight),
          .bias = {}};
  if (node.has_input(2)) op.bias = node.floats(2, {size(0)});
  append(node, std::move(op));
}

void OnnxImporter::gemm(const OnnxNode& node) {
  node.require("transA", 0);
  if (node.real("alpha", 1.0F) != 1.0F || node.real("beta", 1.0F) != 1.0F) {
    node.refuse("alpha and beta other than 1 are not supported");
  }
  std::vector<float> weight = node.floats(1, {-1, -1});
  int rows = static_cast<int>(node.constant(1).dims(0));
  int columns = static_cast<int>(node.constant(1).dims(1));
  if (node.integer("transB", 0) == 0) {
    weight = transposed(weight, static_cast<std::size_t>(rows), static_cast<std::size_t>(columns));
    std::swap(rows, columns);
  }
  Linear op{.in_features = columns, .out_features = rows, .weight = std::move(weight), .bias = {}};
  if (node.has_input(2)) op.bias = bias_values(node, 2, rows);
  append(node, std::move(op));
}

void OnnxImporter::matmul(const OnnxNode& node) {
  const std::vector<float> weight = node.floats(1, {-1, -1});
  const auto rows = static_cast<std::size_t>(node.constant(1).dims(0));
  const auto columns = static_cast<std::size_t>(node.constant(1).dims(1));
  append(node, Linear{.in_features = static_cast<int>(rows),
                      .out_features = static_cast<int>(columns),
                      .weight = transposed(weight, rows, columns),
                      .bias = {}});
  products_[node.proto().output(0)] = network_.nodes.size() - 1;
}

void OnnxImporter::add(const OnnxNode& node) {
  if (node.is_constant(0)) return add_bias(node, 0);
  if (node.is_constant(1)) return add_bias(node, 1);
  append(node, Add{}, 2);
}

/// Add of a constant: the bias of the MatMul before it, which then makes the value of the Add.
void OnnxImporter::add_bias(const OnnxNode& node, int constant_input) {
  const int other = 1 - constant_input;
  const auto product = products_.find(resolve(node.input(other)));
  if (product == products_.end() || uses_[node.input(other)] != 1 ||
      product->first != node.input(other)) {
    node.refuse(
        "adding a constant is supported only as the bias of a MatMul that nothing else reads");
  }
  Node& linear = network_.nodes[product->second];
  auto& op = std::get<Linear>(linear.op);
  op.bias = bias_values(node, constant_input, op.out_features);
  linear.output = node.proto().output(0);
  shapes_[linear.output] = {.channels = op.out_features};
  shapes_.erase(product->first);
  products_.erase(product);
}

void OnnxImporter::batch_norm(const OnnxNode& node) {
  node.require("training_mode", 0);
  const std::int64_t channels = shape(node, 0).channels;
  append(node, BatchNorm{.epsilon = node.real("epsilon", 1e-5F),
                         .gamma = node.floats(1, {channels}),
                         .beta = node.floats(2, {channels}),
                         .mean = node.floats(3, {channels}),
                         .variance = node.floats(4, {channels})});
}

void OnnxImporter::relu(const OnnxNode& node) { append(node, Relu{}); }

Window OnnxImporter::pool_window(const OnnxNode& node) const {
  node.require("ceil_mode", 0);
  const std::vector<int> kernel = node.sizes("kernel_shape", 2, 1, 1);
  return node.window(shape(node, 0), kernel[0], kernel[1]);
}

void OnnxImporter::max_pool(const OnnxNode& node) { append(node, MaxPool{pool_window(node)}); }

void OnnxImporter::average_pool(const OnnxNode& node) {
  append(node, AveragePool{.window = pool_window(node),
                           .count_include_pad = node.integer("count_include_pad", 0) != 0});
}

void OnnxImporter::global_average_pool(const OnnxNode& node) { append(node, GlobalAveragePool{}); }

void OnnxImporter::reduce_mean(const OnnxNode& node) {
  std::vector<std::int64_t> axes = node.integers("axes");
  for (std::int64_t& axis : axes) axis += axis < 0 ? 4 : 0;
  std::sort(axes.begin(), axes.end());
  if (axes != std::vector<std::int64_t>{2, 3}) {
    node.refuse("only the mean over the axes 2 and 3 (height and width) is supported");
  }
  if (node.integer("keepdims", 1) != 0) return append(node, GlobalAveragePool{});
  shape(node, 0);
  const std::string& output = node.proto().output(0);
  const std::string name = display_name(node.proto());
  std::string pooled = output + ".pooled";
  while (shapes_.contains(pooled) || uses_.contains(pooled)) pooled += "_";
  append_named(node, name, GlobalAveragePool{}, {resolve(node.input(0))}, pooled);
  append_named(node, name + ".flatten", Flatten{}, {pooled}, output);
}

void OnnxImporter::flatten(const OnnxNode& node) {
  const std::int64_t axis = node.integer("axis", 1);
  // -3 is axis 1 of [N, C, H, W], -1 that of [N, F].
  if (axis != 1 && axis != -3 &&
      !(axis == -1 && shape(node, 0).size() == shape(node, 0).channels)) {
    node.refuse(fmt::format("axis = {}, only 1 is supported", axis));
  }
  append(node, Flatten{});
}

void OnnxImporter::reshape(const OnnxNode& node) {
  const std::vector<std::int64_t> target = read_integers(source_, node.constant(1));
  const std::int64_t features = shape(node, 0).size();
  const bool batch_first =
      target.size() == 2 && (target[0] == batch_ || target[0] == -1 ||
                             (target[0] == 0 && node.integer("allowzero", 0) == 0));
  if (!batch_first || (target[1] != features && (target[1] != -1 || target[0] == -1))) {
    node.refuse(
        fmt::format("to [{}], only flattening to [0, -1] is supported", fmt::join(target, ", ")));
  }
  append(node, Flatten{});
}

void OnnxImporter::identity(const OnnxNode& node) {
  if (node.is_constant(0)) {
    constants_[node.proto().output(0)] = node.constant(0);
    return;
  }
  if (node.has_input(2)) {  // training_mode of Dropout
    const onnx::TensorProto& mode = node.constant(2);
    const std::string& raw = mode.raw_data();
    const bool training = std::any_of(raw.begin(), raw.end(), [](char c) { return c != 0; }) ||
                          std::any_of(mode.int32_data().begin(), mode.int32_data().end(),
                                      [](std::int32_t i) { return i != 0; });
    if (training) node.refuse("training mode is not supported");
  }
  shape(node, 0);
  aliases_[node.proto().output(0)] = resolve(node.input(0));
}

void OnnxImporter::constant(const OnnxNode& node) {
  onnx::TensorProto tensor;
  if (const onnx::TensorProto* value = node.tensor("value")) {
    tensor = *value;
  } else if (node.has_attribute("value_ints")) {
    const std::vector<std::int64_t> values = node.integers("value_ints");
    tensor.set_data_type(onnx::TensorProto::INT64);
    tensor.add_dims(static_cast<std::int64_t>(values.size()));
    tensor.mutable_int64_data()->Assign(values.begin(), values.end());
  } else {
    node.refuse("only the attributes value and value_ints are supported");
  }
  tensor.set_name(node.proto().output(0));
  constants_[node.proto().output(0)] = std::move(tensor);
}

}  // namespace crossloop::network
