// Everything that decides what a run of an experiment comes to, as JSON: equal settings are one
// run, and models and checkpoints of the cache are named by their hash.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "host/experiment/experiment_config.hpp"
#include "host/experiment/metrics.hpp"

namespace crossloop::experiment {

/// Models, tiles and devices count by the bytes of their file, images by pixels and labels; where a
/// file lies, how many threads train, the numbers a processor multiplies and the version of the
/// program do not.
class Settings {
 public:
  /// Borrows the first two.
  Settings(const Experiment& experiment, const Images& images, std::filesystem::path root);

  /// Of the network that runs begin with. Throws InputError for a model that cannot be read.
  nlohmann::json origin(const NetworkSpec& spec) const;
  /// Of what a run makes of it.
  nlohmann::json model(const RunSpec& run, std::uint64_t seed) const;
  /// Of its figures.
  nlohmann::json result(const RunSpec& run, std::uint64_t seed) const;

 private:
  nlohmann::json preset(const std::string& what, const std::string& name) const;

  const Experiment& experiment_;
  std::filesystem::path root_;
  std::string train_, test_;  ///< hashes
  int test_images_ = 0;
  std::string data_;
};

/// 16 hexadecimal digits, FNV-1a of the text of `setting`.
std::string hash_of(const nlohmann::json& setting);

/// A file of a configuration: as it is named, else below `root`.
std::filesystem::path below(const std::filesystem::path& path, const std::filesystem::path& root);

}  // namespace crossloop::experiment
