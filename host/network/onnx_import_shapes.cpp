// Operators that only move elements: reshapes, transposes, padding, slices and joins.
#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

#include "host/network/onnx_import.hpp"
#include "host/network/onnx_shapes.hpp"
#include "host/network/shape_rules.hpp"

namespace crossloop::network {

namespace {

/// The blocks of axes that `axes` (of a Transpose, the batch first) moves as one: first and last
/// axis of the input, in the order of the output.
std::vector<std::pair<std::size_t, std::size_t>> moved_blocks(
    const std::vector<std::size_t>& axes) {
  std::vector<std::pair<std::size_t, std::size_t>> blocks;
  for (std::size_t i = 1; i < axes.size(); ++i) {
    if (!blocks.empty() && axes[i] == blocks.back().second + 1) {
      ++blocks.back().second;
    } else {
      blocks.emplace_back(axes[i], axes[i]);
    }
  }
  return blocks;
}

/// The one value all elements of a float constant have; refuse() for others.
float uniform_value(const OnnxNode& node, int input) {
  const ConstantTensor& tensor = node.constant(input);
  const auto differs = [&](float value) { return value != tensor.floats[0]; };
  if (tensor.floats.empty() || std::any_of(tensor.floats.begin(), tensor.floats.end(), differs)) {
    node.refuse("input " + node.input(input) +
                " is a constant with several values, supported beside "
                "activations is one value");
  }
  return tensor.floats[0];
}

}  // namespace

Shape image_shape(const OnnxNode& node, Dimensions dims) {
  dims.resize(4, 1);
  if (std::any_of(dims.begin() + 1, dims.end(), [](std::int64_t size) { return size > 1 << 30; })) {
    node.refuse(fmt::format("[{}] is out of range", fmt::join(dims, ", ")));
  }
  return {static_cast<int>(dims[1]), static_cast<int>(dims[2]), static_cast<int>(dims[3])};
}

void OnnxImporter::flatten(const OnnxNode& node) {
  const Value in = value(node, 0);
  const Dimensions dims = flattened(node, in.dims);
  if (dims[0] != batch_) {
    node.refuse(fmt::format("axis = {}, only 1 is supported", node.integer("axis", 1)));
  }
  change_shape(node, in, dims);
}

void OnnxImporter::reshape(const OnnxNode& node) {
  const Value in = value(node, 0);
  const Dimensions dims = reshaped(node, in.dims);
  if (dims.empty() || dims[0] != batch_) {
    node.refuse(fmt::format("to [{}], supported are shapes that keep the batch, as [0, -1] does",
                            fmt::join(node.integers(1), ", ")));
  }
  change_shape(node, in, dims);
}

void OnnxImporter::squeeze(const OnnxNode& node) {
  const Value in = value(node, 0);
  change_shape(node, in, squeezed(node, in.dims));
}

void OnnxImporter::unsqueeze(const OnnxNode& node) {
  const Value in = value(node, 0);
  change_shape(node, in, unsqueezed(node, in.dims));
}

/// The value of the Network with the elements of `in` and the shape `shape`.
std::string OnnxImporter::in_shape(const OnnxNode& node, const Value& in, const Shape& shape) {
  if (made_.at(in.name).shape == shape) return in.name;
  const std::string made = unique_value(node.output() + ".reshaped");
  append_named(node, display_name(node.proto()) + ".reshape", Reshape{shape}, {in.name}, made, 4);
  return made;
}

/// The output of `node` has the elements of `in` in the shape `dims`. Of several such steps in a
/// row only the last one becomes an operator.
void OnnxImporter::change_shape(const OnnxNode& node, const Value& in, const Dimensions& dims,
                                const std::string& suffix) {
  const std::size_t rank = dims.size();
  if (rank < 2 || dims[0] != batch_) {
    node.refuse(fmt::format("[{}] to [{}], supported are shapes that keep the batch",
                            fmt::join(in.dims, ", "), fmt::join(dims, ", ")));
  }
  values_[node.output()] = {in.name, dims};
  if (rank > 4) return;
  std::string from = in.name;
  const auto& maker = made_.at(from).node;
  const Operator* before = maker ? &network_.nodes[*maker].op : nullptr;
  if (before &&
      (std::holds_alternative<Reshape>(*before) || std::holds_alternative<Flatten>(*before))) {
    from = network_.nodes[*maker].inputs[0];
  }
  const Shape to = image_shape(node, dims);
  const Made& source = made_.at(from);
  values_[node.output()].name = from;
  if (source.shape == to && (source.rank == 2) == (rank == 2)) return;
  const Operator op = rank == 2 ? Operator(Flatten{}) : Operator(Reshape{to});
  append_named(node, display_name(node.proto()) + suffix, op, {from}, node.output(), rank);
  values_[node.output()].name = node.output();
}

void OnnxImporter::transpose(const OnnxNode& node) {
  const Value in = value(node, 0);
  const auto axes = permutation(node, in.dims.size());
  Dimensions dims;
  for (const std::size_t axis : axes) dims.push_back(in.dims[axis]);
  if (axes.empty() || axes[0] != 0) {
    node.refuse(fmt::format("perm = [{}], supported are those that leave the batch in front",
                            fmt::join(axes, ", ")));
  }
  if (node.input(0) == nhwc_input_) {
    values_[node.output()] = {in.name, dims};
    return;
  }
  std::vector<std::size_t> long_axes;
  for (const std::size_t axis : axes) {
    if (in.dims[axis] != 1 && axis > 0) long_axes.push_back(axis);
  }
  if (std::is_sorted(long_axes.begin(), long_axes.end())) return change_shape(node, in, dims);
  std::array<int, 3> moved = {1, 2, 3};
  if (in.dims.size() <= 4) {
    for (std::size_t i = 1; i < axes.size(); ++i) moved[i - 1] = static_cast<int>(axes[i]);
    return permute(node, in.name, moved, dims);
  }
  const auto blocks = moved_blocks(axes);
  if (blocks.size() > moved.size()) {
    node.refuse(fmt::format("perm = [{}] moves {} blocks of axes, supported are 3",
                            fmt::join(axes, ", "), blocks.size()));
  }
  auto sorted = blocks;
  std::sort(sorted.begin(), sorted.end());
  Dimensions merged = {batch_};
  for (const auto& [first, last] : sorted) {
    const auto at = in.dims.begin();
    merged.push_back(std::accumulate(at + static_cast<std::ptrdiff_t>(first),
                                     at + static_cast<std::ptrdiff_t>(last) + 1, std::int64_t{1},
                                     std::multiplies<>()));
  }
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    moved[i] =
        1 + static_cast<int>(std::find(sorted.begin(), sorted.end(), blocks[i]) - sorted.begin());
  }
  permute(node, in_shape(node, in, image_shape(node, merged)), moved, dims);
}

