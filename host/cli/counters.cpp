#include "host/cli/counters.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace crossloop::cli {

nlohmann::json counters_json(const engine::ConversionCounters& counters) {
  return {{"column_reads", counters.column_reads},
          {"conversions", counters.conversions},
          {"clipped_low", counters.clipped_low},
          {"clipped_high", counters.clipped_high}};
}

std::string counters_text(const engine::ConversionCounters& counters) {
  return fmt::format("{} column reads, {} conversions, {:.4f} % clipped", counters.column_reads,
                     counters.conversions, 100.0 * clipped_share(counters));
}

double clipped_share(const engine::ConversionCounters& counters) {
  return static_cast<double>(counters.clipped_low + counters.clipped_high) /
         static_cast<double>(std::max<std::int64_t>(counters.conversions, 1));
}

}  // namespace crossloop::cli
