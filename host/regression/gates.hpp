// What a run must reach: the gates of configs/regressions/*.toml.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "host/config.hpp"

namespace crossloop::regression {

/// Which of several seeds a bound is for.
enum class Scope {
  kMean,   ///< the mean over the seeds
  kEvery,  ///< each seed by itself
};

/// One [gate.NAME]. The value judged is `value`, or `value - minus`, or `value / over`. All three
/// are keys of the summary, with dots into objects ("accuracy.recovered").
struct Gate {
  std::string name;
  std::string value;
  std::string minus;  ///< empty: nothing is subtracted
  std::string over;   ///< empty: not divided
  std::optional<double> min;
  std::optional<double> max;
  std::optional<double> max_drop;  ///< allowed fall of the mean below the baseline, in its units
  std::optional<double> baseline;  ///< fixed; absent: mean of the latest evaluation that passed
  Scope scope = Scope::kMean;      ///< of min and max

  std::string formula() const;  ///< "accuracy.recovered - accuracy.mapped"
  std::string bounds() const;   ///< ">= 0.05, <= 1"
};

struct Regression {
  std::string name;  ///< under which the history files it
  std::vector<Gate> gates;
};

/// Reads and checks a configuration, gates in alphabetical order. Throws InputError naming key,
/// line and what was expected; a gate without any bound is refused.
Regression read_regression(ConfigTable config);
Regression read_regression(const std::filesystem::path& path);

}  // namespace crossloop::regression
