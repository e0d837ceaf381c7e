// Part of page_kernel.cpp: which table entries every phase of every vector adds up.
#pragma once

#include <cstring>

#include "host/engine/lanes.hpp"

namespace crossloop::engine::CROSSLOOP_KERNEL {
namespace {

/// The patterns of one phase, empty ones included unless all are.
inline int list_all_patterns(const std::uint8_t* input, int groups, int phase,
                             std::uint16_t* list) {
  std::uint32_t any = 0;
  for (int group = 0; group < groups; ++group) {
    std::uint32_t bytes;
    std::memcpy(&bytes, input + kGroup * group, sizeof bytes);
    const std::uint32_t pattern = ((bytes >> phase & 0x01010101U) * kCollect) >> kCollectShift;
    list[group] =
        static_cast<std::uint16_t>(pattern + static_cast<std::uint32_t>(group * kGroupEntry));
    any |= pattern;
  }
  return any == 0 ? 0 : groups;
}

#if defined(CROSSLOOP_SHORT_LISTS)
/// Whether the lists may leave groups out: their sums need not be cut into parts.
inline bool short_lists(const KernelPage& page) { return page.part >= group_count(page); }
#endif

/// Fetches the inputs of a page's word lines from whole vectors.
class RowGather {
 public:
  explicit RowGather(const KernelPage& page) : page_(page) {
#if defined(CROSSLOOP_COMPRESSED_GATHER)
    for (int row = 0; row < page.rows;) {
      const std::int32_t start = page.row_index[row];
      std::uint64_t mask = 0;
      std::int32_t last = start - 1;
      const int first = row;
      for (; row < page.rows && page.row_index[row] > last && page.row_index[row] < start + 64;
           ++row) {
        last = page.row_index[row];
        mask |= std::uint64_t{1} << (last - start);
      }
      windows_[count_++] = {start, first, mask};
    }
#endif
  }

  /// The inputs, at least up to the last word line: in `room`, with zeros up to the last group, or
  /// where they are. Writes up to 64 bytes more to `room` than there are word lines.
  const std::uint8_t* operator()(const std::uint8_t* vector, std::uint8_t* room) const {
#if defined(CROSSLOOP_SHORT_LISTS)
    if (page_.one_run && short_lists(page_)) return vector + page_.row_index[0];
#endif
    fetch(vector, room);
    std::memset(room + page_.rows, 0, kGroup);
    return room;
  }

 private:
  void fetch(const std::uint8_t* vector, std::uint8_t* input) const {
#if defined(CROSSLOOP_COMPRESSED_GATHER)
    for (int i = 0; i < count_; ++i) {
      compress_bytes(vector + windows_[i].source, windows_[i].mask, input + windows_[i].target);
    }
#else
    if (page_.one_run) {
      std::memcpy(input, vector + page_.row_index[0], static_cast<unsigned>(page_.rows));
      return;
    }
    for (int row = 0; row < page_.rows; ++row) input[row] = vector[page_.row_index[row]];
#endif
  }

  const KernelPage& page_;
#if defined(CROSSLOOP_COMPRESSED_GATHER)
  struct Window {
    std::int32_t source, target;
    std::uint64_t mask;
  };
  Window windows_[kMaxRows];
  int count_ = 0;
#endif
};

/// Lists the patterns of one vector; lengths[phase] entries each.
inline void list_vector(const KernelPage& page, const std::uint8_t* input, int phases, int stride,
                        std::uint16_t* lists, int* lengths) {
  const int groups = group_count(page);
#if defined(CROSSLOOP_SHORT_LISTS)
  if (short_lists(page)) return list_patterns(input, page.rows, phases, stride, lists, lengths);
#endif
  for (int phase = 0; phase < phases; ++phase) {
    lengths[phase] = list_all_patterns(input, groups, phase, lists + phase * stride);
  }
}

/// Counts and sorts the reads by length, so that the branches of the summation can be foreseen.
/// Each length has kLanes counters, lest every increment waits for the one before.
class ReadOrder {
 public:
  void count(int length, int phase) { ++starts_[slot(length, phase) + 1]; }

  /// Fills reads.order, first and end from reads.length.
  void sort(int vectors, int phases, bool skip_zero, KernelReads& reads) {
    for (int i = 1; i <= kSlots; ++i) starts_[i] += starts_[i - 1];
    reads.first = skip_zero ? starts_[kLanes] : 0;  // behind those of length 0
    reads.end = vectors * phases;
    for (int vector = 0; vector < vectors; ++vector) {
      for (int phase = 0; phase < phases; ++phase) {
        const int number = vector * kMaxPhases + phase;
        const int place = starts_[slot(reads.length[number], phase)]++;
        reads.order[place] = static_cast<std::uint16_t>(number);
      }
    }
  }

 private:
  static constexpr int kLanes = 4;
  static constexpr int kSlots = (kMaxGroups / 4 + 1) * kLanes;
  static int slot(int length, int phase) { return length * kLanes + phase % kLanes; }
  int starts_[kSlots + 1] = {};
};

inline void prepare_reads(const KernelPage& page, const KernelJob& job, int first, int last,
                          KernelReads& reads) {
  alignas(64) std::uint8_t room[kMaxRows + 64];
  const RowGather gather(page);
  ReadOrder order;
  const int stride = (group_count(page) + 15) / 16 * 16 + kListSlack;
  reads.stride = stride;
  for (int vector = first; vector < last; ++vector) {
    const int here = (vector - first) * kMaxPhases;
    const std::uint8_t* input =
        gather(job.vectors + static_cast<std::int64_t>(vector - job.base) * job.inputs, room);
    int lengths[kMaxPhases] = {};
    std::uint16_t* lists = reads.lists + here * stride;
    list_vector(page, input, job.input_bits, stride, lists, lengths);
    unsigned converted = 0;
    for (int phase = 0; phase < job.input_bits; ++phase) {
      std::memset(lists + phase * stride + lengths[phase], 0, 4 * sizeof *lists);
      const bool read = lengths[phase] != 0 || !job.skip_zero;
      const int length = (lengths[phase] + 3) / 4;
      reads.length[here + phase] = static_cast<std::uint16_t>(length);
      order.count(length, phase);
      converted |= static_cast<unsigned>(read) << phase;
    }
    reads.converted[vector - first] = static_cast<std::uint8_t>(converted);
  }
  order.sort(last - first, job.input_bits, job.skip_zero, reads);
}

}  // namespace
}  // namespace crossloop::engine::CROSSLOOP_KERNEL
