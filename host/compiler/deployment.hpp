// A compiled network: integer layers, crossbars with their target levels and tables.
//
// The Deployment is the contract between compiler, engine, runtime and RTL; docs/numerics.md states
// what each number means. It holds targets only: what a chip makes of them (the effective codes) is
// the Backend's business.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "host/analog/code_format.hpp"
#include "host/network/network.hpp"

namespace crossloop::compiler {

/// How a signed weight becomes levels (numerics.md, step 2).
enum class Encoding : std::int32_t {
  kDifferential = 0,  ///< a positive and a negative column per slice
  kOffset = 1         ///< w_q + 2^(B_w - 1), one column per slice, one unit column per crossbar
};

/// A tile and the number formats around it.
struct TileFormat {
  int rows = 64;        ///< R, word lines, 16..512
  int columns = 64;     ///< C, bit lines, 16..512
  int input_bits = 8;   ///< B_x
  int weight_bits = 8;  ///< B_w, 2..8
  int adc_bits = 8;     ///< default B_g, 1..12
  Encoding encoding = Encoding::kDifferential;
  analog::CodeFormat code;
  /// Bits of a weight that go into slices: B_w - 1 differential, B_w offset.
  int magnitude_bits() const {
    return encoding == Encoding::kDifferential ? weight_bits - 1 : weight_bits;
  }
  /// K_s, slices of a weight: ceil(magnitude_bits / c).
  int slices() const { return (magnitude_bits() + code.cell_bits - 1) / code.cell_bits; }
  /// Bit lines that one weight takes.
  int columns_per_weight() const {
    return encoding == Encoding::kDifferential ? 2 * slices() : slices();
  }
  /// Bit lines of a crossbar that hold no weight: the unit column of the offset encoding.
  int unit_columns() const { return encoding == Encoding::kOffset ? 1 : 0; }
  /// Weights that fit beside each other; 0 where not even one does.
  int weights_per_row() const { return (columns - unit_columns()) / columns_per_weight(); }
  int weight_limit() const { return (1 << (weight_bits - 1)) - 1; }  ///< largest |w_q|
  bool operator==(const TileFormat&) const = default;
};

/// gain is a fixed-point number: kUnitGain stands for 1.
inline constexpr int kGainFractionBits = 8;
inline constexpr std::int32_t kUnitGain = 1 << kGainFractionBits;

/// One bit line: what its ADC does and where its codes go (numerics.md, steps 4-7).
struct ColumnSetting {
  std::int32_t output = 0;  ///< o, accumulator of the layer
  /// Sign of the recombination. Under the offset encoding a negative column is a flipped one: it
  /// holds the complement of its levels.
  bool negative = false;
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

/// What the unit column's sum U adds to an accumulator of the same part: factor * U.
struct UnitTerm {
  std::int32_t accumulator = 0;
  std::int32_t factor = 0;  ///< -2^(B_w-1), and (2^c - 1) 2^(ck) for each flipped slice k
  bool operator==(const UnitTerm&) const = default;
};

/// One physical crossbar. Its id, the key of its noise and of its device errors, is its index in
/// Deployment::crossbars.
struct Crossbar {
  std::int32_t layer = 0;  ///< index into Deployment::layers
  std::int32_t part = 0;   ///< which part of the layer: its output columns, or its copy
  std::int32_t band = 0;  ///< which row tile of the part: the first where remnants of several share
  PageTables tables;
  std::vector<std::uint8_t> levels;  ///< [tables.rows.size()][tables.columns.size()], target levels
  std::vector<UnitTerm> unit_terms;  ///< offset encoding: what its last column stands in for
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

/// Zero point and rails of a layer's output, or of what its table reads. A last layer has wide
/// rails: logits are int32.
struct OutputRange {
  std::int32_t zero = 0;  ///< z_y
  std::int32_t low = 0;
  std::int32_t high = 255;
  bool operator==(const OutputRange&) const = default;
};

inline constexpr int kTableEntries = 256;

/// What stands behind the clamp of a layer whose activation no clamp makes: the output is codes[q],
/// q the clamped code.
struct OutputTable {
  std::vector<std::uint8_t> codes;  ///< kTableEntries, or none: q itself is the output
  double scale = 1.0;               ///< of q, whose zero point is that of the layer's OutputRange
  std::int32_t operator()(std::int32_t code) const {
    return codes.empty() ? code : codes[static_cast<std::size_t>(code)];
  }
  bool operator==(const OutputTable&) const = default;
};

/// Residual add (step 8); a is the first input.
struct AddScale {
  std::int32_t zero_a = 0, zero_b = 0;
  std::int32_t multiplier_a = 1, multiplier_b = 1;  ///< unsigned 16 bit
  std::int32_t shift = 0;
  bool operator==(const AddScale&) const = default;
};

/// What a copy layer takes of one input and where it goes, by axis (channels, height, width):
/// output[offset + i] = input[start + i * step] for 0 <= i < count.
struct CopyPart {
  std::array<std::int32_t, 3> start = {0, 0, 0};
  std::array<std::int32_t, 3> step = {1, 1, 1};  ///< may be negative
  std::array<std::int32_t, 3> count = {1, 1, 1};
  std::array<std::int32_t, 3> offset = {0, 0, 0};
  bool operator==(const CopyPart&) const = default;
};

/// A tensor between layers: uint8 HWC (int32 for the last), real = scale * (q - zero).
struct TensorInfo {
  std::string name;
  network::Shape shape;
  double scale = 1.0;
  std::int32_t zero = 0;
  bool operator==(const TensorInfo&) const = default;
};

enum class LayerKind : std::int32_t {
  kCrossbar = 0,
  kAdd = 1,
  kMaxPool = 2,
  kAveragePool = 3,
  kCopy = 4  ///< codes in other places: slices, padding, concatenation
};

/// How a convolution's windows meet the crossbars (mapping.hpp).
enum class Mapping : std::int32_t { kFolded = 0, kSemiFolded = 1 };

/// A linear layer is a convolution whose kernel covers its whole input, so Flatten vanishes.
struct Layer {
  std::string name;  ///< of the node: Conv, Linear, Add, a pool, Concat, Pad or Slice
  LayerKind kind = LayerKind::kCrossbar;
  std::vector<std::int32_t> inputs;  ///< tensor ids
  std::int32_t output = 0;           ///< tensor id
  network::Window window;            ///< crossbar and pools
  /// What a padded position holds, per input channel (crossbar): the zero point, or for the first
  /// layer the pixel value of a normalised 0.
  std::vector<std::int32_t> pad_values;
  OutputRange range;
  OutputTable table;                ///< crossbar and add
  std::vector<OutputScale> scales;  ///< per output channel (crossbar), or one (average pool)
  AddScale add;
  std::vector<CopyPart> copies;  ///< copy: one per input; elsewhere the output is range.zero

