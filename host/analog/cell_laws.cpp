#include "host/analog/cell_laws.hpp"

#include <algorithm>
#include <limits>

#include "host/analog/pulse_law.hpp"

namespace crossloop::analog {

CellFault CellLaws::fault(const Cell& cell) const {
  const auto words = random_words(seed_, Draw::kFault, cell);
  const double u = uniform(words[0], words[1]);
  if (u <= device_.stuck_lrs_rate) return CellFault::kStuckLrs;
  if (u <= device_.stuck_lrs_rate + device_.stuck_hrs_rate) return CellFault::kStuckHrs;
  return CellFault::kNone;
}

double CellLaws::stuck_us(const Cell& cell, CellFault fault) const {
  const bool lrs = fault == CellFault::kStuckLrs;
  const auto& range = lrs ? device_.stuck_lrs_us : device_.stuck_hrs_us;
  if (!range) return lrs ? device_.g_max_us : device_.g_min_us;
  const auto words = random_words(seed_, Draw::kStuckConductance, cell);
  return range->low_us * std::pow(range->high_us / range->low_us, uniform(words[0], words[1]));
}

double CellLaws::programmed_us(const Cell& cell, double target_us, std::uint32_t count) const {
  double mean = target_us;
  double sigma = device_.programming_sigma_us.at(target_us);
  if (device_.relaxation.law == RelaxationLaw::kSpreadAtTimes) {
    sigma = device_.relaxation.total_sigma_us.front().at(target_us);
  } else if (!device_.measured_levels.empty()) {
    const LevelStatistics level = statistics_at(device_.measured_levels, target_us);
    mean = level.mean_us;
    sigma = level.sigma_us;
  }
  if (sigma > 0.0) mean += sigma * z(Draw::kCycleToCycle, cell, count);
  if (device_.cycle_to_cycle.sigma > 0.0) {
    mean *= device_.cycle_to_cycle.factor(z(Draw::kCycleToCycle, cell, count));
  }
  if (device_.device_to_device.sigma > 0.0) {
    mean *= device_.device_to_device.factor(z(Draw::kDeviceToDevice, cell));
  }
  return std::max(0.0, mean);
}

double CellLaws::relaxed_us(const Cell& cell, double target_us, double g_us,
                            std::uint32_t count) const {
  const Relaxation& law = device_.relaxation;
  if (law.law == RelaxationLaw::kNone) return g_us;
  const double z_cell = z(Draw::kRelaxation, cell, count);
  if (law.law == RelaxationLaw::kLogTime) {
    const double ln_t = std::log(device_.elapsed_s);
    return g_us + law.shift_us_per_ln_s * ln_t +
           (law.sigma_us + law.sigma_us_per_ln_s * ln_t) * z_cell;
  }
  const double before = law.total_sigma_us.front().at(target_us);
  const double total = total_sigma_us(law, target_us, device_.elapsed_s);
  if (total < before) return target_us + (g_us - target_us) * (total / before);
  return g_us + std::sqrt(total * total - before * before) * z_cell;
}

double CellLaws::aged_us(const Cell& cell, double target_us, double programmed_us,
                         std::uint32_t count) const {
  double g = relaxed_us(cell, target_us, programmed_us, count);
  const Drift& drift = device_.drift;
  if (drift.active()) {
    const double nu = drift.nu_mean + drift.nu_sigma * z(Draw::kDrift, cell);
    g *= std::pow(device_.elapsed_s / drift.t0_s, -nu);
  }
  const OneOverF& flicker = device_.one_over_f;
  if (flicker.rho > 0.0) {
    const double spread =
        std::sqrt(std::log((device_.elapsed_s + flicker.t_r_s) / (2.0 * flicker.t_r_s)));
    g *= 1.0 + flicker.rho * spread * z(Draw::kOneOverF, cell, count);
  }
  const Telegraph& telegraph = device_.telegraph;
  if (telegraph.probability > 0.0) {
    const auto words = random_words(seed_, Draw::kTelegraph, cell, count);
    if (uniform(words[0], words[1]) <= telegraph.probability) g -= telegraph.amplitude_us(g);
  }
  return std::max(0.0, g);
}

double CellLaws::write_limit(const Cell& cell) const {
  if (!device_.endurance) return std::numeric_limits<double>::infinity();
  const Endurance& endurance = *device_.endurance;
  return endurance.cycles * std::pow(10.0, endurance.log10_sigma * z(Draw::kEndurance, cell));
}

std::uint8_t CellLaws::step_factor(const Cell& cell) const {
  double factor = kUnitStepFactor;
  if (device_.pulses.device_to_device > 0.0) {
    factor *= std::exp(device_.pulses.device_to_device * z(Draw::kStepFactor, cell));
  }
  return static_cast<std::uint8_t>(std::clamp(std::round(factor), 1.0, 255.0));
}

double total_sigma_us(const Relaxation& relaxation, double target_us, double time_s) {
  const auto& times = relaxation.times_s;
  const auto after = std::upper_bound(times.begin(), times.end(), time_s);
  const auto index = static_cast<std::size_t>(after - times.begin());
  if (index == 0) return relaxation.total_sigma_us.front().at(target_us);
  const double low = relaxation.total_sigma_us[index - 1].at(target_us);
  if (index == times.size()) return low;
  const double high = relaxation.total_sigma_us[index].at(target_us);
  const double share =
      std::log(time_s / times[index - 1]) / std::log(times[index] / times[index - 1]);
  return low + share * (high - low);
}

}  // namespace crossloop::analog
