#include "host/analog/components.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "host/config.hpp"
#include "host/error.hpp"
#include "host/preset.hpp"

namespace crossloop::analog {
namespace {

namespace fs = std::filesystem;

constexpr double kMostPj = 1e6;
constexpr double kMostUm2 = 1e9;
constexpr double kMostMw = 1e6;
constexpr double kSmallest = 1e-9;  // where 0 would be divided by, or make a part free by mistake

Organisation read_organisation(ConfigTable config) {
  Organisation organisation;
  const auto count = [&config](const char* key, std::int64_t most) {
    return static_cast<int>(config.integer(key, 1, most));
  };
  organisation.adcs_per_crossbar = count("adcs_per_crossbar", 512);
  organisation.crossbars_per_shift_add = count("crossbars_per_shift_add", 4096);
  organisation.crossbars_per_ima = count("crossbars_per_ima", 4096);
  organisation.imas_per_tile = count("imas_per_tile", 4096);
  organisation.tiles_per_router = count("tiles_per_router", 4096);
  config.finish();
  return organisation;
}

AdcAnchor read_adc(ConfigTable config) {
  AdcAnchor adc;
  adc.bits = static_cast<int>(config.integer("bits", 1, 12));
  adc.rate_msps = config.number("rate_msps", kSmallest, 1e6);
  adc.energy_pj = config.number("energy_pj", kSmallest, kMostPj);
  adc.area_um2 = config.number("area_um2", 0.0, kMostUm2);
  config.finish();
  return adc;
}

/// `energy_key` says in its name what an event is.
EventFigure read_event(ConfigTable config, const char* energy_key = "energy_pj") {
  EventFigure figure;
  figure.energy_pj = config.number(energy_key, 0.0, kMostPj);
  figure.area_um2 = config.number("area_um2", 0.0, kMostUm2);
  config.finish();
  return figure;
}

WordFigure read_word(ConfigTable config, const char* bits_key) {
  WordFigure figure;
  figure.bits = static_cast<int>(config.integer(bits_key, 1, 1 << 16));
  figure.energy_pj = config.number("energy_pj", 0.0, kMostPj);
  figure.area_um2 = config.number("area_um2", 0.0, kMostUm2);
  config.finish();
  return figure;
}

void read_arrays(ConfigTable config, ComponentTable& table) {
  table.read_ns = config.number("read_ns", kSmallest, 1e9);
  const std::vector<double> sides = config.numbers("sides", 1.0, 4096.0);
  const std::vector<double> powers_mw = config.numbers("power_mw", 0.0, kMostMw);
  const std::vector<double> areas_um2 = config.numbers("area_um2", 0.0, kMostUm2);
  const auto refuse = [&config](const char* key, const std::string& text) {
    throw InputError(fmt::format("{}: key 'array.{}': {}", config.where(key), key, text));
  };
  if (sides.empty()) refuse("sides", "found no size, expected at least one");
  const auto check_count = [&](const char* key, std::size_t found) {
    if (found == sides.size()) return;
    refuse(key, fmt::format("found {} numbers, expected {}, one for each of sides", found,
                            sides.size()));
  };
  check_count("power_mw", powers_mw.size());
  check_count("area_um2", areas_um2.size());
  for (std::size_t i = 0; i < sides.size(); ++i) {
    const int side = static_cast<int>(sides[i]);
    if (side != sides[i] || (i > 0 && side <= table.arrays.back().side)) {
      refuse("sides", fmt::format("found {}, expected rising whole numbers", sides[i]));
    }
    table.arrays.push_back({side, powers_mw[i], areas_um2[i]});
  }
  config.finish();
}

}  // namespace

ArrayChoice array_of(const ComponentTable& table, int rows, int columns) {
  const double cells = static_cast<double>(rows) * columns;
  const auto distance = [cells](const ArrayFigure& figure) {
    return std::abs(std::log(cells / (static_cast<double>(figure.side) * figure.side)));
  };
  const ArrayFigure& nearest = *std::min_element(
      table.arrays.begin(), table.arrays.end(),
      [&](const ArrayFigure& a, const ArrayFigure& b) { return distance(a) < distance(b); });
  const double ratio = cells / (static_cast<double>(nearest.side) * nearest.side);
  return {.from = nearest,
          .scaled = rows != nearest.side || columns != nearest.side,
          .energy_pj = ratio * nearest.power_mw * table.read_ns,  // mW * ns = pJ
          .area_um2 = ratio * nearest.area_um2};
}

ComponentTable read_components(const fs::path& path) {
  ConfigTable config = ConfigTable::parse_file(path);
  ComponentTable table;
  table.name = config.text("name");
  table.source = config.text("source");
  table.organisation = read_organisation(config.table("organisation"));
  table.adc = read_adc(config.table("adc"));
  table.dac = read_event(config.table("dac"));
  table.sample_hold = read_event(config.table("sample_hold"));
  read_arrays(config.table("array"), table);
  table.shift_add = read_event(config.table("shift_add"));
  table.input_register = read_event(config.table("input_register"), "energy_pj_per_bit");
  table.output_register = read_event(config.table("output_register"));
  table.edram = read_word(config.table("edram"), "access_bits");
  table.bus = read_event(config.table("bus"), "energy_pj_per_bit");
  table.router = read_word(config.table("router"), "flit_bits");
  ConfigTable logic = config.table("tile_logic");
  table.tile_logic_um2 = logic.number("area_um2", 0.0, kMostUm2);
  logic.finish();
  config.finish();
  return table;
}

ComponentTable find_components(const std::string& name_or_path, const fs::path& config_root) {
  return read_components(
      find_preset("component table", name_or_path, config_root / "configs" / "components"));
}

}  // namespace crossloop::analog
