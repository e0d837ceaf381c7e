// A Transport that says beside the device how many cycles its descriptors take.
#pragma once

#include <memory>
#include <vector>

#include "drivers/descriptor_cycles.hpp"
#include "drivers/transport.hpp"

namespace crossloop::drivers {

/// Passes every access on. When a read of COMPLETED shows descriptors done, it adds up
/// descriptor_cycles() of each, for which it reads the ring, the row tables, with SKIP_ZERO the
/// input vectors and of a WRITE_VERIFY the statistics of the descriptor back from the window. Never
/// asks a counter of cycles.
///
/// Every page in use must have had its LOAD_TABLE through here. What a descriptor read must still
/// lie in the window when the host sees it done: no later one of the same doorbells has written
/// over it. Cycles of a descriptor that a RESTART cuts off are not known; a refused one counts.
class PredictingTransport : public Transport {
 public:
  explicit PredictingTransport(std::unique_ptr<Transport> inner);

  std::uint32_t read(Reg reg) override;
  void write(Reg reg, std::uint32_t value) override;
  void read_window(std::uint32_t word, std::span<std::uint32_t> values) override;
  void write_window(std::uint32_t word, std::span<const std::uint32_t> values) override;
  bool idle() override { return inner_->idle(); }

  Transport& inner() { return *inner_; }
  const Transport& inner() const { return *inner_; }
  /// Since construction or the last soft reset.
  const DescriptorCycles& predicted() const { return predicted_; }

 private:
  /// What LOAD_TABLE left.
  struct Page {
    std::vector<std::uint16_t> rows;  ///< entries of the rows used
    int columns = 0;
  };

  void see_completed(std::uint32_t completed);
  void see_control(std::uint32_t value);
  DescriptorWords descriptor(std::uint32_t number);
  DescriptorCycles cycles_of(const DescriptorWords& words);
  DescriptorCycles layer_cycles(const DescriptorWords& words);
  DescriptorCycles convolve_cycles(const DescriptorWords& words);
  void note_table(const DescriptorWords& words);
  PageRun page_run(int page, std::span<const std::uint8_t> vector) const;
  std::vector<std::uint32_t> words_at(std::uint32_t word, std::size_t count);

  std::unique_ptr<Transport> inner_;
  CoreShape core_;
  std::vector<Page> pages_;
  std::uint32_t seen_ = 0;  // COMPLETED, as the host knows it
  DescriptorCycles predicted_;
};

}  // namespace crossloop::drivers
