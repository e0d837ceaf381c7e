// Any device behind a Transport as a Backend: Verilated RTL, a board, a socket.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "drivers/device.hpp"
#include "host/runtime/backend.hpp"
#include "host/runtime/page_slots.hpp"

namespace crossloop::runtime {

/// Keeps the images of all crossbars and swaps them through the device's resident pages, which are
/// filled in turn; each page that is loaded serves the whole batch, and stays while there is room.
class DeviceBackend : public Backend {
 public:
  /// Throws InputError if the device's pages are not tiles of this format, DeviceError if it does
  /// not answer as a crossloop device.
  DeviceBackend(std::string name, std::unique_ptr<drivers::Transport> transport,
                const compiler::TileFormat& tile, drivers::WaitLimits limits = {});

  std::string name() const override { return name_; }
  void program(std::int32_t crossbar, int rows, int columns,
               std::span<const std::uint8_t> levels) override;
  JobResult run(const Job& job, std::span<const std::uint8_t> vectors) override;
  Snapshot snapshot(std::int32_t crossbars) const override;
  void restore(const Snapshot& snapshot) override;

  /// Puts crossbars (distinct, at most as many as the device has pages) with their tables on
  /// consecutive pages, where they are not there yet; returns the first page. Passes through the
  /// window words behind the ring that a page image or its tables take. Throws InputError for a
  /// crossbar that was never programmed.
  int load(std::span<const PageJob> pages);

  drivers::Device& device() { return device_; }
  drivers::Transport& transport() { return *transport_; }
  const drivers::Transport& transport() const { return *transport_; }

 private:
  /// Tables as a page holds them.
  struct LoadedTable {
    std::int32_t crossbar = -1;  ///< -1: none
    drivers::TableWords table;
    bool operator==(const LoadedTable&) const = default;
  };

  void check_image(std::int32_t crossbar) const;
  void load_tables(int slot, const PageJob& page);
  void forget_pages();

  std::string name_;
  std::unique_ptr<drivers::Transport> transport_;
  compiler::TileFormat tile_;
  drivers::Device device_;
  std::map<std::int32_t, std::vector<std::uint32_t>> images_;  // committed pages by crossbar
  PageSlots slots_;
  std::vector<LoadedTable> tables_;  // by slot
};

/// What a device did between two looks at its statistics; no accumulators.
JobResult spent_between(const drivers::Statistics& before, const drivers::Statistics& after);

}  // namespace crossloop::runtime
