// Which word lines are driven together when a crossbar is measured, and how the reads become cells.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace crossloop::runtime {

/// `count` patterns over `rows` word lines, and the linear map back.
class PatternSet {
 public:
  /// One word line at a time: best where a read is quiet.
  static PatternSet one_hot(int rows);
  /// The S-matrix of the smallest order n = 2^k - 1 >= rows (Harwit and Sloane, Hadamard Transform
  /// Optics, 1979): each pattern drives half of the lines, so that n reads carry every cell and the
  /// noise of a cell falls by about sqrt(n) / 2. Lines beyond `rows` do not exist and read as 0.
  static PatternSet s_matrix(int rows);

  int rows() const { return rows_; }
  int count() const { return count_; }
  bool is_one_hot() const { return one_hot_; }
  /// Input vectors of 0 and 1, [count][rows].
  const std::vector<std::uint8_t>& bits() const { return bits_; }

  /// Cells [rows][columns] from reads [count][columns].
  std::vector<double> decode(const std::vector<double>& reads, std::size_t columns) const;
  /// Variances of the cells from those of the reads, shapes as decode().
  std::vector<double> decode_variance(const std::vector<double>& variances,
                                      std::size_t columns) const;
  /// Variance of a cell over that of a read, where all reads are alike: 4n / (n+1)^2, or 1.
  double variance_factor() const;

 private:
  PatternSet(int rows, int count, bool one_hot);
  int rows_;
  int count_;
  bool one_hot_;
  std::vector<std::uint8_t> bits_;
};

}  // namespace crossloop::runtime