  // Crossbar layers only.
  std::int32_t outputs = 0;            ///< N, accumulators
  std::int32_t inputs_per_output = 0;  ///< K; im2col index = (c * kernel_h + y) * kernel_w + x
  std::int32_t groups = 1;             ///< of a grouped convolution; `weights` are whole, 0 outside
  std::int32_t dense_crossbars = 0;    ///< of one copy of the unpruned layer
  Mapping mapping = Mapping::kFolded;
  /// W_s, output columns that one input vector gives. Folded: 1.
  std::int32_t columns_per_vector = 1;
  /// Semi-folded: slices of the output width, each with crossbars of its own. Folded: copies of the
  /// layer, copy p taking the output positions i with i mod parts = p.
  std::int32_t parts = 1;
  std::vector<std::int32_t> crossbars;  ///< ids, by part and band
  /// Input channels that always hold the zero point, because the layer before lost all weights of
  /// that channel; their weights are 0 here. Ascending.
  std::vector<std::int32_t> silent_inputs;
  std::vector<std::int8_t> weights;  ///< w_q [N][K], the sign of gamma included
  std::vector<double> weight_scale;  ///< s_w [N]: w = s_w * w_q, normalisation folded in
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

/// Crossbars before and after one pass of the compiler.
struct PassReport {
  std::string name;
  std::int32_t before = 0;
  std::int32_t after = 0;
  bool operator==(const PassReport&) const = default;
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
  std::vector<PassReport> passes;  ///< in the order they ran

  CrossbarCount count(int layer) const;  ///< dense and pruned crossbars of one layer
  CrossbarCount count() const;           ///< of all layers
  std::int64_t cell_count() const;       ///< programmed cells
};

/// Sets e_g of every column and accumulator_unit of a layer from the shifts of its columns, and
/// then the fixed-point output scales. Call it after any change of shift or affine_*.
/// Throws InputError naming the layer if an accumulator could overflow int32.
void finish_layer(Deployment& deployment, int layer);

/// Proves from the ADCs' rails that no accumulator of a crossbar layer can leave int32, whatever
/// the cells hold, before and after the unit terms; else throws InputError naming layer and output.
void check_overflow(const Deployment& deployment, const Layer& layer);

/// M[o], s[o], bias[o] of a crossbar layer from affine_gain, affine_offset and accumulator_unit.
/// `zero_point_sum[o]` = sum_k w[o][k] * pad_value(channel of k) in units of w_q: the part of the
/// accumulator that the input's zero point makes; measured weights may be passed. Empty: from w_q.
void set_output_scales(Deployment& deployment, int layer,
                       const std::vector<double>& zero_point_sum = {});

}  // namespace crossloop::compiler
