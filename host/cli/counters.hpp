// What the ADCs of a chip did, for people and for machines.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "host/engine/reference.hpp"

namespace crossloop::cli {

/// {"column_reads", "conversions", "clipped_low", "clipped_high"}.
nlohmann::json counters_json(const engine::ConversionCounters& counters);

/// "N column reads, N conversions, X % clipped".
std::string counters_text(const engine::ConversionCounters& counters);

/// Conversions beyond a rail, 0..1; 0 where there were none.
double clipped_share(const engine::ConversionCounters& counters);

}  // namespace crossloop::cli
