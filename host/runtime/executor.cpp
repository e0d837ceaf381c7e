#include "host/runtime/executor.hpp"

#include <algorithm>
#include <thread>

#include "host/engine/requantise.hpp"
#include "host/error.hpp"
#include "host/progress.hpp"

namespace crossloop::runtime {

using compiler::Deployment;
using compiler::Layer;
using compiler::LayerKind;
using network::Shape;
using network::Window;

namespace {

const Layer& layer_at(const Deployment& deployment, int layer) {
  return deployment.layers.at(static_cast<std::size_t>(layer));
}

const Shape& shape_of(const Deployment& deployment, std::int32_t tensor) {
  return deployment.tensors.at(static_cast<std::size_t>(tensor)).shape;
}

std::size_t size_of(const Shape& shape) { return static_cast<std::size_t>(shape.size()); }

/// Copies one window into im2col order (c * kernel_h + y) * kernel_w + x.
void gather_window(const Layer& layer, const Shape& in, const std::uint8_t* image, int out_y,
                   int out_x, std::uint8_t* target) {
  const Window& w = layer.window;
  const int taps = w.kernel_h * w.kernel_w;
  for (int tap = 0; tap < taps; ++tap) {
    const int y = out_y * w.stride_h - w.pad_top + tap / w.kernel_w * w.dilation_h;
    const int x = out_x * w.stride_w - w.pad_left + tap % w.kernel_w * w.dilation_w;
    std::uint8_t* place = target + tap;
    if (y >= 0 && y < in.height && x >= 0 && x < in.width) {
      const std::uint8_t* pixel = image + (y * in.width + x) * in.channels;
      for (int c = 0; c < in.channels; ++c) place[c * taps] = pixel[c];
    } else {
      for (int c = 0; c < in.channels; ++c) {
        place[c * taps] = static_cast<std::uint8_t>(layer.pad_values[static_cast<std::size_t>(c)]);
      }
    }
  }
}

/// Calls work(image) for every image of a batch, on all cores.
template <typename Work>
void for_each_image(int images, const Work& work) {
  const int workers =
      std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, std::max(1, images / 4));
  const auto run = [&](int worker) {
    for (int image = worker; image < images; image += workers) work(image);
  };
  std::vector<std::jthread> threads;
  for (int worker = 1; worker < workers; ++worker) threads.emplace_back(run, worker);
  run(0);
}

/// Calls `use(value)` for every input inside the window of one output of a pool.
template <typename Use>
void for_window(const Window& w, const Shape& in, const std::uint8_t* image, int out_y, int out_x,
                int channel, const Use& use) {
  for (int ky = 0; ky < w.kernel_h; ++ky) {
    const int y = out_y * w.stride_h - w.pad_top + ky * w.dilation_h;
    for (int kx = 0; kx < w.kernel_w; ++kx) {
      const int x = out_x * w.stride_w - w.pad_left + kx * w.dilation_w;
      if (y < 0 || y >= in.height || x < 0 || x >= in.width) continue;
      use(static_cast<std::int32_t>(image[(y * in.width + x) * in.channels + channel]));
    }
  }
}

std::int32_t pool_value(const Deployment& deployment, const Layer& layer, const Shape& in,
                        const std::uint8_t* image, int y, int x, int channel) {
  if (layer.kind == LayerKind::kMaxPool) {
    std::int32_t largest = 0;
    for_window(layer.window, in, image, y, x, channel,
               [&](std::int32_t value) { largest = std::max(largest, value); });
    return largest;
  }
  const auto& input = deployment.tensors[static_cast<std::size_t>(layer.inputs[0])];
  std::int32_t sum = 0;
  for_window(layer.window, in, image, y, x, channel,
             [&](std::int32_t value) { sum += value - input.zero; });
  return engine::requantise(sum, layer.scales.at(0), layer.range);
}

}  // namespace

int positions_of(const Deployment& deployment, int layer) {
  const Shape& out = shape_of(deployment, layer_at(deployment, layer).output);
  return out.height * out.width;
}

