#include "host/runtime/planted_transport.hpp"

#include <algorithm>
#include <chrono>

#include "drivers/counter.hpp"
#include "host/error.hpp"
#include "host/runtime/device_writer.hpp"

namespace crossloop::runtime {

namespace constant = drivers::constant;
using drivers::Opcode;
using drivers::Reg;

namespace {

constexpr double kWaitSeconds = 60.0;

std::uint32_t ring_word(std::uint32_t descriptor) {
  return descriptor % constant::RING_ENTRIES * constant::DESCRIPTOR_WORDS;
}

drivers::PageGeometry read_geometry(drivers::Transport& inner) {
  return {static_cast<int>(inner.read(Reg::ROWS)), static_cast<int>(inner.read(Reg::COLS)),
          static_cast<int>(inner.read(Reg::CODE_WIDTH))};
}

/// A device without the register answers with an error.
bool has_opcode(drivers::Transport& inner, Opcode opcode) {
  try {
    return inner.read(Reg::OPCODES) >= static_cast<std::uint32_t>(opcode);
  } catch (const DeviceError&) {
    return false;
  }
}

}  // namespace

PlantedTransport::PlantedTransport(std::unique_ptr<drivers::Transport> inner, analog::Chip chip)
    : inner_(std::move(inner)),
      chip_(std::move(chip)),
      geometry_(read_geometry(*inner_)),
      converters_(chip_, geometry_.rows, geometry_.columns) {
  const std::int64_t room = std::int64_t{inner_->read(Reg::WINDOW_WORDS)} - constant::RING_WORDS;
  const int tables = geometry_.table_words() + static_cast<int>(constant::INL_WORDS);
  const int needed = std::max(geometry_.image_words(), converters_.keep_tables() ? 0 : tables);
  if (inner_->read(Reg::ID) != drivers::reset::ID || needed > room) {
    throw DeviceError("plant: no crossloop device, or its window does not hold a page");
  }
  if (geometry_.code_bits != chip_.format().bits) {
    throw InputError("plant: codes of " + std::to_string(chip_.format().bits) +
                     " bits, the device has " + std::to_string(geometry_.code_bits));
  }
  writes_cells_ = chip_.device().mode == analog::ProgrammingMode::kPulses &&
                  has_opcode(*inner_, Opcode::WRITE_VERIFY);
  rung_ = inner_->read(Reg::DOORBELL);
}

std::uint32_t PlantedTransport::read(Reg reg) {
  // The tile rests in descriptors of the plant.
  for (const auto& [low, high] : {std::pair(Reg::CYCLES_BUSY_LO, Reg::CYCLES_BUSY_HI),
                                  std::pair(Reg::CYCLES_STALLED_LO, Reg::CYCLES_STALLED_HI)}) {
    if (extra_cycles_ == 0 || (reg != low && reg != high)) continue;
    const std::uint64_t cycles = drivers::read_counter(*inner_, low, high) - extra_cycles_;
    return static_cast<std::uint32_t>(reg == low ? cycles : cycles >> 32);
  }
  const std::uint32_t value = inner_->read(reg);
  const bool counts = reg == Reg::DOORBELL || reg == Reg::COMPLETED || reg == Reg::ERROR_INDEX ||
                      reg == Reg::IRQ_ACK;
  return counts ? value - extra_ : value;
}

void PlantedTransport::write(Reg reg, std::uint32_t value) {
  if (reg == Reg::DOORBELL) {
    ring_doorbell(value);
    return;
  }
  inner_->write(reg, reg == Reg::IRQ_ACK ? value + extra_ : value);
  if (reg != Reg::CTRL) return;
  if (drivers::field::CTRL_SOFT_RESET.get(value) != 0) {
    extra_ = 0;
    extra_cycles_ = 0;
    pages_.clear();
  }
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
    if (!run_to_end_of(descriptor, rung_)) break;  // the host finds the error itself
  }
  rung_ = value;
  inner_->write(Reg::DOORBELL, value + extra_);
}

/// Lets the device finish descriptor `number` of the host where there is something to do behind it,
/// and does it. False if the device stopped at an error before that.
bool PlantedTransport::run_to_end_of(const Descriptor& descriptor, std::uint32_t number) {
  const auto opcode = static_cast<Opcode>(descriptor[0]);
  const bool commit = opcode == Opcode::COMMIT;
  const bool table = opcode == Opcode::LOAD_TABLE && !converters_.keep_tables();
  const bool codes = opcode == Opcode::LOAD_PAGE && converters_.need_codes();
  if (!commit && !table && !codes) return true;
  inner_->write(Reg::DOORBELL, number + 1 + extra_);
  if (!wait_for(number + 1 + extra_)) return false;
  const int page = static_cast<int>(descriptor[drivers::word::COMMIT_PAGE]);
  if (commit) plant(page, descriptor[drivers::word::COMMIT_CROSSBAR]);
  if (!commit) note(descriptor);
  if (table || converters_.need_codes()) convert(page);
  return true;
}

/// Keeps what a LOAD_TABLE or LOAD_PAGE brought, whose source is still in the window.
void PlantedTransport::note(const Descriptor& descriptor) {
  Page& page = pages_[descriptor[drivers::word::LOAD_PAGE_PAGE]];
  const std::uint32_t source = descriptor[drivers::word::LOAD_PAGE_SOURCE];
  static_assert(drivers::word::LOAD_PAGE_SOURCE == drivers::word::LOAD_TABLE_SOURCE);
  if (descriptor[0] == static_cast<std::uint32_t>(Opcode::LOAD_TABLE)) {
    page.table = read_words(source, geometry_.table_words());
    page.load_table = descriptor;
  } else {
    page.codes = drivers::unpack_codes(read_words(source, geometry_.image_words()), geometry_.rows,
                                       geometry_.columns, geometry_);
  }
}

