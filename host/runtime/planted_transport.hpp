// The plant behind a Transport: what silicon does at COMMIT, done in front of a simulation or an
// FPGA. On a real chip it is absent.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "drivers/page_image.hpp"
#include "drivers/transport.hpp"
#include "host/analog/plant.hpp"
#include "host/runtime/converted_tables.hpp"

namespace crossloop::runtime {

/// Passes every access on. When the host rings the doorbell for a COMMIT, it lets the device run up
/// to it, reads the cell states (nominal codes) of the page back, asks the chip what they become
/// and writes the effective codes into the page. Where cells are written pulse by pulse and the
/// device has the opcode for it (register OPCODES), it does that, cell by cell as the plant would.
/// The host sees none of it: DOORBELL, COMPLETED, IRQ_ACK and ERROR_INDEX are translated, ring and
/// window are as they were. Its own descriptors come in whole rounds of the ring, so that ring
/// entries keep their place. Where the chip's converters have errors it writes behind each
/// LOAD_TABLE what they make of the tables, and the INL; CYCLES_BUSY and CYCLES_STALLED then leave
/// out what that took. Chip seed, faults and device reach it by its constructor, never through
/// registers.
class PlantedTransport : public drivers::Transport {
 public:
  /// Throws InputError if the chip's code format does not fit the device's codes.
  PlantedTransport(std::unique_ptr<drivers::Transport> inner, analog::Chip chip);

  std::uint32_t read(drivers::Reg reg) override;
  void write(drivers::Reg reg, std::uint32_t value) override;
  void read_window(std::uint32_t word, std::span<std::uint32_t> values) override;
  void write_window(std::uint32_t word, std::span<const std::uint32_t> values) override;
  bool idle() override { return inner_->idle(); }

  drivers::Transport& inner() { return *inner_; }
  const analog::Chip& chip() const { return chip_; }
  std::int64_t cells_programmed() const { return chip_.cells_programmed(); }

 private:
  using Descriptor = std::array<std::uint32_t, drivers::constant::DESCRIPTOR_WORDS>;

  /// What the host put into a page, where converters have errors.
  struct Page {
    std::vector<std::uint32_t> table;  ///< words of the last LOAD_TABLE; empty: none
    Descriptor load_table = {};
    std::vector<std::uint16_t> codes;  ///< of the whole tile, where the converters need them
  };

  void ring_doorbell(std::uint32_t value);
  bool run_to_end_of(const Descriptor& descriptor, std::uint32_t number);
  void note(const Descriptor& descriptor);
  bool wait_for(std::uint32_t completed);
  void plant(int page, std::uint32_t crossbar);
  analog::WriteTotals write_cells(int page, const analog::WriteJob& job);
  void convert(int page);
  void run_own(std::span<const Descriptor> descriptors);
  std::vector<std::uint32_t> read_words(std::uint32_t word, int count);

  std::unique_ptr<drivers::Transport> inner_;
  analog::Chip chip_;
  drivers::PageGeometry geometry_;
  ChipConverters converters_;
  bool writes_cells_ = false;  // the device does, not the chip
  std::map<std::uint32_t, Page> pages_;
  std::uint32_t rung_ = 0;          // the host's DOORBELL
  std::uint32_t extra_ = 0;         // own descriptors so far, a multiple of the ring
  std::uint64_t extra_cycles_ = 0;  // spent on tables
};

}  // namespace crossloop::runtime
