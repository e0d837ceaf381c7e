#include "host/runtime/executor.hpp"

#include <algorithm>

#include "host/compiler/mapping.hpp"
#include "host/error.hpp"
#include "host/progress.hpp"
#include "host/runtime/digital_layers.hpp"
#include "host/runtime/gather.hpp"
#include "host/runtime/layer_outputs.hpp"
#include "host/runtime/layers.hpp"

namespace crossloop::runtime {

using compiler::Deployment;
using compiler::Layer;
using compiler::LayerKind;
using network::Shape;

namespace {

std::size_t size_of(const Shape& shape) { return static_cast<std::size_t>(shape.size()); }

/// A unit column of one part of a layer, and what it stands in for.
struct UnitColumn {
  std::int32_t accumulator = 0;
  const std::vector<compiler::UnitTerm>* terms = nullptr;
};

std::vector<UnitColumn> unit_columns(const Deployment& deployment, const Layer& layer, int part) {
  std::vector<UnitColumn> units;
  for (const std::int32_t id : layer.crossbars) {
    const auto& crossbar = deployment.crossbars.at(static_cast<std::size_t>(id));
    if (deployment.tile.unit_columns() == 0 || crossbar.part != part) continue;
    units.push_back({crossbar.tables.columns.back().output, &crossbar.unit_terms});
  }
  return units;
}

/// Where the outputs of the vectors of one part lie among all outputs of a batch.
class PartPositions {
 public:
  PartPositions(const Deployment& deployment, int layer, int part)
      : layer_(layer_at(deployment, layer)),
        shape_(shape_of(deployment, layer_.output)),
        part_(static_cast<std::size_t>(part)),
        count_(static_cast<std::size_t>(compiler::vectors_of_part(layer_, shape_, part))) {}

  std::size_t count() const { return count_; }  ///< vectors per image
  /// Outputs one vector gives: fewer in the last slice of a semi-folded layer's width.
  std::size_t outputs() const {
    const std::size_t channels = static_cast<std::size_t>(layer_.outputs);
    if (layer_.mapping == compiler::Mapping::kFolded) return channels;
    return channels * std::min(columns(), width() - part_ * columns());
  }
  std::size_t first_output(int image, std::size_t vector) const {
    const std::size_t position = layer_.mapping == compiler::Mapping::kFolded
                                     ? vector * static_cast<std::size_t>(layer_.parts) + part_
                                     : vector * width() + part_ * columns();
    return static_cast<std::size_t>(image) * size_of(shape_) +
           position * static_cast<std::size_t>(layer_.outputs);
  }