std::vector<std::uint8_t> gather_windows(const Deployment& deployment, int layer,
                                         const Activations& activations) {
  const Layer& here = layer_at(deployment, layer);
  const Shape& in = shape_of(deployment, here.inputs[0]);
  const Shape& out = shape_of(deployment, here.output);
  const auto& source = activations.tensors.at(static_cast<std::size_t>(here.inputs[0]));
  const std::size_t length = static_cast<std::size_t>(here.inputs_per_output);
  std::vector<std::uint8_t> windows(static_cast<std::size_t>(activations.images) *
                                    static_cast<std::size_t>(out.height * out.width) * length);
  for_each_image(activations.images, [&](int image) {
    const std::uint8_t* pixels = source.data() + static_cast<std::size_t>(image) * size_of(in);
    std::uint8_t* target =
        windows.data() + static_cast<std::size_t>(image * out.height * out.width) * length;
    for (int y = 0; y < out.height; ++y) {
      for (int x = 0; x < out.width; ++x) {
        gather_window(here, in, pixels, y, x, target);
        target += length;
      }
    }
  });
  return windows;
}

std::uint32_t first_vector_number(const Deployment& deployment, int layer, int first_image,
                                  int total_images, std::uint32_t epoch) {
  const std::uint64_t positions = static_cast<std::uint64_t>(positions_of(deployment, layer));
  const std::uint64_t vectors = positions * static_cast<std::uint64_t>(total_images);
  int bits = 0;
  while ((std::uint64_t{1} << bits) < vectors) ++bits;
  if (bits > 32 || epoch > (std::uint64_t{1} << (32 - bits)) - 1) {
    throw InputError("run: epoch " + std::to_string(epoch) + " of " + std::to_string(total_images) +
                     " images does not fit 32-bit vector numbers");
  }
  return static_cast<std::uint32_t>((std::uint64_t{epoch} << bits) +
                                    static_cast<std::uint64_t>(first_image) * positions);
}

Job layer_job(const Deployment& deployment, int layer, const RunOptions& options, int first_image,
              int total_images) {
  const Layer& here = layer_at(deployment, layer);
  Job job;
  job.inputs = here.inputs_per_output;
  job.outputs = here.outputs;
  job.settings = {deployment.tile.input_bits, options.skip_zero, options.noise_seed};
  job.first_vector =
      first_vector_number(deployment, layer, first_image, total_images, options.epoch);
  for (const std::int32_t id : here.crossbars) {
    job.pages.push_back({id, &deployment.crossbars.at(static_cast<std::size_t>(id)).tables});
  }
  return job;
}

Activations start_batch(const Deployment& deployment, const data::Dataset& images, int first,
                        int count) {
  const Shape& shape = shape_of(deployment, 0);
  if (images.height != shape.height || images.width != shape.width ||
      images.channels != shape.channels) {
    throw InputError("data " + images.name + ": images of " + std::to_string(images.height) + "x" +
                     std::to_string(images.width) + "x" + std::to_string(images.channels) +
                     ", network " + deployment.network + " expects " +
                     std::to_string(shape.height) + "x" + std::to_string(shape.width) + "x" +
                     std::to_string(shape.channels));
  }
  Activations activations;
  activations.images = count;
  activations.tensors.resize(deployment.tensors.size());
  const auto begin = images.pixels.begin() +
                     static_cast<std::ptrdiff_t>(static_cast<std::size_t>(first) * size_of(shape));
  activations.tensors[0].assign(
      begin, begin + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(count) * size_of(shape)));
  return activations;
}

