// The converters around an array: the DACs of its word lines, the ADCs of its bit lines.
//
// What they do wrong reaches a deployment as integers only (docs/analog.md, "Converters"): a factor
// on the codes of a row, and the gain, offset, sigma and INL table of numerics.md, steps 5 and 6.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "host/analog/inl_table.hpp"
#include "host/config.hpp"

namespace crossloop::analog {

/// Errors of the converters; 0 is none. A crossbar has one ADC, which its columns share in turn,
/// and one driver (1-bit DAC) per word line. LSB: one code of the ADC at the shift in use.
struct Converter {
  double adc_gain_sigma = 0.0;         ///< relative gain error of an ADC, per crossbar, 0..1
  double adc_column_gain_sigma = 0.0;  ///< the same per column, on top, 0..1
  double adc_offset_sigma_lsb = 0.0;   ///< offset per column, LSB, 0..256
  double adc_noise_lsb = 0.0;          ///< white noise of one conversion, rms LSB, 0..100
  double adc_inl_lsb = 0.0;  ///< peak of a smooth INL drawn per crossbar, LSB, 0 or 0.5..127
  /// Instead of the last: one table for all ADCs.
  std::optional<InlTable> adc_inl_table = {};
  double dac_gain_sigma = 0.0;  ///< relative error of a row driver's on level, 0..0.2
  /// Drive of a row at bit 0, relative to the on level, standard deviation, 0..0.2.
  double dac_off_level_sigma = 0.0;

  bool has_inl() const { return adc_inl_lsb > 0.0 || adc_inl_table.has_value(); }
  bool has_off_level() const { return dac_off_level_sigma > 0.0; }
  bool has_row_factors() const { return dac_gain_sigma > 0.0 || has_off_level(); }
  /// Whether the column table as the host wrote it is what the chip does.
  bool keeps_tables() const {
    return adc_gain_sigma == 0.0 && adc_column_gain_sigma == 0.0 && adc_offset_sigma_lsb == 0.0 &&
           adc_noise_lsb == 0.0 && !has_inl() && !has_off_level();
  }
  bool operator==(const Converter&) const = default;
};

/// Reads the table `converter` of a device file, strictly; absent it means converters without
/// errors. A relative adc_inl_file is looked for beside the device file. Throws InputError naming
/// key, line and range, or file, line, found and expected of the INL table.
Converter read_converter(ConfigTable table);

/// Factor on the effective conductances of word line `row`, and so on its codes (door a): what the
/// driver adds at bit 1 over bit 0, relative to the nominal swing. At least 1/16.
double row_factor(const Converter& converter, std::uint64_t chip_seed, std::uint32_t crossbar,
                  int row);

struct ConverterSizes {
  int rows = 0, columns = 0;  ///< of the whole tile
  int adc_bits = 8;           ///< B_g, sets the length of a drawn INL
};

/// The errors of one crossbar's converters as integers. A vector is empty where there is no error.
struct ConverterState {
  std::vector<std::int32_t> gain;       ///< [columns], 65536 stands for 1, 0..2^31-1
  std::vector<std::int32_t> offset;     ///< [columns], 1/256 LSB
  std::vector<std::int32_t> off_level;  ///< [rows], drive at bit 0 over the swing, 1/65536
  std::int64_t noise = 0;               ///< of one conversion of 1 LSB = 1 code, 1/256 of sigma
  std::optional<InlTable> inl;
  bool operator==(const ConverterState&) const = default;
};

/// Pure: the same arguments give the same state.
ConverterState converter_state(const Converter& converter, std::uint64_t chip_seed,
                               std::uint32_t crossbar, const ConverterSizes& sizes);

/// What word lines at bit 0 add to the sum of each column, 1/65536 code: [columns] for codes
/// [off_level.size()][columns]. Empty where no driver has an off level.
std::vector<std::int64_t> standing_sums(const ConverterState& state,
                                        std::span<const std::uint16_t> codes);

/// The fields of a column table entry that converters change.
struct ColumnConversion {
  std::int32_t gain = 0;    ///< 0..65535
  std::int32_t offset = 0;  ///< any
  std::int32_t sigma = 0;   ///< 0..65535
};

/// What the chip does where the host set `host` with `shift` (0..31); `standing` is that column's
/// standing sum. Integers only, docs/analog.md gives the formulas; results are held to the fields.
ColumnConversion converted(const ConverterState& state, int column, const ColumnConversion& host,
                           int shift, std::int64_t standing);

}  // namespace crossloop::analog
