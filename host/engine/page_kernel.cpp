// Compiled once per instruction set with CROSSLOOP_KERNEL naming the namespace. Bit-exact to
// reference.cpp; see there for what the numbers mean.
#include "host/engine/page_kernel.hpp"

#include <cstring>

namespace crossloop::engine::CROSSLOOP_KERNEL {

namespace {

typedef std::int16_t Lane __attribute__((vector_size(2 * kLane)));

inline Lane load(const std::int16_t* values) {
  Lane lane;
  std::memcpy(&lane, values, sizeof lane);
  return lane;
}

/// Sums of the listed rows for all padded columns, 16 bit: two lanes at a time stay in registers.
void sum_rows_narrow(const KernelPage& page, const std::uint16_t* rows, int count,
                     std::int32_t* sums) {
  for (int column = 0; column < page.padded; column += 2 * kLane) {
    const bool pair = column + kLane < page.padded;
    Lane first = {};
    Lane second = {};
    for (int i = 0; i < count; ++i) {
      const std::int16_t* row = page.codes + rows[i] * page.padded + column;
      first += load(row);
      if (pair) second += load(row + kLane);
    }
    for (int c = 0; c < kLane; ++c) sums[column + c] = first[c];
    if (!pair) break;
    for (int c = 0; c < kLane; ++c) sums[column + kLane + c] = second[c];
  }
}

void sum_rows_wide(const KernelPage& page, const std::uint16_t* rows, int count,
                   std::int32_t* sums) {
  std::memset(sums, 0, sizeof(std::int32_t) * static_cast<unsigned>(page.padded));
  for (int i = 0; i < count; ++i) {
    const std::int16_t* row = page.codes + rows[i] * page.padded;
    for (int c = 0; c < page.padded; ++c) sums[c] += row[c];
  }
}

inline std::uint32_t rotated(std::uint32_t x, int bits) { return x << bits | x >> (32 - bits); }

inline std::int32_t nibble_sum(std::uint32_t word) {
  std::uint32_t sum = (word & 0x0F0F0F0FU) + ((word >> 4) & 0x0F0F0F0FU);
  sum = (sum & 0x00FF00FFU) + ((sum >> 8) & 0x00FF00FFU);
  return static_cast<std::int32_t>((sum & 0xFFFFU) + (sum >> 16));
}

/// Threefry-2x32, 13 rounds, written out so that pairs of columns fill the vector lanes.
inline void threefry(std::uint32_t k0, std::uint32_t k1, std::uint32_t c0, std::uint32_t c1,
                     std::uint32_t& out0, std::uint32_t& out1) {
  const std::uint32_t k2 = 0x1BD11BDAU ^ k0 ^ k1;
  std::uint32_t x0 = c0 + k0;
  std::uint32_t x1 = c1 + k1;
#define CROSSLOOP_ROUND(bits) x0 += x1, x1 = rotated(x1, bits) ^ x0
  CROSSLOOP_ROUND(13), CROSSLOOP_ROUND(15), CROSSLOOP_ROUND(26), CROSSLOOP_ROUND(6);
  x0 += k1, x1 += k2 + 1;
  CROSSLOOP_ROUND(17), CROSSLOOP_ROUND(29), CROSSLOOP_ROUND(16), CROSSLOOP_ROUND(24);
  x0 += k2, x1 += k0 + 2;
  CROSSLOOP_ROUND(13), CROSSLOOP_ROUND(15), CROSSLOOP_ROUND(26), CROSSLOOP_ROUND(6);
  x0 += k0, x1 += k1 + 3;
  CROSSLOOP_ROUND(17);
#undef CROSSLOOP_ROUND
  out0 = x0;
  out1 = x1;
}

void add_noise(const KernelPage& page, const KernelJob& job, std::uint32_t vector, int bit,
               std::int32_t* sums) {
  std::uint32_t even[kMaxColumns / 2];
  std::uint32_t odd[kMaxColumns / 2];
  const std::uint32_t high = static_cast<std::uint32_t>(bit) << 16;
  for (int pair = 0; pair < page.padded / 2; ++pair) {
    threefry(job.seed, page.crossbar, vector, high | static_cast<std::uint32_t>(pair), even[pair],
             odd[pair]);
  }
  for (int pair = 0; pair < page.padded / 2; ++pair) {
    const std::int32_t m0 = nibble_sum(even[pair]) - 60;
    const std::int32_t m1 = nibble_sum(odd[pair]) - 60;
    sums[2 * pair] += (m0 * page.sigma[2 * pair] + 128) >> 8;
    sums[2 * pair + 1] += (m1 * page.sigma[2 * pair + 1] + 128) >> 8;
  }
}

/// ADC of every column; adds code << bit. Wide is the type S' * gain + offset needs, Inl whether
/// the ADC has a nonlinearity.
template <typename Wide, bool Inl>
void convert(const KernelPage& page, const std::int32_t* sums, int bit, std::int32_t* columns,
             KernelCounters& counters) {
  std::int32_t low = 0;
  std::int32_t high = 0;
  for (int c = 0; c < page.padded; ++c) {
    const Wide scaled = (static_cast<Wide>(sums[c]) * static_cast<Wide>(page.gain[c]) +
                         static_cast<Wide>(page.offset[c])) >>
                        page.shift[c];
    const Wide top = page.top[c];
    low += scaled < 0;
    high += scaled > top;
    const Wide clamped = scaled < 0 ? 0 : (scaled > top ? top : scaled);
    std::int32_t code = static_cast<std::int32_t>(clamped);
    if constexpr (Inl) {
      code += page.inl[code >> page.inl_shift[c]];
      code = code < 0 ? 0 : (code > page.top[c] ? page.top[c] : code);
    }
    columns[c] += (code - page.zero[c]) << bit;
  }
  counters.clipped_low += low;
  counters.clipped_high += high;
}

/// Kept out of run_vector, so that pages without a nonlinearity have the registers to themselves.
[[gnu::noinline]] void convert_bent(const KernelPage& page, const std::int32_t* sums, int bit,
                                    std::int32_t* columns, KernelCounters& counters) {
  if (page.narrow_adc) {
    convert<std::int32_t, true>(page, sums, bit, columns, counters);
  } else {
    convert<std::int64_t, true>(page, sums, bit, columns, counters);
  }
}

void run_vector(const KernelPage& page, const KernelJob& job, int vector,
                KernelCounters& counters) {
  std::uint8_t input[kMaxRows];
  std::uint16_t driven[kMaxRows];
  alignas(64) std::int32_t sums[kMaxColumns];
  alignas(64) std::int32_t columns[kMaxColumns] = {};
  const std::uint8_t* source = job.vectors + static_cast<std::int64_t>(vector) * job.inputs;
  for (int r = 0; r < page.rows; ++r) input[r] = source[page.row_index[r]];
  for (int bit = 0; bit < job.input_bits; ++bit) {
    int count = 0;
    for (int r = 0; r < page.rows; ++r) {
      driven[count] = static_cast<std::uint16_t>(r);
      count += (input[r] >> bit) & 1;
    }
    if (job.skip_zero && count == 0) continue;
    if (page.narrow_sum) {
      sum_rows_narrow(page, driven, count, sums);
    } else {
      sum_rows_wide(page, driven, count, sums);
    }
    for (int c = 0; c < page.padded; ++c) sums[c] -= page.reference[c] * count;
    if (page.noisy) {
      add_noise(page, job, job.first_vector + static_cast<std::uint32_t>(vector), bit, sums);
    }
    counters.conversions += page.columns;
    if (page.inl != nullptr) {
      convert_bent(page, sums, bit, columns, counters);
    } else if (page.narrow_adc) {
      convert<std::int32_t, false>(page, sums, bit, columns, counters);
    } else {
      convert<std::int64_t, false>(page, sums, bit, columns, counters);
    }
  }
  std::int32_t* target = job.accumulators + static_cast<std::int64_t>(vector) * job.outputs;
  for (int c = 0; c < page.columns; ++c) {
    target[page.output[c]] += page.sign[c] * (columns[c] << page.left_shift[c]);
  }
}

}  // namespace

void run_page(const KernelPage& page, const KernelJob& job, int first, int last,
              KernelCounters& counters) {
  for (int vector = first; vector < last; ++vector) run_vector(page, job, vector, counters);
}

}  // namespace crossloop::engine::CROSSLOOP_KERNEL