void finish_crossbar_layer(const Deployment& deployment, int layer,
                           std::span<const std::int32_t> accumulators, Activations& activations) {
  const Layer& here = layer_at(deployment, layer);
  const std::size_t outputs = static_cast<std::size_t>(here.outputs);
  const bool last = static_cast<std::size_t>(layer) + 1 == deployment.layers.size();
  auto& bytes = activations.tensors.at(static_cast<std::size_t>(here.output));
  bytes.resize(last ? 0 : accumulators.size());
  activations.logits.resize(last ? accumulators.size() : 0);
  const std::size_t per_image =
      accumulators.size() / static_cast<std::size_t>(std::max(1, activations.images));
  for_each_image(activations.images, [&](int image) {
    const std::size_t first = static_cast<std::size_t>(image) * per_image;
    for (std::size_t i = first; i < first + per_image; ++i) {
      const std::int32_t value =
          engine::requantise(accumulators[i], here.scales[i % outputs], here.range);
      if (last) {
        activations.logits[i] = value;
      } else {
        bytes[i] = static_cast<std::uint8_t>(value);
      }
    }
  });
}

void run_digital_layer(const Deployment& deployment, int layer, Activations& activations) {
  const Layer& here = layer_at(deployment, layer);
  const auto& a = activations.tensors.at(static_cast<std::size_t>(here.inputs.at(0)));
  const Shape& in = shape_of(deployment, here.inputs[0]);
  const Shape& out = shape_of(deployment, here.output);
  std::vector<std::uint8_t> result;
  result.reserve(static_cast<std::size_t>(activations.images) * size_of(out));
  if (here.kind == LayerKind::kAdd) {
    const auto& b = activations.tensors.at(static_cast<std::size_t>(here.inputs.at(1)));
    for (std::size_t i = 0; i < a.size(); ++i) {
      result.push_back(
          static_cast<std::uint8_t>(engine::requantised_add(a[i], b[i], here.add, here.range)));
    }
  } else {
    for (int image = 0; image < activations.images; ++image) {
      const std::uint8_t* pixels = a.data() + static_cast<std::size_t>(image) * size_of(in);
      for (int i = 0; i < out.size(); ++i) {
        const int position = i / out.channels;
        result.push_back(
            static_cast<std::uint8_t>(pool_value(deployment, here, in, pixels, position / out.width,
                                                 position % out.width, i % out.channels)));
      }
    }
  }
  activations.tensors[static_cast<std::size_t>(here.output)] = std::move(result);
}

std::vector<std::int32_t> run_images(const Deployment& deployment, Backend& backend,
                                     const data::Dataset& images, const RunOptions& options,
                                     const LayerObserver& observer) {
  const int total = options.total_images > 0 ? options.total_images : images.count;
  Progress progress("run on " + backend.name(), images.count);
  std::vector<std::int32_t> logits;
  for (int first = 0; first < images.count; first += options.batch) {
    const int count = std::min(options.batch, images.count - first);
    Activations activations = start_batch(deployment, images, first, count);
    for (int layer = 0; layer < static_cast<int>(deployment.layers.size()); ++layer) {
      LayerEvent event{layer, first, &activations, {}, nullptr, 0};
      JobResult result;
      if (layer_at(deployment, layer).kind == LayerKind::kCrossbar) {
        result = backend.run(layer_job(deployment, layer, options, first, total),
                             gather_windows(deployment, layer, activations));
        finish_crossbar_layer(deployment, layer, result.accumulators, activations);
        event.accumulators = result.accumulators;
        event.counters = &result.counters;
        event.cycles = result.cycles;
      } else {
        run_digital_layer(deployment, layer, activations);
      }
      if (observer) observer(event);
    }
    logits.insert(logits.end(), activations.logits.begin(), activations.logits.end());
    progress.update(first + count);
  }
  return logits;
}

double accuracy_of(std::span<const std::int32_t> logits, const data::Dataset& images) {
  const std::size_t classes = logits.size() / static_cast<std::size_t>(images.count);
  int right = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(images.count); ++i) {
    const auto begin = logits.begin() + static_cast<std::ptrdiff_t>(i * classes);
    const auto largest = std::max_element(begin, begin + static_cast<std::ptrdiff_t>(classes));
    right += largest - begin == images.labels[i];
  }
  return static_cast<double>(right) / images.count;
}

}  // namespace crossloop::runtime
