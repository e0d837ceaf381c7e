#include "host/runtime/board.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <bit>
#include <optional>
#include <utility>

#include "drivers/registers.hpp"
#include "host/compiler/mapping.hpp"
#include "host/config.hpp"
#include "host/runtime/page_slots.hpp"

namespace crossloop::runtime {

using compiler::Deployment;
using drivers::PageGeometry;

namespace {

constexpr int kMostPages = 65535;  // page numbers have 16 bits
constexpr std::int64_t kWordBytes = 4;

int read_int(ConfigTable& table, const char* key, int low, int high, std::optional<int> fallback) {
  return static_cast<int>(fallback ? table.integer(key, low, high, *fallback)
                                   : table.integer(key, low, high));
}

/// Blocks of RAM of both kinds.
struct Blocks {
  std::int64_t halves = 0;  ///< of 36-Kbit blocks
  std::int64_t ultra = 0;
};

bool holds(const Blocks& available, const Blocks& needed) {
  return needed.halves <= available.halves && needed.ultra <= available.ultra;
}

/// Whole memories in one kind of block or the other, of all ways that fit the one with least block
/// RAM; all in block RAM where none fits.
Blocks allocate(const std::vector<Memory>& memories, const Board& board) {
  const Blocks available = {2 * std::int64_t{board.block_ram_36k}, board.ultra_ram_288k};
  std::optional<Blocks> best;
  Blocks plain;
  for (std::uint32_t in_ultra = 0; in_ultra < 1U << memories.size(); ++in_ultra) {
    Blocks needed;
    for (std::size_t i = 0; i < memories.size(); ++i) {
      if ((in_ultra >> i & 1U) != 0) {
        needed.ultra += memories[i].ultra_rams() * board.engines;
      } else {
        needed.halves += memories[i].block_ram_halves() * board.engines;
      }
    }
    if (in_ultra == 0) plain = needed;
    if (holds(available, needed) && (!best || needed.halves < best->halves)) best = needed;
  }
  return best.value_or(plain);
}

bool fits(CoreParameters core, int pages, const Board& board) {
  core.pages = pages;
  const Blocks available = {2 * std::int64_t{board.block_ram_36k}, board.ultra_ram_288k};
  return holds(available, allocate(core_memories(core), board));
}

/// The largest number of pages that fits; 0: none.
int most_pages(const CoreParameters& core, const Board& board) {
  int low = 0, high = kMostPages;
  while (low < high) {
    const int middle = (low + high + 1) / 2;
    if (fits(core, middle, board)) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

/// The crossbars of each descriptor of a batch, in the order in which they run.
std::vector<std::vector<std::int32_t>> descriptors_of(const Deployment& deployment) {
  std::vector<std::vector<std::int32_t>> descriptors;
  for (const auto& layer : deployment.layers) {
    if (layer.kind != compiler::LayerKind::kCrossbar) continue;
    for (int part = 0; part < layer.parts; ++part) {
      std::vector<std::int32_t> crossbars;
      for (const std::int32_t id : layer.crossbars) {
        if (deployment.crossbars.at(static_cast<std::size_t>(id)).part == part) {
          crossbars.push_back(id);
        }
      }
      if (!crossbars.empty()) descriptors.push_back(std::move(crossbars));
    }
  }
  return descriptors;
}

/// LOAD_PAGE descriptors of the second of two batches on one engine of `engines`.
std::int64_t loads_of_engine(const Deployment& deployment, int engine, int engines, int pages) {
  PageSlots slots(pages);
  std::int64_t loads = 0;
  for (int batch = 0; batch < 2; ++batch) {
    loads = 0;
    for (const auto& all : descriptors_of(deployment)) {
      std::vector<std::int32_t> own;
      for (std::size_t i = static_cast<std::size_t>(engine); i < all.size();
           i += static_cast<std::size_t>(engines)) {
        own.push_back(all[i]);
      }
      const std::span<const std::int32_t> left(own);
      for (std::size_t first = 0; first < own.size(); first += static_cast<std::size_t>(pages)) {
        const auto count = std::min(own.size() - first, static_cast<std::size_t>(pages));
        loads += static_cast<std::int64_t>(slots.place(left.subspan(first, count)).loads.size());
      }
    }
  }
  return loads;
}

/// Crossbars of the engine that has most.
std::int64_t most_crossbars(const Deployment& deployment, int engines) {
  std::int64_t most = 0;
  for (const auto& crossbars : descriptors_of(deployment)) {
    most += (static_cast<std::int64_t>(crossbars.size()) + engines - 1) / engines;
  }
  return most;
}

/// Accumulators and window words that the deployment needs of a core.
struct Needs {
  int outputs = 1;
  std::int64_t window_words = 0;
};

Needs needs_of(const Deployment& deployment, const PageGeometry& page) {
  Needs needs;
  needs.window_words = std::max(
      {page.image_words(), page.table_words(), static_cast<int>(drivers::constant::INL_WORDS)});
  for (const auto& layer : deployment.layers) {
    if (layer.kind != compiler::LayerKind::kCrossbar) continue;
    const int units = deployment.tile.unit_columns() * static_cast<int>(layer.crossbars.size());
    const int outputs = compiler::accumulators_of(layer) + units / layer.parts;
    const std::int64_t vector = (compiler::vector_inputs(layer) + 3) / 4 + outputs;
    needs.outputs = std::max(needs.outputs, outputs);
    needs.window_words = std::max(needs.window_words, vector);
  }
  needs.window_words += drivers::constant::RING_WORDS;
  return needs;
}

void require(BoardFit& fit, const char* what, std::int64_t needed, std::int64_t available) {
  if (needed <= available) return;
  fit.short_of.push_back(fmt::format("{}: {} needed, {} available", what, needed, available));
}

std::string blocks_text(std::int64_t halves) {
  return fmt::format("{:.1f}", 0.5 * static_cast<double>(halves));
}

}  // namespace

Board read_board(const std::filesystem::path& path) {
  ConfigTable table = ConfigTable::parse_file(path);
  Board board;
  board.name = table.text("name");
  board.block_ram_36k = read_int(table, "block_ram_36k", 1, 100'000, {});
  board.ultra_ram_288k = read_int(table, "ultra_ram_288k", 0, 100'000, 0);
  board.dsp = read_int(table, "dsp", 0, 1'000'000, {});
  board.dsp_width = read_int(table, "dsp_width", 18, 64, {});
  board.external_mib = read_int(table, "external_mib", 0, 1'000'000, 0);
  board.engines = read_int(table, "engines", 1, 64, board.engines);
  board.pages = read_int(table, "pages", 1, kMostPages, board.pages);
  board.window_kib = read_int(table, "window_kib", 4, 1024, board.window_kib);
  table.finish();
  return board;
}

std::vector<Memory> core_memories(const CoreParameters& core) {
  const PageGeometry& page = core.page;
  const std::int64_t pages = core.pages, columns = pages * page.columns;
  return {{"codes", columns, std::int64_t{page.code_bits} * page.plane_words()},
          {"column tables", columns, drivers::constant::COLUMN_WORDS},
          {"row tables", pages * page.row_table_words(), 1},
          {"INL tables", pages * drivers::constant::INL_WORDS, 1},
          {"window", core.window_words, 1},
          {"accumulators", core.max_outputs, 1}};
}

int multiplier_dsps(int a, int b, int dsp_width) {
  const auto slices = [](int bits, int width) { return (bits - 1 + width - 2) / (width - 1); };
  const auto [shorter, longer] = std::minmax(a, b);
  return slices(longer, dsp_width) * slices(shorter, 18);
}

int engine_dsps(const CoreParameters& core, int dsp_width) {
  const int driven = static_cast<int>(std::bit_width(static_cast<unsigned>(core.page.rows)));
  return multiplier_dsps(17, driven + 1, dsp_width) + multiplier_dsps(17, 8, dsp_width) +
         multiplier_dsps(driven + 18, 17, dsp_width);
}

BoardFit fit_board(const Deployment& deployment, const Board& board) {
  const auto& tile = deployment.tile;
  CoreParameters core;
  core.page = {tile.rows, tile.columns, tile.code.bits};
  const Needs needs = needs_of(deployment, core.page);
  core.window_words = std::int64_t{board.window_kib} * 1024 / kWordBytes;
  core.max_outputs = std::max(core.max_outputs, needs.outputs);

  BoardFit fit;
  const std::int64_t image_bytes = core.page.image_words() * kWordBytes;
  fit.page_bytes =
      image_bytes +
      (core.page.table_words() + std::int64_t{drivers::constant::INL_WORDS}) * kWordBytes;
  fit.pages = static_cast<std::int64_t>(deployment.crossbars.size());
  fit.pages_of_engine = most_pages(core, board);
  fit.resident_pages = std::int64_t{fit.pages_of_engine} * board.engines;
  const std::int64_t wanted = std::max<std::int64_t>(most_crossbars(deployment, board.engines), 1);
  core.pages = static_cast<int>(std::clamp<std::int64_t>(fit.pages_of_engine, 1, wanted));
  const Blocks blocks = allocate(core_memories(core), board);
  fit.block_ram_halves = blocks.halves;
  fit.ultra_rams = blocks.ultra;
  fit.dsps = engine_dsps(core, board.dsp_width) * board.engines;
  for (int engine = 0; engine < board.engines; ++engine) {
    fit.loads_per_batch += loads_of_engine(deployment, engine, board.engines, core.pages);
  }
  fit.bytes_per_batch = fit.loads_per_batch * image_bytes;
  const bool swaps = fit.loads_per_batch > 0;
  fit.external_bytes = swaps ? fit.pages * image_bytes : 0;

  if (fit.pages_of_engine < 1) {
    fit.short_of.push_back(
        fmt::format("block RAM: {} blocks of 36 Kbit needed for one page, {} available",
                    blocks_text(blocks.halves), board.block_ram_36k));
  } else {
    require(fit, "resident pages of an engine", std::min<std::int64_t>(board.pages, wanted),
            fit.pages_of_engine);
  }
  require(fit, "DSPs", fit.dsps, board.dsp);
  require(fit, "words of the window", needs.window_words, core.window_words);
  require(fit, "bytes of external memory", fit.external_bytes,
          std::int64_t{board.external_mib} << 20);
  fit.verdict = !fit.short_of.empty() ? BoardVerdict::kDoesNotFit
                : swaps               ? BoardVerdict::kFitsWithSwapping
                                      : BoardVerdict::kFits;
  return fit;
}

}  // namespace crossloop::runtime
