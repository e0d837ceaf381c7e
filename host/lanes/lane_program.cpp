#include "host/lanes/lane_program.hpp"

#include <algorithm>
#include <bit>
#include <optional>

#include "host/error.hpp"

namespace crossloop::lanes {

namespace {

/// The weights of one output, or none for a channel beyond the last.
using OutputWeights = std::span<const std::int8_t>;

void check_size(const LayerGeometry& geometry, OutputWeights weights) {
  const auto expected =
      static_cast<std::size_t>(geometry.outputs) * static_cast<std::size_t>(geometry.inputs());
  if (weights.size() == expected) return;
  throw InputError("layer " + geometry.name + ": " + std::to_string(weights.size()) +
                   " weights, expected " + std::to_string(geometry.outputs) + " x " +
                   std::to_string(geometry.inputs()));
}

/// The first group that holds more weights than its share.
struct Overfull {
  int output = 0;
  Group group;
  int found = 0;
  int expected = 0;
};

std::optional<Overfull> find_overfull(const LaneShape& shape, const LayerGeometry& geometry,
                                      std::span<const std::int8_t> weights) {
  const std::vector<Group> groups = groups_of(geometry, shape.group);
  for (int output = 0; output < geometry.outputs; ++output) {
    const std::int8_t* row = weights.data() + std::ptrdiff_t{output} * geometry.inputs();
    for (const Group& group : groups) {
      int found = 0;
      for (int i = 0; i < group.size; ++i) found += row[group.first + i * group.step] != 0;
      const int expected = survivors_of(group.size, shape.multipliers, shape.group);
      if (found > expected) return Overfull{output, group, found, expected};
    }
  }
  return std::nullopt;
}

void check_balanced(const LaneShape& shape, const LayerGeometry& geometry,
                    std::span<const std::int8_t> weights) {
  const auto bad = find_overfull(shape, geometry, weights);
  if (!bad) return;
  const int first = bad->group.block * shape.group;
  throw InputError("layer " + geometry.name + ": output channel " + std::to_string(bad->output) +
                   ", kernel position (" + std::to_string(bad->group.position / geometry.kernel_w) +
                   ", " + std::to_string(bad->group.position % geometry.kernel_w) + "), group " +
                   std::to_string(bad->group.block) + " (input channels " + std::to_string(first) +
                   ".." + std::to_string(first + bad->group.size - 1) +
                   "): " + std::to_string(bad->found) + " weights, expected at most " +
                   std::to_string(bad->expected));
}

/// Im2col indices in the order of the lanes: by kernel position, then by channel.
std::vector<std::int32_t> gather_packed(const LayerGeometry& geometry, int group) {
  std::vector<std::int32_t> gather;
  for (int position = 0; position < geometry.positions(); ++position) {
    for (int c = 0; c < geometry.channels; ++c) {
      gather.push_back(c * geometry.positions() + position);
    }
  }
  const auto whole = static_cast<std::size_t>(group);
  gather.resize((gather.size() + whole - 1) / whole * whole, -1);
  return gather;
}

std::vector<std::int32_t> gather_by_position(const LayerGeometry& geometry, int group) {
  std::vector<std::int32_t> gather;
  for (const Group& one : groups_of(geometry, group)) {
    for (int i = 0; i < group; ++i) {
      gather.push_back(i < one.size ? one.first + i * one.step : -1);
    }
  }
  return gather;
}

std::int8_t weight_at(OutputWeights weights, std::int32_t input) {
  return weights.empty() || input < 0 ? std::int8_t{0} : weights[static_cast<std::size_t>(input)];
}

ChannelCode encode_dense(const LaneProgram& program, OutputWeights weights) {
  ChannelCode code;
  for (const std::int32_t input : program.gather) code.weights.push_back(weight_at(weights, input));
  const int beats = program.shape.group / program.shape.multipliers;
  for (int beat = 0; beat < program.groups * beats; ++beat) {
    code.end.push_back(beat % beats == beats - 1);
  }
  return code;
}

/// At least one beat per group, zeros behind its survivors.
ChannelCode encode_survivors(const LaneProgram& program, OutputWeights weights) {
  const auto group = static_cast<std::size_t>(program.shape.group);
  const auto multipliers = static_cast<std::size_t>(program.shape.multipliers);
  ChannelCode code;
  for (std::size_t first = 0; first < program.gather.size(); first += group) {
    const std::size_t before = code.weights.size();
    for (std::size_t i = 0; i < group; ++i) {
      const std::int8_t weight = weight_at(weights, program.gather[first + i]);
      if (weight == 0) continue;
      code.weights.push_back(weight);
      code.index.push_back(static_cast<std::uint8_t>(i));
    }
    const std::size_t survivors = code.weights.size() - before;
    const std::size_t beats = std::max<std::size_t>(1, (survivors + multipliers - 1) / multipliers);
    code.weights.resize(before + beats * multipliers, 0);
    code.index.resize(before + beats * multipliers, 0);
    code.end.resize(code.end.size() + beats, 0);
    code.end.back() = 1;
  }
  return code;
}

}  // namespace

LaneProgram encode(LaneKind kind, const LaneShape& shape, const LayerGeometry& geometry,
                   std::span<const std::int8_t> weights) {
  check_shape(kind, shape);
  check_size(geometry, weights);
  if (kind == LaneKind::kBalanced) check_balanced(shape, geometry, weights);
  LaneProgram program{geometry.name, kind, shape, geometry.outputs, geometry.inputs(), 0, {}, {}};
  program.gather = kind == LaneKind::kDense ? gather_packed(geometry, shape.group)
                                            : gather_by_position(geometry, shape.group);
  program.groups = static_cast<int>(program.gather.size()) / shape.group;
  const auto inputs = static_cast<std::size_t>(program.inputs);
  for (int first = 0; first < geometry.outputs; first += shape.channels) {
    LaneTile tile{first, std::min(shape.channels, geometry.outputs - first), {}};
    for (int c = 0; c < shape.channels; ++c) {
      const OutputWeights row =
          c < tile.outputs ? weights.subspan(static_cast<std::size_t>(first + c) * inputs, inputs)
                           : OutputWeights{};
      tile.channels.push_back(kind == LaneKind::kDense ? encode_dense(program, row)
                                                       : encode_survivors(program, row));
    }
    program.tiles.push_back(std::move(tile));
  }
  return program;
}

bool is_balanced(const LaneShape& shape, const LayerGeometry& geometry,
                 std::span<const std::int8_t> weights) {
  check_size(geometry, weights);
  return !find_overfull(shape, geometry, weights);
}

std::int64_t storage_bits(const LaneProgram& program) {
  constexpr int kWeightBits = 8;
  const int index_bits = program.kind == LaneKind::kDense
                             ? 0
                             : std::bit_width(static_cast<unsigned>(program.shape.group) - 1U);
  const int flag_bits = program.kind == LaneKind::kSparse ? 1 : 0;
  std::int64_t beats = 0;
  for (const LaneTile& tile : program.tiles) {
    for (int c = 0; c < tile.outputs; ++c) {
      beats += static_cast<std::int64_t>(tile.channels[static_cast<std::size_t>(c)].beats());
    }
  }
  return beats * (program.shape.multipliers * (kWeightBits + index_bits) + flag_bits);
}

std::vector<std::uint8_t> gather_groups(const LaneProgram& program,
                                        std::span<const std::uint8_t> vector) {
  std::vector<std::uint8_t> acts;
  acts.reserve(program.gather.size());
  for (const std::int32_t input : program.gather) {
    acts.push_back(input < 0 ? std::uint8_t{0} : vector[static_cast<std::size_t>(input)]);
  }
  return acts;
}

}  // namespace crossloop::lanes
