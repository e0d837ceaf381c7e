// Measurements that make a user's own device.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <vector>

namespace crossloop::analog {

/// What cells programmed to one target were measured to hold.
struct LevelStatistics {
  double target_us = 0.0;
  double mean_us = 0.0;
  double sigma_us = 0.0;
  bool operator==(const LevelStatistics&) const = default;
};

/// Reads a CSV with the header target_us,mean_us,sigma_us and one level a line, targets rising.
/// Throws InputError naming file, line, found and expected.
std::vector<LevelStatistics> read_level_statistics(const std::filesystem::path& path);

/// Mean and deviation at a target: linear between two levels, those of the nearest level beyond
/// (mean shifted with the target, so that it keeps its distance). `levels` is not empty.
LevelStatistics statistics_at(const std::vector<LevelStatistics>& levels, double target_us);

/// Measured conductances of whole crossbars in microsiemens, [rows][columns], by crossbar id.
struct ConductancePage {
  int rows = 0;
  int columns = 0;
  std::vector<double> conductance_us;
};
using ConductancePages = std::map<std::uint32_t, ConductancePage>;

/// Reads measured pages: an HDF5 file with float64 or float32 data sets
/// `crossbars/ID/conductance_us`, or a folder with one ID.csv or ID.npy per crossbar. Throws
/// InputError naming file, place, found and expected, conductances that are negative or not finite
/// included.
ConductancePages read_conductance_pages(const std::filesystem::path& path);

}  // namespace crossloop::analog
