#include "host/network/onnx_import.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "host/error.hpp"
#include "host/network/onnx_fold.hpp"
#include "host/network/onnx_shapes.hpp"

namespace crossloop::network {

const std::map<std::string, OnnxImporter::Import>& OnnxImporter::imports() {
  using I = OnnxImporter;
  static const std::map<std::string, Import> kImports = {
      {"Add", &I::add},
      {"AveragePool", &I::average_pool},
      {"BatchNormalization", &I::batch_norm},
      {"Cast", &I::cast},
      {"Clip", &I::clip},
      {"Concat", &I::concat},
      {"Conv", &I::conv},
      {"DequantizeLinear", &I::dequantise},
      {"Div", &I::div},
      {"Dropout", &I::dropout},
      {"Flatten", &I::flatten},
      {"Gemm", &I::gemm},
      {"GlobalAveragePool", &I::global_average_pool},
      {"GlobalMaxPool", &I::global_max_pool},
      {"HardSigmoid", &I::hard_sigmoid},
      {"HardSwish", &I::hard_swish},
      {"If", &I::choose_branch},
      {"Identity", &I::identity},
      {"LRN", &I::lrn},
      {"LeakyRelu", &I::leaky_relu},
      {"MatMul", &I::matmul},
      {"MaxPool", &I::max_pool},
      {"Mul", &I::mul},
      {"Pad", &I::pad},
      {"Pow", &I::power},
      {"QuantizeLinear", &I::quantise},
      {"ReduceMean", &I::reduce_mean},
      {"Relu", &I::relu},
      {"Reshape", &I::reshape},
      {"Sigmoid", &I::sigmoid},
      {"Slice", &I::slice},
      {"Softmax", &I::softmax},
      {"Squeeze", &I::squeeze},
      {"Sub", &I::sub},
      {"Sum", &I::sum},
      {"Transpose", &I::transpose},
      {"Unsqueeze", &I::unsqueeze},
  };
  return kImports;
}

const std::set<std::string>& supported_operators() {
  static const std::set<std::string> kNames = [] {
    std::set<std::string> names = folded_operators();
    names.insert("Shape");
    for (const auto& [name, import] : OnnxImporter::imports()) names.insert(name);
    return names;
  }();
  return kNames;
}

Dimensions file_dimensions(std::int64_t batch, const Shape& shape, std::size_t rank) {
  Dimensions dims = {batch, shape.channels, shape.height, shape.width};
  dims.resize(rank);
  return dims;
}

OnnxImporter::OnnxImporter(OnnxSource source, Constants constants, std::map<std::string, int> uses,
                           std::int64_t batch, Network& network)
    : source_(std::move(source)),
      constants_(std::move(constants)),
      uses_(std::move(uses)),
      batch_(batch),
      network_(network) {}

void OnnxImporter::add_input(const std::string& name, const Dimensions& dims) {
  const auto at = [&](std::size_t i) { return i < dims.size() ? static_cast<int>(dims[i]) : 1; };
  values_[name] = {name, dims};
  made_[name] = {{at(1), at(2), at(3)}, dims.size(), std::nullopt};
}

void OnnxImporter::add_nhwc_input(const std::string& name, const Dimensions& dims) {
  add_input(name, {dims[0], dims[3], dims[1], dims[2]});
  values_[name].dims = dims;
  nhwc_input_ = name;
}

void OnnxImporter::import_node(const onnx::NodeProto& proto) {
  const OnnxNode node(source_, constants_, proto);
  for (int i = 1; i < proto.output_size(); ++i) {
    if (uses_[proto.output(i)] > 0 && !proto.output(i).empty()) {
      node.refuse("its output " + proto.output(i) + " is read, only the first is supported");
    }
  }
  if (fold_constant(node)) return;
  const auto import = imports().find(proto.op_type());
  if (!supported_operators().contains(proto.op_type())) node.refuse("is not supported");
  if (import == imports().end()) return refuse_computed(node);
  (this->*import->second)(node);
}

/// True where the output of `node` is known now.
bool OnnxImporter::fold_constant(const OnnxNode& node) {
  if (node.type() == "Shape") {
    const Dimensions& dims = node.is_constant(0) ? node.constant(0).dims : value(node, 0).dims;
    constants_.add(node.output(), integer_list(shape_slice(node, dims)));
    return true;
  }
  std::optional<ConstantTensor> known = fold(node);
  if (known) constants_.add(node.output(), *std::move(known));
  return known.has_value();
}

/// Exporters leave branches on shapes; the nodes of the one taken join the graph.
void OnnxImporter::choose_branch(const OnnxNode& node) {
  const ConstantTensor& condition = node.constant(0);
  if (condition.is_float() || condition.size() != 1) node.refuse("its condition is no boolean");
  const onnx::GraphProto* branch =
      node.graph(condition.integer(0) != 0 ? "then_branch" : "else_branch");
  if (branch == nullptr || branch->output_size() != 1 || branch->initializer_size() > 0) {
    node.refuse("supported are branches of one output, without initializers");
  }
  for (const auto& inner : branch->node()) import_node(inner);
  const std::string& made = branch->output(0).name();
  if (constants_.contains(made)) return constants_.add(node.output(), constants_.at(made));
  const auto found = values_.find(made);
  if (found == values_.end()) node.refuse("its branch makes no activation");
  alias(node, found->second);
}

void OnnxImporter::refuse_computed(const OnnxNode& node) {
  node.refuse("supported on constants and shapes only, its input is computed");
}

const std::string& OnnxImporter::output(const std::string& value) const {
  const auto found = values_.find(value);
  if (found == values_.end()) {
    throw InputError(source_.file + ": output " + value +
                     " is no activation but a constant, codes or a power");
  }
  const Dimensions& dims = found->second.dims;
  if ((dims.size() != 2 && dims.size() != 4) || value == nhwc_input_) {
    throw InputError(
        fmt::format("{}: output {} has the shape [{}], expected [N, C, H, W] or "
                    "[N, features]",
                    source_.file, value, fmt::join(dims, ", ")));
  }
  return found->second.name;
}

const Dimensions* OnnxImporter::dimensions(const std::string& value) const {
  const auto found = values_.find(value);
  return found == values_.end() ? nullptr : &found->second.dims;
}

const OnnxImporter::Value& OnnxImporter::value(const OnnxNode& node, int input) const {
  if (!node.has_input(input)) node.refuse(fmt::format("input {} is missing", input));
  const std::string& name = node.input(input);
  if (codes_.contains(name)) {
    node.refuse("input " + name + " holds quantised codes, which only DequantizeLinear may read");
  }
  if (powers_.contains(name)) {
    node.refuse("input " + name +
                " is a power, which is supported only as the divisor of a local "
                "response normalisation");
  }
  const auto found = values_.find(name);
  if (found == values_.end()) {
    node.refuse("input " + name + " is a constant, expected an activation");
  }
  if (name == nhwc_input_ && node.type() != "Transpose" && node.type() != "Shape") {
    node.refuse("input " + name + " is [N, H, W, C], expected [N, C, H, W]");
  }
  return found->second;
}

const OnnxImporter::Value& OnnxImporter::activation(const OnnxNode& node, int input) const {
  const Value& found = value(node, input);
  if (found.dims.size() < 2 || found.dims.size() > 4) {
    node.refuse(fmt::format("input {} has the shape [{}], supported are 2 to 4 dimensions",
                            node.input(input), fmt::join(found.dims, ", ")));
  }
  return found;
}

const OnnxImporter::Value& OnnxImporter::image(const OnnxNode& node, int input) const {
  const Value& found = activation(node, input);
  if (found.dims.size() != 4) {
    node.refuse(fmt::format("input {} has the shape [{}], supported is [N, C, H, W]",
                            node.input(input), fmt::join(found.dims, ", ")));
  }
  return found;
}

std::string OnnxImporter::unique_name(const std::string& wanted) {
  std::string name = wanted;
  for (int i = 2; !names_.insert(name).second; ++i) name = fmt::format("{}_{}", wanted, i);
  return name;
}

std::string OnnxImporter::unique_value(const std::string& wanted) const {
  std::string name = wanted;
  while (made_.contains(name) || uses_.contains(name)) name += "_";
  return name;
}

void OnnxImporter::append(const OnnxNode& node, Operator op, const std::vector<int>& inputs) {
  std::vector<std::string> names;
  std::size_t rank = 0;
  for (const int i : inputs) {
    names.push_back(activation(node, i).name);
    rank = std::max(rank, activation(node, i).dims.size());
  }
  append_named(node, display_name(node.proto()), std::move(op), std::move(names), node.output(),
               rank);
  values_[node.output()] = {node.output(),
                            file_dimensions(batch_, made_.at(node.output()).shape, rank)};
}

Node& OnnxImporter::append_named(const OnnxNode& node, const std::string& name, Operator op,
                                 std::vector<std::string> inputs, const std::string& output,
                                 std::size_t rank) {
  Node made{unique_name(name), std::move(op), std::move(inputs), output, {}};
  std::vector<Shape> shapes;
  for (const std::string& each : made.inputs) shapes.push_back(made_.at(each).shape);
  try {
    made_[output] = {output_shape(made, shapes), rank, network_.nodes.size()};
  } catch (const InputError& error) {
    // It begins with the node of the Network: "node NAME (OPERATOR): ".
    const std::string why = error.what();
    const std::size_t colon = why.find("): ");
    node.refuse(colon == std::string::npos ? why : why.substr(colon + 3));
  }
  network_.nodes.push_back(std::move(made));
  return network_.nodes.back();
}

void OnnxImporter::alias(const OnnxNode& node, const Value& in) {
  values_[node.output()] = Value(in);
}

void OnnxImporter::identity(const OnnxNode& node) { alias(node, value(node, 0)); }

void OnnxImporter::dropout(const OnnxNode& node) {
  if (node.has_input(2)) {
    const ConstantTensor& mode = node.constant(2);
    if (mode.is_float() || mode.size() != 1 || mode.integer(0) != 0) {
      node.refuse("training mode is not supported");
    }
  }
  alias(node, value(node, 0));
}

void OnnxImporter::cast(const OnnxNode& node) {
  const auto to = static_cast<int>(node.integer("to", 0));
  if (to != onnx::TensorProto::FLOAT) {
    node.refuse("an activation to " + type_name(to) + ", supported is FLOAT");
  }
  alias(node, value(node, 0));
}

void OnnxImporter::quantise(const OnnxNode& node) {
  const Value& in = activation(node, 0);
  QuantisationParameters parameters = quantisation_parameters(node, in.dims);
  if (parameters.scale.size() != 1) {
    node.refuse("an activation with a scale per channel, supported is one per tensor");
  }
  codes_[node.output()] = {in, std::move(parameters), display_name(node.proto())};
}

void OnnxImporter::dequantise(const OnnxNode& node) {
  const auto found = codes_.find(node.input(0));
  if (found == codes_.end()) {
    node.refuse("input " + node.input(0) +
                " is computed, expected constant codes or those of a QuantizeLinear");
  }
  const Codes& codes = found->second;
  const QuantisationParameters parameters = quantisation_parameters(node, codes.in.dims);
  if (parameters != codes.parameters) {
    node.refuse(
        "its scale, zero point or type differs from the QuantizeLinear "
        "before it, " +
        codes.node_name);
  }
  const auto [low, high] = code_range(parameters.type);
  const Quantise op{.scale = parameters.scale[0],
                    .zero_point = static_cast<int>(parameters.zero_point[0]),
                    .low = low,
                    .high = high};
  append_named(node, codes.node_name, op, {codes.in.name}, node.output(), codes.in.dims.size());
  values_[node.output()] = {node.output(), codes.in.dims};
}

}  // namespace crossloop::network
