#include "host/runtime/layer_errors.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>

#include "host/engine/adc.hpp"
#include "host/error.hpp"
#include "host/network/executor.hpp"
#include "host/runtime/digital_layers.hpp"
#include "host/runtime/gather.hpp"
#include "host/runtime/layers.hpp"

namespace crossloop::runtime {

using compiler::Deployment;
using compiler::Layer;
using compiler::LayerKind;
using compiler::TensorInfo;
using network::Shape;

namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

const TensorInfo& output_of(const Deployment& deployment, const Layer& layer) {
  return deployment.tensors.at(static_cast<std::size_t>(layer.output));
}

/// Element i of a layer's output in a batch of activations; the last layer's are the logits.
class OutputValues {
 public:
  OutputValues(const Deployment& deployment, int layer, const Activations& activations)
      : info_(output_of(deployment, deployment.layers[static_cast<std::size_t>(layer)])),
        bytes_(activations.tensors.at(
            static_cast<std::size_t>(deployment.layers[static_cast<std::size_t>(layer)].output))),
        logits_(is_last(deployment, layer) && bytes_.empty() ? &activations.logits : nullptr) {}

  std::size_t size() const { return logits_ != nullptr ? logits_->size() : bytes_.size(); }
  double real(std::size_t i) const {
    return real_of(logits_ != nullptr ? (*logits_)[i] : bytes_[i]);
  }
  double real_of(std::int32_t value) const { return info_.scale * (value - info_.zero); }

 private:
  const TensorInfo& info_;
  const std::vector<std::uint8_t>& bytes_;
  const std::vector<std::int32_t>* logits_;
};

/// Puts exact integers where finish_crossbar_layer() puts the chip's.
void put_output(const Deployment& deployment, int layer, std::vector<std::int32_t> values,
                Activations& activations) {
  const Layer& here = deployment.layers[static_cast<std::size_t>(layer)];
  if (is_last(deployment, layer)) {
    activations.logits = std::move(values);
    return;
  }
  auto& bytes = activations.tensors.at(static_cast<std::size_t>(here.output));
  bytes.resize(values.size());
  std::transform(values.begin(), values.end(), bytes.begin(),
                 [](std::int32_t value) { return static_cast<std::uint8_t>(value); });
}

/// The whole network in exact integers.
Activations run_exact(const Deployment& deployment, const data::Dataset& images, int first,
                      int count) {
  Activations activations = start_batch(deployment, images, first, count);
  for (int layer = 0; layer < static_cast<int>(deployment.layers.size()); ++layer) {
    if (deployment.layers[static_cast<std::size_t>(layer)].kind == LayerKind::kCrossbar) {
      put_output(deployment, layer, exact_layer(deployment, layer, activations), activations);
    } else {
      run_digital_layer(deployment, layer, activations);
    }
  }
  return activations;
}

}  // namespace

std::optional<double> SignalToError::decibel() const {
  if (silent() || exact()) return std::nullopt;
  return 10.0 * std::log10(signal / error);
}

std::int32_t exact_output(std::int64_t product, int unit_log2, const compiler::OutputScale& scale,
                          const compiler::OutputRange& range) {
  // acc = product / 2^unit_log2; both sides times 2^unit_log2 where that is above 1.
  const int down = std::max(0, unit_log2);
  const std::int64_t accumulator = product * (std::int64_t{1} << std::max(0, -unit_log2));
  const std::int64_t bias = std::int64_t{scale.bias} * (std::int64_t{1} << down);
  const int shift = scale.shift + down;
  const std::int64_t rounded =
      ((accumulator + bias) * scale.multiplier + engine::rounding_half(shift)) >> shift;
  return static_cast<std::int32_t>(
      std::clamp<std::int64_t>(rounded + range.zero, range.low, range.high));
}

std::vector<std::int64_t> layer_products(const Deployment& deployment, int layer,
                                         const Activations& activations) {
  const Layer& here = deployment.layers.at(static_cast<std::size_t>(layer));
  const auto windows = gather_windows(deployment, layer, activations);
  const Eigen::Index inputs = here.inputs_per_output, outputs = here.outputs;
  const auto count = static_cast<Eigen::Index>(windows.size()) / inputs;
  using Weights = Eigen::Matrix<std::int8_t, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using Bytes = Eigen::Matrix<std::uint8_t, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const RowMajor weights =
      Eigen::Map<const Weights>(here.weights.data(), outputs, inputs).cast<double>();
  const Eigen::Map<const Bytes> vectors(windows.data(), count, inputs);
  std::vector<std::int64_t> products;
  products.reserve(static_cast<std::size_t>(count * outputs));
  constexpr Eigen::Index kBlock = 256;
  for (Eigen::Index first = 0; first < count; first += kBlock) {
    const Eigen::Index rows = std::min(kBlock, count - first);
    // Exact: sums of products below 2^15 stay far below the 2^53 of a double.
    const RowMajor sums = vectors.middleRows(first, rows).cast<double>() * weights.transpose();
    for (Eigen::Index i = 0; i < sums.size(); ++i) {
      products.push_back(static_cast<std::int64_t>(sums.data()[i]));
    }
  }
  return products;
}

