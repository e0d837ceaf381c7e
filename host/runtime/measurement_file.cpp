#include "host/error.hpp"
#include "host/files.hpp"
#include "host/hdf5.hpp"
#include "host/runtime/measure.hpp"

namespace crossloop::runtime {

namespace {

constexpr std::int64_t kMeasurementVersion = 1;
constexpr const char* kVersion = "crossloop.measurement_version";

}  // namespace

void write_measurement(const Measurement& measurement, const std::filesystem::path& path) {
  const hdf5::SilencedErrors silenced;
  write_atomically(path, [&](const std::filesystem::path& temporary) {
    const hdf5::Group root = hdf5::create_file(temporary);
    root.set(kVersion, kMeasurementVersion);
    root.set("vectors", measurement.vectors);
    root.set("max_standard_error", measurement.max_standard_error);
    const hdf5::Group crossbars = root.create_group("crossbars");
    for (std::size_t id = 0; id < measurement.pages.size(); ++id) {
      const MeasuredPage& page = measurement.pages[id];
      if (page.codes.empty()) continue;
      const hdf5::Group group = crossbars.create_group(std::to_string(id));
      group.write("codes", std::span<const float>(page.codes),
                  {static_cast<hsize_t>(page.rows), static_cast<hsize_t>(page.columns)});
      group.set("largest_standard_error", page.largest_standard_error);
      group.set("repeats", static_cast<std::int64_t>(page.repeats));
      group.set("vectors", page.vectors);
      group.set("s_matrix", static_cast<std::int64_t>(page.s_matrix ? 1 : 0));
    }
  });
}

Measurement read_measurement(const compiler::Deployment& deployment,
                             const std::filesystem::path& path) {
  const hdf5::SilencedErrors silenced;
  const hdf5::Group root = hdf5::open_file(path);
  if (!root.has_attribute(kVersion) || root.integer(kVersion) != kMeasurementVersion) {
    throw InputError(root.where("") + ": not a measurement file of version " +
                     std::to_string(kMeasurementVersion));
  }
  Measurement measurement;
  measurement.vectors = root.integer("vectors");
  measurement.max_standard_error = root.number("max_standard_error");
  const hdf5::Group crossbars = root.open_group("crossbars");
  for (std::size_t id = 0; id < deployment.crossbars.size(); ++id) {
    const auto& crossbar = deployment.crossbars[id];
    const hdf5::Group group = crossbars.open_group(std::to_string(id));
    MeasuredPage page;
    page.rows = crossbar.row_count();
    page.columns = crossbar.column_count();
    page.codes = group.read<float>(
        "codes", {static_cast<hsize_t>(page.rows), static_cast<hsize_t>(page.columns)});
    page.largest_standard_error = group.number("largest_standard_error");
    page.repeats = group.small_integer("repeats");
    page.vectors = group.integer("vectors");
    page.s_matrix = group.integer("s_matrix") != 0;
    measurement.pages.push_back(std::move(page));
    ++measurement.page_count;
  }
  return measurement;
}

}  // namespace crossloop::runtime
