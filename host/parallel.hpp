// Work shared out among threads.
#pragma once

#include <algorithm>
#include <exception>
#include <thread>
#include <vector>

namespace crossloop {

/// Cores of this machine, but at least 1 and at most `most`.
inline int worker_count(int most) {
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, std::max(1, most));
}

/// Calls work(0) .. work(workers - 1) at once, each on a thread of its own, and waits for all.
/// Throws what the first of them by number threw.
template <typename Work>
void run_workers(int workers, const Work& work) {
  std::vector<std::exception_ptr> failures(static_cast<std::size_t>(workers));
  const auto guarded = [&](int worker) {
    try {
      work(worker);
    } catch (...) {
      failures[static_cast<std::size_t>(worker)] = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> others;
    for (int worker = 1; worker < workers; ++worker) others.emplace_back(guarded, worker);
    guarded(0);
  }
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

/// Calls work(i, worker) for i = 0..count-1; worker w takes w, w + workers, ...
template <typename Work>
void for_each_index(int count, int workers, const Work& work) {
  run_workers(workers, [&](int worker) {
    for (int i = worker; i < count; i += workers) work(i, worker);
  });
}

}  // namespace crossloop
