// Integral nonlinearity of an ADC (numerics.md, step 6).
#pragma once

#include <array>
#include <cstdint>

namespace crossloop::analog {

/// Corrections by code (by its upper eight bits where it has more), units of the ADC's code.
using InlTable = std::array<std::int8_t, 256>;

}  // namespace crossloop::analog
