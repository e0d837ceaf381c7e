#include "host/network/onnx_shapes.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>

namespace crossloop::network {

namespace {

std::int64_t product(Dimensions::const_iterator first, Dimensions::const_iterator last) {
  return std::accumulate(first, last, std::int64_t{1}, std::multiplies<>());
}

[[noreturn]] void refuse_reshape(const OnnxNode& node, const Dimensions& in,
                                 const Dimensions& target) {
  node.refuse(
      fmt::format("[{}] does not fit into [{}]", fmt::join(in, ", "), fmt::join(target, ", ")));
}

/// Start and count along one axis of `size` elements, as ONNX clamps them.
AxisRange clamped(const OnnxNode& node, std::int64_t start, std::int64_t end, std::int64_t step,
                  std::int64_t size) {
  constexpr std::int64_t kLargestStep = std::numeric_limits<std::int32_t>::max();
  if (step == 0) node.refuse("a step of 0");
  if (size == 0) return {0, 1, 0};
  step = std::clamp(step, -kLargestStep, kLargestStep);
  if (start < 0) start += size;
  if (end < 0 && end >= -size) end += size;
  if (step > 0) {
    start = std::clamp<std::int64_t>(start, 0, size);
    end = std::clamp<std::int64_t>(end, 0, size);
    return {start, step, std::max<std::int64_t>(0, (end - start + step - 1) / step)};
  }
  start = std::clamp<std::int64_t>(start, 0, size - 1);
  end = std::clamp<std::int64_t>(end, -1, size - 1);
  return {start, step, std::max<std::int64_t>(0, (start - end - step - 1) / -step)};
}

}  // namespace

std::size_t checked_axis(const OnnxNode& node, std::int64_t axis, std::size_t rank) {
  const auto limit = static_cast<std::int64_t>(rank);
  if (axis < -limit || axis >= limit) {
    node.refuse(fmt::format("axis {} of a tensor of {} dimensions", axis, rank));
  }
  return static_cast<std::size_t>(axis < 0 ? axis + limit : axis);
}

std::vector<std::size_t> checked_axes(const OnnxNode& node, const Dimensions& axes,
                                      std::size_t rank) {
  std::vector<std::size_t> checked;
  for (const std::int64_t axis : axes) checked.push_back(checked_axis(node, axis, rank));
  std::sort(checked.begin(), checked.end());
  if (std::adjacent_find(checked.begin(), checked.end()) != checked.end()) {
    node.refuse(fmt::format("axes [{}] name one axis twice", fmt::join(axes, ", ")));
  }
  return checked;
}

Dimensions flattened(const OnnxNode& node, const Dimensions& in) {
  const std::int64_t axis = node.integer("axis", 1);
  const auto rank = static_cast<std::int64_t>(in.size());
  const auto at =
      in.begin() +
      (axis == rank ? rank : static_cast<std::int64_t>(checked_axis(node, axis, in.size())));
  return {product(in.begin(), at), product(at, in.end())};
}

Dimensions reshaped(const OnnxNode& node, const Dimensions& in) {
  Dimensions target = node.integers(1);
  const Dimensions wanted = target;
  const bool zero_copies = node.integer("allowzero", 0) == 0;
  for (std::size_t i = 0; i < target.size(); ++i) {
    if (target[i] == 0 && zero_copies) {
      if (i >= in.size()) refuse_reshape(node, in, wanted);
      target[i] = in[i];
    }
  }
  const auto open = std::find(target.begin(), target.end(), -1);
  if (open != target.end()) *open = 1;
  const std::int64_t size = product(in.begin(), in.end());
  const std::int64_t known = element_count(node.source(), node.output(), target);
  if (open != target.end() && known > 0) *open = size / known;
  if (product(target.begin(), target.end()) != size) refuse_reshape(node, in, wanted);
  return target;
}

Dimensions squeezed(const OnnxNode& node, const Dimensions& in) {
  const auto axes = node.integers("axes", 1);
  std::vector<std::size_t> dropped;
  if (axes) {
    dropped = checked_axes(node, *axes, in.size());
  } else {
    for (std::size_t i = 0; i < in.size(); ++i) {
      if (in[i] == 1) dropped.push_back(i);
    }
  }
  Dimensions out;
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (!std::binary_search(dropped.begin(), dropped.end(), i)) {
      out.push_back(in[i]);
    } else if (in[i] != 1) {
      node.refuse(fmt::format("axis {} of [{}] is not 1", i, fmt::join(in, ", ")));
    }
  }
  return out;
}

Dimensions unsqueezed(const OnnxNode& node, const Dimensions& in) {
  const auto axes = node.integers("axes", 1);
  if (!axes) node.refuse("its axes are missing");
  const std::size_t rank = in.size() + axes->size();
  const auto added = checked_axes(node, *axes, rank);
  Dimensions out;
  auto next = in.begin();
  for (std::size_t i = 0; i < rank; ++i) {
    out.push_back(std::binary_search(added.begin(), added.end(), i) ? 1 : *next++);
  }
  return out;
}

std::vector<std::size_t> permutation(const OnnxNode& node, std::size_t rank) {
  std::vector<std::size_t> axes(rank);
  std::iota(axes.rbegin(), axes.rend(), std::size_t{0});
  if (!node.has_attribute("perm")) return axes;
  const Dimensions perm = node.integers("perm");
  if (perm.size() != rank || checked_axes(node, perm, rank).size() != rank) {
    node.refuse(
        fmt::format("perm is [{}], its input has {} dimensions", fmt::join(perm, ", "), rank));
  }
  for (std::size_t i = 0; i < rank; ++i) axes[i] = checked_axis(node, perm[i], rank);
  return axes;
}

std::vector<AxisRange> slice_ranges(const OnnxNode& node, const Dimensions& in) {
  std::vector<AxisRange> ranges;
  for (const std::int64_t size : in) ranges.push_back({0, 1, size});
  const auto starts = node.integers("starts", 1), ends = node.integers("ends", 2);
  const auto axes = node.integers("axes", 3), steps = node.integers("steps", 4);
  if (!starts || !ends || starts->size() != ends->size() || starts->size() > in.size() ||
      (axes && axes->size() != starts->size()) || (steps && steps->size() != starts->size())) {
    node.refuse("its starts, ends, axes and steps do not fit together");
  }
  if (axes) checked_axes(node, *axes, in.size());
  for (std::size_t i = 0; i < starts->size(); ++i) {
    const std::size_t axis = axes ? checked_axis(node, (*axes)[i], in.size()) : i;
    ranges[axis] = clamped(node, (*starts)[i], (*ends)[i], steps ? (*steps)[i] : 1, in[axis]);
  }
  return ranges;
}

Dimensions shape_slice(const OnnxNode& node, const Dimensions& in) {
  const auto rank = static_cast<std::int64_t>(in.size());
  const auto edge = [&](const char* name, std::int64_t fallback) {
    const std::int64_t at = node.integer(name, fallback);
    return std::clamp<std::int64_t>(at < 0 ? at + rank : at, 0, rank);
  };
  const std::int64_t first = edge("start", 0), last = edge("end", rank);
  return {in.begin() + first, in.begin() + std::max(first, last)};
}

}  // namespace crossloop::network
