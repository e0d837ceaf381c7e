#include "host/network/onnx_moves.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "host/network/onnx_shapes.hpp"

namespace crossloop::network {

namespace {

void copy_element(const ConstantTensor& from, std::int64_t i, ConstantTensor& to) {
  from.is_float() ? to.floats.push_back(from.real(i)) : to.integers.push_back(from.integer(i));
}

/// The same elements in another shape.
ConstantTensor in_shape(const ConstantTensor& tensor, Dimensions dims) {
  ConstantTensor result = tensor;
  result.dims = std::move(dims);
  if (result.scale && result.scale->values.size() > 1) result.scale.reset();
  return result;
}

/// Steps between neighbours along each axis of a dense tensor.
Dimensions strides_of(const Dimensions& dims) {
  Dimensions strides(dims.size(), 1);
  for (std::size_t i = dims.size(); i-- > 1;) strides[i - 1] = strides[i] * dims[i];
  return strides;
}

/// Calls visit(offset) for each element of a tensor of `dims` in order; the offset starts at
/// `first` and moves by strides[i] along axis i.
template <class Visit>
void walk(const Dimensions& dims, const Dimensions& strides, std::int64_t first,
          const Visit& visit) {
  if (std::find(dims.begin(), dims.end(), 0) != dims.end()) return;
  Dimensions at(dims.size(), 0);
  for (std::int64_t offset = first;;) {
    visit(offset);
    std::size_t axis = dims.size();
    for (; axis-- > 0;) {
      offset += strides[axis];
      if (++at[axis] < dims[axis]) break;
      offset -= strides[axis] * dims[axis];
      at[axis] = 0;
    }
    if (axis == std::numeric_limits<std::size_t>::max()) return;
  }
}

/// The elements of `in` that walk() visits.
ConstantTensor view(const OnnxNode& node, const ConstantTensor& in, const Dimensions& dims,
                    const Dimensions& strides, std::int64_t first) {
  if (in.stored() == 1) return in_shape(in, dims);
  ConstantTensor result = reserve_constant(node, in.type, dims);
  walk(dims, strides, first, [&](std::int64_t i) { copy_element(in, i, result); });
  return result;
}

}  // namespace

ConstantTensor reserve_constant(const OnnxNode& node, int type, Dimensions dims) {
  constexpr std::int64_t kLargest = 1 << 20;
  std::int64_t stored = 0;
  for (int i = 0; i < node.proto().input_size(); ++i) {
    if (node.has_input(i)) stored += static_cast<std::int64_t>(node.constant(i).stored());
  }
  const std::int64_t size = element_count(node.source(), node.output(), dims);
  if (size > std::max(kLargest, stored)) {
    node.refuse(fmt::format("a constant of shape [{}] is too large", fmt::join(dims, ", ")));
  }
  ConstantTensor result{type, std::move(dims), {}, {}, {}};
  const auto count = static_cast<std::size_t>(size);
  result.is_float() ? result.floats.reserve(count) : result.integers.reserve(count);
  return result;
}

std::vector<std::int64_t> broadcast_offsets(const Dimensions& from, const Dimensions& to) {
  const Dimensions steps = strides_of(from);
  const std::size_t missing = to.size() - from.size();
  Dimensions strides(to.size(), 0);
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (from[i] != 1) strides[missing + i] = steps[i];
  }
  std::vector<std::int64_t> offsets;
  walk(to, strides, 0, [&](std::int64_t offset) { offsets.push_back(offset); });
  return offsets;
}

ConstantTensor sliced_constant(const OnnxNode& node) {
  const ConstantTensor& in = node.constant(0);
  const Dimensions steps = strides_of(in.dims);
  const std::vector<AxisRange> ranges = slice_ranges(node, in.dims);
  Dimensions dims, strides;
  std::int64_t first = 0;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    dims.push_back(ranges[i].count);
    strides.push_back(steps[i] * ranges[i].step);
    first += steps[i] * ranges[i].start;
  }
  return view(node, in, dims, strides, first);
}

