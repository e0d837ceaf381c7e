// Tensors in NumPy's .npy files (numpy.lib.format, versions 1.0 to 3.0).
//
// libxtensor-dev can read them too, but takes a file cut short for a whole one, wraps around on
// large shapes and wants the header's keys in one order.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace crossloop {

/// The values are in C order: the last axis runs fastest. No axes is a single value.
template <class Value>
struct NpyArrayOf {
  std::vector<std::int64_t> shape;
  std::vector<Value> values;
};
using NpyArray = NpyArrayOf<float>;

/// Reads an array of float32, float64, uint8, int32 or int64, little-endian, in C or Fortran order,
/// rounding each value to the nearest float. Throws InputError naming the file and what is wrong
/// with it: magic, version, header, type, or a number of bytes that is not what the shape asks for.
NpyArray read_npy(const std::filesystem::path& path);

/// The same for float32 and float64 only, every value as it is stored.
NpyArrayOf<double> read_npy_double(const std::filesystem::path& path);

/// The same for uint8 only: codes and pixels, which no other type may stand in for.
NpyArrayOf<std::uint8_t> read_npy_bytes(const std::filesystem::path& path);

/// Writes float32, float64 or int32 in C order, version 1.0; a reader sees the old file or the
/// whole new one. `values` has as many values as `shape` says. Throws InputError if the file cannot
/// be written.
void write_npy(const std::filesystem::path& path, std::span<const std::int64_t> shape,
               std::span<const float> values);
void write_npy(const std::filesystem::path& path, std::span<const std::int64_t> shape,
               std::span<const double> values);
void write_npy(const std::filesystem::path& path, std::span<const std::int64_t> shape,
               std::span<const std::int32_t> values);

}  // namespace crossloop
