// Part of page_kernel.cpp: step 7, the columns of a strip into the outputs.
#pragma once

#include "host/engine/lanes.hpp"

namespace crossloop::engine::CROSSLOOP_KERNEL {
namespace {

#if !defined(CROSSLOOP_PERMUTED_STRIP)
inline void permute_strip(const std::uint16_t* from, const std::uint16_t* index,
                          std::uint16_t* to) {
  for (int i = 0; i < kStrip; ++i) to[i] = from[index[i]];
}
#endif
inline void permute_strip(const std::int32_t* from, const std::uint16_t* index, std::int32_t* to) {
  for (int i = 0; i < kStrip; ++i) to[i] = from[index[i]];
}

/// The columns of a strip in an order in which those of one output can be added up lane by lane:
/// column k of output u at k * outputs + u, if every output has as many columns side by side and
/// the outputs count up by one. Else in their own order, with outputs = 0.
struct StripOrder {
  StripOrder(const KernelPage& page, int column) : output(page.output[column]) {
    outputs = column + kStrip <= page.columns ? count_outputs(page.output + column) : 0;
    for (int i = 0; i < kStrip; ++i) {
      const int c = outputs == 0 ? i : i % outputs * (kStrip / outputs) + i / outputs;
      weight[i] = page.weight[column + c];
      zero[i] = page.zero[column + c] * weight[i];
      index[i] = static_cast<std::uint16_t>(c);
    }
    if (!page.compact) return;
    int position_of[kStrip];
    for (int i = 0; i < kStrip; ++i) position_of[column_at(page, i)] = i;
    for (auto& at : index) at = static_cast<std::uint16_t>(position_of[at]);
  }

  /// How many outputs a regular strip has: 16, 8 or 4; 16 columns an output do not occur,
  /// and 0 is any other strip.
  static int count_outputs(const std::int32_t* output) {
    const int count = output[kStrip - 1] - output[0] + 1;
    if (count != 16 && count != 8 && count != 4) return 0;
    for (int c = 0; c < kStrip; ++c) {
      if (output[c] != output[0] + c / (kStrip / count)) return 0;
    }
    return count;
  }

  std::int32_t output;  ///< the first one
  int outputs;
  alignas(64) std::uint16_t index[kStrip];
  alignas(64) std::int32_t weight[kStrip];
  alignas(64) std::int32_t zero[kStrip];  ///< zero code * weight
};

/// `codes` is [vectors][kStrip] sums of code << phase.
template <int kOutputs, typename Code>
void fold_strip(const StripOrder& order, const KernelJob& job, int first, int last,
                const Code* codes, const std::uint8_t* converted) {
  alignas(64) std::int32_t zero[kStrip];
  for (int i = 0; i < kStrip; ++i) zero[i] = order.zero[i];
  for (int half = kStrip / 2; half >= kOutputs; half /= 2) {
    for (int i = 0; i < half; ++i) zero[i] += zero[i + half];
  }
  std::int32_t* target =
      job.accumulators + std::int64_t{first - job.base} * job.outputs + order.output;
  for (int vector = 0; vector < last - first; ++vector, target += job.outputs) {
    alignas(64) Code sorted[kStrip];
    alignas(64) std::int32_t terms[kStrip];
    permute_strip(codes + vector * kStrip, order.index, sorted);
    for (int i = 0; i < kStrip; ++i) terms[i] = sorted[i] * order.weight[i];
    for (int half = kStrip / 2; half >= kOutputs; half /= 2) {
      for (int i = 0; i < half; ++i) terms[i] += terms[i + half];
    }
    for (int u = 0; u < kOutputs; ++u) target[u] += terms[u] - zero[u] * converted[vector];
  }
}

#if defined(CROSSLOOP_PAIRED_FOLD)
/// fold_strip() by pairs of columns, where the weights fit 16 bits.
inline bool narrow_weights(const StripOrder& order) {
  for (const std::int32_t weight : order.weight) {
    if (weight > 1 << 14 || weight < -(1 << 14)) return false;
  }
  return true;
}

inline PairedFold paired_fold(const StripOrder& order) {
  std::uint16_t index[kStrip];
  std::int16_t weight[kStrip];
  std::int32_t zero[kStrip] = {}, sum[kStrip] = {};
  for (int i = 0; i < kStrip; ++i) {
    const int output = i % order.outputs;
    const int column = i / order.outputs;
    const int place = 2 * (output + order.outputs * (column / 2)) + column % 2;
    index[place] = order.index[i];
    weight[place] = static_cast<std::int16_t>(order.weight[i]);
    zero[output] += order.zero[i];
    sum[output] += order.weight[i];
  }
  return {index, weight, zero, sum};
}

template <int kOutputs>
void fold_strip(const StripOrder& order, const KernelJob& job, int first, int last,
                const std::uint16_t* codes, const std::uint8_t* converted) {
  if (!narrow_weights(order)) {
    return fold_strip<kOutputs, std::uint16_t>(order, job, first, last, codes, converted);
  }
  const PairedFold fold = paired_fold(order);
  std::int32_t* target =
      job.accumulators + std::int64_t{first - job.base} * job.outputs + order.output;
  for (int vector = 0; vector < last - first; ++vector, target += job.outputs) {
    fold.add<kOutputs>(codes + vector * kStrip, converted[vector], target);
  }
}
#endif

/// Any strip; fewest additions to `target` where columns of one output lie side by side.
template <typename Code>
void scatter_strip(const KernelPage& page, const StripOrder& order, const KernelJob& job, int first,
                   int last, int column, const Code* codes, const std::uint8_t* converted) {
  const int columns = page.columns - column < kStrip ? page.columns - column : kStrip;
  const std::int32_t* output = page.output + column;
  std::int32_t* target = job.accumulators + std::int64_t{first - job.base} * job.outputs;
  for (int vector = 0; vector < last - first; ++vector, target += job.outputs) {
    alignas(64) Code sorted[kStrip];
    alignas(64) std::int32_t terms[kStrip];
    permute_strip(codes + vector * kStrip, order.index, sorted);
    for (int i = 0; i < kStrip; ++i) {
      terms[i] = sorted[i] * order.weight[i] - order.zero[i] * converted[vector];
    }
    for (int c = 0; c < columns;) {
      const std::int32_t here = output[c];
      std::int32_t sum = 0;
      for (; c < columns && output[c] == here; ++c) sum += terms[c];
      target[here] += sum;
    }
  }
}

/// Adds the columns of a strip, `codes` and what they were read by, to their outputs.
template <typename Code>
void recombine(const KernelPage& page, const KernelJob& job, int first, int last, int column,
               const Code* codes, const std::uint8_t* converted) {
  const StripOrder order(page, column);
  switch (order.outputs) {
    case 16:
      return fold_strip<16>(order, job, first, last, codes, converted);
    case 8:
      return fold_strip<8>(order, job, first, last, codes, converted);
    case 4:
      return fold_strip<4>(order, job, first, last, codes, converted);
    default:
      return scatter_strip(page, order, job, first, last, column, codes, converted);
  }
}

}  // namespace
}  // namespace crossloop::engine::CROSSLOOP_KERNEL
