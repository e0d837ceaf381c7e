// Cells of an array written by the device's own write-verify loop (opcode WRITE_VERIFY), in pieces
// that fit its window.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "drivers/write_descriptor.hpp"
#include "host/analog/write_verify.hpp"

namespace crossloop::runtime {

/// Cells that one descriptor writes.
struct WritePiece {
  int first_row = 0, rows = 0;
  int first_column = 0, columns = 0;
  bool operator==(const WritePiece&) const = default;
};

/// Pieces of at most `most_cells` cells, at least 1, that hold every selected cell of
/// [rows][columns]: whole columns next to each other, or parts of one column. Columns, or parts,
/// without a selected cell are in none.
std::vector<WritePiece> write_pieces(int rows, int columns, std::span<const std::uint8_t> selected,
                                     std::size_t most_cells);

/// Cells of a piece: as many as the data part of a window of `window_words` has room for, and so
/// few that all of them may spend their budget within seconds of a simulation.
std::size_t most_piece_cells(std::uint32_t window_words, std::uint32_t budget);

/// Runs one WRITE_VERIFY whose blocks are `words`, to lie at window word RING_WORDS, and replaces
/// them by what the device left there.
using RunWrite =
    std::function<void(const drivers::WriteDescriptor&, std::vector<std::uint32_t>& words)>;

/// analog::write_cells() by a device with a window of `window_words`.
analog::WriteTotals write_cells_on_device(const analog::WriteJob& job, int page,
                                          std::uint32_t window_words, const RunWrite& run);

}  // namespace crossloop::runtime