ConstantTensor transposed_constant(const OnnxNode& node) {
  const ConstantTensor& in = node.constant(0);
  const Dimensions steps = strides_of(in.dims);
  Dimensions dims, strides;
  std::int64_t scale_axis = 0;
  const auto axes = permutation(node, in.dims.size());
  for (std::size_t i = 0; i < axes.size(); ++i) {
    dims.push_back(in.dims[axes[i]]);
    strides.push_back(steps[axes[i]]);
    const bool scaled = in.scale && static_cast<std::int64_t>(axes[i]) == in.scale->axis;
    if (scaled) scale_axis = static_cast<std::int64_t>(i);
  }
  ConstantTensor result = view(node, in, dims, strides, 0);
  result.scale = in.scale;
  if (result.scale) result.scale->axis = scale_axis;
  return result;
}

ConstantTensor reshaped_constant(const OnnxNode& node) {
  return in_shape(node.constant(0), reshaped(node, node.constant(0).dims));
}
ConstantTensor squeezed_constant(const OnnxNode& node) {
  return in_shape(node.constant(0), squeezed(node, node.constant(0).dims));
}
ConstantTensor unsqueezed_constant(const OnnxNode& node) {
  return in_shape(node.constant(0), unsqueezed(node, node.constant(0).dims));
}
ConstantTensor gathered_constant(const OnnxNode& node) {
  const ConstantTensor& in = node.constant(0);
  const ConstantTensor& indices = node.constant(1);
  const std::size_t axis = checked_axis(node, node.integer("axis", 0), in.dims.size());
  if (indices.is_float()) node.refuse("input " + node.input(1) + " is FLOAT, expected indices");
  const auto at = in.dims.begin() + static_cast<std::ptrdiff_t>(axis);
  Dimensions before(in.dims.begin(), at), after(at + 1, in.dims.end());
  const std::int64_t length = *at;
  const std::int64_t inner = element_count(node.source(), node.output(), after);
  const std::int64_t outer = element_count(node.source(), node.output(), before);
  Dimensions dims = before;
  dims.insert(dims.end(), indices.dims.begin(), indices.dims.end());
  dims.insert(dims.end(), after.begin(), after.end());
  ConstantTensor result = reserve_constant(node, in.type, dims);
  for (std::int64_t o = 0; o < outer; ++o) {
    for (std::int64_t i = 0; i < indices.size(); ++i) {
      const std::int64_t found = indices.integer(i);
      if (found < -length || found >= length) {
        node.refuse(fmt::format("index {} along an axis of {}", found, length));
      }
      const std::int64_t index = found < 0 ? found + length : found;
      for (std::int64_t k = 0; k < inner; ++k) {
        copy_element(in, (o * length + index) * inner + k, result);
      }
    }
  }
  return result;
}

ConstantTensor concatenated_constants(const OnnxNode& node) {
  const ConstantTensor& front = node.constant(0);
  const std::size_t axis = checked_axis(node, node.integer("axis", 0), front.dims.size());
  Dimensions dims = front.dims;
  dims[axis] = 0;
  const int inputs = node.proto().input_size();
  for (int i = 0; i < inputs; ++i) {
    const ConstantTensor& each = node.constant(i);
    Dimensions expected = dims;
    if (each.dims.size() == dims.size()) expected[axis] = each.dims[axis];
    if (each.dims != expected || each.type != front.type) {
      node.refuse(fmt::format("input {} of shape [{}] does not fit beside [{}]", node.input(i),
                              fmt::join(each.dims, ", "), fmt::join(front.dims, ", ")));
    }
    dims[axis] += each.dims[axis];
  }
  ConstantTensor result = reserve_constant(node, front.type, dims);
  std::int64_t outer = 1;
  for (std::size_t i = 0; i < axis; ++i) outer *= dims[i];
  for (std::int64_t o = 0; o < outer; ++o) {
    for (int i = 0; i < inputs; ++i) {
      const ConstantTensor& each = node.constant(i);
      const std::int64_t length = each.size() / outer;
      for (std::int64_t k = 0; k < length; ++k) copy_element(each, o * length + k, result);
    }
  }
  return result;
}

}  // namespace crossloop::network
