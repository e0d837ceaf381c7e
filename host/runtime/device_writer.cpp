#include "host/runtime/device_writer.hpp"

#include <algorithm>

namespace crossloop::runtime {

namespace constant = drivers::constant;

namespace {

/// Pulses of one descriptor at most, five cycles each.
constexpr std::size_t kMostPulses = std::size_t{1} << 21;

std::size_t index_of(const analog::WriteJob& job, int row, int column) {
  return static_cast<std::size_t>(row) * static_cast<std::size_t>(job.columns) +
         static_cast<std::size_t>(column);
}

/// Calls use(index of the cell in the job, number of its record) in the order of the records.
template <class Use>
void for_each_cell(const analog::WriteJob& job, const WritePiece& piece, Use use) {
  std::size_t record = 0;
  for (int column = 0; column < piece.columns; ++column) {
    for (int row = 0; row < piece.rows; ++row) {
      use(index_of(job, piece.first_row + row, piece.first_column + column), record++);
    }
  }
}

drivers::PulseBlock block_of(const analog::PulseSettings& settings) {
  return {.bottom = settings.bottom,
          .top = settings.top,
          .set_rate = settings.set_rate,
          .reset_rate = settings.reset_rate,
          .verify_sigma = settings.verify_sigma,
          .step_sigma = settings.step_sigma,
          .tolerance = settings.tolerance,
          .budget = settings.budget};
}

drivers::WriteStatistics write_piece(const analog::WriteJob& job, int page, const WritePiece& piece,
                                     const RunWrite& run) {
  std::vector<drivers::CellRecord> records(static_cast<std::size_t>(piece.rows) *
                                           static_cast<std::size_t>(piece.columns));
  for_each_cell(job, piece, [&](std::size_t i, std::size_t record) {
    const analog::PulseCell& cell = job.cells[i];
    records[record] = {.state = cell.state,
                       .target = job.targets[i],
                       .factor = cell.factor,
                       .stuck = cell.stuck,
                       .selected = job.selected[i] != 0,
                       .verified = cell.verified,
                       .reads = cell.reads};
  });
  drivers::WriteDescriptor descriptor{.page = page,
                                      .rows = piece.rows,
                                      .columns = piece.columns,
                                      .first_row = piece.first_row,
                                      .first_column = piece.first_column,
                                      .crossbar = job.crossbar,
                                      .seed = job.pulse_seed};
  auto words =
      drivers::place_write(descriptor, constant::RING_WORDS, block_of(job.settings), records);
  run(descriptor, words);
  const drivers::WriteStatistics statistics = drivers::take_written(words, records);
  for_each_cell(job, piece, [&](std::size_t i, std::size_t record) {
    analog::PulseCell& cell = job.cells[i];
    cell.state = records[record].state;
    cell.verified = records[record].verified;
    cell.reads = records[record].reads;
  });
  return statistics;
}

}  // namespace

std::vector<WritePiece> write_pieces(int rows, int columns, std::span<const std::uint8_t> selected,
                                     std::size_t most_cells) {
  const int height = static_cast<int>(std::min(most_cells, static_cast<std::size_t>(rows)));
  const int width =
      height < rows
          ? 1
          : static_cast<int>(std::min<std::size_t>(most_cells / static_cast<std::size_t>(rows),
                                                   static_cast<std::size_t>(columns)));
  const auto holds = [&](int first_row, int count, int column) {
    for (int row = first_row; row < first_row + count; ++row) {
      if (selected[static_cast<std::size_t>(row) * static_cast<std::size_t>(columns) +
                   static_cast<std::size_t>(column)] != 0) {
        return true;
      }
    }
    return false;
  };
  std::vector<WritePiece> pieces;
  for (int column = 0; column < columns; ++column) {
    for (int row = 0; row < rows; row += height) {
      const int count = std::min(height, rows - row);
      if (!holds(row, count, column)) continue;
      const bool widens = height == rows && !pieces.empty() && pieces.back().columns < width &&
                          pieces.back().first_column + pieces.back().columns == column;
      if (widens) {
        ++pieces.back().columns;
      } else {
        pieces.push_back({row, count, column, 1});
      }
    }
  }
  return pieces;
}

std::size_t most_piece_cells(std::uint32_t window_words, std::uint32_t budget) {
  const std::size_t room = window_words - constant::RING_WORDS - drivers::write_words(0);
  return std::clamp<std::size_t>(kMostPulses / std::max(budget, 1U), 1,
                                 room / constant::CELL_WORDS);
}

analog::WriteTotals write_cells_on_device(const analog::WriteJob& job, int page,
                                          std::uint32_t window_words, const RunWrite& run) {
  analog::WriteTotals totals;
  for (const WritePiece& piece :
       write_pieces(job.rows, job.columns, job.selected,
                    most_piece_cells(window_words, job.settings.budget))) {
    const drivers::WriteStatistics statistics = write_piece(job, page, piece, run);
    totals.set_pulses += static_cast<std::int64_t>(statistics.set_pulses);
    totals.reset_pulses += static_cast<std::int64_t>(statistics.reset_pulses);
    totals.reads += static_cast<std::int64_t>(statistics.reads);
  }
  return totals;
}

}  // namespace crossloop::runtime
