// Registers and descriptors turned into operations.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "drivers/page_image.hpp"
#include "drivers/tensor_descriptor.hpp"
#include "drivers/transport.hpp"
#include "drivers/write_descriptor.hpp"
#include "host/error.hpp"

namespace crossloop::drivers {

/// The device was still busy at the deadline; its state is unknown until soft_reset().
class DeviceTimeout : public DeviceError {
 public:
  using DeviceError::DeviceError;
};

/// What the device says it is.
struct DeviceInfo {
  std::uint32_t version = 0;
  PageGeometry geometry;
  int pages = 0;                   ///< resident pages
  std::uint32_t window_words = 0;  ///< descriptor ring included
  int max_outputs = 0;             ///< accumulators
  int max_inputs = 0;              ///< bytes of the longest vector of a CONVOLVE
};

/// When a wait is given up; whatever comes first.
struct WaitLimits {
  std::uint64_t idle_polls = std::numeric_limits<std::uint64_t>::max();  ///< Transport::idle calls
  double seconds = 60.0;
};

/// Counters since the last reset.
struct Statistics {
  std::uint64_t cycles_busy = 0;     ///< clock cycles not idle
  std::uint64_t column_reads = 0;    ///< those of skipped phases included
  std::uint64_t conversions = 0;     ///< column reads that were not skipped
  std::uint64_t clipped_low = 0;     ///< conversions beyond the lower rail
  std::uint64_t clipped_high = 0;    ///< conversions beyond the upper rail
  std::uint64_t cycles_stalled = 0;  ///< of cycles_busy, those in which the tile did not run
  std::uint64_t phases_skipped = 0;  ///< without a driven row
  bool operator==(const Statistics&) const = default;
};

/// Some pages over a batch of vectors.
struct LayerDescriptor {
  int first_page = 0;
  int pages = 1;                   ///< consecutive pages, summed into the same accumulators
  int inputs = 0;                  ///< elements of one vector
  int outputs = 0;                 ///< accumulators of one vector
  int input_bits = 8;              ///< phases, 1..8
  bool skip_zero = true;           ///< a phase without a driven row contributes 0
  std::uint32_t seed = 0;          ///< of the read noise
  std::uint32_t first_vector = 0;  ///< vector number of vector 0; the others count up
};

/// One device behind a borrowed Transport; not thread-safe. Every operation waits for its end.
/// Arguments out of range throw InputError before anything is written. A descriptor that the device
/// refuses throws DeviceError naming its number, opcode and the error, after a restart(), so that
/// the device stays usable. A device that does not answer throws DeviceTimeout.
class Device {
 public:
  /// Checks magic number, version and geometry (DeviceError), and restarts a device that an
  /// earlier host left busy or in error.
  explicit Device(Transport& transport, WaitLimits limits = {});

  const DeviceInfo& info() const { return info_; }

  /// Puts codes in place (restoring what store_page() gave); the page may run once it has tables.
  void load_page(int page, std::span<const std::uint32_t> image);
  /// Reads the codes of a page back. DeviceError if the page is empty.
  std::vector<std::uint32_t> store_page(int page);
  void load_table(int page, const TableWords& table, std::uint32_t crossbar);
  /// Gives the ADC of a page an INL table (numerics.md, step 6), or takes it away. What a real ADC
  /// has of its own: for whoever stands in for the chip, not for a host.
  void load_inl(int page, const std::optional<std::array<std::int8_t, 256>>& inl);
  /// Writes target codes; the page may not run before commit().
  void program(int page, std::span<const std::uint32_t> image);
  /// Ends programming. `crossbar` names the cells to whoever stands in for them.
  void commit(int page, std::uint32_t crossbar);
  /// Does nothing, the long way.
  void nop();

  /// Runs `vectors` (uint8 [n][inputs]) through the pages and returns the accumulators, int32
  /// [n][outputs]. Larger batches are split into parts that take turns in the two halves of the
  /// window: one is written and read while the device works on the other. Vector numbers continue.
  std::vector<std::int32_t> run_layer(const LayerDescriptor& layer,
                                      std::span<const std::uint8_t> vectors);

  /// Layers over tensors in the window, which the host has laid out. Where a range leaves the
  /// window or overlaps another the device refuses.
  void convolve(const ConvolveDescriptor& layer) { submit_and_wait(descriptor_words(layer)); }
  void pool(const PoolDescriptor& pool) { submit_and_wait(descriptor_words(pool)); }
  void add(const AddDescriptor& add) { submit_and_wait(descriptor_words(add)); }

  /// Has the device bring emulated cells to their targets, pulse by pulse (WRITE_VERIFY): `cells`
  /// holds the records of job.rows x job.columns cells, column by column, and takes them back. The
  /// addresses of `job` are set here. The page must have contents; it may not run before commit().
  /// For whoever stands in for the chip, not for a host.
  WriteStatistics write_verify(WriteDescriptor job, const PulseBlock& settings,
                               std::span<CellRecord> cells);

  /// Words of the window behind the ring. Throw InputError for a range outside of it.
  void write_words(std::uint32_t word, std::span<const std::uint32_t> values);
  std::vector<std::uint32_t> read_words(std::uint32_t word, std::size_t count);

  Statistics statistics();

  /// What raises the interrupt: a completed descriptor that is not acknowledged, an error.
  void enable_interrupt(bool done, bool error);
  /// Lets the interrupt fall: all descriptors completed so far are seen.
  void acknowledge();

  /// Ends whatever runs and clears counters, error, statistics and the state of all pages.
  void soft_reset();
  /// Drops the descriptors in flight and clears the error. Pages keep their contents, save one that
  /// was being written.
  void restart();

 private:
  using Descriptor = DescriptorWords;

  void read_info();
  void check_page(int page) const;
  void check_layer(const LayerDescriptor& layer, std::size_t values) const;
  void check_words(std::uint32_t word, std::size_t count) const;
  void move_page(Opcode opcode, int page, std::span<const std::uint32_t> image);
  /// Part of a LAYER that the device works on, and where its accumulators go.
  struct Chunk {
    Descriptor descriptor;
    std::uint32_t done = 0;  // what COMPLETED then is
    std::span<std::int32_t> accumulators;
  };
  std::size_t chunk_vectors(const LayerDescriptor& layer, std::size_t count) const;
  Chunk start_chunk(const LayerDescriptor& layer, std::uint32_t base,
                    std::span<const std::uint8_t> vectors, std::span<std::int32_t> accumulators);
  void finish_chunk(const Chunk& chunk);
  std::uint32_t submit(const Descriptor& descriptor);
  void wait(const Descriptor& descriptor, std::uint32_t done);
  void submit_and_wait(const Descriptor& descriptor) { wait(descriptor, submit(descriptor)); }
  bool finished(const Descriptor& descriptor, std::uint32_t done);
  [[noreturn]] void refuse(const Descriptor& descriptor, std::uint32_t error);
  [[noreturn]] void time_out(const Descriptor& descriptor, const std::string& why);

  Transport& transport_;
  WaitLimits limits_;
  DeviceInfo info_;
  std::uint32_t submitted_ = 0;  // what DOORBELL holds
};

}  // namespace crossloop::drivers
