// One page of a job as the kernel wants it.
#pragma once

#include <cstdint>
#include <vector>

#include "host/engine/engine.hpp"
#include "host/engine/page_kernel.hpp"

namespace crossloop::engine {

/// Codes of one crossbar, padded for the kernel.
struct LoadedArray {
  int rows = 0;
  int columns = 0;
  std::vector<std::int16_t> padded;  ///< [rows][padded_columns(columns)]
  std::int32_t largest_column_sum = 0;
  std::int32_t largest_code = 0;
};

LoadedArray loaded_array(int rows, int columns, std::span<const std::uint16_t> codes);

/// Tables as structure of arrays, padded; owns what `kernel` points to, except the codes and rows.
struct PreparedPage {
  /// Borrows the array and the tables.
  PreparedPage(const LoadedArray& array, const PageJob& page, Fault fault);

  /// The kernel may reuse what it found out about the vectors on `previous`.
  void share_rows(const PreparedPage& previous);

  KernelPage kernel;

 private:
  void fill_column(std::size_t j, const compiler::ColumnSetting& column, Fault fault);
  void fill_inl(const analog::InlTable& table, const std::vector<compiler::ColumnSetting>& columns);
  void classify(const LoadedArray& array, const std::vector<compiler::ColumnSetting>& columns);
  void replace_gains(const std::vector<compiler::ColumnSetting>& columns, std::int64_t widest_read);
  void point(const LoadedArray& array, const compiler::PageTables& tables);

  std::vector<std::int32_t> reference_, sigma_, gain_, shift_, top_, zero_, weight_, output_;
  std::vector<std::int32_t> inl_, inl_shift_;
  std::vector<std::int64_t> offset_;
  std::vector<std::int16_t> word_offset_, word_shift_;
};

}  // namespace crossloop::engine
