#include "host/compiler/deployment_file.hpp"

#include <cstdint>
#include <functional>
#include <new>
#include <numeric>

#include "host/error.hpp"
#include "host/files.hpp"
#include "host/hdf5.hpp"

namespace crossloop::compiler {
namespace {

using hdf5::Dimensions;
using hdf5::Group;
using Ints = std::vector<std::int32_t>;

constexpr const char* kVersionAttribute = "crossloop.deployment_version";

std::string numbered(std::size_t index) {
  std::string digits = std::to_string(index);
  digits.insert(0, digits.size() < 4 ? 4 - digits.size() : 0, '0');
  return digits;
}

hsize_t dimension(std::int32_t size) { return static_cast<hsize_t>(size); }

// Fields that are one integer each, by name, so that writing and reading share one list.

template <class Tile, class Visit>
void visit_tile(Tile& tile, Visit visit) {
  visit("rows", tile.rows);
  visit("columns", tile.columns);
  visit("input_bits", tile.input_bits);
  visit("weight_bits", tile.weight_bits);
  visit("adc_bits", tile.adc_bits);
  visit("cell_bits", tile.code.cell_bits);
  visit("code_bits", tile.code.bits);
  visit("fraction_bits", tile.code.fraction_bits);
  visit("reference", tile.code.reference);
}

template <class AnyWindow, class Visit>
void visit_window(AnyWindow& window, Visit visit) {
  visit("kernel_h", window.kernel_h);
  visit("kernel_w", window.kernel_w);
  visit("stride_h", window.stride_h);
  visit("stride_w", window.stride_w);
  visit("pad_top", window.pad_top);
  visit("pad_left", window.pad_left);
  visit("pad_bottom", window.pad_bottom);
  visit("pad_right", window.pad_right);
  visit("dilation_h", window.dilation_h);
  visit("dilation_w", window.dilation_w);
}

template <class AnyLayer, class Visit>
void visit_layer(AnyLayer& layer, Visit visit) {
  visit("output", layer.output);
  visit_window(layer.window, visit);
  visit("range_zero", layer.range.zero);
  visit("range_low", layer.range.low);
  visit("range_high", layer.range.high);
  visit("add_zero_a", layer.add.zero_a);
  visit("add_zero_b", layer.add.zero_b);
  visit("add_multiplier_a", layer.add.multiplier_a);
  visit("add_multiplier_b", layer.add.multiplier_b);
  visit("add_shift", layer.add.shift);
  visit("outputs", layer.outputs);
  visit("inputs_per_output", layer.inputs_per_output);
}

/// The integer fields of a column, each of which is one data set over all columns of the file.
struct ColumnField {
  const char* name;
  std::int32_t ColumnSetting::*member;
};
constexpr ColumnField kColumnFields[] = {{"output", &ColumnSetting::output},
                                         {"slice", &ColumnSetting::slice},
                                         {"left_shift", &ColumnSetting::left_shift},
                                         {"reference", &ColumnSetting::reference},
                                         {"sigma", &ColumnSetting::sigma},
                                         {"gain", &ColumnSetting::gain},
                                         {"offset", &ColumnSetting::offset},
                                         {"shift", &ColumnSetting::shift},
                                         {"bits", &ColumnSetting::bits},
                                         {"zero_code", &ColumnSetting::zero_code}};

/// Writes and reads the fields of the visit_ functions.
auto attribute_writer(const Group& group) {
  return [&group](const char* name, std::int32_t value) { group.set(name, std::int64_t{value}); };
}
auto attribute_reader(const Group& group) {
  return [&group](const char* name, std::int32_t& value) { value = group.small_integer(name); };
}

void write_tensor(const Group& group, const TensorInfo& tensor) {
  group.set("name", tensor.name);
  group.set("channels", std::int64_t{tensor.shape.channels});
  group.set("height", std::int64_t{tensor.shape.height});
  group.set("width", std::int64_t{tensor.shape.width});
  group.set("scale", tensor.scale);
  group.set("zero", std::int64_t{tensor.zero});
}

TensorInfo read_tensor(const Group& group) {
  TensorInfo tensor;
  tensor.name = group.text("name");
  tensor.shape.channels = group.small_integer("channels");
  tensor.shape.height = group.small_integer("height");
  tensor.shape.width = group.small_integer("width");
  tensor.scale = group.number("scale");
  tensor.zero = group.small_integer("zero");
  return tensor;
}

void write_layer(const Group& group, const Layer& layer) {
  group.set("name", layer.name);
  group.set("kind", std::int64_t{static_cast<std::int32_t>(layer.kind)});
  visit_layer(layer, attribute_writer(group));
  group.set("accumulator_unit", layer.accumulator_unit);
  group.set("has_batch_norm", std::int64_t{layer.has_batch_norm});
  group.set("bn_epsilon", layer.bn_epsilon);
  group.write("inputs", layer.inputs);
  group.write("pad_values", layer.pad_values);
  Ints scales;
  for (const OutputScale& s : layer.scales) {
    scales.insert(scales.end(), {s.bias, s.multiplier, s.shift});
  }
  group.write("scales", std::span<const std::int32_t>(scales), {layer.scales.size(), 3});
  group.write("crossbars", layer.crossbars);
  group.write("weights", std::span<const std::int8_t>(layer.weights),
              {dimension(layer.outputs), dimension(layer.inputs_per_output)});
  group.write("weight_scale", layer.weight_scale);
  group.write("affine_gain", layer.affine_gain);
  group.write("affine_offset", layer.affine_offset);
  group.write("bn_gamma", layer.bn_gamma);
  group.write("bn_beta", layer.bn_beta);
  group.write("bn_sign", layer.bn_sign);
}

Layer read_layer(const Group& group) {
  Layer layer;
  layer.name = group.text("name");
  layer.kind = static_cast<LayerKind>(group.small_integer("kind"));
  visit_layer(layer, attribute_reader(group));
  if (layer.outputs < 0 || layer.inputs_per_output < 0) {
    throw InputError(group.where("outputs") + ": negative size of the weights");
  }
  layer.accumulator_unit = group.number("accumulator_unit");
  layer.has_batch_norm = group.integer("has_batch_norm") != 0;
  layer.bn_epsilon = group.number("bn_epsilon");
  layer.inputs = group.read<std::int32_t>("inputs");
  layer.pad_values = group.read<std::int32_t>("pad_values");
  // One row per channel of a crossbar layer, one for an average pool, none otherwise.
  const hsize_t rows = layer.kind == LayerKind::kCrossbar      ? dimension(layer.outputs)
                       : layer.kind == LayerKind::kAveragePool ? 1
                                                               : 0;
  const Ints scales = group.read<std::int32_t>("scales", {rows, 3});
  for (std::size_t i = 0; i < scales.size(); i += 3) {
    layer.scales.push_back({scales[i], scales[i + 1], scales[i + 2]});
  }
  layer.crossbars = group.read<std::int32_t>("crossbars");
  layer.weights = group.read<std::int8_t>(
      "weights", {dimension(layer.outputs), dimension(layer.inputs_per_output)});
  layer.weight_scale = group.read<double>("weight_scale");
  layer.affine_gain = group.read<double>("affine_gain");
  layer.affine_offset = group.read<double>("affine_offset");
  layer.bn_gamma = group.read<double>("bn_gamma");
  layer.bn_beta = group.read<double>("bn_beta");
  layer.bn_sign = group.read<std::int8_t>("bn_sign");
  return layer;
}

void write_columns(const Group& group, const std::vector<ColumnSetting>& columns) {
  for (const ColumnField& field : kColumnFields) {
    Ints values;
    values.reserve(columns.size());
    for (const ColumnSetting& column : columns) values.push_back(column.*field.member);
    group.write(field.name, values);
  }
  std::vector<std::uint8_t> negative;
  negative.reserve(columns.size());
  for (const ColumnSetting& column : columns) negative.push_back(column.negative ? 1 : 0);
  group.write("negative", negative);
}

std::vector<ColumnSetting> read_columns(const Group& group, std::size_t count) {
  std::vector<ColumnSetting> columns(count);
  for (const ColumnField& field : kColumnFields) {
    const Ints values = group.read<std::int32_t>(field.name, {count});
    for (std::size_t i = 0; i < count; ++i) columns[i].*field.member = values[i];
  }
  const auto negative = group.read<std::uint8_t>("negative", {count});
  for (std::size_t i = 0; i < count; ++i) {
    if (negative[i] > 1) {
      throw InputError(group.where("negative") + ": found " + std::to_string(negative[i]) +
                       ", expected 0 or 1");
    }
    columns[i].negative = negative[i] == 1;
  }
  return columns;
}

/// All crossbars as flat arrays, cut by their numbers of rows and columns.
void write_crossbars(const Group& group, const std::vector<Crossbar>& crossbars) {
  Ints layer, band, row_count, column_count, rows;
  std::vector<ColumnSetting> columns;
  std::vector<std::uint8_t> levels;
  for (const Crossbar& crossbar : crossbars) {
    layer.push_back(crossbar.layer);
    band.push_back(crossbar.band);
    row_count.push_back(crossbar.row_count());
    column_count.push_back(crossbar.column_count());
    const PageTables& tables = crossbar.tables;
    rows.insert(rows.end(), tables.rows.begin(), tables.rows.end());
    columns.insert(columns.end(), tables.columns.begin(), tables.columns.end());
    levels.insert(levels.end(), crossbar.levels.begin(), crossbar.levels.end());
  }
  group.write("layer", layer);
  group.write("band", band);
  group.write("row_count", row_count);
  group.write("column_count", column_count);
  group.write("rows", rows);
  group.write("levels", levels);
  write_columns(group.create_group("columns"), columns);
}

/// Sums sizes that must each be 1..512, so that the cuts below stay inside the arrays.
std::size_t checked_sum(const Group& group, const char* name, const Ints& sizes) {
  std::size_t sum = 0;
  for (const std::int32_t size : sizes) {
    if (size < 1 || size > 512) {
      throw InputError(group.where(name) + ": found " + std::to_string(size) +
                       ", expected 1 to 512");
    }
    sum += static_cast<std::size_t>(size);
  }
  return sum;
}

std::vector<Crossbar> read_crossbars(const Group& group) {
  const Ints layer = group.read<std::int32_t>("layer");
  const hsize_t count = layer.size();
  const Ints band = group.read<std::int32_t>("band", {count});
  const Ints row_count = group.read<std::int32_t>("row_count", {count});
  const Ints column_count = group.read<std::int32_t>("column_count", {count});
  const std::size_t row_sum = checked_sum(group, "row_count", row_count);
  const std::size_t column_sum = checked_sum(group, "column_count", column_count);
  const std::size_t cells = std::inner_product(
      row_count.begin(), row_count.end(), column_count.begin(), std::size_t{0}, std::plus<>(),
      [](std::int32_t r, std::int32_t c) { return std::size_t(r) * std::size_t(c); });
  const Ints rows = group.read<std::int32_t>("rows", {row_sum});
  const auto levels = group.read<std::uint8_t>("levels", {cells});
  const auto columns = read_columns(group.open_group("columns"), column_sum);
  auto row = rows.begin();
  auto column = columns.begin();
  auto level = levels.begin();
  std::vector<Crossbar> crossbars(layer.size());
  for (std::size_t i = 0; i < crossbars.size(); ++i) {
    Crossbar& crossbar = crossbars[i];
    crossbar.layer = layer[i];
    crossbar.band = band[i];
    crossbar.tables.rows.assign(row, row + row_count[i]);
    crossbar.tables.columns.assign(column, column + column_count[i]);
    crossbar.levels.assign(level, level + std::ptrdiff_t{row_count[i]} * column_count[i]);
    row += row_count[i];
    column += column_count[i];
    level += std::ptrdiff_t{row_count[i]} * column_count[i];
  }
  return crossbars;
}

void check_version(const Group& root) {
  if (!root.has_attribute(kVersionAttribute)) {
    throw InputError(root.where(kVersionAttribute) +
                     ": attribute is missing, this is not a deployment");
  }
  const std::int64_t version = root.integer(kVersionAttribute);
  if (version != kDeploymentVersion) {
    throw InputError(root.where(kVersionAttribute) + ": found version " + std::to_string(version) +
                     ", expected " + std::to_string(kDeploymentVersion) +
                     "; compile the network again with this program");
  }
}

Deployment read_content(const Group& root) {
  check_version(root);
  Deployment deployment;
  deployment.network = root.text("network");
  deployment.device = root.text("device");
  deployment.classes = root.small_integer("classes");
  const Group tile = root.open_group("tile");
  visit_tile(deployment.tile, attribute_reader(tile));
  deployment.normalisation.mean = root.read<float>("mean");
  deployment.normalisation.std = root.read<float>("std");
  const Group tensors = root.open_group("tensors");
  for (std::size_t i = 0; tensors.has(numbered(i)); ++i) {
    deployment.tensors.push_back(read_tensor(tensors.open_group(numbered(i))));
  }
  const Group layers = root.open_group("layers");
  for (std::size_t i = 0; layers.has(numbered(i)); ++i) {
    deployment.layers.push_back(read_layer(layers.open_group(numbered(i))));
  }
  deployment.crossbars = read_crossbars(root.open_group("crossbars"));
  return deployment;
}

/// validate() whose message names the file.
void validate_in(const std::filesystem::path& path, const Deployment& deployment) {
  try {
    validate(deployment);
  } catch (const InputError& error) {
    throw InputError(path.string() + ": " + error.what());
  }
}

}  // namespace

void write_deployment(const Deployment& deployment, const std::filesystem::path& path) {
  const hdf5::SilencedErrors silenced;
  write_atomically(path, [&deployment](const std::filesystem::path& temporary) {
    const Group root = hdf5::create_file(temporary);
    root.set(kVersionAttribute, std::int64_t{kDeploymentVersion});
    root.set("network", deployment.network);
    root.set("device", deployment.device);
    root.set("classes", std::int64_t{deployment.classes});
    const Group tile = root.create_group("tile");
    visit_tile(deployment.tile, attribute_writer(tile));
    root.write("mean", deployment.normalisation.mean);
    root.write("std", deployment.normalisation.std);
    const Group tensors = root.create_group("tensors");
    for (std::size_t i = 0; i < deployment.tensors.size(); ++i) {
      write_tensor(tensors.create_group(numbered(i)), deployment.tensors[i]);
    }
    const Group layers = root.create_group("layers");
    for (std::size_t i = 0; i < deployment.layers.size(); ++i) {
      write_layer(layers.create_group(numbered(i)), deployment.layers[i]);
    }
    write_crossbars(root.create_group("crossbars"), deployment.crossbars);
    root.flush();
  });
}

Deployment read_deployment(const std::filesystem::path& path) {
  const hdf5::SilencedErrors silenced;
  const Group root = hdf5::open_file(path);
  try {
    Deployment deployment = read_content(root);
    validate_in(path, deployment);
    return deployment;
  } catch (const std::bad_alloc&) {
    throw InputError(path.string() + ": larger than the memory");
  } catch (const std::length_error&) {
    throw InputError(path.string() + ": larger than the memory");
  }
}

}  // namespace crossloop::compiler