std::vector<std::int32_t> exact_layer(const Deployment& deployment, int layer,
                                      const Activations& activations) {
  const Layer& here = deployment.layers.at(static_cast<std::size_t>(layer));
  const auto products = layer_products(deployment, layer, activations);
  const int unit_log2 = std::ilogb(here.accumulator_unit);
  const auto outputs = static_cast<std::size_t>(here.outputs);
  std::vector<std::int32_t> values(products.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] =
        here.table(exact_output(products[i], unit_log2, here.scales[i % outputs], here.range));
  }
  return values;
}

LayerErrors::LayerErrors(const Deployment& deployment, const network::Network& network,
                         const data::Dataset& images)
    : deployment_(deployment), network_(network), images_(images) {
  network_.normalisation = deployment.normalisation;
  const auto shapes = network::infer_shapes(network_);
  for (std::size_t i = 0; i < deployment.layers.size(); ++i) {
    const TensorInfo& tensor = output_of(deployment, deployment.layers[i]);
    const auto found = shapes.find(tensor.name);
    if (found == shapes.end() || !(found->second == tensor.shape)) {
      throw InputError("network " + network.name + ": tensor " + tensor.name + " is " +
                       (found == shapes.end() ? "missing" : network::to_string(found->second)) +
                       ", layer " + deployment.layers[i].name + " of the deployment has it as " +
                       network::to_string(tensor.shape) + "; expected the model that was compiled");
    }
    layer_of_tensor_[tensor.name] = i;
    layers_.push_back({.layer = static_cast<int>(i), .name = deployment.layers[i].name});
  }
}

void LayerErrors::observe(const LayerEvent& event) {
  add_own(event);
  if (is_last(deployment_, event.layer)) add_batch(event);
}

void LayerErrors::add_own(const LayerEvent& event) {
  LayerError& error = layers_[static_cast<std::size_t>(event.layer)];
  const OutputValues found(deployment_, event.layer, *event.activations);
  if (event.counters == nullptr) {  // digital layers are exact
    for (std::size_t i = 0; i < found.size(); ++i) error.own.add(found.real(i), found.real(i));
    return;
  }
  error.counters += *event.counters;
  const auto exact = exact_layer(deployment_, event.layer, *event.activations);
  for (std::size_t i = 0; i < exact.size(); ++i) {
    error.own.add(found.real_of(exact[i]), found.real(i));
  }
}

void LayerErrors::add_batch(const LayerEvent& last) {
  const int count = last.activations->images;
  const Activations exact = run_exact(deployment_, images_, last.first_image, count);
  const auto compare = [&](const std::string& value, const Shape& shape, int images,
                           std::span<const float> content) {
    const auto found = layer_of_tensor_.find(value);
    if (found == layer_of_tensor_.end()) return;
    LayerError& error = layers_[found->second];
    const OutputValues integer(deployment_, error.layer, exact);
    const OutputValues chip(deployment_, error.layer, *last.activations);
    const auto channels = static_cast<std::size_t>(shape.channels);
    const auto positions = static_cast<std::size_t>(shape.height * shape.width);
    std::size_t i = 0;  // HWC
    for (std::size_t image = 0; image < static_cast<std::size_t>(images); ++image) {
      for (std::size_t position = 0; position < positions; ++position) {
        for (std::size_t c = 0; c < channels; ++c, ++i) {
          const double wanted = content[(image * channels + c) * positions + position];
          error.float_integer.add(wanted, integer.real(i));
          error.float_chip.add(wanted, chip.real(i));
          error.integer_chip.add(integer.real(i), chip.real(i));
        }
      }
    }
  };
  network::run(network_, network::normalise(network_, images_, last.first_image, count), count,
               compare);
}

int layer_errors_batch(const Deployment& deployment) {
  std::int64_t largest = 1;
  for (std::size_t i = 0; i < deployment.layers.size(); ++i) {
    const Layer& layer = deployment.layers[i];
    if (layer.kind != LayerKind::kCrossbar) continue;
    largest = std::max(largest, std::int64_t{positions_of(deployment, static_cast<int>(i))} *
                                    layer.inputs_per_output);
  }
  constexpr std::int64_t kWindowBytes = std::int64_t{256} << 20;
  return static_cast<int>(std::clamp<std::int64_t>(kWindowBytes / largest, 1, 64));
}

}  // namespace crossloop::runtime
