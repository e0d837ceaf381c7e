#include <google/protobuf/stubs/logging.h>
#include <onnx/checker.h>
#include <onnx/shape_inference/implementation.h>
#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include "host/error.hpp"
#include "host/files.hpp"
#include "host/network/onnx_file.hpp"
#include "host/network/onnx_import.hpp"
#include "host/network/onnx_metadata.hpp"
#include "host/network/onnx_patterns.hpp"

namespace crossloop::network {

namespace {

constexpr std::int64_t kOldestOpset = 9;
constexpr std::int64_t kNewestOpset = 17;

/// Stands for a dynamic batch: a prime that no size is a multiple of by chance, so that the batch
/// can be told from other sizes wherever shape arithmetic takes it.
constexpr std::int64_t kDynamicBatch = 1'000'003;
constexpr std::int64_t kOtherBatch = 1'000'033;  ///< the same, to tell what depends on it

[[noreturn]] void refuse(const std::string& file, const std::string& why) {
  throw InputError(file + ": " + why);
}

onnx::ModelProto parse(const std::string& file, const std::vector<std::uint8_t>& bytes) {
  if (bytes.empty()) refuse(file, "is empty, expected an ONNX model");
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    refuse(file, "is larger than 2 GiB, which no ONNX model may be");
  }
  const google::protobuf::LogSilencer silence;  // the error below says it better
  onnx::ModelProto model;
  if (!model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || !model.has_graph()) {
    refuse(file, "is truncated or not an ONNX model");
  }
  return model;
}

std::int64_t find_opset(const std::string& file, const onnx::ModelProto& model) {
  for (const auto& import : model.opset_import()) {
    if (!import.domain().empty() && import.domain() != "ai.onnx") continue;
    if (import.version() < kOldestOpset || import.version() > kNewestOpset) {
      refuse(file, fmt::format("opset {}, supported are {} to {}", import.version(), kOldestOpset,
                               kNewestOpset));
    }
    return import.version();
  }
  refuse(file, "names no opset; it is truncated or not an ONNX model");
}

/// What comes nearest to an operator that is not supported; empty where nothing does.
std::string nearest(const std::string& type) {
  static const std::map<std::string, std::string> kNearest = {
      {"ConvInteger", "Conv between DequantizeLinear"},
      {"ConvTranspose", "Conv; a transposed convolution has no counterpart on a crossbar here"},
      {"Elu", "LeakyRelu"},
      {"Gelu", "HardSwish"},
      {"GroupNormalization", "BatchNormalization"},
      {"InstanceNormalization", "BatchNormalization"},
      {"LayerNormalization", "BatchNormalization"},
      {"LogSoftmax", "Softmax"},
      {"MatMulInteger", "MatMul between DequantizeLinear"},
      {"Max", "Clip for a constant bound"},
      {"Min", "Clip for a constant bound"},
      {"PRelu", "LeakyRelu"},
      {"QLinearConv", "Conv between QuantizeLinear and DequantizeLinear (the QDQ format)"},
      {"QLinearMatMul", "MatMul between QuantizeLinear and DequantizeLinear (the QDQ format)"},
      {"ReduceMax", "GlobalMaxPool"},
      {"ReduceSum", "ReduceMean over the pixels"},
      {"Selu", "LeakyRelu"},
      {"Split", "Slice"},
      {"Tanh", "Sigmoid"},
      {"Upsample", "none; images are resized before they enter the network"},
      {"Resize", "none; images are resized before they enter the network"},
  };
  const auto found = kNearest.find(type);
  return found == kNearest.end() ? "" : "nearest: " + found->second + "; ";
}

void check_operators(const OnnxSource& source, const onnx::GraphProto& graph) {
  for (const auto& node : graph.node()) {
    const bool known = node.domain().empty() || node.domain() == "ai.onnx";
    if (known && supported_operators().contains(node.op_type())) continue;
    const std::string type = known ? node.op_type() : node.domain() + "." + node.op_type();
    refuse(source.file,
           fmt::format("node {}: operator {} (opset {}) is not supported; {}supported: {}",
                       display_name(node), type, source.opset, nearest(node.op_type()),
                       fmt::join(supported_operators(), ", ")));
  }
}

/// The graph inputs that are no initializers; opsets before 9 listed those as well.
std::vector<onnx::ValueInfoProto*> find_inputs(const std::string& file, onnx::GraphProto& graph) {
  std::set<std::string> initializers;
  for (const auto& tensor : graph.initializer()) initializers.insert(tensor.name());
  std::vector<onnx::ValueInfoProto*> inputs;
  for (auto& input : *graph.mutable_input()) {
    if (!initializers.contains(input.name())) inputs.push_back(&input);
  }
  if (inputs.empty()) refuse(file, "no inputs, expected one at least");
  return inputs;
}

void check_input_type(const std::string& file, const onnx::ValueInfoProto& input) {
  const auto& type = input.type();
  if (!type.has_tensor_type() || type.tensor_type().elem_type() != onnx::TensorProto::FLOAT) {
    refuse(file, "input " + input.name() + ": its type is " +
                     type_name(type.tensor_type().elem_type()) + ", expected FLOAT");
  }
}

/// What the batch axis of an input is bound to.
struct Batch {
  std::int64_t dynamic = kDynamicBatch;   ///< where the file leaves it open
  std::optional<std::int64_t> size = {};  ///< that of the first input
};

bool stands_for_dynamic(std::int64_t batch) {
  return batch == kDynamicBatch || batch == kOtherBatch;
}

bool is_dynamic(const onnx::TensorShapeProto::Dimension& batch) {
  return !batch.has_dim_value() || batch.dim_value() < 1 || stands_for_dynamic(batch.dim_value());
}

/// The dimensions of an input, its batch bound.
Dimensions bind_input(const std::string& file, const Batch& batch, onnx::ValueInfoProto& input) {
  const std::string what = "input " + input.name() + ": ";
  check_input_type(file, input);
  auto& dims = *input.mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim();
  if (dims.size() != 2 && dims.size() != 4) {
    refuse(file, what + fmt::format("{} dimensions, expected [N, C, H, W] or [N, features]",
                                    dims.size()));
  }
  constexpr std::int64_t kLimit = 1 << 20;
  if (is_dynamic(dims[0])) dims[0].set_dim_value(batch.size.value_or(batch.dynamic));
  Dimensions found = {dims[0].dim_value()};
  if (found[0] > kLimit || found[0] != batch.size.value_or(found[0])) {
    refuse(file, what + fmt::format("its batch is {}, expected {}", found[0],
                                    batch.size ? "that of the first input" : "at most 2^20"));
  }
  std::int64_t size = 1;
  for (int i = 1; i < dims.size(); ++i) {
    const auto& dim = dims[i];
    if (!dim.has_dim_value()) {
      refuse(file, what + fmt::format("dimension {} is dynamic ({}), only the batch may be", i,
                                      dim.dim_param().empty() ? "unnamed" : dim.dim_param()));
    }
    if (dim.dim_value() < 1 || dim.dim_value() > kLimit ||
        (size *= dim.dim_value()) > 64 * kLimit) {
      refuse(file, what + fmt::format("dimension {} is {}, out of range", i, dim.dim_value()));
    }
    found.push_back(dim.dim_value());
  }
  return found;
}

/// True if all that reads image `input` turns it from [N, H, W, C] to [N, C, H, W].
bool is_nhwc(const onnx::GraphProto& graph, const onnx::ValueInfoProto& input) {
  bool turned = false;
  for (const auto& node : graph.node()) {
    if (std::find(node.input().begin(), node.input().end(), input.name()) == node.input().end()) {
      continue;
    }
    if (node.op_type() == "Shape") continue;
    const std::vector<std::int64_t> expected = {0, 3, 1, 2};
    if (node.op_type() != "Transpose" || node.attribute_size() != 1 ||
        !std::equal(expected.begin(), expected.end(), node.attribute(0).ints().begin(),
                    node.attribute(0).ints().end())) {
      return false;
    }
    turned = true;
  }
  return turned;
}

void check_model(const OnnxSource& source, const onnx::ModelProto& model) {
  // Before the checker, which looks for data outside in the working directory.
  for (const auto& tensor : model.graph().initializer()) require_inside(source, tensor);
  try {
    onnx::checker::check_model(model);
  } catch (const std::exception& error) {
    refuse(source.file, std::string("is not a valid ONNX model: ") + error.what());
  }
}

/// Holds our shapes against those of libonnx. The shapes an exporter noted inside the graph are no
/// part of the model, and an output may name another batch than the input.
void compare_shapes(const std::string& file, std::int64_t batch, const OnnxImporter& importer,
                    onnx::ModelProto& model) {
  onnx::GraphProto& graph = *model.mutable_graph();
  graph.clear_value_info();
  auto& output = *graph.mutable_output(0)->mutable_type()->mutable_tensor_type();
  if (batch == kDynamicBatch && output.has_shape() && output.shape().dim_size() > 0) {
    output.mutable_shape()->mutable_dim(0)->Clear();
  }
  try {
    onnx::shape_inference::InferShapes(model, onnx::OpSchemaRegistry::Instance(),
                                       onnx::ShapeInferenceOptions(true, 1));
  } catch (const std::exception& error) {
    refuse(file, std::string("its shapes do not fit: ") + error.what());
  }
  const auto compare = [&](const onnx::ValueInfoProto& value) {
    const Dimensions* ours = importer.dimensions(value.name());
    if (ours == nullptr || !value.type().tensor_type().has_shape()) return;
    const auto& found = value.type().tensor_type().shape().dim();
    const bool same = std::equal(found.begin(), found.end(), ours->begin(), ours->end(),
                                 [](const auto& dim, std::int64_t expected) {
                                   return !dim.has_dim_value() || dim.dim_value() == expected;
                                 });
    if (!same) {
      refuse(file, fmt::format("value {}: expected the shape [{}], libonnx infers another",
                               value.name(), fmt::join(*ours, ", ")));
    }
  };
  std::for_each(graph.value_info().begin(), graph.value_info().end(), compare);
  std::for_each(graph.output().begin(), graph.output().end(), compare);
}

/// Readers of each value, those in branches included.
void count_uses(const onnx::GraphProto& graph, std::map<std::string, int>& uses) {
  for (const auto& node : graph.node()) {
    for (const std::string& value : node.input()) ++uses[value];
    for (const auto& attribute : node.attribute()) {
      if (attribute.has_g()) count_uses(attribute.g(), uses);
    }
  }
  for (const auto& output : graph.output()) ++uses[output.name()];
}

Shape shape_of(const Dimensions& dims) {
  const auto at = [&](std::size_t i) { return i < dims.size() ? static_cast<int>(dims[i]) : 1; };
  return {at(1), at(2), at(3)};
}

/// The inputs of `network` that a node reads, bound; returns the dimensions of each.
std::vector<Dimensions> import_inputs(const std::string& file, Batch batch, onnx::GraphProto& graph,
                                      const std::map<std::string, int>& uses, Network& network) {
  std::vector<onnx::ValueInfoProto*> inputs = find_inputs(file, graph);
  const auto unread = [&](const auto* input) { return !uses.contains(input->name()); };
  if (!std::all_of(inputs.begin(), inputs.end(), unread)) std::erase_if(inputs, unread);
  std::vector<Dimensions> dims = {bind_input(file, batch, *inputs[0])};
  batch.size = dims[0][0];
  network.input_name = inputs[0]->name();
  network.input_shape = shape_of(dims[0]);
  network.flat_input = dims[0].size() == 2;
  if (dims[0].size() == 4 && is_nhwc(graph, *inputs[0])) {
    network.input_layout = InputLayout::kNhwc;
    const Shape& found = network.input_shape;
    network.input_shape = {found.width, found.channels, found.height};
  }
  for (std::size_t i = 1; i < inputs.size(); ++i) {
    dims.push_back(bind_input(file, batch, *inputs[i]));
    network.extra_inputs.push_back(
        {inputs[i]->name(), shape_of(dims.back()), dims.back().size() == 2});
  }
  return dims;
}

Network import_graph(const OnnxSource& source, const Batch& bound, onnx::ModelProto& model) {
  onnx::GraphProto& graph = *model.mutable_graph();
  if (graph.output_size() != 1) {
    std::string names;
    for (const auto& each : graph.output()) names += (names.empty() ? "" : ", ") + each.name();
    refuse(source.file, fmt::format("{} outputs, expected one (opset {}): {}", graph.output_size(),
                                    source.opset, names));
  }
  if (graph.sparse_initializer_size() > 0) {
    refuse(source.file, "sparse initializers are not supported");
  }
  Network network;
  network.name = graph.name();
  std::map<std::string, int> uses;
  count_uses(graph, uses);
  const std::vector<Dimensions> dims = import_inputs(source.file, bound, graph, uses, network);
  const std::int64_t batch = dims[0][0];
  OnnxImporter importer(source, Constants(source, graph), std::move(uses), batch, network);
  if (network.input_layout == InputLayout::kNhwc) {
    importer.add_nhwc_input(network.input_name, dims[0]);
  } else {
    importer.add_input(network.input_name, dims[0]);
  }
  for (std::size_t i = 1; i < dims.size(); ++i) {
    importer.add_input(network.extra_inputs[i - 1].name, dims[i]);
  }
  for (const auto& node : graph.node()) importer.import_node(node);
  const std::string& output = graph.output(0).name();
  network.output_name = importer.output(output);
  network.flat_output = importer.dimensions(output)->size() == 2;
  if (batch != kOtherBatch && !importer.drops_windows()) {
    compare_shapes(source.file, batch, importer, model);
  }
  recognise_patterns(network);
  return network;
}

/// Whether two operators of one kind have the same numbers that a graph can compute.
struct SameNumbers {
  bool operator()(const Conv& a, const Conv& b) const {
    return a.weight == b.weight && a.bias == b.bias;
  }
  bool operator()(const Linear& a, const Linear& b) const {
    return a.weight == b.weight && a.bias == b.bias;
  }
  bool operator()(const ScaleShift& a, const ScaleShift& b) const {
    return a.factor == b.factor && a.offset == b.offset;
  }
  bool operator()(const Clip& a, const Clip& b) const { return a.low == b.low && a.high == b.high; }
  bool operator()(const Pad& a, const Pad& b) const {
    return a.before == b.before && a.after == b.after && a.value == b.value;
  }
  bool operator()(const Slice& a, const Slice& b) const {
    return a.start == b.start && a.step == b.step && a.count == b.count;
  }
  template <class Other>
  bool operator()(const Other&, const Other&) const {
    return true;
  }
  template <class One, class Other>
  bool operator()(const One&, const Other&) const {
    return false;
  }
};

/// Refuses a graph that computes with the size of its batch: the number standing for a dynamic one
/// would be a constant of the network. Reads the same graph for two sizes.
void compare_batches(const std::string& file, const Network& one, const Network& other) {
  for (std::size_t i = 0; i < one.nodes.size(); ++i) {
    const Node& node = one.nodes[i];
    if (i >= other.nodes.size() || !std::visit(SameNumbers{}, node.op, other.nodes[i].op)) {
      refuse(file, "node " + node.name +
                       ": its constant is computed from the size of the dynamic batch N");
    }
  }
}

/// A dynamic batch is followed through the graph, as a number that no message shows.
Network import_model(const OnnxSource& source, onnx::ModelProto& model) {
  try {
    Network network = import_graph(source, {}, model);
    const auto& input = *find_inputs(source.file, *model.mutable_graph())[0];
    if (is_dynamic(input.type().tensor_type().shape().dim(0))) {
      compare_batches(source.file, network, import_graph(source, {.dynamic = kOtherBatch}, model));
    }
    return network;
  } catch (const InputError& error) {
    std::string text = error.what();
    const std::string number = std::to_string(kDynamicBatch);
    const bool dynamic = text.find(number) != std::string::npos;
    for (std::size_t at = 0; (at = text.find(number)) != std::string::npos;) {
      text.replace(at, number.size(), "N");
    }
    throw InputError(dynamic ? text + " (N is the dynamic batch, which must stay the first axis)"
                             : text);
  }
}

}  // namespace

Network read_onnx(const std::filesystem::path& path) {
  const std::string file = path.string();
  onnx::ModelProto model = parse(file, read_file(path));
  const OnnxSource source{file, find_opset(file, model)};
  check_operators(source, model.graph());
  check_model(source, model);
  Network network = import_model(source, model);
  read_metadata(file, model, network);
  return network;
}

}  // namespace crossloop::network
