// The exact circuit solution of one crossbar.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "host/analog/ladder_sweep.hpp"
#include "host/analog/wire_parameters.hpp"

namespace crossloop::analog {

inline constexpr int kMaxLines = 1024;  ///< rows and columns of the largest array

/// The effective conductance matrix (rows x columns, microsiemens): I_j = sum_i G_eff(i,j) V_i with
/// every row driven (0 V included) and every column at virtual ground behind its sense resistance;
/// with two-sided sense, I_j is the current into both ends together.
/// `g` is the cells' conductance in microsiemens (>= 0). Circuit: methods of nodal analysis as in
/// docs/analog.md. Each column wire is eliminated (tridiagonal), the remaining block
/// tridiagonal system is swept from the far column to the drivers; double precision, one thread.
/// Exact to rounding for any resistance >= 0; 0 merges nodes. Throws InputError as check_circuit().
Eigen::MatrixXd effective_conductance(const Eigen::Ref<const Eigen::MatrixXd>& g,
                                      const Wires& wires);

/// effective_conductance() of one array after another, in the same scratch memory: 17 MiB for
/// 1024 x 1024. Not thread-safe.
class WireSolver {
 public:
  explicit WireSolver(const Wires& wires) : wires_(wires) {}
  Eigen::MatrixXd solve(const Eigen::Ref<const Eigen::MatrixXd>& g);
  std::size_t scratch_bytes() const { return state_.bytes(); }  ///< kept between arrays

 private:
  Wires wires_;
  LadderState state_;
};

/// Arrays to solve, made and used one by one, so that not all of them are in memory at once. Both
/// functions are called from several threads at a time, once for each array, in no order.
struct ArrayStream {
  std::size_t count = 0;
  std::function<Eigen::MatrixXd(std::size_t array)> cells;  ///< microsiemens, of any size
  std::function<void(std::size_t array, Eigen::MatrixXd effective)> use;  ///< microsiemens
};

/// effective_conductance() of every array of the stream on `threads` threads, 0 for all cores. The
/// results depend on no thread count; memory is that of one array and one WireSolver a thread.
/// Throws what the first array, by number, to fail has thrown, after all threads have stopped; an
/// InputError of check_circuit() then names the array.
void solve_arrays(const ArrayStream& arrays, const Wires& wires, int threads = 0);

/// The same for arrays that are in memory.
std::vector<Eigen::MatrixXd> effective_conductances(std::span<const Eigen::MatrixXd> g,
                                                    const Wires& wires, int threads = 0);

/// Throws InputError for a conductance or resistance that is negative or not finite, naming it, and
/// for an array without cells or of more than kMaxLines rows or columns.
void check_circuit(const Eigen::Ref<const Eigen::MatrixXd>& g, const Wires& wires);

/// The same by one sparse LDL^T of the full node system: slow, for tests and benchmarks.
Eigen::MatrixXd effective_conductance_reference(const Eigen::Ref<const Eigen::MatrixXd>& g,
                                                const Wires& wires);

/// NF_j = (I_ideal - I) / I_ideal with all rows at the same voltage; 0 for a column
/// without conductance. Throws InputError if the sizes differ.
Eigen::VectorXd nonideality_factor(const Eigen::Ref<const Eigen::MatrixXd>& g,
                                   const Eigen::Ref<const Eigen::MatrixXd>& g_effective);

}  // namespace crossloop::analog
