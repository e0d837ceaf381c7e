#include "host/runtime/patterns.hpp"

#include <bit>

namespace crossloop::runtime {

PatternSet::PatternSet(int rows, int count, bool one_hot)
    : rows_(rows),
      count_(count),
      one_hot_(one_hot),
      bits_(static_cast<std::size_t>(rows) * static_cast<std::size_t>(count), 0) {}

PatternSet PatternSet::one_hot(int rows) {
  PatternSet set(rows, rows, true);
  for (int row = 0; row < rows; ++row) {
    set.bits_[static_cast<std::size_t>(row) * static_cast<std::size_t>(rows + 1)] = 1;
  }
  return set;
}

PatternSet PatternSet::s_matrix(int rows) {
  const unsigned order = std::bit_ceil(static_cast<unsigned>(rows) + 1U) - 1U;
  PatternSet set(rows, static_cast<int>(order), false);
  std::size_t at = 0;
  for (unsigned pattern = 1; pattern <= order; ++pattern) {
    for (unsigned row = 1; row <= static_cast<unsigned>(rows); ++row) {
      set.bits_[at++] = static_cast<std::uint8_t>(std::popcount(pattern & row) & 1);
    }
  }
  return set;
}

std::vector<double> PatternSet::decode(const std::vector<double>& reads,
                                       std::size_t columns) const {
  if (one_hot_) return reads;
  const std::size_t rows = static_cast<std::size_t>(rows_);
  std::vector<double> cells(rows * columns, 0.0);
  for (std::size_t i = 0; i < static_cast<std::size_t>(count_); ++i) {
    for (std::size_t r = 0; r < rows; ++r) {
      const double sign = bits_[i * rows + r] != 0 ? 1.0 : -1.0;
      for (std::size_t j = 0; j < columns; ++j) {
        cells[r * columns + j] += sign * reads[i * columns + j];
      }
    }
  }
  for (double& cell : cells) cell *= 2.0 / (count_ + 1);
  return cells;
}

std::vector<double> PatternSet::decode_variance(const std::vector<double>& variances,
                                                std::size_t columns) const {
  if (one_hot_) return variances;
  std::vector<double> sums(columns, 0.0);
  for (std::size_t i = 0; i < variances.size(); ++i) sums[i % columns] += variances[i];
  std::vector<double> cells;
  cells.reserve(static_cast<std::size_t>(rows_) * columns);
  for (int row = 0; row < rows_; ++row) {
    for (const double sum : sums) cells.push_back(sum * 4.0 / ((count_ + 1.0) * (count_ + 1.0)));
  }
  return cells;
}

double PatternSet::variance_factor() const {
  return one_hot_ ? 1.0 : 4.0 * count_ / ((count_ + 1.0) * (count_ + 1.0));
}

}  // namespace crossloop::runtime
