#include "drivers/device.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <optional>
#include <utility>

#include "drivers/counter.hpp"

namespace crossloop::drivers {
namespace {

std::string number(std::uint64_t value) { return std::to_string(value); }

void check_range(const std::string& what, std::int64_t value, std::int64_t low, std::int64_t high) {
  if (value < low || value > high) {
    throw InputError(what + " is " + std::to_string(value) + ", expected " + std::to_string(low) +
                     ".." + std::to_string(high));
  }
}

DescriptorWords descriptor_of(Opcode opcode) { return {static_cast<std::uint32_t>(opcode)}; }

/// Words of one input vector: four elements in a word.
std::size_t words_of(int inputs) { return (static_cast<std::size_t>(inputs) + 3) / 4; }

}  // namespace

Device::Device(Transport& transport, WaitLimits limits) : transport_(transport), limits_(limits) {
  read_info();
  submitted_ = transport_.read(Reg::DOORBELL);
  if (transport_.read(Reg::COMPLETED) != submitted_ || transport_.read(Reg::ERROR) != 0) {
    restart();
  }
}

void Device::read_info() {
  const std::uint32_t id = transport_.read(Reg::ID);
  if (id != reset::ID) {
    throw DeviceError("no crossloop device: register ID reads " + number(id) + ", expected " +
                      number(reset::ID));
  }
  info_.version = transport_.read(Reg::VERSION);
  if (info_.version != reset::VERSION) {
    throw DeviceError("device has version " + number(info_.version) +
                      " of the register map, expected " + number(reset::VERSION));
  }
  const auto bounded = [this](Reg reg, std::uint32_t low, std::uint32_t high) {
    const std::uint32_t value = transport_.read(reg);
    if (value < low || value > high) {
      throw DeviceError("register " + register_name(static_cast<std::uint32_t>(reg)) + " reads " +
                        number(value) + ", expected " + number(low) + ".." + number(high));
    }
    return value;
  };
  info_.geometry.rows = static_cast<int>(bounded(Reg::ROWS, 1, 65535));
  info_.geometry.columns = static_cast<int>(bounded(Reg::COLS, 1, 65535));
  info_.geometry.code_bits = static_cast<int>(bounded(Reg::CODE_WIDTH, 1, 16));
  info_.pages = static_cast<int>(bounded(Reg::PAGES, 1, 1U << 20));
  info_.max_outputs = static_cast<int>(bounded(Reg::MAX_OUTPUTS, 1, 65536));
  info_.max_inputs = static_cast<int>(bounded(Reg::MAX_INPUTS, 1, 65536));
  info_.window_words = bounded(Reg::WINDOW_WORDS, constant::RING_WORDS + 1, 1U << 18);
  const int needed = std::max(info_.geometry.image_words(), info_.geometry.table_words());
  if (static_cast<std::uint32_t>(needed) > info_.window_words - constant::RING_WORDS) {
    throw DeviceError("device has a window of " + number(info_.window_words) + " words, expected " +
                      number(constant::RING_WORDS) + " for the ring and " +
                      number(static_cast<std::uint64_t>(needed)) + " for a page");
  }
}

void Device::check_page(int page) const { check_range("device: page", page, 0, info_.pages - 1); }

void Device::check_words(std::uint32_t word, std::size_t count) const {
  check_range("device: window word", word, constant::RING_WORDS, info_.window_words);
  check_range("device: words from there", static_cast<std::int64_t>(count), 0,
              info_.window_words - word);
}

void Device::write_words(std::uint32_t word, std::span<const std::uint32_t> values) {
  check_words(word, values.size());
  transport_.write_window(word, values);
}

std::vector<std::uint32_t> Device::read_words(std::uint32_t word, std::size_t count) {
  check_words(word, count);
  std::vector<std::uint32_t> values(count);
  transport_.read_window(word, values);
  return values;
}

void Device::move_page(Opcode opcode, int page, std::span<const std::uint32_t> image) {
  static_assert(word::LOAD_PAGE_PAGE == word::PROGRAM_PAGE &&
                word::LOAD_PAGE_SOURCE == word::PROGRAM_SOURCE);
  check_page(page);
  const int expected = info_.geometry.image_words();
  check_range("device: words of a page image", static_cast<std::int64_t>(image.size()), expected,
              expected);
  Descriptor descriptor = descriptor_of(opcode);
  descriptor[word::LOAD_PAGE_PAGE] = static_cast<std::uint32_t>(page);
  descriptor[word::LOAD_PAGE_SOURCE] = constant::RING_WORDS;
  transport_.write_window(constant::RING_WORDS, image);
  submit_and_wait(descriptor);
}

void Device::load_page(int page, std::span<const std::uint32_t> image) {
  move_page(Opcode::LOAD_PAGE, page, image);
}

void Device::program(int page, std::span<const std::uint32_t> image) {
  move_page(Opcode::PROGRAM, page, image);
}

std::vector<std::uint32_t> Device::store_page(int page) {
  check_page(page);
  Descriptor descriptor = descriptor_of(Opcode::STORE_PAGE);
  descriptor[word::STORE_PAGE_PAGE] = static_cast<std::uint32_t>(page);
  descriptor[word::STORE_PAGE_TARGET] = constant::RING_WORDS;
  submit_and_wait(descriptor);
  return read_words(constant::RING_WORDS, static_cast<std::size_t>(info_.geometry.image_words()));
}

void Device::load_table(int page, const TableWords& table, std::uint32_t crossbar) {
  check_page(page);
  const int expected = info_.geometry.table_words();
  check_range("device: words of page tables", static_cast<std::int64_t>(table.words.size()),
              expected, expected);
  check_range("device: rows of a page table", table.rows, 1, info_.geometry.rows);
  check_range("device: columns of a page table", table.columns, 1, info_.geometry.columns);
  Descriptor descriptor = descriptor_of(Opcode::LOAD_TABLE);
  descriptor[word::LOAD_TABLE_PAGE] = static_cast<std::uint32_t>(page);
  descriptor[word::LOAD_TABLE_SOURCE] = constant::RING_WORDS;
  descriptor[word::LOAD_TABLE_ROWS] = static_cast<std::uint32_t>(table.rows);
  descriptor[word::LOAD_TABLE_COLUMNS] = static_cast<std::uint32_t>(table.columns);
  descriptor[word::LOAD_TABLE_CROSSBAR] = crossbar;
  transport_.write_window(constant::RING_WORDS, table.words);
  submit_and_wait(descriptor);
}

void Device::load_inl(int page, const std::optional<std::array<std::int8_t, 256>>& inl) {
  check_page(page);
  check_range("device: words of the window behind the ring, for an INL table",
              std::int64_t{info_.window_words} - constant::RING_WORDS, constant::INL_WORDS,
              std::numeric_limits<std::int64_t>::max());
  Descriptor descriptor = descriptor_of(Opcode::LOAD_INL);
  descriptor[word::LOAD_INL_PAGE] = static_cast<std::uint32_t>(page);
  if (inl) {
    descriptor[word::LOAD_INL_SOURCE] = constant::RING_WORDS;
    descriptor[word::LOAD_INL_ENABLE] = 1;
    transport_.write_window(constant::RING_WORDS, pack_inl(*inl));
  }
  submit_and_wait(descriptor);
}

void Device::commit(int page, std::uint32_t crossbar) {
  check_page(page);
  Descriptor descriptor = descriptor_of(Opcode::COMMIT);
  descriptor[word::COMMIT_PAGE] = static_cast<std::uint32_t>(page);
  descriptor[word::COMMIT_CROSSBAR] = crossbar;
  submit_and_wait(descriptor);
}

WriteStatistics Device::write_verify(WriteDescriptor job, const PulseBlock& settings,
                                     std::span<CellRecord> cells) {
  check_page(job.page);
  check_range("device: first row of cells", job.first_row, 0, info_.geometry.rows - 1);
  check_range("device: first column of cells", job.first_column, 0, info_.geometry.columns - 1);
  check_range("device: rows of cells", job.rows, 1, info_.geometry.rows - job.first_row);
  check_range("device: columns of cells", job.columns, 1,
              info_.geometry.columns - job.first_column);
  const std::int64_t count = std::int64_t{job.rows} * job.columns;
  check_range("device: cell records", static_cast<std::int64_t>(cells.size()), count, count);
  const std::vector<std::uint32_t> block = place_write(job, constant::RING_WORDS, settings, cells);
  write_words(constant::RING_WORDS, block);
  submit_and_wait(descriptor_words(job));
  const auto words = read_words(constant::RING_WORDS, block.size());
  return take_written(words, cells);
}

void Device::nop() { submit_and_wait(descriptor_of(Opcode::NOP)); }

void Device::check_layer(const LayerDescriptor& layer, std::size_t values) const {
  check_page(layer.first_page);
  check_range("device: pages of a layer", layer.pages, 1, info_.pages - layer.first_page);
  check_range("device: inputs of a layer", layer.inputs, 1, constant::UNUSED_ROW);
  check_range("device: outputs of a layer", layer.outputs, 1, info_.max_outputs);
  check_range("device: input bits of a layer", layer.input_bits, 1, constant::MAX_INPUT_BITS);
  const auto inputs = static_cast<std::size_t>(layer.inputs);
  if (values == 0 || values % inputs != 0) {
    throw InputError("device: batch of " + number(values) + " values, expected vectors of " +
                     number(inputs));
  }
  const std::size_t vector_words = words_of(layer.inputs) + static_cast<std::size_t>(layer.outputs);
  if (vector_words > info_.window_words - constant::RING_WORDS) {
    throw InputError("device: one vector of a layer takes " + number(vector_words) +
                     " window words, the window has " +
                     number(info_.window_words - constant::RING_WORDS));
  }
}

std::size_t Device::chunk_vectors(const LayerDescriptor& layer, std::size_t count) const {
  constexpr std::size_t kChunks = 8;  // of a batch: the first is written, the last read alone
  constexpr std::size_t kFewest = 8;  // vectors worth a descriptor
  const std::size_t words = info_.window_words - constant::RING_WORDS;
  const std::size_t vector_words = words_of(layer.inputs) + static_cast<std::size_t>(layer.outputs);
  const std::size_t fitting = words / 2 / vector_words;
  if (fitting == 0) return words / vector_words;
  return std::min(fitting, std::max(kFewest, (count + kChunks - 1) / kChunks));
}

std::vector<std::int32_t> Device::run_layer(const LayerDescriptor& layer,
                                            std::span<const std::uint8_t> vectors) {
  check_layer(layer, vectors.size());
  const auto inputs = static_cast<std::size_t>(layer.inputs);
  const auto outputs = static_cast<std::size_t>(layer.outputs);
  const std::size_t count = vectors.size() / inputs;
  const std::size_t most = chunk_vectors(layer, count);
  const auto chunk_words = static_cast<std::uint32_t>(most * (words_of(layer.inputs) + outputs));
  const bool halves = 2 * chunk_words <= info_.window_words - constant::RING_WORDS;
  std::vector<std::int32_t> accumulators(count * outputs);
  std::optional<Chunk> running;
  LayerDescriptor part = layer;
  std::uint32_t base = constant::RING_WORDS;
  for (std::size_t first = 0; first < count; first += most) {
    const std::size_t n = std::min(most, count - first);
    part.first_vector = layer.first_vector + static_cast<std::uint32_t>(first);
    if (running && !halves) finish_chunk(*std::exchange(running, std::nullopt));
    const Chunk next = start_chunk(part, base, vectors.subspan(first * inputs, n * inputs),
                                   std::span(accumulators).subspan(first * outputs, n * outputs));
    if (running) finish_chunk(*running);
    running = next;
    if (halves) base = base == constant::RING_WORDS ? base + chunk_words : constant::RING_WORDS;
  }
  finish_chunk(*running);
  return accumulators;
}

Device::Chunk Device::start_chunk(const LayerDescriptor& layer, std::uint32_t base,
                                  std::span<const std::uint8_t> vectors,
                                  std::span<std::int32_t> accumulators) {
  const std::vector<std::uint32_t> input =
      pack_bytes(vectors, static_cast<std::size_t>(layer.inputs));
  Descriptor descriptor = descriptor_of(Opcode::LAYER);
  descriptor[word::LAYER_FIRST_PAGE] = static_cast<std::uint32_t>(layer.first_page);
  descriptor[word::LAYER_PAGES] = static_cast<std::uint32_t>(layer.pages);
  descriptor[word::LAYER_INPUT] = base;
  descriptor[word::LAYER_INPUT_WORDS] = static_cast<std::uint32_t>(words_of(layer.inputs));
  descriptor[word::LAYER_OUTPUT] = base + static_cast<std::uint32_t>(input.size());
  descriptor[word::LAYER_OUTPUTS] = static_cast<std::uint32_t>(layer.outputs);
  descriptor[word::LAYER_VECTORS] =
      static_cast<std::uint32_t>(vectors.size() / static_cast<std::size_t>(layer.inputs));
  descriptor[word::LAYER_INPUT_BITS] = static_cast<std::uint32_t>(layer.input_bits);
  descriptor[word::LAYER_FLAGS] = layer.skip_zero ? 1U << constant::FLAG_SKIP_ZERO : 0;
  descriptor[word::LAYER_SEED] = layer.seed;
  descriptor[word::LAYER_FIRST_VECTOR] = layer.first_vector;
  transport_.write_window(base, input);
  return {descriptor, submit(descriptor), accumulators};
}

void Device::finish_chunk(const Chunk& chunk) {
  wait(chunk.descriptor, chunk.done);
  const std::vector<std::uint32_t> words =
      read_words(chunk.descriptor[word::LAYER_OUTPUT], chunk.accumulators.size());
  std::memcpy(chunk.accumulators.data(), words.data(), chunk.accumulators.size_bytes());
}

std::uint32_t Device::submit(const Descriptor& descriptor) {
  const std::uint32_t entry = submitted_ % constant::RING_ENTRIES;
  transport_.write_window(entry * constant::DESCRIPTOR_WORDS, descriptor);
  transport_.write(Reg::DOORBELL, submitted_ + 1);
  return ++submitted_;
}

void Device::wait(const Descriptor& descriptor, std::uint32_t done) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  for (std::uint64_t polls = 0; !finished(descriptor, done); ++polls) {
    if (polls >= limits_.idle_polls) time_out(descriptor, number(polls) + " polls");
    const std::chrono::duration<double> waited = Clock::now() - start;
    if (waited.count() > limits_.seconds) {
      time_out(descriptor, std::to_string(waited.count()) + " s");
    }
    if (!transport_.idle() && !finished(descriptor, done)) {
      time_out(descriptor, "the device stopped for good");
    }
  }
}