 private:
  std::size_t columns() const { return static_cast<std::size_t>(layer_.columns_per_vector); }
  std::size_t width() const { return static_cast<std::size_t>(shape_.width); }
  const Layer& layer_;
  const Shape& shape_;
  std::size_t part_;
  std::size_t count_;
};

}  // namespace

int positions_of(const Deployment& deployment, int layer) {
  const Shape& out = shape_of(deployment, layer_at(deployment, layer).output);
  return out.height * out.width;
}

std::uint32_t first_vector_number(const Deployment& deployment, int layer, int part,
                                  int first_image, int total_images, std::uint32_t epoch) {
  const Layer& here = layer_at(deployment, layer);
  const std::uint64_t positions = static_cast<std::uint64_t>(positions_of(deployment, layer));
  const std::uint64_t vectors = positions * static_cast<std::uint64_t>(total_images);
  const auto own = static_cast<std::uint64_t>(
      compiler::vectors_of_part(here, shape_of(deployment, here.output), part));
  int bits = 0;
  while ((std::uint64_t{1} << bits) < vectors) ++bits;
  if (bits > 32 || epoch > (std::uint64_t{1} << (32 - bits)) - 1) {
    throw InputError("run: epoch " + std::to_string(epoch) + " of " + std::to_string(total_images) +
                     " images does not fit 32-bit vector numbers");
  }
  return static_cast<std::uint32_t>((std::uint64_t{epoch} << bits) +
                                    static_cast<std::uint64_t>(first_image) * own);
}

Job layer_job(const Deployment& deployment, int layer, int part, const RunOptions& options,
              int first_image, int total_images) {
  const Layer& here = layer_at(deployment, layer);
  Job job;
  job.inputs = compiler::vector_inputs(here);
  job.outputs = compiler::accumulators_of(here);
  job.settings = {deployment.tile.input_bits, options.skip_zero, options.noise_seed};
  job.first_vector =
      first_vector_number(deployment, layer, part, first_image, total_images, options.epoch);
  for (const std::int32_t id : here.crossbars) {
    const auto& crossbar = deployment.crossbars.at(static_cast<std::size_t>(id));
    if (crossbar.part != part) continue;
    job.pages.push_back({id, &crossbar.tables});
    job.outputs += deployment.tile.unit_columns();
  }
  return job;
}

void recombine(const Deployment& deployment, int layer, int part,
               std::span<const std::int32_t> accumulators, int images,
               std::span<std::int32_t> target) {
  const Layer& here = layer_at(deployment, layer);
  const std::vector<UnitColumn> units = unit_columns(deployment, here, part);
  const auto own = static_cast<std::size_t>(compiler::accumulators_of(here));
  const std::size_t stride = own + units.size();
  const PartPositions positions(deployment, layer, part);
  for_each_image(images, [&](int image) {
    std::vector<std::int32_t> sums(stride);
    for (std::size_t v = 0; v < positions.count(); ++v) {
      const std::size_t vector = static_cast<std::size_t>(image) * positions.count() + v;
      const auto from = accumulators.subspan(vector * stride, stride);
      std::copy(from.begin(), from.end(), sums.begin());
      for (const UnitColumn& unit : units) {
        for (const compiler::UnitTerm& term : *unit.terms) {
          sums[static_cast<std::size_t>(term.accumulator)] +=
              term.factor * from[static_cast<std::size_t>(unit.accumulator)];
        }
      }
      const std::size_t first = positions.first_output(image, v);
      const std::size_t outputs = positions.outputs();
      std::copy_n(sums.begin(), outputs, target.begin() + static_cast<std::ptrdiff_t>(first));
    }
  });
}

LayerResult run_layer(const Deployment& deployment, int layer, Backend& backend,
                      const RunOptions& options, int first_image, int total_images,
                      const Activations& activations) {
  const Layer& here = layer_at(deployment, layer);
  const std::size_t size =
      static_cast<std::size_t>(activations.images) * size_of(shape_of(deployment, here.output));
  LayerResult result;
  for (int part = 0; part < here.parts; ++part) {
    const Job job = layer_job(deployment, layer, part, options, first_image, total_images);
    const VectorGather vectors(deployment, layer, part, activations);
    engine::StoringSink sink(vectors.count(), job.outputs);
    const JobResult one = backend.stream(job, vectors, sink);
    std::vector<std::int32_t> accumulators = sink.stored();
    result.counters += one.counters;
    result.cycles += one.cycles;
    if (here.parts == 1 && accumulators.size() == size) {
      result.accumulators = std::move(accumulators);
    } else {
      result.accumulators.resize(size);
      recombine(deployment, layer, part, accumulators, activations.images, result.accumulators);
    }
  }
  return result;
}

Activations start_batch(const Deployment& deployment, const data::Dataset& images, int first,
                        int count) {
  Activations activations;
  start_batch(deployment, images, first, count, activations);
  return activations;
}

void start_batch(const Deployment& deployment, const data::Dataset& images, int first, int count,
                 Activations& activations) {
  const Shape& shape = shape_of(deployment, 0);
  if (images.height != shape.height || images.width != shape.width ||
      images.channels != shape.channels) {
    throw InputError("data " + images.name + ": images of " + std::to_string(images.height) + "x" +
                     std::to_string(images.width) + "x" + std::to_string(images.channels) +
                     ", network " + deployment.network + " expects " +
                     std::to_string(shape.height) + "x" + std::to_string(shape.width) + "x" +
                     std::to_string(shape.channels));
  }
  activations.images = count;
  activations.tensors.resize(deployment.tensors.size());
  const auto begin = images.pixels.begin() +
                     static_cast<std::ptrdiff_t>(static_cast<std::size_t>(first) * size_of(shape));
  activations.tensors[0].assign(
      begin, begin + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(count) * size_of(shape)));
}

void finish_crossbar_layer(const Deployment& deployment, int layer,
                           std::span<const std::int32_t> accumulators, Activations& activations) {
  LayerOutputs outputs(deployment, layer, activations);
  const std::size_t positions = outputs.positions();
  const auto channels = static_cast<std::size_t>(layer_at(deployment, layer).outputs);
  for_each_image(activations.images, [&](int image) {
    const std::size_t first = static_cast<std::size_t>(image) * positions;
    outputs.write(first, positions, accumulators.data() + first * channels);
  });
}

namespace {

/// Whether every row of accumulators is final as the crossbars give it.
bool streams(const Deployment& deployment, const Layer& layer) {
  return layer.mapping == compiler::Mapping::kFolded && deployment.tile.unit_columns() == 0;
}

/// run_layer() and finish_crossbar_layer() in one, block by block.
void stream_layer(const Deployment& deployment, int layer, Backend& backend,
                  const RunOptions& options, int first_image, int total_images,
                  Activations& activations) {
  const Layer& here = layer_at(deployment, layer);
  LayerOutputs outputs(deployment, layer, activations);
  for (int part = 0; part < here.parts; ++part) {
    const VectorGather vectors(deployment, layer, part, activations);
    OutputSink sink(outputs, part, here.parts, vectors.per_image());
    backend.stream(layer_job(deployment, layer, part, options, first_image, total_images), vectors,
                   sink);
  }
}

}  // namespace

std::vector<std::int32_t> run_images(const Deployment& deployment, Backend& backend,
                                     const data::Dataset& images, const RunOptions& options,
                                     const LayerObserver& observer) {
  const int total = options.total_images > 0 ? options.total_images : images.count;
  Progress progress("run on " + backend.name(), images.count);
  std::vector<std::int32_t> logits;
  Activations activations;
  for (int first = 0; first < images.count; first += options.batch) {
    const int count = std::min(options.batch, images.count - first);
    start_batch(deployment, images, first, count, activations);
    for (int layer = 0; layer < static_cast<int>(deployment.layers.size()); ++layer) {
      LayerEvent event{layer, first, &activations, {}, nullptr, 0};
      LayerResult result;
      const Layer& here = layer_at(deployment, layer);
      if (!observer && here.kind == LayerKind::kCrossbar && streams(deployment, here)) {
        stream_layer(deployment, layer, backend, options, first, total, activations);
      } else if (here.kind == LayerKind::kCrossbar) {
        result = run_layer(deployment, layer, backend, options, first, total, activations);
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
