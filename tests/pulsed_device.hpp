// A device whose cells are programmed pulse by pulse.
#pragma once

#include "host/analog/device.hpp"

namespace crossloop::testing_support {

/// 5..50 uS on wires without resistance; at c = 2, W = 8, F = 5 a level is 32 codes of 256 units of
/// state each.
inline analog::Device pulsed_device() {
  analog::Device device;
  device.name = "pulsed";
  device.wires = {0.0, 0.0, 0.0, 0.0};
  device.mode = analog::ProgrammingMode::kPulses;
  device.pulses = {.set_step = 0.05,
                   .reset_step = 0.05,
                   .g_bottom_us = 3.0,
                   .g_top_us = 60.0,
                   .cycle_to_cycle = 0.3,
                   .device_to_device = 0.3,
                   .tolerance_us = 0.75,
                   .verify_noise_us = 0.2,
                   .budget = 200,
                   .set_energy_pj = 1.2,
                   .reset_energy_pj = 1.1,
                   .verify_energy_pj = 0.1};
  return device;
}

}  // namespace crossloop::testing_support
