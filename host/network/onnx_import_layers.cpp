// Layers: convolutions, products, norms and pools.
#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "host/network/onnx_import.hpp"
#include "host/network/onnx_shapes.hpp"

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

/// The bias of a Gemm: [n], [1, n] or a single value for all, times `factor`.
std::vector<float> bias_values(const OnnxNode& node, int input, int outputs, float factor) {
  const std::size_t rank = node.constant(input).dims.size();
  Dimensions any(rank, 1);
  if (rank > 0) any.back() = -1;
  std::vector<float> values = node.floats(input, any);
  if (values.size() == 1) values.resize(static_cast<std::size_t>(outputs), values[0]);
  if (values.size() != static_cast<std::size_t>(outputs)) {
    node.refuse(fmt::format("bias {} has {} values, expected {}", node.input(input), values.size(),
                            outputs));
  }
  for (float& value : values) value *= factor;
  return values;
}

/// The size of a weight along one axis; element_count() has bounded it.
int size_of(const OnnxNode& node, std::size_t axis) {
  return static_cast<int>(node.constant(1).dims[axis]);
}

}  // namespace

/// The scale of the weight of `node`, which is its input 1, for each output; empty where it was not
/// quantised, or not as a Network has it: INT8 around 0, per tensor or per output, no code -128.
/// Empty as well for a layer on the image, whose scale belongs to the weights after the input
/// normalisation is folded in.
std::vector<float> OnnxImporter::weight_scale(const OnnxNode& node, std::int64_t output_axis,
                                              int outputs, float factor) const {
  const ConstantTensor& weight = node.constant(1);
  if (!weight.scale) return {};
  const TensorScale& scale = *weight.scale;
  const std::size_t count = scale.values.size();
  const bool per_output = scale.axis == output_axis && count == static_cast<std::size_t>(outputs);
  if (!scale.symmetric_int8 || (count != 1 && !per_output)) return {};
  std::string from = activation(node, 0).name;
  const auto& maker = made_.at(from).node;
  if (maker && std::holds_alternative<Quantise>(network_.nodes[*maker].op)) {
    from = network_.nodes[*maker].inputs[0];
  }
  if (from == network_.input_name) return {};
  if (scale.has_lowest_code || !(factor > 0.0F)) return {};
  std::vector<float> values = scale.values;
  values.resize(static_cast<std::size_t>(outputs), values[0]);
  for (float& value : values) value *= factor;
  return values;
}

void OnnxImporter::conv(const OnnxNode& node) {
  const Value& in = image(node, 0);
  std::vector<float> weight = node.floats(1, {-1, -1, -1, -1});
  const auto size = [&](std::size_t axis) { return size_of(node, axis); };
  const std::vector<int> kernel = node.sizes("kernel_shape", 2, 1, 0);
  if (node.has_attribute("kernel_shape") && (kernel[0] != size(2) || kernel[1] != size(3))) {
    node.refuse(fmt::format("kernel_shape is {}x{}, its weight {} is {}x{}", kernel[0], kernel[1],
                            node.input(1), size(2), size(3)));
  }
  const std::int64_t groups = node.integer("group", 1);
  if (groups < 1 || groups > shape(in).channels || groups * size(1) != shape(in).channels) {
    node.refuse(fmt::format("{} groups, its weight {} reads {} channels, its input is {}", groups,
                            node.input(1), size(1), to_string(shape(in))));
  }
  Conv op{.in_channels = shape(in).channels,
          .out_channels = size(0),
          .window = node.window(shape(in), size(2), size(3)),
          .weight = std::move(weight),
          .bias = {},
          .groups = static_cast<int>(groups)};
  if (node.has_input(2)) op.bias = node.floats(2, {size(0)});
  std::vector<float> scale = weight_scale(node, 0, size(0), 1.0F);
  append(node, std::move(op));
  network_.nodes.back().weight_scale = std::move(scale);
}

/// refuse() unless the left operand of a product is [N, features].
void OnnxImporter::require_rows(const OnnxNode& node) const {
  const Dimensions& dims = activation(node, 0).dims;
  if (dims.size() != 2) {
    node.refuse(fmt::format("input {} has the shape [{}], supported is [N, features]",
                            node.input(0), fmt::join(dims, ", ")));
  }
}

void OnnxImporter::gemm(const OnnxNode& node) {
  require_rows(node);
  node.require("transA", 0);
  const float alpha = node.real("alpha", 1.0F);
  std::vector<float> weight = node.floats(1, {-1, -1});
  for (float& each : weight) each *= alpha;
  int rows = size_of(node, 0), columns = size_of(node, 1);
  const bool outputs_first = node.integer("transB", 0) != 0;
  if (!outputs_first) {
    weight = transposed(weight, static_cast<std::size_t>(rows), static_cast<std::size_t>(columns));
    std::swap(rows, columns);
  }
  Linear op{.in_features = columns, .out_features = rows, .weight = std::move(weight), .bias = {}};
  if (node.has_input(2)) op.bias = bias_values(node, 2, rows, node.real("beta", 1.0F));
  std::vector<float> scale = weight_scale(node, outputs_first ? 0 : 1, rows, alpha);
  append(node, std::move(op));
  network_.nodes.back().weight_scale = std::move(scale);
}

void OnnxImporter::matmul(const OnnxNode& node) {
  require_rows(node);
  const std::vector<float> weight = node.floats(1, {-1, -1});
  const int rows = size_of(node, 0), columns = size_of(node, 1);
  std::vector<float> scale = weight_scale(node, 1, columns, 1.0F);
  append(node, Linear{.in_features = rows,
                      .out_features = columns,
                      .weight = transposed(weight, static_cast<std::size_t>(rows),
                                           static_cast<std::size_t>(columns)),
                      .bias = {}});
  network_.nodes.back().weight_scale = std::move(scale);
}

