#include "host/runtime/page_slots.hpp"

#include <algorithm>
#include <cassert>

namespace crossloop::runtime {

PageSlots::Placement PageSlots::place(std::span<const std::int32_t> crossbars) {
  assert(!crossbars.empty() && crossbars.size() <= resident_.size());
  Placement placement;
  const auto there =
      std::search(resident_.begin(), resident_.end(), crossbars.begin(), crossbars.end());
  if (there != resident_.end()) {
    placement.first = static_cast<int>(there - resident_.begin());
    return placement;
  }
  const std::size_t first = next_ + crossbars.size() <= resident_.size() ? next_ : 0;
  placement.first = static_cast<int>(first);
  for (std::size_t i = 0; i < crossbars.size(); ++i) {
    if (resident_[first + i] == crossbars[i]) continue;
    put(static_cast<int>(first + i), crossbars[i]);
    placement.loads.push_back(i);
  }
  next_ = first + crossbars.size();
  return placement;
}

void PageSlots::put(int slot, std::int32_t crossbar) {
  std::replace(resident_.begin(), resident_.end(), crossbar, kNone);
  resident_.at(static_cast<std::size_t>(slot)) = crossbar;
}

void PageSlots::empty(int slot) { resident_.at(static_cast<std::size_t>(slot)) = kNone; }

void PageSlots::clear() { std::fill(resident_.begin(), resident_.end(), kNone); }

}  // namespace crossloop::runtime
