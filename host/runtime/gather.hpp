// Input vectors of crossbar layers from activations.
#pragma once

#include <cstdint>
#include <vector>

#include "host/compiler/deployment.hpp"
#include "host/parallel.hpp"
#include "host/runtime/executor.hpp"

namespace crossloop::runtime {

/// A crossbar layer's input windows of a batch, [images * positions][K], in im2col order
/// (c * kernel_h + y) * kernel_w + x; padded positions hold the layer's pad values.
std::vector<std::uint8_t> gather_windows(const compiler::Deployment& deployment, int layer,
                                         const Activations& activations);

/// The input vectors of one part of a crossbar layer, [images * vectors_of_part][vector_inputs]:
/// its share of the windows, or, semi-folded, strips (c * kernel_h + y) * W_t + x of one output row
/// each; beyond the image they hold the layer's pad values.
std::vector<std::uint8_t> gather_vectors(const compiler::Deployment& deployment, int layer,
                                         int part, const Activations& activations);

/// Calls work(image) for every image of a batch, on all cores.
template <typename Work>
void for_each_image(int images, const Work& work) {
  const int workers = worker_count(images / 4);
  run_workers(workers, [&](int worker) {
    for (int image = worker; image < images; image += workers) work(image);
  });
}

}  // namespace crossloop::runtime
