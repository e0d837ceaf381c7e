// The next batch is prepared while the network works on the last one.
#pragma once

#include <array>
#include <future>
#include <span>
#include <vector>

#include "pruning/batches.hpp"

namespace crossloop::pruning {

/// Two BatchSources and a thread that fills one of them. Not thread-safe.
class BatchPrefetcher {
 public:
  /// Borrows `images`; see BatchSource.
  BatchPrefetcher(const network::Network& network, const data::Dataset& images,
                  const BatchSource::Augmentation& augmentation)
      : sources_{BatchSource(network, images, augmentation),
                 BatchSource(network, images, augmentation)} {}

  /// Starts filling a batch. At most one is under way; it has its own copy of the indices, since an
  /// interrupt may take away the caller's while it is filled.
  void request(std::span<const int> indices, int epoch) {
    next_ = 1 - next_;
    filling_ =
        std::async(std::launch::async, [&source = sources_[next_],
                                        own = std::vector<int>(indices.begin(), indices.end()),
                                        epoch] { source.fill(own, epoch); });
  }

  /// The batch requested last; it stays valid until the next but one request().
  BatchSource& take() {
    filling_.get();
    return sources_[next_];
  }

 private:
  std::array<BatchSource, 2> sources_;
  std::size_t next_ = 0;
  std::future<void> filling_;  // goes first: its destructor waits for the thread
};

}  // namespace crossloop::pruning
