// Tensors from .npy files through a network.
#pragma once

#include <string>
#include <vector>

#include "host/network/network.hpp"
#include "host/npy_file.hpp"

namespace crossloop::cli {

/// One NCHW tensor for each input of the network, its own first, all of the same batch.
struct TensorInputs {
  int batch = 0;
  std::vector<std::vector<float>> values;
};

/// Reads "FILE.npy" or "NAME=FILE.npy" each; one without a name is for the first input that none
/// names. A tensor is [N, C, H, W], [N, H, W, C] where the model wants its image so, or [N, F]
/// where height and width are 1. Throws InputError naming the file or input: missing, given twice,
/// of another shape, of another batch.
TensorInputs read_tensor_inputs(const network::Network& network,
                                const std::vector<std::string>& arguments);

/// Runs the float executor; the result has the shape the model says, batch first.
NpyArray run_tensor_inputs(const network::Network& network, const TensorInputs& inputs);

}  // namespace crossloop::cli
