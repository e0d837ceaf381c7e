#include "drivers/counter.hpp"

namespace crossloop::drivers {

std::uint64_t read_counter(Transport& transport, Reg low, Reg high) {
  // A carry between the two reads shows as a changed high word.
  for (std::uint32_t upper = transport.read(high);;) {
    const std::uint64_t lower = transport.read(low);
    const std::uint32_t again = transport.read(high);
    if (again == upper) return std::uint64_t{upper} << 32 | lower;
    upper = again;
  }
}

}  // namespace crossloop::drivers
