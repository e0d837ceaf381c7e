// Runs a Deployment over images on any Backend; the host gathers windows and requantises.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "host/compiler/deployment.hpp"
#include "host/data/dataset.hpp"
#include "host/runtime/backend.hpp"

namespace crossloop::runtime {

/// Which reads of a noisy chip these are.
struct RunOptions {
  std::uint32_t noise_seed = 1;
  std::uint32_t epoch = 0;  ///< every repetition of the same images advances it
  bool skip_zero = true;
  int total_images = 0;  ///< of the whole run, for numbering vectors; 0: the images passed
  int batch = 64;        ///< images at a time
};

/// One batch of activations: uint8 HWC by tensor id; the logits are int32.
struct Activations {
  int images = 0;
  std::vector<std::vector<std::uint8_t>> tensors;
  std::vector<std::int32_t> logits;  ///< [images][classes]
};

/// Output positions of a layer, out_height * out_width.
int positions_of(const compiler::Deployment& deployment, int layer);

/// The number of vector 0 of `first_image` in one part of a layer: epoch * 2^k + first_image *
/// vectors_of_part, with the smallest k such that 2^k >= total_images * positions. Throws
/// InputError beyond 32 bits.
std::uint32_t first_vector_number(const compiler::Deployment& deployment, int layer, int part,
                                  int first_image, int total_images, std::uint32_t epoch);

/// The job of one part of a crossbar layer with the deployment's own tables (borrowed). Its outputs
/// are the accumulators of the part's vectors, behind them those of its unit columns.
Job layer_job(const compiler::Deployment& deployment, int layer, int part,
              const RunOptions& options, int first_image, int total_images);

/// Puts what layer_job() gave for `images` images, [images * vectors_of_part][job.outputs], in its
/// places in [images][positions][N] and adds the unit terms of the offset encoding.
void recombine(const compiler::Deployment& deployment, int layer, int part,
               std::span<const std::int32_t> accumulators, int images,
               std::span<std::int32_t> target);

/// What all parts of a crossbar layer made of a batch.
struct LayerResult {
  std::vector<std::int32_t> accumulators;  ///< [images * positions][N]
  ConversionCounters counters;
  std::int64_t cycles = 0;
};
LayerResult run_layer(const compiler::Deployment& deployment, int layer, Backend& backend,
                      const RunOptions& options, int first_image, int total_images,
                      const Activations& activations);

/// What a layer did, while its batch is in hand.
struct LayerEvent {
  int layer = 0;
  int first_image = 0;
  const Activations* activations = nullptr;      ///< with the layer's output in place
  std::span<const std::int32_t> accumulators;    ///< crossbar layers: [images*positions][N]
  const ConversionCounters* counters = nullptr;  ///< crossbar layers
  std::int64_t cycles = 0;
};
using LayerObserver = std::function<void(const LayerEvent&)>;

/// Input tensor of a batch: the pixels. Throws InputError if images and deployment do not fit.
Activations start_batch(const compiler::Deployment& deployment, const data::Dataset& images,
                        int first, int count);
/// The same in the memory of an earlier batch.
void start_batch(const compiler::Deployment& deployment, const data::Dataset& images, int first,
                 int count, Activations& activations);

/// Requantises accumulators [images * positions][N] into the layer's output tensor.
void finish_crossbar_layer(const compiler::Deployment& deployment, int layer,
                           std::span<const std::int32_t> accumulators, Activations& activations);

/// Runs `images` in batches; returns the logits [images][classes].
std::vector<std::int32_t> run_images(const compiler::Deployment& deployment, Backend& backend,
                                     const data::Dataset& images, const RunOptions& options,
                                     const LayerObserver& observer = {});

/// Share (0..1) of logits whose largest entry (the first of equals) is the label.
double accuracy_of(std::span<const std::int32_t> logits, const data::Dataset& images);

}  // namespace crossloop::runtime
