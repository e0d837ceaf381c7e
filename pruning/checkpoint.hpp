// The state of an unfinished training on disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "host/data/dataset.hpp"
#include "host/network/network.hpp"
#include "pruning/train.hpp"

namespace crossloop::pruning {

/// FNV-1a, 64 bit, over everything added.
class Fingerprint {
 public:
  void add_bytes(std::span<const std::byte> bytes);
  void add(std::string_view text);

  template <class T>
  requires std::is_arithmetic_v<T> || std::is_enum_v<T>
  void add(T value) { add_bytes(std::as_bytes(std::span(&value, 1))); }

  template <class T>
  requires std::is_arithmetic_v<T>
  void add(const std::vector<T>& values) {
    add(values.size());
    add_bytes(std::as_bytes(std::span(values)));
  }

  std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325ULL;
};

/// Equal where a training would go the same way: graph, parameters, images, options (but for the
/// number of threads and the place of the checkpoint) and constraints.
std::uint64_t fingerprint_of(const network::Network& network, const data::Dataset& images,
                             const TrainOptions& options, const FinetuneConstraints& constraints);

struct Checkpoint {
  std::uint64_t fingerprint = 0;
  int epoch = 0;                           ///< epochs done
  std::vector<std::vector<float>> values;  ///< parameters, statistics, momenta
};

/// Atomic; see host/files.hpp.
void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint);

/// Nothing where there is no such file. Throws InputError naming a file that is not a checkpoint
/// (which is never overwritten that way) or is damaged.
std::optional<Checkpoint> read_checkpoint(const std::filesystem::path& path);

}  // namespace crossloop::pruning
