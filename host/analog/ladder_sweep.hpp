// One elimination step of the crossbar sweep (docs/analog.md): the dense, hot part of wires.cpp.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <string_view>

namespace crossloop::analog {

/// What the columns j..n-1 of a crossbar look like from the row nodes of column j, in one
/// column-major array whose columns are the row nodes (padded to `rows`):
///   0 .. outputs-1          transposed output functionals: I_k = sum_i at(k, i) * r_i
///   outputs .. outputs+rows upper triangle of the load, load(i, k) for i <= k, dimensionless:
///                           admittance times the resistance of the next link
/// Both sizes are multiples of kPad.
class LadderState {
 public:
  static constexpr int kPad = 16;
  LadderState() = default;
  LadderState(int outputs, int rows) { reset(outputs, rows); }

  /// Sets everything to zero, at a new size. Memory only ever grows.
  void reset(int outputs, int rows);
  std::size_t bytes() const { return capacity_ * sizeof(double); }  ///< memory held

  int outputs() const { return outputs_; }
  int rows() const { return rows_; }
  int stride() const { return stride_; }
  double* column(int i) { return data_.get() + i * stride_; }
  double* load(int i) { return column(i) + outputs_; }
  double* scratch(int half) { return column(rows_ + half * kPad); }  ///< two times kPad columns

 private:
  struct Free {
    void operator()(double* data) const { ::operator delete[](data, std::align_val_t{64}); }
  };
  int outputs_ = 0, rows_ = 0, stride_ = 0;
  std::size_t capacity_ = 0;  // doubles
  std::unique_ptr<double[], Free> data_;
};

/// Moves the view across one link per row: with load E and functionals W, in place,
///   E <- E (I + E)^-1,  W <- W (I + E)^-1
/// Every row k is eliminated as a Gauss-Jordan sweep with pivot 1 + E_kk, which never subtracts the
/// load from the link and so keeps its digits however small the link's resistance is. Only
/// functionals from `first_output` on are moved.
void cross_link(LadderState& state, int first_output);

/// cross_link() compiled for one instruction set. The last bits of the result depend on which.
struct CrossLinkVariant {
  std::string_view name;
  void (*cross_link)(LadderState& state, int first_output);
};

/// The variants this processor can run, fastest first; cross_link() is the first of them.
std::span<const CrossLinkVariant> cross_link_variants();

}  // namespace crossloop::analog
