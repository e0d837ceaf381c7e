#include "host/analog/measured.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "host/analog/wires.hpp"
#include "host/error.hpp"
#include "host/hdf5.hpp"
#include "host/matrix_file.hpp"

namespace crossloop::analog {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLevelHeader = "target_us,mean_us,sigma_us";
/// A page whose largest conductance is below this was saved in siemens.
constexpr double kLeastUs = 1e-3;

void check_finite(const std::string& where, double value) {
  if (std::isfinite(value) && value >= 0.0) return;
  throw InputError(
      fmt::format("{}: found {:g}, expected a finite number of microsiemens >= 0", where, value));
}

/// The crossbar a file or group is named after.
std::uint32_t crossbar_named(const std::string& name, const std::string& where) {
  std::uint32_t id = 0;
  const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), id);
  if (failure == std::errc() && end == name.data() + name.size()) return id;
  throw InputError(where + ": found '" + name + "', expected the number of a crossbar");
}

void check_page(const std::string& where, const ConductancePage& page) {
  double largest = 0.0;
  for (std::size_t i = 0; i < page.conductance_us.size(); ++i) {
    const auto columns = static_cast<std::size_t>(page.columns);
    check_finite(fmt::format("{}: cell ({}, {})", where, i / columns, i % columns),
                 page.conductance_us[i]);
    largest = std::max(largest, page.conductance_us[i]);
  }
  if (page.rows > kMaxLines || page.columns > kMaxLines) {
    throw InputError(fmt::format("{}: found {}x{} cells, expected at most {} lines", where,
                                 page.rows, page.columns, kMaxLines));
  }
  if (largest < kLeastUs) {
    throw InputError(fmt::format(
        "{}: the largest conductance is {:g}, expected microsiemens (are these siemens?)", where,
        largest));
  }
}

ConductancePage read_page_file(const fs::path& path) {
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const RowMajor values = read_matrix(path);
  ConductancePage page = {.rows = static_cast<int>(values.rows()),
                          .columns = static_cast<int>(values.cols()),
                          .conductance_us = {values.data(), values.data() + values.size()}};
  check_page(path.string(), page);
  return page;
}

ConductancePages read_folder(const fs::path& folder) {
  ConductancePages pages;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const fs::path& path = entry.path();
    if (path.extension() != ".csv" && path.extension() != ".npy") continue;
    const std::uint32_t id = crossbar_named(path.stem().string(), path.string());
    if (!pages.emplace(id, read_page_file(path)).second) {
      throw InputError(path.string() + ": crossbar " + std::to_string(id) + " has two files");
    }
  }
  return pages;
}

ConductancePages read_hdf5(const fs::path& path) {
  const hdf5::SilencedErrors silenced;
  const hdf5::Group crossbars = hdf5::open_file(path).open_group("crossbars");
  ConductancePages pages;
  for (const std::string& name : crossbars.names()) {
    const hdf5::Group group = crossbars.open_group(name);
    const std::string where = group.where("conductance_us");
    const hdf5::Dimensions shape = group.shape("conductance_us");
    const auto fits = [](hsize_t size) { return size >= 1 && size <= kMaxLines; };
    if (shape.size() != 2 || !fits(shape[0]) || !fits(shape[1])) {
      throw InputError(fmt::format("{}: found shape ({}), expected rows x columns of 1 to {} each",
                                   where, fmt::join(shape, ", "), kMaxLines));
    }
    std::vector<double> values = group.read_reals("conductance_us");
    if (shape.size() != 2 || values.empty()) {
      throw InputError(
          fmt::format("{}: found {} axes, expected rows x columns of cells", where, shape.size()));
    }
    ConductancePage page = {.rows = static_cast<int>(shape[0]),
                            .columns = static_cast<int>(shape[1]),
                            .conductance_us = std::move(values)};
    check_page(where, page);
    if (!pages.emplace(crossbar_named(name, where), std::move(page)).second) {
      throw InputError(where + ": another group is of the same crossbar");
    }
  }
  return pages;
}

}  // namespace

std::vector<LevelStatistics> read_level_statistics(const fs::path& path) {
  const Eigen::MatrixXd table = read_table(path, kLevelHeader);
  std::vector<LevelStatistics> levels;
  for (Eigen::Index i = 0; i < table.rows(); ++i) {
    const std::string where = fmt::format("{}: level {}", path.string(), i);
    for (Eigen::Index j = 0; j < 3; ++j) check_finite(where, table(i, j));
    if (i > 0 && table(i, 0) <= table(i - 1, 0)) {
      throw InputError(fmt::format("{}: found target {:g} after {:g}, expected rising targets",
                                   where, table(i, 0), table(i - 1, 0)));
    }
    levels.push_back({.target_us = table(i, 0), .mean_us = table(i, 1), .sigma_us = table(i, 2)});
  }
  return levels;
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

ConductancePages read_conductance_pages(const fs::path& path) {
  if (!fs::exists(path)) throw InputError(path.string() + ": no such file or folder");
  ConductancePages pages = fs::is_directory(path) ? read_folder(path) : read_hdf5(path);
  if (pages.empty()) {
    throw InputError(path.string() +
                     ": found no pages, expected ID.csv or ID.npy files, or HDF5 data sets "
                     "crossbars/ID/conductance_us");
  }
  return pages;
}

}  // namespace crossloop::analog
