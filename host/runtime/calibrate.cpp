#include "host/runtime/calibrate.hpp"

#include <algorithm>
#include <cmath>

#include "host/compiler/mapping.hpp"
#include "host/progress.hpp"
#include "host/runtime/digital_layers.hpp"
#include "host/runtime/engine_backend.hpp"
#include "host/runtime/gather.hpp"

namespace crossloop::runtime {

using compiler::Deployment;
using compiler::Layer;
using compiler::LayerKind;

namespace {

/// Mean and variance of each channel's real pre-activation, zero point taken off.
struct ChannelMoments {
  std::vector<double> mean, variance;
};

/// sum_k w_q * pad value: the part of the integer product that the input's zero point makes.
std::vector<double> zero_point_product(const Layer& layer) {
  const std::size_t inputs = static_cast<std::size_t>(layer.inputs_per_output);
  const std::size_t taps = static_cast<std::size_t>(layer.window.kernel_h * layer.window.kernel_w);
  std::vector<double> products(static_cast<std::size_t>(layer.outputs), 0.0);
  for (std::size_t i = 0; i < layer.weights.size(); ++i) {
    products[i / inputs] +=
        static_cast<double>(layer.weights[i]) * layer.pad_values[i % inputs / taps];
  }
  return products;
}

ChannelMoments moments_of(const Deployment& deployment, const Layer& layer,
                          std::span<const std::int32_t> accumulators) {
  const std::size_t outputs = static_cast<std::size_t>(layer.outputs);
  const double count = static_cast<double>(accumulators.size() / outputs);
  std::vector<double> sum(outputs, 0.0), square(outputs, 0.0);
  for (std::size_t i = 0; i < accumulators.size(); ++i) {
    const double value = accumulators[i];
    sum[i % outputs] += value;
    square[i % outputs] += value * value;
  }
  const auto zero_point = zero_point_product(layer);
  const double input_scale = deployment.tensors[static_cast<std::size_t>(layer.inputs[0])].scale;
  ChannelMoments moments;
  for (std::size_t o = 0; o < outputs; ++o) {
    const double unit = input_scale * layer.weight_scale[o];
    const double mean = sum[o] / count;
    const double variance = std::max(0.0, square[o] / count - mean * mean);
    const double scale = unit * layer.accumulator_unit;
    moments.mean.push_back(mean * scale - zero_point[o] * unit);
    moments.variance.push_back(variance * scale * scale);
  }
  return moments;
}

/// Mean of the exact integer product on a sample, as real pre-activation.
std::vector<double> ideal_mean(const Deployment& deployment, const Layer& layer,
                               std::span<const std::uint8_t> windows) {
  const std::size_t inputs = static_cast<std::size_t>(layer.inputs_per_output);
  const std::size_t count = windows.size() / inputs;
  std::vector<double> mean_input(inputs, 0.0);
  for (std::size_t i = 0; i < windows.size(); ++i) {
    mean_input[i % inputs] += windows[i] / static_cast<double>(count);
  }
  const auto zero_point = zero_point_product(layer);
  const double input_scale = deployment.tensors[static_cast<std::size_t>(layer.inputs[0])].scale;
  std::vector<double> means;
  for (std::size_t o = 0; o < static_cast<std::size_t>(layer.outputs); ++o) {
    double product = -zero_point[o];
    for (std::size_t k = 0; k < inputs; ++k) {
      product += layer.weights[o * inputs + k] * mean_input[k];
    }
    means.push_back(product * input_scale * layer.weight_scale[o]);
  }
  return means;
}

/// A channel that says nothing on the calibration images keeps the variance it has.
constexpr double kSilentVariance = 1e-12;

void update_statistics(Deployment& deployment, int index,
                       std::span<const std::int32_t> accumulators,
                       std::span<const std::uint8_t> windows) {
  Layer& layer = deployment.layers[static_cast<std::size_t>(index)];
  const ChannelMoments moments = moments_of(deployment, layer, accumulators);
  if (layer.has_batch_norm) {
    for (std::size_t o = 0; o < moments.mean.size(); ++o) {
      if (moments.variance[o] > kSilentVariance) {
        layer.affine_gain[o] =
            layer.bn_gamma[o] / std::sqrt(moments.variance[o] + layer.bn_epsilon);
      }
      layer.affine_offset[o] = layer.bn_beta[o] - layer.affine_gain[o] * moments.mean[o];
    }
  } else {
    const auto expected = ideal_mean(deployment, layer, windows);
    for (std::size_t o = 0; o < moments.mean.size(); ++o) {
      layer.affine_offset[o] += layer.affine_gain[o] * (expected[o] - moments.mean[o]);
    }
  }
  compiler::set_output_scales(deployment, index);
}

/// The codes of ideal cells, without the cost of programming them.
Snapshot nominal_snapshot(const Deployment& deployment) {
  const compiler::TileFormat& tile = deployment.tile;
  Snapshot snapshot;
  for (std::size_t id = 0; id < deployment.crossbars.size(); ++id) {
    const auto& crossbar = deployment.crossbars[id];
    const auto levels = padded_levels(static_cast<std::int32_t>(id), crossbar.row_count(),
                                      crossbar.column_count(), crossbar.levels, tile);
    std::vector<std::uint16_t> codes;
    codes.reserve(levels.size());
    for (const std::uint8_t level : levels) {
      codes.push_back(static_cast<std::uint16_t>(tile.code.nominal(level)));
    }
    snapshot.codes.push_back(std::move(codes));
  }
  return snapshot;
}

/// Evenly spread vectors of a batch.
std::vector<std::uint8_t> sample_of(std::span<const std::uint8_t> windows, int inputs, int wanted) {
  const std::size_t length = static_cast<std::size_t>(inputs);
  const std::size_t count = windows.size() / length;
  const std::size_t take = std::min(count, static_cast<std::size_t>(wanted));
  std::vector<std::uint8_t> sample;
  for (std::size_t i = 0; i < take; ++i) {
    // The odd multiplier keeps the sample off the columns of the image.
    const std::size_t vector = (i * count / take + i * 37) % count;
    const auto part = windows.subspan(vector * length, length);
    sample.insert(sample.end(), part.begin(), part.end());
  }
  return sample;
}

/// Some of the input vectors of all parts of a layer; where it is folded, those are its windows.
std::vector<std::uint8_t> sample_vectors(const Deployment& deployment, int index,
                                         const Activations& activations,
                                         std::span<const std::uint8_t> windows, int wanted) {
  const Layer& layer = deployment.layers[static_cast<std::size_t>(index)];
  const int inputs = compiler::vector_inputs(layer);
  if (layer.mapping == compiler::Mapping::kFolded) return sample_of(windows, inputs, wanted);
  std::vector<std::uint8_t> vectors;
  for (int part = 0; part < layer.parts; ++part) {
    const auto own = gather_vectors(deployment, index, part, activations);
    vectors.insert(vectors.end(), own.begin(), own.end());
  }
  return sample_of(vectors, inputs, wanted);
}

void calibrate_crossbar_layer(Deployment& deployment, int index, Backend& backend,
                              const Measurement& measurement, const CalibrationOptions& calibration,
                              const RunOptions& run, Activations& activations) {
  const auto windows = gather_windows(deployment, index, activations);
  const auto sample =
      sample_vectors(deployment, index, activations, windows, calibration.sample_vectors);
  if (calibration.gain) fit_gains(deployment, index, measurement, sample);
  if (calibration.adc_range) {
    fit_adc_range(deployment, index, measurement, sample, calibration.range);
  }
  const LayerResult result = run_layer(deployment, index, backend, run, 0,
                                       std::max(run.total_images, activations.images), activations);
  if (calibration.statistics) {
    update_statistics(deployment, index, result.accumulators, windows);
  }
  finish_crossbar_layer(deployment, index, result.accumulators, activations);
}

}  // namespace

void calibrate(Deployment& deployment, Backend& backend, const Measurement& measurement,
               const data::Dataset& images, const CalibrationOptions& calibration,
               const RunOptions& run) {
  Activations activations = start_batch(deployment, images, 0, images.count);
  const int layers = static_cast<int>(deployment.layers.size());
  Progress progress("calibrate on " + backend.name(), layers);
  for (int layer = 0; layer < layers; ++layer) {
    if (deployment.layers[static_cast<std::size_t>(layer)].kind == LayerKind::kCrossbar) {
      calibrate_crossbar_layer(deployment, layer, backend, measurement, calibration, run,
                               activations);
    } else {
      run_digital_layer(deployment, layer, activations);
    }
    progress.update(layer + 1);
  }
}

namespace {

/// Column reads that the ranges of ideal tiles may cost: some seconds. Of networks as large as
/// VGG16 fewer images will do, since each gives many sums.
constexpr std::int64_t kMostReads = std::int64_t{1} << 33;

int affordable_images(const Deployment& deployment, int images) {
  std::int64_t reads = 0;
  for (const auto& crossbar : deployment.crossbars) {
    const Layer& layer = deployment.layers[static_cast<std::size_t>(crossbar.layer)];
    const auto& output = deployment.tensors[static_cast<std::size_t>(layer.output)].shape;
    reads += compiler::vectors_of_part(layer, output, crossbar.part) * crossbar.column_count() *
             deployment.tile.input_bits;
  }
  return static_cast<int>(
      std::clamp<std::int64_t>(kMostReads / std::max<std::int64_t>(1, reads), 1, images));
}

}  // namespace

void calibrate_ideal(Deployment& deployment, const data::Dataset& images,
                     const AdcRangeOptions& range) {
  // Conductances in units of a code, so that level 0 has the reference code of this deployment.
  const analog::CodeFormat& code = deployment.tile.code;
  analog::Device ideal;
  ideal.name = "ideal";
  ideal.g_min_us = code.reference;
  ideal.g_max_us = code.nominal(code.levels() - 1);
  ideal.wires = {0.0, 0.0, 0.0, 0.0};
  EngineBackend backend(deployment.tile, ideal, 1);
  backend.restore(nominal_snapshot(deployment));
  CalibrationOptions calibration;
  calibration.range = range;
  calibrate(deployment, backend, nominal_measurement(deployment),
            images.slice(0, affordable_images(deployment, images.count)), calibration, {});
}

}  // namespace crossloop::runtime
