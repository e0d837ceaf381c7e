// The converters around an array: the DACs of its word lines, the ADCs of its bit lines.
#pragma once

#include "host/config.hpp"

namespace crossloop::analog {

struct Converter {
  bool operator==(const Converter&) const = default;
};

/// Reads the table `converter` of a device file, strictly; absent it means converters without
/// errors. Throws InputError naming key, line and range.
Converter read_converter(ConfigTable table);

}  // namespace crossloop::analog
