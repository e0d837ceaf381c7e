// How a convolution meets the crossbars: the geometry of input vectors and of the weights in them.
//
// Folded: one vector is one window, in im2col order; all windows stream through the same crossbars.
// Semi-folded (methods: semi-folded mapping of SemiMap, our block-Toeplitz form): one vector is a
// strip of C_in x kernel_h rows of W_t = (W_s - 1) stride + (kernel_w - 1) dilation + 1 input
// columns and gives W_s neighbouring output columns of all channels; the kernels stand W_s times
// beside each other, and each slice of the output width (a part) has crossbars of its own, so that
// one step gives one output row. Fully unfolded, every output position owns its crossbars: that is
// counted, not built.
#pragma once

#include <cstdint>
#include <optional>

#include "host/compiler/deployment.hpp"

namespace crossloop::compiler {

/// Of numbers that are not negative.
constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// Sizes of a crossbar layer that its mapping follows from.
struct LayerGeometry {
  int inputs = 1;   ///< C_in
  int outputs = 1;  ///< C_out
  int groups = 1;   ///< of a grouped convolution, side by side in block-diagonal tiles
  network::Window window;
  int out_height = 1;
  int out_width = 1;
};

/// K_in, K_out and W_s of a semi-folded layer. A band holds input_channels x kernel_rows rows of a
/// strip, a crossbar the columns of output_channels x columns weights.
struct SemiFolding {
  int input_channels = 1;   ///< K_in
  int kernel_rows = 1;      ///< kernel_h, or 1 where each kernel row takes a crossbar of its own
  int output_channels = 1;  ///< K_out
  int columns = 1;          ///< W_s
  std::int64_t crossbars = 0;
};

/// What the user fixed of a SemiFolding; 0 is for the compiler to choose.
struct FoldingChoice {
  int input_channels = 0;
  int output_channels = 0;
  int columns = 0;
};

/// The choice with the fewest crossbars, of equals the one of fewest slices of the width. Nothing
/// where not even one output column fits the tile, or not with what `choice` fixes.
std::optional<SemiFolding> semi_folding(const LayerGeometry& geometry, const TileFormat& tile,
                                        const FoldingChoice& choice = {});

/// Crossbars of a dense layer in the three mappings:
///
///   folded       ceil(C_in kh kw / R) * ceil(C_out / n)           n = weights_per_row()
///   semi-folded  ceil(W_out / W_s) * (kh / kernel_rows) * ceil(C_in / K_in) * ceil(C_out / K_out)
///   unfolded     H_out * W_out * folded                           inputs not shared
///
/// A layer of one output position (linear) has nothing to unfold: all three are the folded count.
/// Groups count as layers of C_in / groups inputs whose blocks share a tile where whole ones fit.
struct MappingCounts {
  std::int64_t folded = 0;
  std::int64_t semi_folded = 0;  ///< 0 where no output column fits the tile
  std::int64_t unfolded = 0;
};
MappingCounts mapping_counts(const LayerGeometry& geometry, const TileFormat& tile);

/// W_t, input columns of a strip of `columns` output columns.
int strip_width(const network::Window& window, int columns);

/// Elements of one input vector of a layer: K folded, C_in kernel_h W_t semi-folded.
int vector_inputs(const Layer& layer);

/// Accumulators of one vector without those of unit columns: outputs * columns_per_vector, in the
/// order [column][output].
int accumulators_of(const Layer& layer);

/// Index into Layer::weights of what accumulator `accumulator` multiplies element `input` of the
/// vector with, -1 where it is not connected (semi-folded). Both in range (asserted).
std::ptrdiff_t weight_index(const Layer& layer, int accumulator, int input);

/// w_q there, 0 where not connected.
inline int weight_at(const Layer& layer, int accumulator, int input) {
  const std::ptrdiff_t index = weight_index(layer, accumulator, input);
  return index < 0 ? 0 : layer.weights[static_cast<std::size_t>(index)];
}

/// Vectors per image that the crossbars of one part take; `output` is the layer's output.
/// Semi-folded: output rows. Folded: positions i with i mod parts = part.
std::int64_t vectors_of_part(const Layer& layer, const network::Shape& output, int part);

/// Crossbars of a layer that hold the same weight: parts of a folded layer, out_width of a
/// semi-folded one.
int copies_of_weight(const Layer& layer, int out_width);

}  // namespace crossloop::compiler
