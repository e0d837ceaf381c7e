// Part of page_kernel.cpp: strips that need 32 or 64 bits somewhere.
#pragma once

#include <cstring>

#include "host/engine/kernel_compact.hpp"

namespace crossloop::engine::CROSSLOOP_KERNEL {
namespace {

/// S_j of one read. Lists longer than `page.part` hold all groups in order and are added up part by
/// part, so that no 16-bit sum overflows.
inline void sum_general(const KernelPage& page, const KernelScratch& scratch, int number,
                        std::int32_t* sums) {
  const std::uint16_t* list = scratch.reads.lists + number * scratch.reads.stride;
  const int trips = scratch.reads.length[number];
  const int groups = group_count(page);
  Words part[kParts] = {};
  if (page.part >= groups) {
    sum_list(scratch.table, list, trips, part);
    for (int c = 0; c < kStrip; ++c) sums[c] = part[c / kWords][c % kWords];
    return;
  }
  std::memset(sums, 0, kStrip * sizeof *sums);
  for (int first = 0; first < groups && trips > 0; first += page.part) {
    for (int i = 0; i < kParts; ++i) part[i] = Words{};
    for (int entry = first; entry < first + page.part && entry < groups; ++entry) {
      const std::int16_t* from = scratch.table + 4 * list[entry];
      for (int i = 0; i < kParts; ++i) part[i] += load<Words>(from + kWords * i);
    }
    for (int c = 0; c < kStrip; ++c) sums[c] += part[c / kWords][c % kWords];
  }
}

inline void add_noise(const KernelPage& page, const Threefry& threefry, std::uint32_t vector,
                      int phase, int column, std::int32_t* sums) {
  const std::int32_t* sigma = page.sigma + column;
  for (int part = 0; part < kParts; ++part) {
    Longs even, odd;
    const NoiseCounter read{vector, phase};
    noise_of_pairs<1>(threefry, &read, column / 2 + part * kHalf, &even, &odd);
    for (int lane = 0; lane < kHalf; ++lane) {
      const int c = kWords * part + 2 * lane;
      sums[c] += (even[lane] * sigma[c] + 128) >> 8;
      sums[c + 1] += (odd[lane] * sigma[c + 1] + 128) >> 8;
    }
  }
}

/// ADC of every column; adds code << phase. Wide is the type S' * gain + offset needs, kBent
/// whether the ADC has a nonlinearity.
template <typename Wide, bool kBent>
void convert(const KernelPage& page, const std::int32_t* sums, int phase, int column,
             std::int32_t* columns, KernelCounters& counters) {
  std::int32_t low = 0;
  std::int32_t high = 0;
  for (int c = 0; c < kStrip; ++c) {
    const int j = column + c;
    const Wide scaled = (static_cast<Wide>(sums[c]) * static_cast<Wide>(page.gain[j]) +
                         static_cast<Wide>(page.offset[j])) >>
                        page.shift[j];
    const Wide top = page.top[j];
    low += scaled < 0;
    high += scaled > top;
    const Wide clamped = scaled < 0 ? 0 : (scaled > top ? top : scaled);
    std::int32_t code = static_cast<std::int32_t>(clamped);
    if constexpr (kBent) {
      code += page.inl[code >> page.inl_shift[j]];
      code = code < 0 ? 0 : (code > page.top[j] ? page.top[j] : code);
    }
    columns[c] += code << phase;
  }
  counters.clipped_low += low;
  counters.clipped_high += high;
}

template <typename Wide, bool kBent>
void read_general(const KernelPage& page, const KernelJob& job, int first, int column,
                  KernelScratch& scratch, KernelCounters& counters) {
  const Threefry threefry(job.seed, page.crossbar);
  const KernelReads& reads = scratch.reads;
  for (int i = reads.first; i < reads.end; ++i) {
    const int number = reads.order[i];
    const int vector = number / kMaxPhases;
    const int phase = number % kMaxPhases;
    alignas(64) std::int32_t sums[kStrip];
    sum_general(page, scratch, number, sums);
    if (page.noisy) {
      add_noise(page, threefry, job.first_vector + static_cast<std::uint32_t>(first + vector),
                phase, column, sums);
    }
    convert<Wide, kBent>(page, sums, phase, column, scratch.sums + vector * kStrip, counters);
  }
}

}  // namespace
}  // namespace crossloop::engine::CROSSLOOP_KERNEL
