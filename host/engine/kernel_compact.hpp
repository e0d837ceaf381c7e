// Part of page_kernel.cpp: strips whose sums, gains and codes fit 16-bit lanes.
#pragma once

#include <type_traits>

#include "host/engine/kernel_noise.hpp"

namespace crossloop::engine::CROSSLOOP_KERNEL {
namespace {

inline Words column_words(const std::int32_t* values) {
  std::int16_t narrow[kWords];
  for (int i = 0; i < kWords; ++i) narrow[i] = static_cast<std::int16_t>(values[i]);
  return load<Words>(narrow);
}

/// (S' gain + offset) >> shift of a strip. Even and odd columns go apart, 32 bits wide, and come
/// back in the order of packed_column().
class ProductAdc {
 public:
  ProductAdc(const KernelPage& page, int column) {
    std::int16_t even[kStrip] = {};
    std::int16_t odd[kStrip] = {};
    std::int32_t first[kStrip], second[kStrip], right[kStrip], right_odd[kStrip];
    for (int c = 0; c < kStrip; c += 2) {
      even[c] = static_cast<std::int16_t>(page.gain[column + c]);
      odd[c + 1] = static_cast<std::int16_t>(page.gain[column + c + 1]);
      first[c / 2] = static_cast<std::int32_t>(page.offset[column + c]);
      second[c / 2] = static_cast<std::int32_t>(page.offset[column + c + 1]);
      right[c / 2] = page.shift[column + c];
      right_odd[c / 2] = page.shift[column + c + 1];
    }
    for (int part = 0; part < kParts; ++part) {
      gain_even_[part] = load<Words>(even + kWords * part);
      gain_odd_[part] = load<Words>(odd + kWords * part);
      offset_even_[part] = load<Longs>(first + kHalf * part);
      offset_odd_[part] = load<Longs>(second + kHalf * part);
      shift_even_[part] = load<Longs>(right + kHalf * part);
      shift_odd_[part] = load<Longs>(right_odd + kHalf * part);
    }
  }

  [[gnu::always_inline]] inline Words operator()(Words sums, int part) const {
    const Longs even = dot(offset_even_[part], sums, gain_even_[part]);
    const Longs odd = dot(offset_odd_[part], sums, gain_odd_[part]);
    return packed(shifted(even, shift_even_[part]), shifted(odd, shift_odd_[part]));
  }

 private:
  Words gain_even_[kParts], gain_odd_[kParts];
  Longs offset_even_[kParts], offset_odd_[kParts], shift_even_[kParts], shift_odd_[kParts];
};

#if defined(CROSSLOOP_SHIFTED_WORDS)
/// The same for KernelPage::by_shift, in order.
class ShiftAdc {
 public:
  ShiftAdc(const KernelPage& page, int column) {
    for (int part = 0; part < kParts; ++part) {
      offset_[part] = load<Words>(page.word_offset + column + kWords * part);
      shift_[part] = load<Words>(page.word_shift + column + kWords * part);
    }
  }

  [[gnu::always_inline]] inline Words operator()(Words sums, int part) const {
    return shifted(saturated_sum(sums, offset_[part]), shift_[part]);
  }

 private:
  Words offset_[kParts], shift_[kParts];
};
#endif

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
template <bool kNoisy, typename Inl, typename Adc>
class CompactReader {
 public:
  CompactReader(const KernelPage& page, const KernelJob& job, int first, int column)
      : adc_(page, column),
        threefry_(job.seed, page.crossbar),
        inl_(page.inl),
        vector_(job.first_vector + static_cast<std::uint32_t>(first)),
        pair_(column / 2) {
    std::int32_t tops[kStrip];
    for (int i = 0; i < kStrip; ++i) tops[i] = page.top[column + column_at(page, i)];
    for (int part = 0; part < kParts; ++part) {
      top_[part] = column_words(tops + kWords * part);
      sigma_[part] = column_words(page.sigma + column + kWords * part);
    }
  }

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
          sums[k][part] += scaled_product(noise, sigma_[part]);
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
    const Words top = top_[part];
    const Words unclamped = adc_(sums, part);
    Words codes = smaller(larger(unclamped, Words{}), top);
    if (differ(unclamped, codes)) [[unlikely]] {
      low_[part] = counted(low_[part], Words{}, unclamped);
      high_[part] = counted(high_[part], unclamped, top);
    }
    if constexpr (!std::is_same_v<Inl, NoBend>) {
      codes = smaller(larger(inl_(codes), Words{}), top);
    }
    store(target, load<Words>(target) + left(codes, phase));
  }

  const Adc adc_;
  const Threefry threefry_;
  const Inl inl_;
  std::uint32_t vector_;
  int pair_;
  Words top_[kParts], sigma_[kParts];
  Words low_[kParts] = {};
  Words high_[kParts] = {};
};

/// Adds the codes of all reads of a strip to `scratch.codes`: 16 bits without sign are enough for
/// codes of 8 bits in 8 phases.
template <bool kNoisy, typename Inl, typename Adc>
void read_compact(const KernelPage& page, const KernelJob& job, int first, int column,
                  KernelScratch& scratch, KernelCounters& counters) {
  CompactReader<kNoisy, Inl, Adc> reader(page, job, first, column);
  const int end = scratch.reads.end;
  int i = scratch.reads.first;
  for (; i + kTogether <= end; i += kTogether) reader.template read<kTogether>(scratch, i);
  for (; i < end; ++i) reader.template read<1>(scratch, i);
  reader.count(counters);
}

}  // namespace
}  // namespace crossloop::engine::CROSSLOOP_KERNEL
