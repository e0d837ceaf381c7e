#include "host/engine/prepared_page.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>

#include "host/engine/adc.hpp"

namespace crossloop::engine {

namespace {

constexpr std::int64_t kLargest16 = 32767;

std::size_t padded_columns(int columns) {
  return static_cast<std::size_t>((columns + kStrip - 1) / kStrip * kStrip);
}

bool counts_up(const std::vector<std::int32_t>& rows) {
  return std::adjacent_find(rows.begin(), rows.end(), [](std::int32_t a, std::int32_t b) {
           return b != a + 1;
         }) == rows.end();
}

}  // namespace

LoadedArray loaded_array(int rows, int columns, std::span<const std::uint16_t> codes) {
  LoadedArray array{rows, columns, {}, 0, 0};
  const std::size_t width = static_cast<std::size_t>(columns);
  const std::size_t padded = padded_columns(columns);
  array.padded.assign(static_cast<std::size_t>(rows) * padded, 0);
  std::vector<std::int32_t> sums(width, 0);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    array.padded[i / width * padded + i % width] = static_cast<std::int16_t>(codes[i]);
    sums[i % width] += codes[i];
    array.largest_code = std::max<std::int32_t>(array.largest_code, codes[i]);
  }
  array.largest_column_sum = *std::max_element(sums.begin(), sums.end());
  return array;
}

PreparedPage::PreparedPage(const LoadedArray& array, const PageJob& page, Fault fault) {
  const auto& columns = page.tables->columns;
  const std::size_t padded = padded_columns(array.columns);
  for (auto* field : {&reference_, &sigma_, &gain_, &shift_, &top_, &zero_, &weight_, &output_}) {
    field->resize(padded);
  }
  offset_.resize(padded);
  for (std::size_t j = 0; j < columns.size(); ++j) fill_column(j, columns[j], fault);
  if (page.inl != nullptr) fill_inl(*page.inl, columns);
  classify(array, columns);
  point(array, *page.tables);
  kernel.crossbar = static_cast<std::uint32_t>(page.crossbar);
}

void PreparedPage::fill_column(std::size_t j, const compiler::ColumnSetting& column, Fault fault) {
  reference_[j] = column.reference;
  sigma_[j] = column.sigma;
  gain_[j] = column.gain;
  offset_[j] = column.offset + (fault == Fault::kNone ? rounding_half(column.shift) : 0);
  shift_[j] = column.shift;
  top_[j] = (1 << column.bits) - 1;
  zero_[j] = column.zero_code;
  weight_[j] = (column.negative ? -1 : 1) * (1 << column.left_shift);
  output_[j] = column.output;
}

void PreparedPage::fill_inl(const analog::InlTable& table,
                            const std::vector<compiler::ColumnSetting>& columns) {
  inl_.assign(table.begin(), table.end());
  inl_shift_.resize(top_.size());
  for (std::size_t j = 0; j < columns.size(); ++j) {
    inl_shift_[j] = std::max(0, columns[j].bits - 8);
  }
}

/// Sets what the numbers of this page prove about the widths it needs.
void PreparedPage::classify(const LoadedArray& array,
                            const std::vector<compiler::ColumnSetting>& columns) {
  std::int64_t widest_sum = 0, widest_read = 0, widest_product = 0, widest_code = 0;
  bool narrow_settings = true;
  for (std::size_t j = 0; j < columns.size(); ++j) {
    const auto& column = columns[j];
    const std::int64_t sum = std::max<std::int64_t>(array.largest_column_sum,
                                                    std::int64_t{column.reference} * array.rows);
    const std::int64_t read = sum + 60 * std::int64_t{column.sigma} / 256 + 1;
    widest_sum = std::max(widest_sum, sum);
    widest_read = std::max(widest_read, read);
    widest_product = std::max(widest_product, read * column.gain + std::abs(offset_[j]));
    widest_code =
        std::max<std::int64_t>(widest_code, std::max(array.largest_code, column.reference));
    narrow_settings = narrow_settings && column.gain <= kLargest16 && column.sigma <= kLargest16 &&
                      column.bits <= kMaxPhases;
    kernel.noisy = kernel.noisy || column.sigma != 0;
  }
  kernel.part =
      widest_sum <= kLargest16
          ? kMaxGroups
          : static_cast<int>(kLargest16 / (kGroup * std::max<std::int64_t>(1, widest_code)));
  kernel.narrow_adc = widest_product <= 0x7FFFFFFF;
  kernel.compact = kernel.narrow_adc && narrow_settings && widest_read <= kLargest16;
  if (kernel.compact) replace_gains(columns, widest_read);
}

/// With a gain of 2^g and g <= shift, (S' 2^g + offset) >> shift = (S' + (offset >> g)) >> (shift -
/// g). That sum may saturate where the code is beyond its upper rail then, too.
void PreparedPage::replace_gains(const std::vector<compiler::ColumnSetting>& columns,
                                 std::int64_t widest_read) {
  word_offset_.resize(top_.size());
  word_shift_.resize(top_.size());
  for (std::size_t j = 0; j < columns.size(); ++j) {
    const auto gain = static_cast<std::uint32_t>(columns[j].gain);
    const int exponent = std::countr_zero(gain);
    const int shift = columns[j].shift - exponent;
    if (!std::has_single_bit(gain) || shift < 0) return;
    const std::int64_t offset = offset_[j] >> exponent;
    if (std::abs(offset) > kLargest16) return;
    const bool saturates = widest_read + std::abs(offset) > kLargest16;
    if (saturates && kLargest16 >> shift <= top_[j]) return;
    word_offset_[j] = static_cast<std::int16_t>(offset);
    word_shift_[j] = static_cast<std::int16_t>(shift);
  }
  kernel.by_shift = true;
}

void PreparedPage::point(const LoadedArray& array, const compiler::PageTables& tables) {
  kernel.rows = array.rows;
  kernel.columns = array.columns;
  kernel.padded = static_cast<int>(top_.size());
  kernel.codes = array.padded.data();
  kernel.row_index = tables.rows.data();
  kernel.one_run = counts_up(tables.rows);
  kernel.reference = reference_.data();
  kernel.sigma = sigma_.data();
  kernel.gain = gain_.data();
  kernel.offset = offset_.data();
  kernel.shift = shift_.data();
  kernel.word_offset = word_offset_.data();
  kernel.word_shift = word_shift_.data();
  kernel.top = top_.data();
  kernel.zero = zero_.data();
  kernel.weight = weight_.data();
  kernel.output = output_.data();
  if (!inl_.empty()) kernel.inl = inl_.data();
  if (!inl_.empty()) kernel.inl_shift = inl_shift_.data();
}

void PreparedPage::share_rows(const PreparedPage& previous) {
  const bool same_lists = (kernel.part == kMaxGroups) == (previous.kernel.part == kMaxGroups);
  kernel.same_rows =
      same_lists && kernel.rows == previous.kernel.rows &&
      std::equal(kernel.row_index, kernel.row_index + kernel.rows, previous.kernel.row_index);
}

}  // namespace crossloop::engine