bool Device::finished(const Descriptor& descriptor, std::uint32_t done) {
  // Counters of descriptors go round.
  const std::uint32_t missing = done - transport_.read(Reg::COMPLETED);
  if (missing == 0 || missing > constant::RING_ENTRIES) return true;
  const std::uint32_t status = transport_.read(Reg::STATUS);
  if (field::STATUS_ERROR.get(status) == 0) return false;
  const std::uint32_t error = transport_.read(Reg::ERROR);
  if (error == 0) return false;
  refuse(descriptor, error);
}

void Device::refuse(const Descriptor& descriptor, std::uint32_t error) {
  const std::uint32_t index = transport_.read(Reg::ERROR_INDEX);
  restart();
  throw DeviceError("device refused descriptor " + number(index) + " (" +
                    opcode_name(descriptor[0]) + "): " + error_name(error) + ", " +
                    std::string(error_meaning(error)));
}

void Device::time_out(const Descriptor& descriptor, const std::string& why) {
  const auto value = [this](Reg reg) {
    return " " + register_name(static_cast<std::uint32_t>(reg)) + "=" +
           number(transport_.read(reg));
  };
  throw DeviceTimeout("device did not finish descriptor " + number(submitted_ - 1) + " (" +
                      opcode_name(descriptor[0]) + ") after " + why + ":" + value(Reg::DOORBELL) +
                      value(Reg::COMPLETED) + value(Reg::STATUS) + value(Reg::ERROR));
}

