// Which crossbar lies in which resident page of a device.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace crossloop::runtime {

/// The pages of one device, filled in turn: as long as all crossbars of a network fit, each keeps
/// its page from batch to batch.
class PageSlots {
 public:
  explicit PageSlots(int slots) : resident_(static_cast<std::size_t>(slots), kNone) {}

  int count() const { return static_cast<int>(resident_.size()); }

  /// Where the crossbars of one descriptor go.
  struct Placement {
    int first = 0;                   ///< slot of the first; the others follow
    std::vector<std::size_t> loads;  ///< indices of those that are not there yet
  };

  /// Places `crossbars` (distinct, 1 .. count() of them, asserted) on consecutive slots: where they
  /// are, else on the slots after those placed last, from 0 again where these do not suffice. Takes
  /// them for resident from now on.
  Placement place(std::span<const std::int32_t> crossbars);

  /// `crossbar` is in `slot` and nowhere else.
  void put(int slot, std::int32_t crossbar);
  /// Nothing is in `slot`.
  void empty(int slot);
  /// Nothing is anywhere.
  void clear();

 private:
  static constexpr std::int32_t kNone = -1;
  std::vector<std::int32_t> resident_;  // crossbar by slot
  std::size_t next_ = 0;
};

}  // namespace crossloop::runtime
