#include "host/loop/summary.hpp"

#include <spdlog/fmt/fmt.h>

#include "host/error.hpp"

namespace crossloop::loop {

double Summary::accuracy_of(const std::string& rung) const {
  for (const Rung& one : accuracy) {
    if (one.name == rung) return one.accuracy;
  }
  throw InputError("summary: no accuracy '" + rung + "'");
}

nlohmann::json Summary::json() const {
  nlohmann::json out;
  out["name"] = name;
  out["command"] = command;
  out["version"] = version;
  out["dataset"] = dataset;
  out["network"] = network;
  out["origin"] = origin;
  out["device"] = device;
  out["run_on"] = run_on;
  out["tile"] = tile;
  out["test_images"] = test_images;
  out["seeds"] = seeds;
  for (const Rung& rung : accuracy) {
    out["accuracy"][rung.name] = rung.accuracy;
    out["ladder"].push_back({{"name", rung.name}, {"label", rung.label}});
  }
  out["crossbars"] = {{"dense", crossbars_dense}, {"pruned", crossbars_pruned}};
  for (const LayerCount& layer : layers) {
    out["layers"].push_back(
        {{"name", layer.name}, {"dense", layer.dense}, {"pruned", layer.pruned}});
  }
  out["rtl"] = {{"images", rtl.images},
                {"integers", rtl.integers},
                {"mismatches", rtl.mismatches},
                {"cycles", rtl.cycles},
                {"column_reads", rtl.counters.column_reads},
                {"conversions", rtl.counters.conversions},
                {"clipped_low", rtl.counters.clipped_low},
                {"clipped_high", rtl.counters.clipped_high},
                {"seconds", rtl.seconds}};
  if (rtl.first) out["rtl"]["first_mismatch"] = rtl.first->text();
  out["measure"] = {{"pages", measured_pages},
                    {"vectors", measured_vectors},
                    {"max_standard_error", max_standard_error},
                    {"weight_error", weight_error}};
  out["reprogrammed"] = {
      {"crossbars", reprogrammed_crossbars}, {"cells", reprogrammed_cells}, {"of_cells", cells}};
  out["stuck_cells"] = stuck_cells;
  out["saturated_cells"] = saturated_cells;
  if (!inject.empty()) out["inject"] = inject;
  out["snapshot_hash"] = snapshot_hash;
  out["seconds"] = seconds;
  return out;
}

std::string Summary::table() const {
  std::string out = fmt::format("\n{}: {} ({}) on {}, tiles {}, device {} (chip {})\n\n", name,
                                network, origin, dataset, tile, device, seeds.at("chip"));
  out += fmt::format("  accuracy on {} test images\n", test_images);
  for (const Rung& rung : accuracy) {
    out += fmt::format("    {:<44} {:6.2f} %\n", rung.label, 100.0 * rung.accuracy);
  }
  out += fmt::format("\n  crossbars      {} dense, {} pruned ({:.1f} %)\n", crossbars_dense,
                     crossbars_pruned, 100.0 * crossbars_pruned / crossbars_dense);
  out += fmt::format("  measured       {} pages, {} vectors, largest standard error {:.3f} codes\n",
                     measured_pages, measured_vectors, max_standard_error);
  out += fmt::format("  weight error   {:.1f} % rms of the target weights, as mapped\n",
                     100.0 * weight_error);
  out += fmt::format("  re-programmed  {} of {} cells on {} crossbars\n", reprogrammed_cells, cells,
                     reprogrammed_crossbars);
  out += fmt::format("  faults         {} cells found stuck, {} codes saturated\n", stuck_cells,
                     saturated_cells);
  if (!inject.empty()) out += "  fault planted  " + inject + "\n";
  if (rtl.images > 0) {
    const double reads = static_cast<double>(rtl.counters.column_reads);
    out += fmt::format(
        "  RTL            {} images, {} integers compared, {} mismatches\n"
        "                 {:.1f} M column reads, {:.1f} M cycles, {:.1f} s ({:.1f} M reads/s)\n",
        rtl.images, rtl.integers, rtl.mismatches, reads / 1e6,
        static_cast<double>(rtl.cycles) / 1e6, rtl.seconds,
        rtl.seconds > 0.0 ? reads / 1e6 / rtl.seconds : 0.0);
    if (rtl.first) out += "  first mismatch " + rtl.first->text() + "\n";
  }
  out += "  seeds         ";
  for (const auto& [what, seed] : seeds) out += fmt::format(" {} {}", what, seed);
  return out + "\n";
}

}  // namespace crossloop::loop
