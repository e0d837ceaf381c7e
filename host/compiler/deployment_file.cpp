#include "host/compiler/deployment_file.hpp"

#include <cstdint>
#include <new>

#include "host/compiler/deployment_crossbars.hpp"
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
  visit("groups", layer.groups);
  visit("dense_crossbars", layer.dense_crossbars);
  visit("columns_per_vector", layer.columns_per_vector);
  visit("parts", layer.parts);
}

/// Writes and reads the fields of the visit_ functions.
auto attribute_writer(const Group& group) {
  return [&group](const char* name, std::int32_t value) { group.set(name, std::int64_t{value}); };
}
auto attribute_reader(const Group& group) {
  return [&group](const char* name, std::int32_t& value) { value = group.small_integer(name); };
}

constexpr std::size_t kCopyNumbers = 12;

/// Every copy in one row: start, step, count and offset by axis.
void write_copies(const Group& group, const std::vector<CopyPart>& copies) {
  Ints numbers;
  for (const CopyPart& part : copies) {
    for (const auto* axes : {&part.start, &part.step, &part.count, &part.offset}) {
      numbers.insert(numbers.end(), axes->begin(), axes->end());
    }
  }
  group.write("copies", std::span<const std::int32_t>(numbers), {copies.size(), kCopyNumbers});
}

/// `rows` copies.
std::vector<CopyPart> read_copies(const Group& group, std::size_t rows) {
  const Ints numbers = group.read<std::int32_t>("copies", {rows, kCopyNumbers});
  std::vector<CopyPart> copies(rows);
  auto number = numbers.begin();
  for (CopyPart& part : copies) {
    for (auto* axes : {&part.start, &part.step, &part.count, &part.offset}) {
      for (std::int32_t& axis : *axes) axis = *number++;
    }
  }
  return copies;
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
  group.set("ceil_mode", std::int64_t{layer.window.ceil_mode});
  group.set("mapping", std::int64_t{static_cast<std::int32_t>(layer.mapping)});
  group.write("silent_inputs", layer.silent_inputs);
  group.set("accumulator_unit", layer.accumulator_unit);
  group.set("has_batch_norm", std::int64_t{layer.has_batch_norm});
  group.set("bn_epsilon", layer.bn_epsilon);
  group.write("inputs", layer.inputs);
  write_copies(group, layer.copies);
  group.write("pad_values", layer.pad_values);
  group.write("table", layer.table.codes);
  group.set("table_scale", layer.table.scale);
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
  layer.window.ceil_mode = group.integer("ceil_mode") != 0;
  if (layer.outputs < 0 || layer.inputs_per_output < 0) {
    throw InputError(group.where("outputs") + ": negative size of the weights");
  }
  layer.mapping = static_cast<Mapping>(group.small_integer("mapping"));
  layer.silent_inputs = group.read<std::int32_t>("silent_inputs");
  layer.accumulator_unit = group.number("accumulator_unit");
  layer.has_batch_norm = group.integer("has_batch_norm") != 0;
  layer.bn_epsilon = group.number("bn_epsilon");
  layer.inputs = group.read<std::int32_t>("inputs");
  layer.copies = read_copies(group, layer.kind == LayerKind::kCopy ? layer.inputs.size() : 0);
  layer.pad_values = group.read<std::int32_t>("pad_values");
  layer.table.codes = group.read<std::uint8_t>("table");
  layer.table.scale = group.number("table_scale");
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

void write_passes(const Group& group, const std::vector<PassReport>& passes) {
  for (std::size_t i = 0; i < passes.size(); ++i) {
    const Group pass = group.create_group(numbered(i));
    pass.set("name", passes[i].name);
    pass.set("before", std::int64_t{passes[i].before});
    pass.set("after", std::int64_t{passes[i].after});
  }
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
  deployment.tile.encoding = static_cast<Encoding>(tile.small_integer("encoding"));
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
  const Group passes = root.open_group("passes");
  for (std::size_t i = 0; passes.has(numbered(i)); ++i) {
    const Group pass = passes.open_group(numbered(i));
    deployment.passes.push_back(
        {pass.text("name"), pass.small_integer("before"), pass.small_integer("after")});
  }
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
    tile.set("encoding", std::int64_t{static_cast<std::int32_t>(deployment.tile.encoding)});
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
    write_passes(root.create_group("passes"), deployment.passes);
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
