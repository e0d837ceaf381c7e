#include "host/runtime/network_runner.hpp"

#include <algorithm>

#include "host/progress.hpp"
#include "host/runtime/digital_layers.hpp"
#include "host/runtime/layers.hpp"

namespace crossloop::runtime {

using compiler::Deployment;
using compiler::Layer;
using compiler::LayerKind;
using network::Shape;

namespace {

std::uint32_t place_of(const PlanStep& step, std::int32_t tensor) {
  return step.tensors.at(static_cast<std::size_t>(tensor));
}

const LayerPlaces& places_of(const PlanStep& step, int layer) {
  return step.layers.at(static_cast<std::size_t>(layer - step.first));
}

drivers::TensorSize size_of(const Shape& shape) {
  return {shape.height, shape.width, shape.channels};
}

drivers::WindowPlace window_of(const Layer& layer, const Shape& out) {
  const network::Window& w = layer.window;
  return {.kernel_h = w.kernel_h,
          .kernel_w = w.kernel_w,
          .stride_h = w.stride_h,
          .stride_w = w.stride_w,
          .pad_top = w.pad_top,
          .pad_left = w.pad_left,
          .out_height = out.height,
          .out_width = out.width};
}

}  // namespace

NetworkRunner::NetworkRunner(const Deployment& deployment, DeviceBackend& backend,
                             const PlanOptions& options)
    : deployment_(deployment),
      backend_(backend),
      device_(backend.device()),
      plan_(plan_network(deployment, backend.device().info(), options)) {}

NetworkRun NetworkRunner::run(const data::Dataset& images, const RunOptions& options,
                              const Observer& observer) {
  const int total = options.total_images > 0 ? options.total_images : images.count;
  Progress progress("run on " + backend_.name(), images.count);
  const drivers::Statistics before = device_.statistics();
  NetworkRun run;
  for (int first = 0; first < images.count; first += plan_.images) {
    const Batch batch{options, first, std::min(plan_.images, images.count - first), total};
    Activations activations = start_batch(deployment_, images, first, batch.images);
    for (const PlanStep& step : plan_.steps) {
      if (step.on_device) {
        run_on_device(step, batch, activations);
      } else {
        run_on_host(step, batch, activations);
      }
    }
    run.logits.insert(run.logits.end(), activations.logits.begin(), activations.logits.end());
    if (observer) observer(first, activations);
    progress.update(first + batch.images);
  }
  const JobResult spent = spent_between(before, device_.statistics());
  run.counters = spent.counters;
  run.cycles = spent.cycles;
  return run;
}

void NetworkRunner::run_on_host(const PlanStep& step, const Batch& batch,
                                Activations& activations) {
  for (int layer = step.first; layer <= step.last; ++layer) {
    if (layer_at(deployment_, layer).kind == LayerKind::kCrossbar) {
      const LayerResult result = run_layer(deployment_, layer, backend_, batch.options, batch.first,
                                           batch.total, activations);
      finish_crossbar_layer(deployment_, layer, result.accumulators, activations);
    } else {
      run_digital_layer(deployment_, layer, activations);
    }
  }
}

void NetworkRunner::run_on_device(const PlanStep& step, const Batch& batch,
                                  Activations& activations) {
  write_constants(step);
  for (const std::int32_t tensor : step.inputs) {
    const auto& bytes = activations.tensors.at(static_cast<std::size_t>(tensor));
    const auto length = static_cast<std::size_t>(shape_of(deployment_, tensor).size());
    device_.write_words(place_of(step, tensor), drivers::pack_bytes(bytes, length));
  }
  for (int layer = step.first; layer <= step.last; ++layer) {
    switch (layer_at(deployment_, layer).kind) {
      case LayerKind::kCrossbar:
        convolve(step, layer, batch);
        break;
      case LayerKind::kAdd:
        add(step, layer, batch);
        break;
      default:
        pool(step, layer, batch);
    }
  }
  read_outputs(step, activations);
}

void NetworkRunner::write_constants(const PlanStep& step) {
  for (int layer = step.first; layer <= step.last; ++layer) {
    const Layer& here = layer_at(deployment_, layer);
    const LayerPlaces& places = places_of(step, layer);
    device_.write_words(places.block, output_block(here));
    if (here.kind != LayerKind::kCrossbar) continue;
    const std::vector<std::uint8_t> pixel(here.pad_values.begin(), here.pad_values.end());
    device_.write_words(places.padding, drivers::pack_bytes(pixel, pixel.size()));
  }
}

void NetworkRunner::read_outputs(const PlanStep& step, Activations& activations) {
  for (const std::int32_t tensor : step.outputs) {
    const bool logits = tensor == deployment_.layers.back().output;
    const int layer = logits ? static_cast<int>(deployment_.layers.size()) - 1 : step.first;
    const auto length = static_cast<std::size_t>(shape_of(deployment_, tensor).size());
    const auto images = static_cast<std::size_t>(activations.images);
    const auto words = device_.read_words(
        place_of(step, tensor), logits ? output_words(deployment_, layer, activations.images)
                                       : images * ((length + 3) / 4));
    if (logits) {
      activations.logits.assign(words.begin(), words.end());
    } else {
      activations.tensors.at(static_cast<std::size_t>(tensor)) =
          drivers::unpack_bytes(words, length);
    }
  }
}

/// All windows of a layer: at once, or as many as there is room for their running sums.
void NetworkRunner::convolve(const PlanStep& step, int layer, const Batch& batch) {
  const Layer& here = layer_at(deployment_, layer);
  const LayerPlaces& places = places_of(step, layer);
  const Shape& out = shape_of(deployment_, here.output);
  const Job job = layer_job(deployment_, layer, 0, batch.options, batch.first, batch.total);
  const std::uint32_t image_words = output_words(deployment_, layer, 1);
  const int images_at_once = places.sum_images > 0 ? places.sum_images : batch.images;
  const int rows_at_once = places.sum_images > 0 ? places.sum_rows : out.height;

  drivers::ConvolveDescriptor convolve;
  convolve.padding = places.padding;
  convolve.in = size_of(shape_of(deployment_, here.inputs[0]));
  convolve.outputs = here.outputs;
  convolve.input_bits = job.settings.input_bits;
  convolve.skip_zero = job.settings.skip_zero;
  convolve.seed = job.settings.seed;
  convolve.scales = places.block;
  convolve.code_table = !here.table.codes.empty();
  convolve.logits = is_last(deployment_, layer);
  for (int image = 0; image < batch.images; image += images_at_once) {
    const auto skipped_images = static_cast<std::uint32_t>(image);
    convolve.images = std::min(images_at_once, batch.images - image);
    convolve.input = place_of(step, here.inputs[0]) + skipped_images * convolve.in.words();
    for (int row = 0; row < out.height; row += rows_at_once) {
      convolve.window = window_of(here, out);
      convolve.window.first_row = row;
      convolve.window.out_height = std::min(rows_at_once, out.height - row);
      convolve.first_vector =
          job.first_vector + static_cast<std::uint32_t>((image * out.height + row) * out.width);
      const auto skipped = static_cast<std::uint32_t>(row * out.width * here.outputs);
      convolve.output = place_of(step, here.output) + skipped_images * image_words +
                        (convolve.logits ? skipped : skipped / 4);
      run_pages(job, places, convolve);
    }
  }
}

/// As many crossbars at a time as the device has pages, with running sums between them.
void NetworkRunner::run_pages(const Job& job, const LayerPlaces& places,
                              drivers::ConvolveDescriptor convolve) {
  const auto pages = static_cast<std::size_t>(device_.info().pages);
  for (std::size_t first = 0; first < job.pages.size(); first += pages) {
    const std::size_t count = std::min(pages, job.pages.size() - first);
    drivers::ConvolveDescriptor part = convolve;
    part.first_page = backend_.load(std::span(job.pages).subspan(first, count));
    part.pages = static_cast<int>(count);
    part.add_sums = first > 0;
    part.store_sums = first + count < job.pages.size();
    if (part.add_sums || part.store_sums) part.sums = places.sums;
    if (part.store_sums) {
      part.output = part.scales = 0;
      part.code_table = part.logits = false;
    }
    device_.convolve(part);
  }
}

void NetworkRunner::pool(const PlanStep& step, int layer, const Batch& batch) {
  const Layer& here = layer_at(deployment_, layer);
  const std::int32_t input = here.inputs[0];
  device_.pool({.max = here.kind == LayerKind::kMaxPool,
                .input = place_of(step, input),
                .output = place_of(step, here.output),
                .scales = places_of(step, layer).block,
                .zero = deployment_.tensors.at(static_cast<std::size_t>(input)).zero,
                .images = batch.images,
                .in = size_of(shape_of(deployment_, input)),
                .window = window_of(here, shape_of(deployment_, here.output)),
                .logits = is_last(deployment_, layer)});
}

void NetworkRunner::add(const PlanStep& step, int layer, const Batch& batch) {
  const Layer& here = layer_at(deployment_, layer);
  device_.add({.a = place_of(step, here.inputs[0]),
               .b = place_of(step, here.inputs[1]),
               .output = place_of(step, here.output),
               .scales = places_of(step, layer).block,
               .images = batch.images,
               .size = size_of(shape_of(deployment_, here.output)),
               .code_table = !here.table.codes.empty(),
               .logits = is_last(deployment_, layer)});
}

}  // namespace crossloop::runtime
