#include "host/analog/measured.hpp"

#include <algorithm>

#include "host/error.hpp"

namespace crossloop::analog {

std::vector<LevelStatistics> read_level_statistics(const std::filesystem::path& path) {
  throw InputError(path.string() + ": not read yet");
}

LevelStatistics statistics_at(const std::vector<LevelStatistics>& levels, double target_us) {
  const auto above = std::find_if(levels.begin(), levels.end(), [&](const LevelStatistics& level) {
    return level.target_us >= target_us;
  });
  if (above == levels.begin() || above == levels.end()) {
    LevelStatistics level = above == levels.end() ? levels.back() : *above;
    level.mean_us += target_us - level.target_us;
    level.target_us = target_us;
    return level;
  }
  const LevelStatistics& high = *above;
  const LevelStatistics& low = *(above - 1);
  const double share = (target_us - low.target_us) / (high.target_us - low.target_us);
  return {.target_us = target_us,
          .mean_us = low.mean_us + share * (high.mean_us - low.mean_us),
          .sigma_us = low.sigma_us + share * (high.sigma_us - low.sigma_us)};
}

ConductancePages read_conductance_pages(const std::filesystem::path& path) {
  throw InputError(path.string() + ": not read yet");
}

}  // namespace crossloop::analog