Statistics Device::statistics() {
  Statistics statistics;
  statistics.cycles_busy = read_counter(transport_, Reg::CYCLES_BUSY_LO, Reg::CYCLES_BUSY_HI);
  statistics.column_reads = read_counter(transport_, Reg::COLUMN_READS_LO, Reg::COLUMN_READS_HI);
  statistics.conversions = read_counter(transport_, Reg::CONVERSIONS_LO, Reg::CONVERSIONS_HI);
  statistics.clipped_low = read_counter(transport_, Reg::CLIPPED_LOW_LO, Reg::CLIPPED_LOW_HI);
  statistics.clipped_high = read_counter(transport_, Reg::CLIPPED_HIGH_LO, Reg::CLIPPED_HIGH_HI);
  statistics.cycles_stalled =
      read_counter(transport_, Reg::CYCLES_STALLED_LO, Reg::CYCLES_STALLED_HI);
  statistics.phases_skipped =
      read_counter(transport_, Reg::PHASES_SKIPPED_LO, Reg::PHASES_SKIPPED_HI);
  return statistics;
}

void Device::enable_interrupt(bool done, bool error) {
  transport_.write(Reg::IRQ_ENABLE, field::IRQ_ENABLE_DONE.place(done ? 1 : 0) |
                                        field::IRQ_ENABLE_ERROR.place(error ? 1 : 0));
}

void Device::acknowledge() { transport_.write(Reg::IRQ_ACK, transport_.read(Reg::COMPLETED)); }

void Device::soft_reset() {
  transport_.write(Reg::CTRL, field::CTRL_SOFT_RESET.place(1));
  submitted_ = transport_.read(Reg::DOORBELL);
}

void Device::restart() {
  transport_.write(Reg::CTRL, field::CTRL_RESTART.place(1));
  submitted_ = transport_.read(Reg::DOORBELL);
}

}  // namespace crossloop::drivers
