// How codes and tables of a page lie in the window (docs/hardware.md, "Layouts in the window").
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace crossloop::drivers {

/// Size of a page: word lines, bit lines, bits of a code.
struct PageGeometry {
  int rows = 0;
  int columns = 0;
  int code_bits = 0;

  int plane_words() const { return (rows + 31) / 32; }
  int image_words() const { return columns * code_bits * plane_words(); }
  int row_table_words() const { return (rows + 1) / 2; }
  int table_words() const;
  bool operator==(const PageGeometry&) const = default;
};

/// Settings of one bit line, as docs/hardware.md lays them out.
struct ColumnEntry {
  std::int32_t gain = 1;        ///< 0..65535
  std::int32_t sigma = 0;       ///< 0..65535, read noise
  std::int32_t offset = 0;      ///< any, holds zero_code << shift
  std::int32_t reference = 0;   ///< 0..65535, reference code
  std::int32_t output = 0;      ///< 0..65535, accumulator
  std::int32_t shift = 0;       ///< 0..31
  std::int32_t bits = 8;        ///< 1..12, ADC resolution
  std::int32_t left_shift = 0;  ///< 0..31, c*k + e_g
  bool negative = false;        ///< sign of the recombination
  std::int32_t zero_code = 0;   ///< 0..2^bits - 1
  bool operator==(const ColumnEntry&) const = default;
};

/// Row table of an unused word line: it is never driven.
inline constexpr std::int32_t kUnusedRow = -1;

/// Row and column table of a page in window layout.
struct TableWords {
  std::vector<std::uint32_t> words;  ///< geometry.table_words()
  int rows = 0;                      ///< word lines used
  int columns = 0;                   ///< bit lines used
  bool operator==(const TableWords&) const = default;
};

/// Packs codes [rows][columns] (0..2^W-1) into a page image; the rest of the page is 0. Throws
/// InputError if the block is larger than the page, has another size than `codes`, or for a code
/// out of range (naming its row and column).
std::vector<std::uint32_t> pack_codes(std::span<const std::uint16_t> codes, int rows, int columns,
                                      const PageGeometry& geometry);

/// The upper left [rows][columns] codes of a page image. Throws InputError if the block is larger
/// than the page or the image has another size.
std::vector<std::uint16_t> unpack_codes(std::span<const std::uint32_t> image, int rows, int columns,
                                        const PageGeometry& geometry);

/// Packs the row table (word line -> index into the input vector, 0..65534, or kUnusedRow) and the
/// column table. Throws InputError for sizes 0 or beyond the page and for entries out of range
/// (naming row or column).
TableWords pack_table(std::span<const std::int32_t> rows, std::span<const ColumnEntry> columns,
                      const PageGeometry& geometry);

/// INL table of an ADC in window layout, INL_WORDS words.
std::vector<std::uint32_t> pack_inl(std::span<const std::int8_t, 256> corrections);

/// One entry of the column table, unpacked: the inverse of pack_table for tests and emulations.
ColumnEntry unpack_column(std::span<const std::uint32_t> entry);

}  // namespace crossloop::drivers
