// Part of page_kernel.cpp: strips whose sums, gains and codes fit 16-bit lanes.
#pragma once

#include <type_traits>

#include "host/engine/kernel_noise.hpp"

namespace crossloop::engine::CROSSLOOP_KERNEL {
namespace {

/// The columns of a strip as vectors. Even and odd columns go through the ADC apart, 32 bits wide;
/// from `packed` on they lie in the order of packed_column().
struct CompactStrip {
  CompactStrip(const KernelPage& page, int column) {
    std::int16_t even[kStrip] = {};
    std::int16_t odd[kStrip] = {};
    std::int32_t first[kStrip], second[kStrip], right[kStrip], right_odd[kStrip];
    std::int16_t tops[kStrip], sigmas[kStrip];
    for (int c = 0; c < kStrip; c += 2) {
      even[c] = static_cast<std::int16_t>(page.gain[column + c]);
      odd[c + 1] = static_cast<std::int16_t>(page.gain[column + c + 1]);
      first[c / 2] = static_cast<std::int32_t>(page.offset[column + c]);
      second[c / 2] = static_cast<std::int32_t>(page.offset[column + c + 1]);
      right[c / 2] = page.shift[column + c];
      right_odd[c / 2] = page.shift[column + c + 1];
    }
    for (int position = 0; position < kStrip; ++position) {
      tops[position] = static_cast<std::int16_t>(page.top[column + packed_column(position)]);
      sigmas[position] = static_cast<std::int16_t>(page.sigma[column + position]);
    }
    for (int part = 0; part < kParts; ++part) {
      gain_even[part] = load<Words>(even + kWords * part);
      gain_odd[part] = load<Words>(odd + kWords * part);
      offset_even[part] = load<Longs>(first + kHalf * part);
      offset_odd[part] = load<Longs>(second + kHalf * part);
      shift_even[part] = load<Longs>(right + kHalf * part);
      shift_odd[part] = load<Longs>(right_odd + kHalf * part);
      top[part] = load<Words>(tops + kWords * part);
      sigma[part] = load<Words>(sigmas + kWords * part);
    }
  }
  Words gain_even[kParts], gain_odd[kParts], top[kParts], sigma[kParts];
  Longs offset_even[kParts], offset_odd[kParts], shift_even[kParts], shift_odd[kParts];
};

#if defined(CROSSLOOP_BEND_BY_CODE)
struct Bend {
  explicit Bend(const std::int32_t* inl) : table(inl) {}
  Words operator()(Words codes) const {
    for (int i = 0; i < kWords; ++i) {
      codes[i] = static_cast<std::int16_t>(codes[i] + table[codes[i]]);
    }
    return codes;
  }
  const std::int32_t* table;
};
#endif

struct NoBend {
  explicit NoBend(const std::int32_t*) {}
};

/// Sums of the listed table entries, four a trip.
inline void sum_list(const std::int16_t* table, const std::uint16_t* list, int trips, Words* sums) {
  Words other[kParts] = {};
  for (int part = 0; part < kParts; ++part) sums[part] = Words{};
  const char* base = reinterpret_cast<const char*>(table);
  for (; trips > 0; --trips, list += 4) {
    for (int part = 0; part < kParts; ++part) {
      const int at = static_cast<int>(sizeof(Words)) * part;
      sums[part] += load<Words>(base + 8 * std::size_t{list[0]} + at);
      other[part] += load<Words>(base + 8 * std::size_t{list[1]} + at);
      sums[part] += load<Words>(base + 8 * std::size_t{list[2]} + at);
      other[part] += load<Words>(base + 8 * std::size_t{list[3]} + at);
    }
  }
  for (int part = 0; part < kParts; ++part) sums[part] += other[part];
}

/// Reads one strip of a page.
template <bool kNoisy, typename Inl>
class CompactReader {
 public:
  CompactReader(const KernelPage& page, const KernelJob& job, int first, int column)
      : strip_(page, column),
        threefry_(job.seed, page.crossbar),
        inl_(page.inl),
        vector_(job.first_vector + static_cast<std::uint32_t>(first)),
        pair_(column / 2) {}

