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

/// Adds the codes of all reads of a strip, shifted by their phase, to `sums` [vectors][kStrip] of
/// 16 bits without sign: enough for codes of 8 bits in 8 phases.
template <bool kNoisy, typename Inl>
void read_compact(const KernelPage& page, const KernelJob& job, int first, int column,
                  KernelScratch& scratch, KernelCounters& counters) {
  const CompactStrip strip(page, column);
  const Threefry threefry(job.seed, page.crossbar);
  const Inl inl(page.inl);
  const KernelReads& reads = scratch.reads;
  const std::uint32_t vector = job.first_vector + static_cast<std::uint32_t>(first);
  Words low[kParts] = {};
  Words high[kParts] = {};
  for (int i = reads.first; i < reads.end; ++i) {
    const int number = reads.order[i];
    const int phase = number % kMaxPhases;
    Words sums[kParts];
    sum_list(scratch.table, reads.lists + number * reads.stride, reads.length[number], sums);
    std::uint16_t* target = scratch.codes + number / kMaxPhases * kStrip;
    for (int part = 0; part < kParts; ++part) {
      if constexpr (kNoisy) {
        Longs even, odd;
        noise_of_pairs(threefry, vector + static_cast<std::uint32_t>(number / kMaxPhases), phase,
                       column / 2 + part * kHalf, even, odd);
        sums[part] += scaled_product(left(interleaved(even, odd), 7), strip.sigma[part]);
      }
      const Longs even = dot(strip.offset_even[part], sums[part], strip.gain_even[part]);
      const Longs odd = dot(strip.offset_odd[part], sums[part], strip.gain_odd[part]);
      Words codes =
          packed(shifted(even, strip.shift_even[part]), shifted(odd, strip.shift_odd[part]));
      low[part] = counted(low[part], Words{}, codes);
      high[part] = counted(high[part], codes, strip.top[part]);
      codes = smaller(larger(codes, Words{}), strip.top[part]);
      if constexpr (!std::is_same_v<Inl, NoBend>) {
        codes = smaller(larger(inl(codes), Words{}), strip.top[part]);
      }
      store(target + kWords * part, load<Words>(target + kWords * part) + left(codes, phase));
    }
  }
  for (int part = 0; part < kParts; ++part) {
    for (int lane = 0; lane < kWords; ++lane) {
      counters.clipped_low += low[part][lane];
      counters.clipped_high += high[part][lane];
    }
  }
}

}  // namespace
}  // namespace crossloop::engine::CROSSLOOP_KERNEL
