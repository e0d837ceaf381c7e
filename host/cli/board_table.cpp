#include "host/cli/board_table.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include "host/error.hpp"

namespace crossloop::cli {

using runtime::Board;
using runtime::BoardFit;
using runtime::BoardVerdict;

namespace {

const char* verdict_text(BoardVerdict verdict) {
  switch (verdict) {
    case BoardVerdict::kFits:
      return "fits";
    case BoardVerdict::kFitsWithSwapping:
      return "fits with swapping";
    default:
      return "does not fit";
  }
}

double blocks(std::int64_t halves) { return 0.5 * static_cast<double>(halves); }

}  // namespace

std::string board_table(const Board& board, const BoardFit& fit) {
  std::string text = fmt::format(
      "board {}, {} {}, estimated from the parameters of the core (no LUTs, no clock)\n"
      "  page          {} bytes of codes, tables and INL, {} pages in all\n"
      "  resident      {} pages fit, {} on each engine\n"
      "  swaps         {} LOAD_PAGE a batch, {} bytes; {} bytes of images in external memory\n"
      "  block RAM     {:.1f} of {} blocks of 36 Kbit with the pages that are of use",
      board.name, board.engines, board.engines == 1 ? "engine" : "engines", fit.page_bytes,
      fit.pages, fit.resident_pages, fit.pages_of_engine, fit.loads_per_batch, fit.bytes_per_batch,
      fit.external_bytes, blocks(fit.block_ram_halves), board.block_ram_36k);
  if (board.ultra_ram_288k > 0) {
    text += fmt::format(", {} of {} of 288 Kbit", fit.ultra_rams, board.ultra_ram_288k);
  }
  text += fmt::format("\n  DSPs          {} of {}\n  verdict       {}\n", fit.dsps, board.dsp,
                      verdict_text(fit.verdict));
  for (const std::string& what : fit.short_of) text += fmt::format("    {}\n", what);
  return text;
}

nlohmann::json board_json(const Board& board, const BoardFit& fit) {
  return {{"name", board.name},
          {"engines", board.engines},
          {"verdict", verdict_text(fit.verdict)},
          {"short_of", fit.short_of},
          {"page_bytes", fit.page_bytes},
          {"pages", fit.pages},
          {"pages_of_engine", fit.pages_of_engine},
          {"resident_pages", fit.resident_pages},
          {"loads_per_batch", fit.loads_per_batch},
          {"bytes_per_batch", fit.bytes_per_batch},
          {"external_bytes", fit.external_bytes},
          {"block_ram_36k",
           {{"needed", blocks(fit.block_ram_halves)}, {"available", board.block_ram_36k}}},
          {"ultra_ram_288k", {{"needed", fit.ultra_rams}, {"available", board.ultra_ram_288k}}},
          {"dsp", {{"needed", fit.dsps}, {"available", board.dsp}}}};
}

void require_fit(const Board& board, const BoardFit& fit) {
  if (fit.verdict != BoardVerdict::kDoesNotFit) return;
  throw CheckFailed(fmt::format("board {}: the deployment does not fit: {}", board.name,
                                fmt::join(fit.short_of, "; ")));
}

}  // namespace crossloop::cli