  /// Adds the codes of the reads order[i] .. order[i + kCount - 1], shifted by their phase.
  template <int kCount>
  [[gnu::always_inline]] inline void read(KernelScratch& scratch, int i) {
    const KernelReads& reads = scratch.reads;
    Words sums[kCount][kParts];
    NoiseCounter counters[kCount];
    std::uint16_t* targets[kCount];
    each<kCount>([&](int k) __attribute__((always_inline)) {
      const int number = reads.order[i + k];
      sum_list(scratch.table, reads.lists + number * reads.stride, reads.length[number], sums[k]);
      counters[k] = {vector_ + static_cast<std::uint32_t>(number / kMaxPhases),
                     number % kMaxPhases};
      targets[k] = scratch.codes + number / kMaxPhases * kStrip;
    });
    for (int part = 0; part < kParts; ++part) {
      if constexpr (kNoisy) {
        Longs even[kCount], odd[kCount];
        noise_of_pairs<kCount>(threefry_, counters, pair_ + part * kHalf, even, odd);
        each<kCount>([&](int k) __attribute__((always_inline)) {
          const Words noise = left(interleaved(even[k], odd[k]), 7);
          sums[k][part] += scaled_product(noise, strip_.sigma[part]);
        });
      }
      each<kCount>([&](int k) __attribute__((always_inline)) {
        convert(sums[k][part], part, counters[k].phase, targets[k] + kWords * part);
      });
    }
  }

  void count(KernelCounters& counters) const {
    for (int part = 0; part < kParts; ++part) {
      for (int lane = 0; lane < kWords; ++lane) {
        counters.clipped_low += low_[part][lane];
        counters.clipped_high += high_[part][lane];
      }
    }
  }

 private:
  [[gnu::always_inline]] inline void convert(Words sums, int part, int phase,
                                             std::uint16_t* target) {
    const Longs even = dot(strip_.offset_even[part], sums, strip_.gain_even[part]);
    const Longs odd = dot(strip_.offset_odd[part], sums, strip_.gain_odd[part]);
    const Words top = strip_.top[part];
    Words codes =
        packed(shifted(even, strip_.shift_even[part]), shifted(odd, strip_.shift_odd[part]));
    const Words unclamped = codes;
    codes = smaller(larger(codes, Words{}), top);
    if (differ(unclamped, codes)) [[unlikely]] {
      low_[part] = counted(low_[part], Words{}, unclamped);
      high_[part] = counted(high_[part], unclamped, top);
    }
    if constexpr (!std::is_same_v<Inl, NoBend>) {
      codes = smaller(larger(inl_(codes), Words{}), top);
    }
    store(target, load<Words>(target) + left(codes, phase));
  }

  const CompactStrip strip_;
  const Threefry threefry_;
  const Inl inl_;
  std::uint32_t vector_;
  int pair_;
  Words low_[kParts] = {};
  Words high_[kParts] = {};
};

/// Adds the codes of all reads of a strip to `scratch.codes`: 16 bits without sign are enough for
/// codes of 8 bits in 8 phases.
template <bool kNoisy, typename Inl>
void read_compact(const KernelPage& page, const KernelJob& job, int first, int column,
                  KernelScratch& scratch, KernelCounters& counters) {
  CompactReader<kNoisy, Inl> reader(page, job, first, column);
  const int end = scratch.reads.end;
  int i = scratch.reads.first;
  for (; i + kTogether <= end; i += kTogether) reader.template read<kTogether>(scratch, i);
  for (; i < end; ++i) reader.template read<1>(scratch, i);
  reader.count(counters);
}

}  // namespace
}  // namespace crossloop::engine::CROSSLOOP_KERNEL
