// The consistency of a deployment: nothing behind this check indexes or shifts out of range.
#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "host/compiler/deployment_file.hpp"
#include "host/compiler/mapping.hpp"
#include "host/compiler/tile.hpp"
#include "host/error.hpp"

namespace crossloop::compiler {
namespace {

/// Refuses with "WHERE: FIELD is FOUND, expected LOW to HIGH".
struct Place {
  std::string where;

  void in_range(const char* field, std::int64_t found, std::int64_t low, std::int64_t high) const {
    if (found >= low && found <= high) return;
    fail(field, std::to_string(found), std::to_string(low) + " to " + std::to_string(high));
  }
  void equal(const char* field, std::size_t found, std::size_t expected) const {
    if (found != expected) fail(field, std::to_string(found), std::to_string(expected));
  }
  void finite(const char* field, double found, bool allow_zero, bool allow_negative) const {
    const bool sign = found > 0.0 || (found == 0.0 && allow_zero) || (found < 0 && allow_negative);
    if (std::isfinite(found) && sign) return;
    fail(field, std::to_string(found),
         allow_negative ? "a finite number" : "a finite number " + bound(allow_zero));
  }
  void holds(bool condition, const std::string& message) const {
    if (!condition) throw InputError(where + ": " + message);
  }
  [[noreturn]] void fail(const char* field, const std::string& found,
                         const std::string& expected) const {
    throw InputError(where + ": " + field + " is " + found + ", expected " + expected);
  }
  static std::string bound(bool allow_zero) { return allow_zero ? "from 0" : "above 0"; }
};

void check_shape(const Place& place, const network::Shape& shape) {
  constexpr int kLargestSide = 1 << 16;
  place.in_range("channels", shape.channels, 1, 1 << 20);
  place.in_range("height", shape.height, 1, kLargestSide);
  place.in_range("width", shape.width, 1, kLargestSide);
}

void check_tensors(const Deployment& deployment) {
  Place{"deployment"}.equal("number of tensors", deployment.tensors.size(),
                            deployment.layers.size() + 1);
  for (std::size_t i = 0; i < deployment.tensors.size(); ++i) {
    const TensorInfo& tensor = deployment.tensors[i];
    const Place place{"tensor " + std::to_string(i) + " '" + tensor.name + "'"};
    check_shape(place, tensor.shape);
    place.finite("scale", tensor.scale, false, false);
    place.in_range("zero point", tensor.zero, 0, 255);
  }
}

void check_window(const Place& place, const network::Window& window, const network::Shape& input,
                  const network::Shape& output) {
  constexpr int kLargest = 1 << 12;
  for (const int size : {window.kernel_h, window.kernel_w, window.stride_h, window.stride_w,
                         window.dilation_h, window.dilation_w}) {
    place.in_range("kernel, stride or dilation", size, 1, kLargest);
  }
  for (const int pad : {window.pad_top, window.pad_left, window.pad_bottom, window.pad_right}) {
    place.in_range("padding", pad, 0, kLargest);
  }
  place.in_range("output height", output.height, window.out_height(input.height),
                 window.out_height(input.height));
  place.in_range("output width", output.width, window.out_width(input.width),
                 window.out_width(input.width));
}

void check_scales(const Place& place, const Layer& layer, std::size_t expected) {
  place.equal("number of output scales", layer.scales.size(), expected);
  for (const OutputScale& scale : layer.scales) {
    place.in_range("output multiplier", scale.multiplier, 0, 0xFFFF);
    place.in_range("output shift", scale.shift, 0, 47);
  }
}

void check_channel_terms(const Place& place, const Layer& layer) {
  const auto outputs = static_cast<std::size_t>(layer.outputs);
  place.equal("number of weight scales", layer.weight_scale.size(), outputs);
  for (const double scale : layer.weight_scale) place.finite("weight scale", scale, false, false);
  place.equal("number of affine gains", layer.affine_gain.size(), outputs);
  for (const double gain : layer.affine_gain) place.finite("affine gain", gain, true, false);
  place.equal("number of affine offsets", layer.affine_offset.size(), outputs);
  for (const double offset : layer.affine_offset) place.finite("affine offset", offset, true, true);
  const std::size_t norms = layer.has_batch_norm ? outputs : 0;
  place.equal("number of gammas", layer.bn_gamma.size(), norms);
  for (const double gamma : layer.bn_gamma) place.finite("gamma", gamma, true, false);
  place.equal("number of betas", layer.bn_beta.size(), norms);
  for (const double beta : layer.bn_beta) place.finite("beta", beta, true, true);
  place.equal("number of gamma signs", layer.bn_sign.size(), norms);
  for (const std::int8_t sign : layer.bn_sign) place.in_range("sign of gamma", sign, -1, 1);
  place.finite("batch norm epsilon", layer.bn_epsilon, true, false);
  place.finite("accumulator unit", layer.accumulator_unit, false, false);
}

void check_mapping(const Place& place, const Layer& layer, const network::Shape& input,
                   const network::Shape& output) {
  place.in_range("mapping", static_cast<std::int32_t>(layer.mapping), 0, 1);
  place.in_range("groups", layer.groups, 1, input.channels);
  place.in_range("dense crossbars", layer.dense_crossbars, 1, std::int64_t{1} << 30);
  const bool folded = layer.mapping == Mapping::kFolded;
  place.in_range("columns per vector", layer.columns_per_vector, 1, folded ? 1 : output.width);
  const int slices = (output.width + layer.columns_per_vector - 1) / layer.columns_per_vector;
  if (folded) {
    place.in_range("parts", layer.parts, 1, std::int64_t{output.height} * output.width);
  } else {
    place.in_range("parts", layer.parts, slices, slices);
  }
  std::int32_t previous = -1;
  for (const std::int32_t channel : layer.silent_inputs) {
    place.in_range("silent input", channel, previous + 1, input.channels - 1);
    previous = channel;
  }
}

void check_crossbar_layer(const Place& place, const Deployment& deployment, const Layer& layer) {
  const network::Shape& input = deployment.tensors[std::size_t(layer.inputs[0])].shape;
  const network::Shape& output = deployment.tensors[std::size_t(layer.output)].shape;
  const std::int64_t taps = std::int64_t{layer.window.kernel_h} * layer.window.kernel_w;
  check_mapping(place, layer, input, output);
  place.in_range("outputs", layer.outputs, output.channels, output.channels);
  place.in_range("inputs per output", layer.inputs_per_output, taps * input.channels,
                 taps * input.channels);
  place.equal(
      "number of weights", layer.weights.size(),
      static_cast<std::size_t>(layer.outputs) * static_cast<std::size_t>(layer.inputs_per_output));
  const int limit = deployment.tile.weight_limit();
  for (const std::int8_t weight : layer.weights) place.in_range("weight", weight, -limit, limit);
  place.equal("number of pad values", layer.pad_values.size(),
              static_cast<std::size_t>(input.channels));
  for (const std::int32_t pad : layer.pad_values) place.in_range("pad value", pad, 0, 255);
  check_scales(place, layer, static_cast<std::size_t>(layer.outputs));
  check_channel_terms(place, layer);
}

void check_inputs(const Place& place, const Layer& layer, std::int64_t made) {
  if (layer.kind == LayerKind::kCopy) {
    place.in_range("number of inputs", static_cast<std::int64_t>(layer.inputs.size()), 1, 1 << 16);
  } else {
    place.equal("number of inputs", layer.inputs.size(), layer.kind == LayerKind::kAdd ? 2 : 1);
  }
  for (const std::int32_t input : layer.inputs) place.in_range("input tensor", input, 0, made);
  place.equal("number of copies", layer.copies.size(),
              layer.kind == LayerKind::kCopy ? layer.inputs.size() : 0);
}

void check_copy(const Place& place, const Deployment& deployment, const Layer& layer) {
  const TensorInfo& output = deployment.tensors[std::size_t(layer.output)];
  place.in_range("zero point", layer.range.zero, output.zero, output.zero);
  const std::array to = {output.shape.channels, output.shape.height, output.shape.width};
  for (std::size_t i = 0; i < layer.copies.size(); ++i) {
    const TensorInfo& input = deployment.tensors[std::size_t(layer.inputs[i])];
    place.holds(input.scale == output.scale && input.zero == output.zero,
                "tensor '" + input.name + "' has another scale or zero point than the copy");
    const std::array from = {input.shape.channels, input.shape.height, input.shape.width};
    const CopyPart& part = layer.copies[i];
    for (std::size_t axis = 0; axis < from.size(); ++axis) {
      place.in_range("offset of a copy", part.offset[axis], 0, to[axis] - 1);
      place.in_range("count of a copy", part.count[axis], 1, to[axis] - part.offset[axis]);
      place.in_range("start of a copy", part.start[axis], 0, from[axis] - 1);
      place.in_range("step of a copy", part.step[axis], -(1 << 20), 1 << 20);
      place.in_range("last element of a copy",
                     part.start[axis] + std::int64_t{part.step[axis]} * (part.count[axis] - 1), 0,
                     from[axis] - 1);
    }
  }
}

void check_add(const Place& place, const Deployment& deployment, const Layer& layer) {
  for (const std::int32_t input : layer.inputs) {
    place.holds(deployment.tensors[std::size_t(input)].shape ==
                    deployment.tensors[std::size_t(layer.output)].shape,
                "the shapes of an Add differ");
  }
  place.in_range("multiplier a", layer.add.multiplier_a, 0, 0xFFFF);
  place.in_range("multiplier b", layer.add.multiplier_b, 0, 0xFFFF);
  place.in_range("shift", layer.add.shift, 0, 47);
  place.in_range("zero a", layer.add.zero_a, 0, 255);
  place.in_range("zero b", layer.add.zero_b, 0, 255);
}

/// Only layers whose codes meet a clamp to 8 bits have a table; what the clamp lets through is in
/// it.
void check_table(const Place& place, const Layer& layer, bool last) {
  if (layer.table.codes.empty()) return;
  place.holds(layer.kind == LayerKind::kCrossbar || layer.kind == LayerKind::kAdd,
              "an output table, expected none: a layer of this kind passes no clamp");
  place.holds(!last, "an output table, expected none: it makes logits");
  place.equal("number of table entries", layer.table.codes.size(), kTableEntries);
  place.finite("scale of the table", layer.table.scale, false, false);
  place.in_range("zero point of the table", layer.range.zero, 0, kTableEntries - 1);
}

void check_layer(const Deployment& deployment, std::size_t index) {
  const Layer& layer = deployment.layers[index];
  const Place place{"layer " + std::to_string(index) + " '" + layer.name + "'"};
  place.in_range("kind", static_cast<std::int32_t>(layer.kind), 0, 4);
  const auto made = static_cast<std::int64_t>(index);  // layer i makes tensor i + 1
  check_inputs(place, layer, made);
  place.in_range("output tensor", layer.output, made + 1, made + 1);
  place.holds(layer.range.low <= layer.range.high, "the lower rail is above the upper one");
  const bool last = index + 1 == deployment.layers.size();
  if (!last) {
    place.in_range("lower rail", layer.range.low, 0, 255);
    place.in_range("upper rail", layer.range.high, 0, 255);
  }
  check_table(place, layer, last);
  if (layer.kind == LayerKind::kAdd) return check_add(place, deployment, layer);
  if (layer.kind == LayerKind::kCopy) return check_copy(place, deployment, layer);
  const network::Shape& output = deployment.tensors[std::size_t(layer.output)].shape;
  const network::Shape& input = deployment.tensors[std::size_t(layer.inputs[0])].shape;
  check_window(place, layer.window, input, output);
  if (layer.kind == LayerKind::kCrossbar) {
    check_crossbar_layer(place, deployment, layer);
    return;
  }
  place.in_range("channels", output.channels, input.channels, input.channels);
  check_scales(place, layer, layer.kind == LayerKind::kAveragePool ? 1 : 0);
}

void check_column(const Place& place, const Deployment& deployment, const Layer& layer,
                  const ColumnSetting& column) {
  const int units = deployment.tile.unit_columns() * static_cast<int>(layer.crossbars.size());
  place.in_range("column output", column.output, 0, accumulators_of(layer) + units - 1);
  place.in_range("column slice", column.slice, 0, deployment.tile.slices() - 1);
  place.in_range("column left shift", column.left_shift, 0, 23);
  place.in_range("column reference", column.reference, 0, deployment.tile.code.code_limit());
  place.in_range("column sigma", column.sigma, 0, 0xFFFF);
  place.in_range("column gain", column.gain, 0, 0xFFFF);
  place.in_range("column shift", column.shift, 0, 31);
  place.in_range("column ADC bits", column.bits, 1, 12);
  place.in_range("column zero code", column.zero_code, 0, (1 << column.bits) - 1);
}

/// Under the offset encoding the last column is the unit column, and no other one is.
void check_unit_column(const Place& place, const TileFormat& tile, const Layer& layer,
                       const Crossbar& crossbar) {
  const int accumulators = accumulators_of(layer);
  const auto& columns = crossbar.tables.columns;
  for (std::size_t j = 0; j < columns.size(); ++j) {
    const bool unit = tile.encoding == Encoding::kOffset && j + 1 == columns.size();
    place.holds((columns[j].output >= accumulators) == unit,
                "column " + std::to_string(j) +
                    (unit ? " is not the unit column" : " is a unit column, expected a weight"));
  }
  place.holds(tile.encoding == Encoding::kOffset || crossbar.unit_terms.empty(),
              "unit terms without a unit column");
  for (const UnitTerm& term : crossbar.unit_terms) {
    place.in_range("accumulator of a unit term", term.accumulator, 0, accumulators - 1);
    place.in_range("factor of a unit term", term.factor, -(1 << 8), 1 << 9);
  }
}

void check_crossbar(const Deployment& deployment, std::size_t id) {
  const Crossbar& crossbar = deployment.crossbars[id];
  const Place place{"crossbar " + std::to_string(id)};
  place.in_range("layer", crossbar.layer, 0,
                 static_cast<std::int64_t>(deployment.layers.size()) - 1);
  const Layer& layer = deployment.layers[static_cast<std::size_t>(crossbar.layer)];
  place.holds(layer.kind == LayerKind::kCrossbar, "its layer '" + layer.name + "' has no weights");
  place.in_range("part", crossbar.part, 0, layer.parts - 1);
  place.in_range("band", crossbar.band, 0, vector_inputs(layer) - 1);
  place.in_range("rows", crossbar.row_count(), 1, deployment.tile.rows);
  place.in_range("columns", crossbar.column_count(), 1, deployment.tile.columns);
  for (const std::int32_t row : crossbar.tables.rows) {
    place.in_range("row", row, 0, vector_inputs(layer) - 1);
  }
  for (const ColumnSetting& column : crossbar.tables.columns) {
    check_column(place, deployment, layer, column);
  }
  check_unit_column(place, deployment.tile, layer, crossbar);
  place.equal("number of levels", crossbar.levels.size(),
              crossbar.tables.rows.size() * crossbar.tables.columns.size());
  const int top = deployment.tile.code.levels() - 1;
  for (const std::uint8_t level : crossbar.levels) place.in_range("level", level, 0, top);
}

/// Every crossbar belongs to the layer that lists it, and is listed once.
void check_ownership(const Deployment& deployment) {
  std::vector<int> listed(deployment.crossbars.size());
  for (std::size_t i = 0; i < deployment.layers.size(); ++i) {
    const Place place{"layer " + std::to_string(i) + " '" + deployment.layers[i].name + "'"};
    for (const std::int32_t id : deployment.layers[i].crossbars) {
      place.in_range("crossbar id", id, 0, static_cast<std::int64_t>(listed.size()) - 1);
      const Crossbar& crossbar = deployment.crossbars[static_cast<std::size_t>(id)];
      place.equal("layer of a listed crossbar", static_cast<std::size_t>(crossbar.layer), i);
      listed[static_cast<std::size_t>(id)] += 1;
    }
  }
  const auto wrong = std::find_if(listed.begin(), listed.end(), [](int n) { return n != 1; });
  if (wrong != listed.end()) {
    throw InputError("crossbar " + std::to_string(wrong - listed.begin()) + ": listed by " +
                     std::to_string(*wrong) + " layers, expected 1");
  }
}

}  // namespace

void validate(const Deployment& deployment) {
  check_tile(deployment.tile);
  const Place place{"deployment"};
  place.holds(!deployment.layers.empty(), "no layers, expected at least one");
  check_tensors(deployment);
  for (std::size_t i = 0; i < deployment.layers.size(); ++i) check_layer(deployment, i);
  for (std::size_t id = 0; id < deployment.crossbars.size(); ++id) check_crossbar(deployment, id);
  check_ownership(deployment);
  for (const Layer& layer : deployment.layers) {
    if (layer.kind == LayerKind::kCrossbar) check_overflow(deployment, layer);
  }
  const network::Shape& logits = deployment.tensors.back().shape;
  place.in_range("classes", deployment.classes, logits.size(), logits.size());
  const auto channels = static_cast<std::size_t>(deployment.tensors.front().shape.channels);
  for (const auto* values : {&deployment.normalisation.mean, &deployment.normalisation.std}) {
    if (!values->empty()) place.equal("length of the normalisation", values->size(), channels);
  }
  for (const float mean : deployment.normalisation.mean) place.finite("mean", mean, true, true);
  for (const float std : deployment.normalisation.std) place.finite("std", std, false, false);
}

}  // namespace crossloop::compiler