/// Where a Permute of `in` starts and what it does there: one behind another makes one of both.
std::pair<std::string, std::array<int, 3>> OnnxImporter::merged_permute(
    const std::string& in, const std::array<int, 3>& axes) const {
  const auto& maker = made_.at(in).node;
  if (!maker) return {in, axes};
  const Node& before = network_.nodes[*maker];
  const auto* first = std::get_if<Permute>(&before.op);
  if (first == nullptr) return {in, axes};
  std::array<int, 3> moved = axes;
  for (int& axis : moved) axis = first->axes[static_cast<std::size_t>(axis - 1)];
  return {before.inputs[0], moved};
}

void OnnxImporter::permute(const OnnxNode& node, const std::string& in,
                           const std::array<int, 3>& axes, const Dimensions& dims) {
  const auto [from, moved] = merged_permute(in, axes);
  values_[node.output()] = {from, dims};
  if (moved == Permute{}.axes) return;
  append_named(node, display_name(node.proto()), Permute{moved}, {from}, node.output(),
               std::min<std::size_t>(dims.size(), 4));
  values_[node.output()].name = node.output();
}

/// Attributes before opset 11, inputs since.
void OnnxImporter::pad(const OnnxNode& node) {
  if (pad_volume(node)) return;
  const Value in = activation(node, 0);
  const std::size_t rank = in.dims.size();
  const Dimensions pads = node.integers("pads", 1).value_or(Dimensions{});
  const bool fits = std::all_of(pads.begin(), pads.end(), [](std::int64_t pad) {
    return pad >= -(1 << 20) && pad <= 1 << 20;
  });
  if (pads.size() != 2 * rank || !fits || pads[0] != 0 || pads[rank] != 0) {
    node.refuse(fmt::format("pads [{}] of [{}], supported are -2^20 to 2^20 and none of the batch",
                            fmt::join(pads, ", "), fmt::join(in.dims, ", ")));
  }
  const std::map<std::string, Pad::Mode> modes = {{"constant", Pad::Mode::kConstant},
                                                  {"reflect", Pad::Mode::kReflect},
                                                  {"edge", Pad::Mode::kEdge}};
  const auto mode = modes.find(node.text("mode", "constant"));
  if (mode == modes.end()) {
    node.refuse("mode " + node.text("mode", "") + ", expected constant, reflect or edge");
  }
  Pad op{.mode = mode->second, .value = node.scalar(2, node.real("value", 0.0F))};
  for (std::size_t i = 1; i < rank; ++i) {
    op.before[i - 1] = static_cast<int>(pads[i]);
    op.after[i - 1] = static_cast<int>(pads[rank + i]);
  }
  if (op.before == Pad{}.before && op.after == Pad{}.after) return alias(node, in);
  const auto negative = [](int pad) { return pad < 0; };
  const bool crops = std::any_of(op.before.begin(), op.before.end(), negative) ||
                     std::any_of(op.after.begin(), op.after.end(), negative);
  crops ? crop_and_pad(node, in, op) : append(node, op);
}

