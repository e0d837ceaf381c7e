// Many arrays on all cores.
#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "host/analog/wires.hpp"
#include "host/error.hpp"

namespace crossloop::analog {
namespace {

using Eigen::MatrixXd;

/// Of the failures of several threads, that of the array with the smallest number.
class FirstFailure {
 public:
  void keep(std::size_t array, std::exception_ptr error) {
    const std::scoped_lock lock(mutex_);
    if (error_ && array_ < array) return;
    array_ = array;
    error_ = std::move(error);
  }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  std::mutex mutex_;
  std::size_t array_ = 0;
  std::exception_ptr error_;
};

MatrixXd solve_one(WireSolver& solver, const MatrixXd& g, std::size_t array) {
  try {
    return solver.solve(g);
  } catch (const InputError& error) {
    throw InputError("array " + std::to_string(array) + ": " + error.what());
  }
}

std::size_t worker_count(int requested, std::size_t arrays) {
  const std::size_t threads = requested > 0 ? static_cast<std::size_t>(requested)
                                            : std::max(1U, std::thread::hardware_concurrency());
  return std::clamp<std::size_t>(threads, 1, std::max<std::size_t>(arrays, 1));
}

}  // namespace

void solve_arrays(const ArrayStream& arrays, const Wires& wires, int threads) {
  // Numbers are given out in order: whatever fails, all arrays before it are solved or fail too.
  std::atomic<std::size_t> next = 0;
  FirstFailure failure;
  const auto work = [&] {
    WireSolver solver(wires);
    for (std::size_t array = next++; array < arrays.count; array = next++) {
      try {
        arrays.use(array, solve_one(solver, arrays.cells(array), array));
      } catch (...) {
        failure.keep(array, std::current_exception());
        next = arrays.count;
      }
    }
  };
  {
    std::vector<std::jthread> workers;
    for (std::size_t i = 1; i < worker_count(threads, arrays.count); ++i) {
      workers.emplace_back(work);
    }
    work();
  }
  failure.rethrow();
}

std::vector<MatrixXd> effective_conductances(std::span<const MatrixXd> g, const Wires& wires,
                                             int threads) {
  std::vector<MatrixXd> results(g.size());
  solve_arrays({.count = g.size(),
                .cells = [&](std::size_t array) { return g[array]; },
                .use = [&](std::size_t array,
                           MatrixXd effective) { results[array] = std::move(effective); }},
               wires, threads);
  return results;
}

}  // namespace crossloop::analog
