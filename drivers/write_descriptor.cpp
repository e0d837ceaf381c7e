#include "drivers/write_descriptor.hpp"

namespace crossloop::drivers {
namespace {

/// One field of the block that starts at `words`.
void put(std::span<std::uint32_t> words, const BitField& field, std::uint32_t value) {
  words[field.word] |= field.place(value);
}

std::uint32_t get(std::span<const std::uint32_t> words, const BitField& field) {
  return field.get(words[field.word]);
}

void put_settings(std::span<std::uint32_t> words, const PulseBlock& settings) {
  put(words, block_field::PULSE_BOTTOM, settings.bottom);
  put(words, block_field::PULSE_TOP, settings.top);
  put(words, block_field::PULSE_SET_RATE, settings.set_rate);
  put(words, block_field::PULSE_RESET_RATE, settings.reset_rate);
  put(words, block_field::PULSE_VERIFY_SIGMA, settings.verify_sigma);
  put(words, block_field::PULSE_STEP_SIGMA, settings.step_sigma);
  put(words, block_field::PULSE_TOLERANCE, settings.tolerance);
  put(words, block_field::PULSE_BUDGET, settings.budget);
}

void put_cell(std::span<std::uint32_t> words, const CellRecord& cell) {
  put(words, block_field::CELL_STATE, cell.state);
  put(words, block_field::CELL_TARGET, cell.target);
  put(words, block_field::CELL_FACTOR, cell.factor);
  put(words, block_field::CELL_STUCK, cell.stuck ? 1 : 0);
  put(words, block_field::CELL_SELECTED, cell.selected ? 1 : 0);
  put(words, block_field::CELL_VERIFIED, cell.verified ? 1 : 0);
  put(words, block_field::CELL_READS, cell.reads);
}

CellRecord get_cell(std::span<const std::uint32_t> words) {
  CellRecord cell;
  cell.state = static_cast<std::uint16_t>(get(words, block_field::CELL_STATE));
  cell.target = static_cast<std::uint16_t>(get(words, block_field::CELL_TARGET));
  cell.factor = static_cast<std::uint8_t>(get(words, block_field::CELL_FACTOR));
  cell.stuck = get(words, block_field::CELL_STUCK) != 0;
  cell.selected = get(words, block_field::CELL_SELECTED) != 0;
  cell.verified = get(words, block_field::CELL_VERIFIED) != 0;
  cell.reads = get(words, block_field::CELL_READS);
  return cell;
}

std::uint64_t get_pair(std::span<const std::uint32_t> words, const BitField& low,
                       const BitField& high) {
  return std::uint64_t{get(words, high)} << 32 | get(words, low);
}

}  // namespace

DescriptorWords descriptor_words(const WriteDescriptor& job) {
  DescriptorWords words{static_cast<std::uint32_t>(Opcode::WRITE_VERIFY)};
  words[word::WRITE_VERIFY_PAGE] = static_cast<std::uint32_t>(job.page);
  words[word::WRITE_VERIFY_CELLS] = job.cells;
  words[word::WRITE_VERIFY_ROWS] = static_cast<std::uint32_t>(job.rows);
  words[word::WRITE_VERIFY_COLUMNS] = static_cast<std::uint32_t>(job.columns);
  words[word::WRITE_VERIFY_CROSSBAR] = job.crossbar;
  words[word::WRITE_VERIFY_FIRST_ROW] = static_cast<std::uint32_t>(job.first_row);
  words[word::WRITE_VERIFY_FIRST_COLUMN] = static_cast<std::uint32_t>(job.first_column);
  words[word::WRITE_VERIFY_SETTINGS] = job.settings;
  words[word::WRITE_VERIFY_STATISTICS] = job.statistics;
  words[word::WRITE_VERIFY_SEED] = job.seed;
  return words;
}

std::vector<std::uint32_t> place_write(WriteDescriptor& job, std::uint32_t base,
                                       const PulseBlock& settings,
                                       std::span<const CellRecord> cells) {
  const std::size_t records = cells.size() * constant::CELL_WORDS;
  job.cells = base;
  job.settings = base + static_cast<std::uint32_t>(records);
  job.statistics = job.settings + constant::PULSE_WORDS;
  std::vector<std::uint32_t> words(write_words(cells.size()));
  for (std::size_t i = 0; i < cells.size(); ++i) {
    put_cell(std::span(words).subspan(i * constant::CELL_WORDS), cells[i]);
  }
  put_settings(std::span(words).subspan(records), settings);
  return words;
}

WriteStatistics take_statistics(std::span<const std::uint32_t> block) {
  WriteStatistics statistics;
  statistics.set_pulses =
      get_pair(block, block_field::WRITTEN_SET_PULSES_LO, block_field::WRITTEN_SET_PULSES_HI);
  statistics.reset_pulses =
      get_pair(block, block_field::WRITTEN_RESET_PULSES_LO, block_field::WRITTEN_RESET_PULSES_HI);
  statistics.reads = get_pair(block, block_field::WRITTEN_READS_LO, block_field::WRITTEN_READS_HI);
  statistics.failed = get(block, block_field::WRITTEN_FAILED);
  statistics.selected = get(block, block_field::WRITTEN_SELECTED);
  return statistics;
}

WriteStatistics take_written(std::span<const std::uint32_t> words, std::span<CellRecord> cells) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    cells[i] = get_cell(words.subspan(i * constant::CELL_WORDS));
  }
  return take_statistics(
      words.subspan(cells.size() * constant::CELL_WORDS + constant::PULSE_WORDS));
}

}  // namespace crossloop::drivers
