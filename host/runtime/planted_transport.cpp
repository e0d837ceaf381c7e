#include "host/runtime/planted_transport.hpp"

#include <chrono>

#include "host/error.hpp"

namespace crossloop::runtime {

namespace constant = drivers::constant;
using drivers::Opcode;
using drivers::Reg;

namespace {

constexpr double kWaitSeconds = 60.0;

using Descriptor = std::array<std::uint32_t, constant::DESCRIPTOR_WORDS>;

std::uint32_t ring_word(std::uint32_t descriptor) {
  return descriptor % constant::RING_ENTRIES * constant::DESCRIPTOR_WORDS;
}

drivers::PageGeometry read_geometry(drivers::Transport& inner) {
  return {static_cast<int>(inner.read(Reg::ROWS)), static_cast<int>(inner.read(Reg::COLS)),
          static_cast<int>(inner.read(Reg::CODE_WIDTH))};
}

}  // namespace

PlantedTransport::PlantedTransport(std::unique_ptr<drivers::Transport> inner, analog::Chip chip)
    : inner_(std::move(inner)), chip_(std::move(chip)), geometry_(read_geometry(*inner_)) {
  const std::int64_t room = std::int64_t{inner_->read(Reg::WINDOW_WORDS)} - constant::RING_WORDS;
  if (inner_->read(Reg::ID) != drivers::reset::ID || geometry_.image_words() > room) {
    throw DeviceError("plant: no crossloop device, or its window does not hold a page");
  }
  if (geometry_.code_bits != chip_.format().bits) {
    throw InputError("plant: codes of " + std::to_string(chip_.format().bits) +
                     " bits, the device has " + std::to_string(geometry_.code_bits));
  }
  rung_ = inner_->read(Reg::DOORBELL);
}

std::uint32_t PlantedTransport::read(Reg reg) {
  const std::uint32_t value = inner_->read(reg);
  const bool counts = reg == Reg::DOORBELL || reg == Reg::COMPLETED || reg == Reg::ERROR_INDEX;
  return counts ? value - extra_ : value;
}

void PlantedTransport::write(Reg reg, std::uint32_t value) {
  if (reg == Reg::DOORBELL) {
    ring_doorbell(value);
    return;
  }
  inner_->write(reg, value);
  if (reg != Reg::CTRL) return;
  if (drivers::field::CTRL_SOFT_RESET.get(value) != 0) extra_ = 0;
  rung_ = inner_->read(Reg::DOORBELL) - extra_;
}

void PlantedTransport::read_window(std::uint32_t word, std::span<std::uint32_t> values) {
  inner_->read_window(word, values);
}

void PlantedTransport::write_window(std::uint32_t word, std::span<const std::uint32_t> values) {
  inner_->write_window(word, values);
}

void PlantedTransport::ring_doorbell(std::uint32_t value) {
  if (value - rung_ > constant::RING_ENTRIES) {  // back, or too far: for the device to refuse
    inner_->write(Reg::DOORBELL, value + extra_);
    return;
  }
  for (; rung_ != value; ++rung_) {
    Descriptor descriptor;
    inner_->read_window(ring_word(rung_), descriptor);
    if (descriptor[0] != static_cast<std::uint32_t>(Opcode::COMMIT)) continue;
    inner_->write(Reg::DOORBELL, rung_ + 1 + extra_);
    if (!wait_for(rung_ + 1 + extra_)) break;  // the host finds the error itself
    plant(static_cast<int>(descriptor[drivers::word::COMMIT_PAGE]),
          descriptor[drivers::word::COMMIT_CROSSBAR]);
  }
  rung_ = value;
  inner_->write(Reg::DOORBELL, value + extra_);
}

/// False if the device stopped at an error before that.
bool PlantedTransport::wait_for(std::uint32_t completed) {
  const auto start = std::chrono::steady_clock::now();
  while (inner_->read(Reg::COMPLETED) != completed) {
    if (inner_->read(Reg::ERROR) != 0) return false;
    const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - start;
    const bool alive = inner_->idle() && waited.count() <= kWaitSeconds;
    // A read may have moved a simulation on: what it finished since counts.
    if (!alive && inner_->read(Reg::COMPLETED) != completed && inner_->read(Reg::ERROR) == 0) {
      throw DeviceError("plant: device stopped answering at descriptor " +
                        std::to_string(completed - 1));
    }
  }
  return true;
}

/// Runs one descriptor on `page` with the image at the end of the window, and no-operations for
/// the rest of the ring.
void PlantedTransport::run_own(std::uint32_t opcode, int page) {
  const std::uint32_t start = inner_->read(Reg::DOORBELL);
  const std::uint32_t words = inner_->read(Reg::WINDOW_WORDS);
  const Descriptor own{opcode, static_cast<std::uint32_t>(page),
                       words - static_cast<std::uint32_t>(geometry_.image_words())};
  const Descriptor nothing{static_cast<std::uint32_t>(Opcode::NOP)};
  for (std::uint32_t i = 0; i < constant::RING_ENTRIES; ++i) {
    inner_->write_window(ring_word(start + i), i == 0 ? own : nothing);
  }
  inner_->write(Reg::DOORBELL, start + constant::RING_ENTRIES);
  if (!wait_for(start + constant::RING_ENTRIES)) {
    throw DeviceError("plant: the device refused to move page " + std::to_string(page));
  }
  extra_ += constant::RING_ENTRIES;
}

void PlantedTransport::plant(int page, std::uint32_t crossbar) {
  const std::uint32_t image_words = static_cast<std::uint32_t>(geometry_.image_words());
  const std::uint32_t scratch = inner_->read(Reg::WINDOW_WORDS) - image_words;
  std::vector<std::uint32_t> ring(constant::RING_WORDS);
  std::vector<std::uint32_t> saved(image_words);
  inner_->read_window(0, ring);
  inner_->read_window(scratch, saved);

  run_own(static_cast<std::uint32_t>(Opcode::STORE_PAGE), page);
  std::vector<std::uint32_t> image(image_words);
  inner_->read_window(scratch, image);
  const analog::CodeFormat& format = chip_.format();
  std::vector<std::uint8_t> levels;
  for (const std::uint16_t code :
       drivers::unpack_codes(image, geometry_.rows, geometry_.columns, geometry_)) {
    levels.push_back(static_cast<std::uint8_t>((code - format.reference) >> format.fraction_bits));
  }
  const auto result = chip_.program(crossbar, geometry_.rows, geometry_.columns, levels);
  image = drivers::pack_codes(result.codes, geometry_.rows, geometry_.columns, geometry_);
  inner_->write_window(scratch, image);
  run_own(static_cast<std::uint32_t>(Opcode::LOAD_PAGE), page);

  inner_->write_window(scratch, saved);
  inner_->write_window(0, ring);
}

}  // namespace crossloop::runtime