std::vector<std::uint32_t> PlantedTransport::read_words(std::uint32_t word, int count) {
  std::vector<std::uint32_t> words(static_cast<std::size_t>(count));
  inner_->read_window(word, words);
  return words;
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

/// Runs descriptors, and no-operations for the rest of the ring.
void PlantedTransport::run_own(std::span<const Descriptor> descriptors) {
  const std::uint32_t start = inner_->read(Reg::DOORBELL);
  const Descriptor nothing{static_cast<std::uint32_t>(Opcode::NOP)};
  for (std::uint32_t i = 0; i < constant::RING_ENTRIES; ++i) {
    inner_->write_window(ring_word(start + i), i < descriptors.size() ? descriptors[i] : nothing);
  }
  inner_->write(Reg::DOORBELL, start + constant::RING_ENTRIES);
  if (!wait_for(start + constant::RING_ENTRIES)) {
    throw DeviceError("plant: the device refused to move page " +
                      std::to_string(descriptors[0][drivers::word::LOAD_PAGE_PAGE]));
  }
  extra_ += constant::RING_ENTRIES;
  inner_->write(Reg::IRQ_ACK, inner_->read(Reg::IRQ_ACK) + constant::RING_ENTRIES);
}

/// Puts what the converters make of the page's table, and their INL, in place of what the host
/// loaded; ring and window are as they were.
void PlantedTransport::convert(int index) {
  const Page& page = pages_[static_cast<std::uint32_t>(index)];
  if (page.table.empty()) return;
  const std::uint64_t before =
      drivers::read_counter(*inner_, Reg::CYCLES_BUSY_LO, Reg::CYCLES_BUSY_HI);
  const std::uint32_t crossbar = page.load_table[drivers::word::LOAD_TABLE_CROSSBAR];
  std::vector<std::uint32_t> words = converters_.words(
      crossbar, page.table, static_cast<int>(page.load_table[drivers::word::LOAD_TABLE_COLUMNS]),
      geometry_, page.codes);
  const auto& inl = converters_.inl(crossbar);
  if (inl) {
    const auto packed = drivers::pack_inl(*inl);
    words.insert(words.end(), packed.begin(), packed.end());
  }
  const std::uint32_t scratch =
      inner_->read(Reg::WINDOW_WORDS) - static_cast<std::uint32_t>(words.size());
  const auto ring = read_words(0, constant::RING_WORDS);
  const auto saved = read_words(scratch, static_cast<int>(words.size()));
  inner_->write_window(scratch, words);
  std::vector<Descriptor> own{page.load_table};
  own[0][drivers::word::LOAD_TABLE_SOURCE] = scratch;
  if (inl) {
    own.push_back({static_cast<std::uint32_t>(Opcode::LOAD_INL), static_cast<std::uint32_t>(index),
                   scratch + static_cast<std::uint32_t>(geometry_.table_words()), 1});
  }
  run_own(own);
  inner_->write_window(scratch, saved);
  inner_->write_window(0, ring);
  extra_cycles_ +=
      drivers::read_counter(*inner_, Reg::CYCLES_BUSY_LO, Reg::CYCLES_BUSY_HI) - before;
}

void PlantedTransport::plant(int page, std::uint32_t crossbar) {
  const std::uint32_t image_words = static_cast<std::uint32_t>(geometry_.image_words());
  const std::uint32_t scratch = inner_->read(Reg::WINDOW_WORDS) - image_words;
  const auto ring = read_words(0, constant::RING_WORDS);
  const auto saved = read_words(scratch, geometry_.image_words());
  const auto move = [&](Opcode opcode) {
    const Descriptor own{static_cast<std::uint32_t>(opcode), static_cast<std::uint32_t>(page),
                         scratch};
    run_own({&own, 1});
  };

  move(Opcode::STORE_PAGE);
  auto image = read_words(scratch, geometry_.image_words());
  const analog::CodeFormat& format = chip_.format();
  std::vector<std::uint8_t> levels;
  for (const std::uint16_t code :
       drivers::unpack_codes(image, geometry_.rows, geometry_.columns, geometry_)) {
    levels.push_back(static_cast<std::uint8_t>((code - format.reference) >> format.fraction_bits));
  }
  analog::CellWriter writer = analog::write_cells;
  if (writes_cells_) {
    writer = [&](const analog::WriteJob& job) { return write_cells(page, job); };
  }
  const auto result = chip_.program(crossbar, geometry_.rows, geometry_.columns, levels, writer);
  image = drivers::pack_codes(result.codes, geometry_.rows, geometry_.columns, geometry_);
  inner_->write_window(scratch, image);
  move(Opcode::LOAD_PAGE);
  if (converters_.need_codes()) pages_[static_cast<std::uint32_t>(page)].codes = result.codes;

  inner_->write_window(scratch, saved);
  inner_->write_window(0, ring);
}

/// By the device; the ring is the caller's to restore, the rest of the window is as it was.
analog::WriteTotals PlantedTransport::write_cells(int page, const analog::WriteJob& job) {
  return write_cells_on_device(
      job, page, inner_->read(Reg::WINDOW_WORDS),
      [&](const drivers::WriteDescriptor& descriptor, std::vector<std::uint32_t>& words) {
        const auto saved = read_words(constant::RING_WORDS, static_cast<int>(words.size()));
        inner_->write_window(constant::RING_WORDS, words);
        const Descriptor own = drivers::descriptor_words(descriptor);
        run_own({&own, 1});
        inner_->read_window(constant::RING_WORDS, words);
        inner_->write_window(constant::RING_WORDS, saved);
      });
}

}  // namespace crossloop::runtime
