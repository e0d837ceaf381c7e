#include "host/analog/ladder_sweep.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace crossloop::analog {
namespace {

constexpr int kBlock = LadderState::kPad;  // rows eliminated at a time

using Square = double[kBlock][kBlock];

/// Row p is 1 but for a 0 at p.
constexpr std::array<std::array<double, kBlock>, kBlock> kOthers = [] {
  std::array<std::array<double, kBlock>, kBlock> others{};
  for (std::size_t p = 0; p < kBlock; ++p) {
    others[p].fill(1.0);
    others[p][p] = 0.0;
  }
  return others;
}();

/// A processor's vector of doubles. Aligned as a double, since tiles start anywhere.
template <int kLanes>
struct Lanes {
  typedef double Type __attribute__((vector_size(kLanes * 8), aligned(8), may_alias));
};

/// c -= a * b^T for one tile of c held in registers: a has kBlock columns and as many rows as the
/// tile, b has kBlock columns and as many rows as the tile has columns.
template <int kLanes, int kColumns>
[[gnu::always_inline]] inline void subtract_tile(double* c, int stride, const double* a,
                                                 const double* b, int b_stride) {
  using Vector = typename Lanes<kLanes>::Type;
  Vector sum[2][kColumns] = {};
  for (int k = 0; k < kBlock; ++k) {
    const Vector low = *reinterpret_cast<const Vector*>(a + k * stride);
    const Vector high = *reinterpret_cast<const Vector*>(a + k * stride + kLanes);
#pragma GCC unroll 8
    for (int j = 0; j < kColumns; ++j) {
      sum[0][j] += low * b[k * b_stride + j];
      sum[1][j] += high * b[k * b_stride + j];
    }
  }
#pragma GCC unroll 8
  for (int j = 0; j < kColumns; ++j) {
    *reinterpret_cast<Vector*>(c + j * stride) -= sum[0][j];
    *reinterpret_cast<Vector*>(c + j * stride + kLanes) -= sum[1][j];
  }
}

/// inverse = -(I + load)^-1 by Gauss-Jordan, without pivoting since the matrix is positive
/// definite. The column of a pivot is replaced within the update of a row: storing it first would
/// stall the vector loads that follow.
[[gnu::always_inline]] inline void invert(const Square& load, Square& inverse) {
  for (int i = 0; i < kBlock; ++i) {
    std::copy_n(load[i], kBlock, inverse[i]);
    inverse[i][i] += 1.0;
  }
  for (int p = 0; p < kBlock; ++p) {
    const double pivot = 1.0 / inverse[p][p];
    const double* const others = kOthers[static_cast<std::size_t>(p)].data();
    for (int k = 0; k < kBlock; ++k) {
      inverse[p][k] = pivot * (inverse[p][k] * others[k] + (1.0 - others[k]));
    }
    for (int i = 0; i < kBlock; ++i) {
      if (i == p) continue;
      const double factor = inverse[i][p];
      for (int k = 0; k < kBlock; ++k) {
        inverse[i][k] = inverse[i][k] * others[k] - factor * inverse[p][k];
      }
    }
  }
  for (auto& row : inverse) {
    for (double& value : row) value = -value;
  }
}

/// Moves the columns of the block that starts at row node `first` into `panel`, with the load
/// mirrored across its diagonal, and leaves zeros behind. The block itself goes to `load` and
/// becomes -I in the panel: thus the update below writes panel * inverse into the block's columns
/// and the transpose of it into the block's rows, with no case of their own.
[[gnu::always_inline]] inline void take_panel(LadderState& state, int first, double* panel,
                                              Square& load) {
  const int stride = state.stride();
  const int top = state.outputs() + first;
  for (int k = 0; k < kBlock; ++k) {
    double* const to = panel + k * stride;
    std::copy_n(state.column(first + k), top, to);
    for (int i = 0; i < kBlock; ++i) {
      load[i][k] = state.load(first + std::max(i, k))[first + std::min(i, k)];
      to[top + i] = i == k ? -1.0 : 0.0;
    }
  }
  for (int k = 0; k < kBlock; ++k) std::fill_n(state.column(first + k), top + kBlock, 0.0);
  for (int j = first + kBlock; j < state.rows(); ++j) {
    double* const from = state.load(j) + first;
    for (int k = 0; k < kBlock; ++k) panel[k * stride + state.outputs() + j] = from[k];
    std::fill_n(from, kBlock, 0.0);
  }
}

/// Eliminates one block of row nodes: state -= (panel * inverse) * panel^T.
template <int kLanes, int kColumns>
[[gnu::always_inline]] inline void eliminate(LadderState& state, int first, int first_output) {
  constexpr int kRows = 2 * kLanes;
  static_assert(kBlock % kRows == 0 && kBlock % kColumns == 0);
  const int stride = state.stride();
  const int bottom = state.outputs() + state.rows();
  double* const panel = state.scratch(0);
  double* const scaled = state.scratch(1);
  alignas(64) Square load, inverse, result = {};
  take_panel(state, first, panel, load);
  invert(load, inverse);

  for (int k = 0; k < kBlock; ++k) {
    std::fill(scaled + k * stride + first_output, scaled + k * stride + bottom, 0.0);
  }
  for (int j = 0; j < kBlock; j += kColumns) {  // the inverse is symmetric
    for (int i = first_output; i < bottom; i += kRows) {
      subtract_tile<kLanes, kColumns>(scaled + j * stride + i, stride, panel + i, &inverse[0][j],
                                      kBlock);
    }
  }
  for (int j = 0; j < state.rows(); j += kColumns) {
    const int end = state.outputs() + j + kColumns;  // of the load's upper triangle
    for (int i = first_output; i < end; i += kRows) {
      subtract_tile<kLanes, kColumns>(state.column(j) + i, stride, scaled + i,
                                      panel + state.outputs() + j, stride);
    }
  }
  for (int j = 0; j < kBlock; j += kColumns) {
    for (int i = 0; i < kBlock; i += kRows) {  // load * (I + load)^-1, all of them symmetric
      subtract_tile<kLanes, kColumns>(&result[j][i], kBlock, &load[0][i], &inverse[0][j], kBlock);
    }
  }
  for (int k = 0; k < kBlock; ++k) {
    std::copy_n(result[k], kBlock, state.load(first + k) + first);
  }
}

template <int kLanes, int kColumns>
[[gnu::always_inline]] inline void eliminate_all(LadderState& state, int first_output) {
  const int start = first_output / kBlock * kBlock;
  for (int first = 0; first < state.rows(); first += kBlock) {
    eliminate<kLanes, kColumns>(state, first, start);
  }
}

#if defined(__x86_64__)
[[gnu::target("avx512f,fma")]] void eliminate_avx512(LadderState& state, int first_output) {
  eliminate_all<8, 8>(state, first_output);
}
[[gnu::target("avx2,fma")]] void eliminate_avx2(LadderState& state, int first_output) {
  eliminate_all<4, 4>(state, first_output);
}
#endif
void eliminate_plain(LadderState& state, int first_output) {
  eliminate_all<2, 4>(state, first_output);
}

std::vector<CrossLinkVariant> runnable_variants() {
  std::vector<CrossLinkVariant> variants;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) variants.push_back({"avx512", eliminate_avx512});
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    variants.push_back({"avx2", eliminate_avx2});
  }
#endif
  variants.push_back({"plain", eliminate_plain});
  return variants;
}

}  // namespace

void LadderState::reset(int outputs, int rows) {
  outputs_ = outputs;
  rows_ = rows;
  stride_ = outputs + rows + 8;  // 8: columns share no cache set
  const auto size = static_cast<std::size_t>(stride_) * static_cast<std::size_t>(rows + 2 * kPad);
  if (size > capacity_) {
    capacity_ = 0;
    data_.reset(
        static_cast<double*>(::operator new[](size * sizeof(double), std::align_val_t{64})));
    capacity_ = size;
  }
  std::fill_n(data_.get(), size, 0.0);
}

std::span<const CrossLinkVariant> cross_link_variants() {
  static const std::vector<CrossLinkVariant> variants = runnable_variants();
  return variants;
}

void cross_link(LadderState& state, int first_output) {
  cross_link_variants().front().cross_link(state, first_output);
}

}  // namespace crossloop::analog
