// A compiled network: integer layers, crossbars with their target levels and tables.
//
// The Deployment is the contract between compiler, engine, runtime and RTL; docs/numerics.md states
// what each number means. It holds targets only: what a chip makes of them (the effective codes) is
// the Backend's business.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/analog/code_format.hpp"
#include "host/network/network.hpp"

namespace crossloop::compiler {

/// A tile and the number formats around it.
struct TileFormat {
  int rows = 64;        ///< R, word lines, 16..512
  int columns = 64;     ///< C, bit lines, 16..512
  int input_bits = 8;   ///< B_x
  int weight_bits = 8;  ///< B_w, 2..8
  int adc_bits = 8;     ///< default B_g, 1..12
  analog::CodeFormat code;
  /// K, slices of a differential weight: ceil((B_w - 1) / c).
  int slices() const { return (weight_bits - 1 + code.cell_bits - 1) / code.cell_bits; }
  int weight_limit() const { return (1 << (weight_bits - 1)) - 1; }  ///< largest |w_q|
  bool operator==(const TileFormat&) const = default;
};

/// gain is a fixed-point number: kUnitGain stands for 1.
inline constexpr int kGainFractionBits = 8;
inline constexpr std::int32_t kUnitGain = 1 << kGainFractionBits;

/// One bit line: what its ADC does and where its codes go (numerics.md, steps 4-7).
struct ColumnSetting {
  std::int32_t output = 0;        ///< o, accumulator of the layer
  bool negative = false;          ///< sign of the recombination
  std::int32_t slice = 0;         ///< k
  std::int32_t left_shift = 0;    ///< c*k + e_g, e_g = shift - smallest shift of the layer; 0..23
  std::int32_t reference = 0;     ///< b_j, 0..2^W-1
  std::int32_t sigma = 0;         ///< read noise, unsigned 16 bit, see numerics.md step 5
  std::int32_t gain = kUnitGain;  ///< unsigned 16 bit
  std::int32_t offset = 0;        ///< signed 32 bit, holds zero_code << shift
  std::int32_t shift = 0;         ///< shift_g, 0..31
  std::int32_t bits = 8;          ///< B_g, 1..12
  std::int32_t zero_code = 0;     ///< z_g, 0..2^B_g - 1
  bool operator==(const ColumnSetting&) const = default;
};

/// Row table and column table of one page: all that a run needs beside the codes.
struct PageTables {
  std::vector<std::int32_t> rows;      ///< word line -> index into the layer's input vector
  std::vector<ColumnSetting> columns;  ///< bit line -> setting
  bool operator==(const PageTables&) const = default;
};

/// One physical crossbar. Its id, the key of its noise and of its device errors, is its index in
/// Deployment::crossbars.
struct Crossbar {
  std::int32_t layer = 0;  ///< index into Deployment::layers
  std::int32_t band = 0;   ///< which row tile of the layer: all crossbars of a band share inputs
  PageTables tables;
  std::vector<std::uint8_t> levels;  ///< [tables.rows.size()][tables.columns.size()], target levels
  int row_count() const { return static_cast<int>(tables.rows.size()); }
  int column_count() const { return static_cast<int>(tables.columns.size()); }
  bool operator==(const Crossbar&) const = default;
};

/// Requantisation of one output channel (step 8).
struct OutputScale {
  std::int32_t bias = 0;        ///< in units of the accumulator; holds the zero-point term
  std::int32_t multiplier = 1;  ///< M, unsigned 16 bit
  std::int32_t shift = 0;       ///< s, 0..47
  bool operator==(const OutputScale&) const = default;
};

/// Zero point and rails of a layer's output. A last layer has wide rails: logits are int32.
struct OutputRange {
  std::int32_t zero = 0;  ///< z_y
  std::int32_t low = 0;
  std::int32_t high = 255;
  bool operator==(const OutputRange&) const = default;
};

/// Residual add (step 8); a is the first input.
struct AddScale {
  std::int32_t zero_a = 0, zero_b = 0;
  std::int32_t multiplier_a = 1, multiplier_b = 1;  ///< unsigned 16 bit
  std::int32_t shift = 0;
  bool operator==(const AddScale&) const = default;
};

/// A tensor between layers: uint8 HWC (int32 for the last), real = scale * (q - zero).
struct TensorInfo {
  std::string name;
  network::Shape shape;
  double scale = 1.0;
  std::int32_t zero = 0;
  bool operator==(const TensorInfo&) const = default;
};

enum class LayerKind : std::int32_t { kCrossbar = 0, kAdd = 1, kMaxPool = 2, kAveragePool = 3 };

/// A linear layer is a convolution whose kernel covers its whole input, so Flatten vanishes.
struct Layer {
  std::string name;  ///< of the Conv, Linear, Add or pool node
  LayerKind kind = LayerKind::kCrossbar;
  std::vector<std::int32_t> inputs;  ///< tensor ids
  std::int32_t output = 0;           ///< tensor id
  network::Window window;            ///< crossbar and pools
  /// What a padded position holds, per input channel (crossbar): the zero point, or for the first
  /// layer the pixel value of a normalised 0.
  std::vector<std::int32_t> pad_values;
  OutputRange range;
  std::vector<OutputScale> scales;  ///< per output channel (crossbar), or one (average pool)
  AddScale add;

