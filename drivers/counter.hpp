// The 64-bit counters of a device, each in two registers.
#pragma once

#include <cstdint>

#include "drivers/transport.hpp"

namespace crossloop::drivers {

/// A counter that may be counting: the high word is read before and after the low one, and again
/// until it agrees (docs/hardware.md). Throws DeviceError as the transport does.
std::uint64_t read_counter(Transport& transport, Reg low, Reg high);

}  // namespace crossloop::drivers
