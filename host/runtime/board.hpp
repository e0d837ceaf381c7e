// Whether a deployment fits an FPGA board, and how often pages must be swapped.
//
// An estimate from the parameters of rtl/crossloop.v: its memories in blocks of RAM, its
// multipliers in DSPs. LUTs, registers and the clock are not estimated.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "drivers/page_image.hpp"
#include "host/compiler/deployment.hpp"

namespace crossloop::runtime {

/// What a board has, and what is asked of it (docs/formats.md).
struct Board {
  std::string name;
  int block_ram_36k = 0;   ///< blocks of 36 Kbit: 1024 words of 32 bits
  int ultra_ram_288k = 0;  ///< blocks of 288 Kbit: 4096 times two words of 32 bits
  int dsp = 0;
  int dsp_width = 25;    ///< longer operand of a DSP, signed; the other has 18 bits
  int external_mib = 0;  ///< memory for the images of pages that are not resident
  int engines = 1;       ///< cores beside each other, the crossbars shared out among them
  int pages = 1;         ///< fewest resident pages of an engine that will do
  int window_kib = 256;  ///< staging window of an engine
};

/// Reads a board file strictly. Throws InputError naming file, line, key and range.
Board read_board(const std::filesystem::path& path);

/// Parameters of one core, as in rtl/crossloop.v.
struct CoreParameters {
  drivers::PageGeometry page;  ///< ROWS, COLS, CODE_WIDTH
  int pages = 16;
  std::int64_t window_words = 65536;
  int max_outputs = 1024;
};

/// A memory that is written in words of 32 bits: `lanes` words beside each other.
struct Memory {
  std::string name;
  std::int64_t depth = 0;
  std::int64_t lanes = 1;
  /// Halves of a 36-Kbit block, each 512 words: lanes * ceil(depth / 512).
  std::int64_t block_ram_halves() const { return lanes * ((depth + 511) / 512); }
  /// ceil(lanes / 2) * ceil(depth / 4096).
  std::int64_t ultra_rams() const { return (lanes + 1) / 2 * ((depth + 4095) / 4096); }
};

/// Page codes, column tables, row tables, INL tables, window, accumulators:
///
///   codes         pages * columns        x code_bits * ceil(rows / 32) words
///   column tables pages * columns        x 5
///   row tables    pages * ceil(rows / 2) x 1
///   INL tables    pages * 64             x 1
///   window        window_words           x 1
///   accumulators  max_outputs            x 1
std::vector<Memory> core_memories(const CoreParameters& core);

/// DSPs of a signed product of a x b bits on DSPs of `dsp_width` x 18 bits:
/// ceil((a - 1) / (dsp_width - 1)) * ceil((b - 1) / 17).
int multiplier_dsps(int a, int b, int dsp_width);

/// DSPs of one engine: reference times driven rows (column_sum.v: 17 x L + 1 bits, L =
/// clog2(rows + 1)), noise times sigma (read_noise.v: 17 x 8) and sum times gain (adc.v: L + 18 x
/// 17). Products with a constant and population counts are taken for LUTs.
int engine_dsps(const CoreParameters& core, int dsp_width);

enum class BoardVerdict { kFits, kFitsWithSwapping, kDoesNotFit };

struct BoardFit {
  std::int64_t page_bytes = 0;      ///< codes, tables and INL of one resident page
  std::int64_t pages = 0;           ///< of the deployment: its crossbars
  int pages_of_engine = 0;          ///< resident pages that fit one engine, 0..65535
  std::int64_t resident_pages = 0;  ///< of all engines
  /// With as many resident pages as fit and are of use, one at least:
  std::int64_t block_ram_halves = 0;
  std::int64_t ultra_rams = 0;
  int dsps = 0;
  std::int64_t loads_per_batch = 0;   ///< LOAD_PAGE descriptors once the first batch is through
  std::int64_t bytes_per_batch = 0;   ///< their images
  std::int64_t external_bytes = 0;    ///< images of all pages where they are swapped, else 0
  std::vector<std::string> short_of;  ///< what does not suffice, with needed and available
  BoardVerdict verdict = BoardVerdict::kFits;
};

/// Crossbars of a layer are dealt out to the engines in turn. Accumulators are for the layer with
/// most outputs, 1024 at least.
BoardFit fit_board(const compiler::Deployment& deployment, const Board& board);

}  // namespace crossloop::runtime
