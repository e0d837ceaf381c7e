// Real weights and activations to integers (numerics.md, steps 1, 2 and 8).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/compiler/activation_ranges.hpp"
#include "host/compiler/deployment.hpp"
#include "host/compiler/fusion.hpp"
#include "host/data/dataset.hpp"
#include "host/network/network.hpp"

namespace crossloop::compiler {

/// The linear part of one layer with input normalisation and the sign of gamma folded into the
/// weights, and the rest of batch norm and bias as y = gain * z + offset.
struct FoldedLayer {
  int outputs = 0;              ///< N
  int inputs = 0;               ///< K
  std::vector<double> weights;  ///< [N][K]; 0 outside the groups and for a gamma of 0
  std::vector<double> affine_gain, affine_offset;
  std::vector<double> bn_gamma, bn_beta;  ///< |gamma| and beta; empty without batch norm
  std::vector<std::int8_t> bn_sign;       ///< of gamma: -1, 0, 1
  double bn_epsilon = 0.0;
};

/// Folds a Conv or Linear node. `normalisation` is not nullptr where the input is the image: then
/// w' = w / (255 std[c]), and `taps` weights share a channel. Throws InputError naming the node for
/// parameters that are not finite, a negative variance or a std of 0.
FoldedLayer fold(const FusedNode& fused, const network::InputNormalisation* normalisation,
                 int taps);

/// s_w per output channel: max|w| / weight_limit; a channel of zeros takes the layer's.
std::vector<float> choose_weight_scale(const FoldedLayer& folded, int weight_limit);

/// w_q = round(w / s_w). Throws InputError naming `node` if a weight is beyond s_w * weight_limit
/// (by more than rounding in float explains).
std::vector<std::int8_t> quantise_weights(const FoldedLayer& folded,
                                          const std::vector<double>& scale, int weight_limit,
                                          const std::string& node);

/// The pixel value of a normalised 0 per channel: round(255 mean).
std::vector<std::int32_t> normalised_zero(const network::InputNormalisation& normalisation,
                                          int channels);

/// Writes a folded layer's w_q, affine and batch norm terms into `layer`, whose geometry,
/// pad_values and weight_scale are set. On the image (normalisation not nullptr) the offset also
/// takes what rounding the means to pad_values left out, gain * sum s_w w_q (pad - 255 mean), so
/// that inside the image the mean is exact. Throws as quantise_weights() does.
void set_terms(Layer& layer, const FoldedLayer& folded,
               const network::InputNormalisation* normalisation, int weight_limit);

/// The window of a Conv, or the one that covers the whole input of a Linear.
network::Window crossbar_window(const network::Node& node, const network::Shape& input);

/// Scale and zero point of a uint8 tensor that covers `range` and 0: zero point 0 where nothing is
/// negative, else asymmetric. A tensor that is always 0 gets scale 1.
struct TensorScale {
  double scale = 1.0;
  std::int32_t zero = 0;
};
TensorScale quantise_range(const ValueRange& range);

}  // namespace crossloop::compiler
