// Where every weight of a deployment lies: layer -> crossbar -> row, column, slice, as CSV.
#pragma once

#include <cstdint>
#include <filesystem>

#include "host/compiler/deployment.hpp"

namespace crossloop::compiler {

/// An element of a layer's input vector (mapping.hpp): where it stands in the window, or, of a
/// semi-folded layer, in the strip.
struct InputPlace {
  int channel = 0;
  int kernel_y = 0;
  int x = 0;  ///< kernel_x; semi-folded: input column in the strip
  bool operator==(const InputPlace&) const = default;
};

/// What element `input` (0 .. vector_inputs() - 1) of the layer's input vector is.
InputPlace place_of_input(const Layer& layer, int input);

/// What an accumulator of a layer's vectors holds.
struct OutputPlace {
  int channel = 0;  ///< -1: a unit column of the offset encoding
  int column = 0;   ///< semi-folded: which of the columns_per_vector output columns; -1 as above
  bool operator==(const OutputPlace&) const = default;
};

OutputPlace place_of_output(const Layer& layer, int accumulator);

/// One line per programmed bit line: its crossbar, its output channel, sign and slice, and what its
/// ADC does. Lines and columns are documented in docs/formats.md; the first line names them.
/// Streamed into a temporary file that is then renamed; InputError if it cannot be written.
void write_column_map(const Deployment& deployment, const std::filesystem::path& path);

/// One line per word line in use: its crossbar, and which input drives it.
void write_row_map(const Deployment& deployment, const std::filesystem::path& path);

/// One line per cell in use, with the weight it holds a slice of and its target level. About 40
/// bytes a cell.
void write_cell_map(const Deployment& deployment, const std::filesystem::path& path);

}  // namespace crossloop::compiler
