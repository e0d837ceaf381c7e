#include <google/protobuf/stubs/logging.h>
#include <onnx/checker.h>
#include <onnx/shape_inference/implementation.h>
#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "host/error.hpp"
#include "host/files.hpp"
#include "host/network/onnx_file.hpp"
#include "host/network/onnx_import.hpp"
#include "host/network/onnx_metadata.hpp"

namespace crossloop::network {

namespace {

constexpr std::int64_t kOldestOpset = 9;
constexpr std::int64_t kNewestOpset = 17;

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

void check_operators(const OnnxSource& source, const onnx::GraphProto& graph) {
  for (const auto& node : graph.node()) {
    const bool known = node.domain().empty() || node.domain() == "ai.onnx";
    if (known && supported_operators().contains(node.op_type())) continue;
    const std::string type = known ? node.op_type() : node.domain() + "." + node.op_type();
    refuse(source.file,
           fmt::format("node {}: operator {} (opset {}) is not supported; supported: {}",
                       display_name(node), type, source.opset,
                       fmt::join(supported_operators(), ", ")));
  }
}

/// The one graph input that is no initializer; opsets before 9 listed those as well.
onnx::ValueInfoProto& find_input(const std::string& file, onnx::GraphProto& graph) {
  std::set<std::string> initializers;
  for (const auto& tensor : graph.initializer()) initializers.insert(tensor.name());
  std::vector<onnx::ValueInfoProto*> inputs;
  std::vector<std::string> names;
  for (auto& input : *graph.mutable_input()) {
    if (initializers.contains(input.name())) continue;
    inputs.push_back(&input);
    names.push_back(input.name());
  }
  if (inputs.size() != 1) {
    refuse(file,
           fmt::format("{} inputs ({}), expected one", inputs.size(), fmt::join(names, ", ")));
  }
  return *inputs[0];
}

/// Binds a dynamic batch to 1 and returns the batch size and the shape behind it.
std::pair<std::int64_t, Shape> bind_input(const std::string& file, onnx::ValueInfoProto& input) {
  const std::string what = "input " + input.name() + ": ";
  auto& type = *input.mutable_type()->mutable_tensor_type();
  if (type.elem_type() != onnx::TensorProto::FLOAT) refuse(file, what + "its type is not float");
  auto& dims = *type.mutable_shape()->mutable_dim();
  if (dims.size() != 2 && dims.size() != 4) {
    refuse(file, what + fmt::format("{} dimensions, expected [N, C, H, W] or [N, features]",
                                    dims.size()));
  }
  constexpr std::int64_t kLimit = 1 << 20;
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
  }
  if (!dims[0].has_dim_value() || dims[0].dim_value() < 1) dims[0].set_dim_value(1);
  const auto at = [&](int i) {
    return i < dims.size() ? static_cast<int>(dims[i].dim_value()) : 1;
  };
  return {dims[0].dim_value(), {at(1), at(2), at(3)}};
}

void check_model(const std::string& file, const onnx::ModelProto& model) {
  try {
    onnx::checker::check_model(model);
  } catch (const std::exception& error) {
    refuse(file, std::string("is not a valid ONNX model: ") + error.what());
  }
}

void infer_onnx_shapes(const std::string& file, onnx::ModelProto& model) {
  try {
    onnx::shape_inference::InferShapes(model, onnx::OpSchemaRegistry::Instance(),
                                       onnx::ShapeInferenceOptions(true, 1));
  } catch (const std::exception& error) {
    refuse(file, std::string("its shapes do not fit: ") + error.what());
  }
}

/// Holds our shapes against those of libonnx, which knows broadcasting and ranks.
void compare_shapes(const std::string& file, const onnx::GraphProto& graph, std::int64_t batch,
                    const std::map<std::string, Shape>& shapes) {
  const auto compare = [&](const onnx::ValueInfoProto& value) {
    const auto ours = shapes.find(value.name());
    if (ours == shapes.end() || !value.type().tensor_type().has_shape()) return;
    std::vector<std::int64_t> found;
    for (const auto& dim : value.type().tensor_type().shape().dim()) {
      found.push_back(dim.has_dim_value() ? dim.dim_value() : -1);
    }
    const Shape& s = ours->second;
    const std::vector<std::int64_t> image = {batch, s.channels, s.height, s.width};
    const std::vector<std::int64_t> flat = {batch, s.size()};
    if (found != image && (found != flat || s.size() != s.channels)) {
      refuse(file, fmt::format("value {}: shape [{}] in the model, expected [{}]; -1 is dynamic, "
                               "which only the batch may be",
                               value.name(), fmt::join(found, ", "), fmt::join(image, ", ")));
    }
  };
  std::for_each(graph.value_info().begin(), graph.value_info().end(), compare);
  std::for_each(graph.output().begin(), graph.output().end(), compare);
}

std::map<std::string, int> count_uses(const onnx::GraphProto& graph) {
  std::map<std::string, int> uses;
  for (const auto& node : graph.node()) {
    for (const std::string& value : node.input()) ++uses[value];
  }
  for (const auto& output : graph.output()) ++uses[output.name()];
  return uses;
}

Network import_graph(const OnnxSource& source, onnx::ModelProto& model) {
  onnx::GraphProto& graph = *model.mutable_graph();
  if (graph.output_size() != 1) {
    refuse(source.file, fmt::format("{} outputs, expected one", graph.output_size()));
  }
  if (graph.sparse_initializer_size() > 0) {
    refuse(source.file, "sparse initializers are not supported");
  }
  onnx::ValueInfoProto& input = find_input(source.file, graph);
  const auto [batch, shape] = bind_input(source.file, input);
  infer_onnx_shapes(source.file, model);

  Network network;
  network.name = graph.name();
  network.input_name = input.name();
  network.input_shape = shape;
  Constants constants;
  for (const auto& tensor : graph.initializer()) constants[tensor.name()] = tensor;
  OnnxImporter importer(source, std::move(constants), count_uses(graph), batch, network);
  for (const auto& node : graph.node()) importer.import_node(node);
  network.output_name = importer.resolve(graph.output(0).name());
  try {
    compare_shapes(source.file, graph, batch, infer_shapes(network));
  } catch (const InputError& error) {
    const std::string why = error.what();
    if (why.starts_with(source.file)) throw;
    refuse(source.file, why);
  }
  return network;
}

}  // namespace

Network read_onnx(const std::filesystem::path& path) {
  const std::string file = path.string();
  onnx::ModelProto model = parse(file, read_file(path));
  const OnnxSource source{file, find_opset(file, model)};
  check_operators(source, model.graph());
  check_model(file, model);
  Network network = import_graph(source, model);
  read_metadata(file, model, network);
  return network;
}

}  // namespace crossloop::network
