// Random cells and settings of a write circuit, corners included, and what the twin makes of them.
#pragma once

#include <algorithm>
#include <random>
#include <tuple>
#include <vector>

#include "drivers/write_descriptor.hpp"
#include "host/analog/write_verify.hpp"
#include "tests/rtl_random.hpp"

namespace crossloop::testing_support {

/// Settings with which most cells arrive: noise, spread, tolerance and budget are 0 now and then,
/// and one in ten may be anything.
inline analog::PulseSettings random_pulse_settings(std::mt19937& rng) {
  const auto below = [&](unsigned limit) { return random_word(rng) % limit; };
  analog::PulseSettings settings;
  settings.bottom = static_cast<std::uint16_t>(below(4000));
  settings.top = static_cast<std::uint16_t>(0xFFFF - below(4000));
  settings.set_rate = static_cast<std::uint16_t>(500 + below(20'000));
  settings.reset_rate = static_cast<std::uint16_t>(500 + below(20'000));
  settings.step_sigma = static_cast<std::uint8_t>(chance(rng, 20) ? 0 : below(256));
  settings.verify_sigma = static_cast<std::uint16_t>(chance(rng, 20) ? 0 : below(3000));
  settings.tolerance = static_cast<std::uint16_t>(chance(rng, 20) ? 0 : below(2000));
  settings.budget = chance(rng, 10) ? 0 : below(60);
  if (chance(rng, 10)) {
    const auto any = [&] { return static_cast<std::uint16_t>(below(0x10000)); };
    std::tie(settings.bottom, settings.top) = std::minmax({any(), any()});
    settings.set_rate = any();
    settings.reset_rate = any();
    settings.verify_sigma = any();
    settings.tolerance = any();
  }
  return settings;
}

inline drivers::CellRecord random_cell(std::mt19937& rng) {
  drivers::CellRecord cell;
  cell.state = static_cast<std::uint16_t>(rng());
  cell.target = static_cast<std::uint16_t>(chance(rng, 10) ? cell.state : rng());
  cell.factor = static_cast<std::uint8_t>(chance(rng, 10) ? rng() : 32 + rng() % 64);
  cell.stuck = chance(rng, 10);
  cell.selected = chance(rng, 70);
  cell.verified = chance(rng, 50);
  cell.reads = chance(rng, 10) ? 0xFFFFFFFFU - rng() % 4 : random_word(rng);
  return cell;
}

/// What write_verify makes of a selected cell; its verified flag included.
inline analog::WriteResult write_cell(drivers::CellRecord& cell,
                                      const analog::PulseSettings& settings,
                                      const analog::PulsePlace& place) {
  analog::PulseCell twin{
      .state = cell.state, .factor = cell.factor, .stuck = cell.stuck, .reads = cell.reads};
  const analog::WriteResult result = analog::write_verify(twin, cell.target, settings, place);
  cell.state = twin.state;
  cell.reads = twin.reads;
  cell.verified = result.verified;
  return result;
}

/// What WRITE_VERIFY makes of the records of `job`, and its statistics.
inline drivers::WriteStatistics write_cells(const drivers::WriteDescriptor& job,
                                            const analog::PulseSettings& settings,
                                            std::vector<drivers::CellRecord>& cells) {
  drivers::WriteStatistics total;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (!cells[i].selected) continue;
    const auto result =
        write_cell(cells[i], settings,
                   {job.seed, job.crossbar, job.first_row + static_cast<int>(i) % job.rows,
                    job.first_column + static_cast<int>(i) / job.rows});
    total.set_pulses += result.set_pulses;
    total.reset_pulses += result.reset_pulses;
    total.reads += result.reads;
    total.failed += result.verified ? 0 : 1;
    ++total.selected;
  }
  return total;
}

}  // namespace crossloop::testing_support
