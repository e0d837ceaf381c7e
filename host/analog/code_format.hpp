// How a conductance becomes an integer.
#pragma once

#include <cstdint>

namespace crossloop::analog {

/// Conductance codes (numerics.md, step 3): q = round(2^fraction_bits * G / dG) on `bits` bits.
struct CodeFormat {
  int cell_bits = 2;           ///< c, 1..4
  int bits = 8;                ///< W, 4..12
  int fraction_bits = 5;       ///< F
  std::int32_t reference = 0;  ///< code of level 0 = round(2^F * G_min / dG), the dummy column
  int levels() const { return 1 << cell_bits; }
  std::int32_t code_limit() const { return (1 << bits) - 1; }
  /// The code of an ideal cell at `level`.
  std::int32_t nominal(int level) const { return reference + (level << fraction_bits); }
  bool operator==(const CodeFormat&) const = default;
};

}  // namespace crossloop::analog
