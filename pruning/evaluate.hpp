// Scoring a TorchNetwork. Internal to pruning/.
#pragma once

#include <ATen/ATen.h>

#include "host/data/dataset.hpp"
#include "host/network/network.hpp"
#include "pruning/batches.hpp"
#include "pruning/torch_network.hpp"

namespace crossloop::pruning {

/// The pixels of a filled batch as NCHW; on the processor a view of its memory.
at::Tensor batch_tensor(BatchSource& batch, const data::Dataset& images, at::Device device);

/// Share (0..1) of `images` whose largest output is their label, with the stored statistics of
/// batch norm. `network` gives the normalisation; `torch` runs on `device`.
double accuracy_of(const TorchNetwork& torch, const network::Network& network,
                   const data::Dataset& images, int batch, at::Device device);

}  // namespace crossloop::pruning
