// What the converters of a chip make of the column tables the host writes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "drivers/page_image.hpp"
#include "host/analog/plant.hpp"
#include "host/compiler/deployment.hpp"

namespace crossloop::runtime {

/// The converters of one chip, by crossbar; part of what stands in for silicon, never of the host.
class ChipConverters {
 public:
  /// Tiles have `rows` x `columns` cells.
  ChipConverters(const analog::Chip& chip, int rows, int columns);

  /// Every table does what it says: nothing below changes one.
  bool keep_tables() const { return converter_.keeps_tables(); }
  bool need_codes() const { return converter_.has_off_level(); }
  bool has_inl() const { return converter_.has_inl(); }

  /// The tables the chip works with where the host set `host`. `codes` of the whole tile,
  /// [rows][columns], may be empty where need_codes() is false or none are there yet.
  compiler::PageTables tables(std::uint32_t crossbar, const compiler::PageTables& host,
                              std::span<const std::uint16_t> codes);

  /// The same on the words of a LOAD_TABLE, whose first `columns` columns are used.
  std::vector<std::uint32_t> words(std::uint32_t crossbar, std::span<const std::uint32_t> host,
                                   int columns, const drivers::PageGeometry& geometry,
                                   std::span<const std::uint16_t> codes);

  /// The INL of the crossbar's ADC as of the last tables() or words(); none where it has none.
  const std::optional<analog::InlTable>& inl(std::uint32_t crossbar) const {
    return states_.at(crossbar).state.inl;
  }

 private:
  struct Cached {
    int adc_bits = 0;
    analog::ConverterState state;
  };
  const analog::ConverterState& state(std::uint32_t crossbar, int adc_bits);

  analog::Converter converter_;
  std::uint64_t seed_;
  int rows_, columns_;
  std::map<std::uint32_t, Cached> states_;
};

}  // namespace crossloop::runtime
