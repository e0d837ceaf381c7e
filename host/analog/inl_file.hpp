// INL tables of measured ADCs as text files (docs/formats.md).
#pragma once

#include <filesystem>

#include "host/analog/inl_table.hpp"

namespace crossloop::analog {

/// Reads 256 corrections in LSB, separated by commas, blanks or line ends; or, where every line has
/// two numbers, pairs of a code (0..255, increasing, first 0, last 255) and its correction,
/// straight lines between them. `#` begins a comment. Corrections are rounded to whole LSB. Throws
/// InputError naming file, line, found and expected.
InlTable read_inl_file(const std::filesystem::path& path);

}  // namespace crossloop::analog