void OnnxImporter::batch_norm(const OnnxNode& node) {
  node.require("training_mode", 0);
  const std::int64_t channels = shape(activation(node, 0)).channels;
  append(node, BatchNorm{.epsilon = node.real("epsilon", 1e-5F),
                         .gamma = node.floats(1, {channels}),
                         .beta = node.floats(2, {channels}),
                         .mean = node.floats(3, {channels}),
                         .variance = node.floats(4, {channels})});
}

Window OnnxImporter::pool_window(const OnnxNode& node) const {
  const std::vector<int> kernel = node.sizes("kernel_shape", 2, 1, 1);
  Window window = node.window(shape(image(node, 0)), kernel[0], kernel[1]);
  window.ceil_mode = node.integer("ceil_mode", 0) != 0;
  return window;
}

void OnnxImporter::note_dropped_windows(const Shape& in, const Window& window) {
  Window wide = window;  // with padding that completes the last windows
  wide.pad_bottom += window.stride_h - 1;
  wide.pad_right += window.stride_w - 1;
  wide.ceil_mode = false;
  drops_windows_ = drops_windows_ || (window.ceil_mode &&
                                      (wide.out_height(in.height) != window.out_height(in.height) ||
                                       wide.out_width(in.width) != window.out_width(in.width)));
}

void OnnxImporter::max_pool(const OnnxNode& node) {
  const Window window = pool_window(node);
  append(node, MaxPool{window});
  note_dropped_windows(shape(image(node, 0)), window);
}

void OnnxImporter::average_pool(const OnnxNode& node) {
  if (average_volume(node)) return;
  const Window window = pool_window(node);
  append(node, AveragePool{.window = window,
                           .count_include_pad = node.integer("count_include_pad", 0) != 0});
  note_dropped_windows(shape(image(node, 0)), window);
}

void OnnxImporter::global_average_pool(const OnnxNode& node) { append(node, GlobalAveragePool{}); }
void OnnxImporter::global_max_pool(const OnnxNode& node) { append(node, GlobalMaxPool{}); }

void OnnxImporter::reduce_mean(const OnnxNode& node) {
  const Value in = activation(node, 0);
  const std::size_t rank = in.dims.size();
  const auto axes = checked_axes(node, node.integers("axes"), rank);
  if (rank == 4 && axes == std::vector<std::size_t>{1, 2}) return mean_of_nhwc(node, in);
  const bool all = axes.size() + 2 == rank && !axes.empty() && axes.front() == 2;
  if (!all && (axes.size() != 1 || axes[0] < 2)) {
    node.refuse(
        fmt::format("over the axes [{}], supported is only the mean over the axes 2 and 3 "
                    "(height and width)",
                    fmt::join(node.integers("axes"), ", ")));
  }
  const Shape from = shape(in);
  Operator op = GlobalAveragePool{};
  if (!all) {
    op = AveragePool{.window = {.kernel_h = axes[0] == 2 ? from.height : 1,
                                .kernel_w = axes[0] == 3 ? from.width : 1}};
  }
  if (node.integer("keepdims", 1) != 0) return append(node, std::move(op));
  const std::string pooled = unique_value(node.output() + ".pooled");
  append_named(node, display_name(node.proto()), std::move(op), {in.name}, pooled, rank);
  Dimensions dims;
  for (std::size_t i = 0; i < rank; ++i) {
    if (!std::binary_search(axes.begin(), axes.end(), i)) dims.push_back(in.dims[i]);
  }
  change_shape(node, {pooled, file_dimensions(batch_, made_.at(pooled).shape, rank)}, dims,
               ".flatten");
}

/// The mean over height and width of a value that is [N, height, width, channels].
void OnnxImporter::mean_of_nhwc(const OnnxNode& node, const Value& in) {
  const auto [from, axes] = merged_permute(in.name, {3, 1, 2});
  std::string image = from;
  if (axes != Permute{}.axes) {
    image = unique_value(node.output() + ".nchw");
    append_named(node, display_name(node.proto()) + ".nchw", Permute{axes}, {from}, image, 4);
  }
  const std::string pooled = unique_value(node.output() + ".pooled");
  append_named(node, display_name(node.proto()), GlobalAveragePool{}, {image}, pooled, 4);
  const Dimensions kept = {batch_, 1, 1, in.dims[3]}, flat = {batch_, in.dims[3]};
  change_shape(node, {pooled, file_dimensions(batch_, made_.at(pooled).shape, 4)},
               node.integer("keepdims", 1) != 0 ? kept : flat, ".shape");
}

void OnnxImporter::lrn(const OnnxNode& node) {
  const std::int64_t size = node.integer("size", 0);
  if (size < 1 || size > std::numeric_limits<std::int16_t>::max()) {
    node.refuse(fmt::format("size = {}, expected 1 to 32767", size));
  }
  append(node, Lrn{.size = static_cast<int>(size),
                   .alpha = node.real("alpha", 1e-4F),
                   .beta = node.real("beta", 0.75F),
                   .bias = node.real("bias", 1.0F)});
}

/// Before opset 13 the axes from `axis` on are taken together.
void OnnxImporter::softmax(const OnnxNode& node) {
  const std::size_t rank = activation(node, 0).dims.size();
  const bool flattens = node.opset() < 13;
  const std::size_t axis = checked_axis(node, node.integer("axis", flattens ? 1 : -1), rank);
  if (axis == 0) node.refuse("along the batch axis, supported are the others");
  const int first = static_cast<int>(axis);
  append(node,
         Softmax{.first_axis = first, .last_axis = flattens ? static_cast<int>(rank) - 1 : first});
}

}  // namespace crossloop::network