/// Negative pads cut: a Slice, and a Pad where others are positive.
void OnnxImporter::crop_and_pad(const OnnxNode& node, const Value& in, Pad op) {
  if (op.mode != Pad::Mode::kConstant) {
    node.refuse("negative pads in mode " + node.text("mode", "") +
                ", supported are those of constant");
  }
  const Sizes sizes = sizes_of(shape(in));
  Slice slice;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    slice.start[i] = std::max(0, -op.before[i]);
    slice.count[i] = sizes[i] - slice.start[i] - std::max(0, -op.after[i]);
    if (slice.count[i] < 1) {
      node.refuse(fmt::format("pads that leave nothing of [{}]", fmt::join(in.dims, ", ")));
    }
    op.before[i] = std::max(0, op.before[i]);
    op.after[i] = std::max(0, op.after[i]);
  }
  if (op.before == Pad{}.before && op.after == Pad{}.after) return append(node, slice);
  const std::size_t rank = in.dims.size();
  const std::string name = display_name(node.proto());
  const std::string cut = unique_value(node.output() + ".cut");
  append_named(node, name + ".cut", slice, {in.name}, cut, rank);
  append_named(node, name, op, {cut}, node.output(), rank);
  values_[node.output()] = {node.output(),
                            file_dimensions(batch_, made_.at(node.output()).shape, rank)};
}

void OnnxImporter::slice(const OnnxNode& node) {
  const Value in = activation(node, 0);
  const std::vector<AxisRange> ranges = slice_ranges(node, in.dims);
  if (ranges[0].start != 0 || ranges[0].step != 1 || ranges[0].count != batch_) {
    node.refuse("cuts the batch axis, supported are the others");
  }
  const Shape from = shape(in);
  Slice op{.count = {from.channels, from.height, from.width}};
  bool whole = true;
  for (std::size_t i = 1; i < ranges.size(); ++i) {
    const auto& [start, step, count] = ranges[i];
    op.start[i - 1] = static_cast<int>(start);
    op.step[i - 1] = count > 1 ? static_cast<int>(step) : 1;
    op.count[i - 1] = static_cast<int>(count);
    whole = whole && start == 0 && count == in.dims[i];
  }
  if (whole) return alias(node, in);
  append(node, op);
}

/// Constants of one value before or behind the activations pad them.
void OnnxImporter::concat(const OnnxNode& node) {
  std::vector<int> joined;
  const int inputs = node.proto().input_size();
  for (int i = 0; i < inputs; ++i) {
    if (!node.is_constant(i)) joined.push_back(i);
  }
  const Dimensions dims = activation(node, joined.front()).dims;
  const std::size_t axis = checked_axis(node, node.integer("axis", 1), dims.size());
  if (axis == 0) node.refuse("along the batch axis, supported are the others");
  for (const int i : joined)
    check_ranks(node, activation(node, joined.front()), activation(node, i));
  const auto count = static_cast<int>(joined.size());
  if (joined.back() - joined.front() + 1 != count) {
    node.refuse(
        "a constant between activations, supported is one before or "
        "behind them");
  }
  if (count == inputs) return append(node, Concat{static_cast<int>(axis)}, joined);
  pad_with_constants(node, joined, axis);
}

void OnnxImporter::pad_with_constants(const OnnxNode& node, const std::vector<int>& joined,
                                      std::size_t axis) {
  const Value front = activation(node, joined.front());
  const std::size_t rank = front.dims.size();
  Pad op;
  std::optional<float> filling;
  for (int i = 0; i < node.proto().input_size(); ++i) {
    if (!node.is_constant(i)) continue;
    Dimensions expected = node.constant(i).dims;
    const std::int64_t length = axis < expected.size() ? expected[axis] : 0;
    if (axis < expected.size()) expected[axis] = front.dims[axis];
    const float found = uniform_value(node, i);
    if (expected != front.dims || length > 1 << 20 || found != filling.value_or(found)) {
      node.refuse(fmt::format("constant {} does not pad [{}] along axis {}", node.input(i),
                              fmt::join(front.dims, ", "), axis));
    }
    filling = found;
    int& side = i < joined.front() ? op.before[axis - 1] : op.after[axis - 1];
    side += static_cast<int>(length);
  }
  op.value = *filling;
  std::vector<std::string> names;
  for (const int i : joined) names.push_back(activation(node, i).name);
  const std::string name = display_name(node.proto());
  if (names.size() > 1) {
    const std::string made = unique_value(node.output() + ".joined");
    append_named(node, name + ".join", Concat{static_cast<int>(axis)}, names, made, rank);
    names = {made};
  }
  append_named(node, name, op, names, node.output(), rank);
  values_[node.output()] = {node.output(),
                            file_dimensions(batch_, made_.at(node.output()).shape, rank)};
}

}  // namespace crossloop::network
