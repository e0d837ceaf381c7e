// What `crossloop inspect --board` shows.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "host/runtime/board.hpp"

namespace crossloop::cli {

/// Bytes of a page, pages that fit, swaps of a batch, blocks and DSPs, then the verdict.
std::string board_table(const runtime::Board& board, const runtime::BoardFit& fit);

/// {"name", "verdict": "fits" | "fits with swapping" | "does not fit", "short_of": [text],
/// "page_bytes", "pages", "pages_of_engine", "resident_pages", "loads_per_batch",
/// "bytes_per_batch", "external_bytes", "block_ram_36k", "ultra_ram_288k", "dsp": {"needed",
/// "available"} each}.
nlohmann::json board_json(const runtime::Board& board, const runtime::BoardFit& fit);

/// Throws CheckFailed naming what is short where the deployment does not fit.
void require_fit(const runtime::Board& board, const runtime::BoardFit& fit);

}  // namespace crossloop::cli