  // Crossbar layers only.
  std::int32_t outputs = 0;             ///< N, accumulators
  std::int32_t inputs_per_output = 0;   ///< K; im2col index = (c * kernel_h + y) * kernel_w + x
  std::vector<std::int32_t> crossbars;  ///< ids, by band
  std::vector<std::int8_t> weights;     ///< w_q [N][K], the sign of gamma included
  std::vector<double> weight_scale;     ///< s_w [N]: w = s_w * w_q, normalisation folded in
  /// Real value of one accumulator unit of channel o: accumulator_unit * s_x * s_w[o], with
  /// accumulator_unit = 2^(smallest shift of the layer) / (kUnitGain * 2^F).
  double accumulator_unit = 1.0;
  /// y = affine_gain[o] * z + affine_offset[o] turns the real pre-activation z (no bias, no zero
  /// point term left) into the layer's output: batch norm and bias. gain >= 0.
  std::vector<double> affine_gain;
  std::vector<double> affine_offset;
  bool has_batch_norm = false;
  std::vector<double> bn_gamma, bn_beta;  ///< |gamma| and beta where has_batch_norm
  std::vector<std::int8_t> bn_sign;       ///< of gamma: -1, 0 (channel pruned) or 1
  double bn_epsilon = 0.0;
  bool operator==(const Layer&) const = default;
};

/// How many crossbars a layer takes unpruned and as compiled.
struct CrossbarCount {
  std::int32_t dense = 0;
  std::int32_t pruned = 0;
};

struct Deployment {
  std::string network;  ///< name
  TileFormat tile;
  std::string device;  ///< name of the device preset the reference code came from
  network::InputNormalisation normalisation;
  std::int32_t classes = 0;
  std::vector<TensorInfo> tensors;  ///< tensor 0 is the image
  std::vector<Layer> layers;        ///< execution order; the last one's output is the logits
  std::vector<Crossbar> crossbars;

  CrossbarCount count(int layer) const;  ///< dense and pruned crossbars of one layer
  CrossbarCount count() const;           ///< of all layers
  std::int64_t cell_count() const;       ///< programmed cells
};

/// Sets e_g of every column and accumulator_unit of a layer from the shifts of its columns, and
/// then the fixed-point output scales. Call it after any change of shift or affine_*.
/// Throws InputError naming the layer if an accumulator could overflow int32.
void finish_layer(Deployment& deployment, int layer);

/// M[o], s[o], bias[o] of a crossbar layer from affine_gain, affine_offset and accumulator_unit.
/// `zero_point_sum[o]` = sum_k w[o][k] * pad_value(channel of k) in units of w_q: the part of the
/// accumulator that the input's zero point makes; measured weights may be passed. Empty: from w_q.
void set_output_scales(Deployment& deployment, int layer,
                       const std::vector<double>& zero_point_sum = {});

}  // namespace crossloop::compiler
