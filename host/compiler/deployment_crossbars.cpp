#include "host/compiler/deployment_crossbars.hpp"

#include <cstdint>
#include <functional>
#include <numeric>

#include "host/error.hpp"

namespace crossloop::compiler {
namespace {

using hdf5::Group;
using Ints = std::vector<std::int32_t>;

/// The integer fields of a column, each of which is one data set over all columns of the file.
struct ColumnField {
  const char* name;
  std::int32_t ColumnSetting::*member;
};
constexpr ColumnField kColumnFields[] = {{"output", &ColumnSetting::output},
                                         {"slice", &ColumnSetting::slice},
                                         {"left_shift", &ColumnSetting::left_shift},
                                         {"reference", &ColumnSetting::reference},
                                         {"sigma", &ColumnSetting::sigma},
                                         {"gain", &ColumnSetting::gain},
                                         {"offset", &ColumnSetting::offset},
                                         {"shift", &ColumnSetting::shift},
                                         {"bits", &ColumnSetting::bits},
                                         {"zero_code", &ColumnSetting::zero_code}};

void write_columns(const Group& group, const std::vector<ColumnSetting>& columns) {
  for (const ColumnField& field : kColumnFields) {
    Ints values;
    values.reserve(columns.size());
    for (const ColumnSetting& column : columns) values.push_back(column.*field.member);
    group.write(field.name, values);
  }
  std::vector<std::uint8_t> negative;
  negative.reserve(columns.size());
  for (const ColumnSetting& column : columns) negative.push_back(column.negative ? 1 : 0);
  group.write("negative", negative);
}

std::vector<ColumnSetting> read_columns(const Group& group, std::size_t count) {
  std::vector<ColumnSetting> columns(count);
  for (const ColumnField& field : kColumnFields) {
    const Ints values = group.read<std::int32_t>(field.name, {count});
    for (std::size_t i = 0; i < count; ++i) columns[i].*field.member = values[i];
  }
  const auto negative = group.read<std::uint8_t>("negative", {count});
  for (std::size_t i = 0; i < count; ++i) {
    if (negative[i] > 1) {
      throw InputError(group.where("negative") + ": found " + std::to_string(negative[i]) +
                       ", expected 0 or 1");
    }
    columns[i].negative = negative[i] == 1;
  }
  return columns;
}

/// The unit terms of all crossbars as flat arrays, cut by their number.
void write_unit_terms(const Group& group, const std::vector<Crossbar>& crossbars) {
  Ints count, accumulator, factor;
  for (const Crossbar& crossbar : crossbars) {
    count.push_back(static_cast<std::int32_t>(crossbar.unit_terms.size()));
    for (const UnitTerm& term : crossbar.unit_terms) {
      accumulator.push_back(term.accumulator);
      factor.push_back(term.factor);
    }
  }
  group.write("count", count);
  group.write("accumulator", accumulator);
  group.write("factor", factor);
}

void read_unit_terms(const Group& group, std::vector<Crossbar>& crossbars) {
  const Ints count = group.read<std::int32_t>("count", {crossbars.size()});
  std::size_t all = 0;
  for (const std::int32_t terms : count) {
    if (terms < 0 || terms > 512) {
      throw InputError(group.where("count") + ": found " + std::to_string(terms) +
                       ", expected 0 to 512");
    }
    all += static_cast<std::size_t>(terms);
  }
  const Ints accumulator = group.read<std::int32_t>("accumulator", {all});
  const Ints factor = group.read<std::int32_t>("factor", {all});
  std::size_t next = 0;
  for (std::size_t i = 0; i < crossbars.size(); ++i) {
    for (std::int32_t term = 0; term < count[i]; ++term, ++next) {
      crossbars[i].unit_terms.push_back({accumulator[next], factor[next]});
    }
  }
}

/// Sums sizes that must each be 1..512, so that the cuts below stay inside the arrays.
std::size_t checked_sum(const Group& group, const char* name, const Ints& sizes) {
  std::size_t sum = 0;
  for (const std::int32_t size : sizes) {
    if (size < 1 || size > 512) {
      throw InputError(group.where(name) + ": found " + std::to_string(size) +
                       ", expected 1 to 512");
    }
    sum += static_cast<std::size_t>(size);
  }
  return sum;
}

}  // namespace

void write_crossbars(const Group& group, const std::vector<Crossbar>& crossbars) {
  Ints layer, part, band, row_count, column_count, rows;
  std::vector<ColumnSetting> columns;
  std::vector<std::uint8_t> levels;
  for (const Crossbar& crossbar : crossbars) {
    layer.push_back(crossbar.layer);
    part.push_back(crossbar.part);
    band.push_back(crossbar.band);
    row_count.push_back(crossbar.row_count());
    column_count.push_back(crossbar.column_count());
    const PageTables& tables = crossbar.tables;
    rows.insert(rows.end(), tables.rows.begin(), tables.rows.end());
    columns.insert(columns.end(), tables.columns.begin(), tables.columns.end());
    levels.insert(levels.end(), crossbar.levels.begin(), crossbar.levels.end());
  }
  group.write("layer", layer);
  group.write("part", part);
  group.write("band", band);
  group.write("row_count", row_count);
  group.write("column_count", column_count);
  group.write("rows", rows);
  group.write("levels", levels);
  write_columns(group.create_group("columns"), columns);
  write_unit_terms(group.create_group("unit_terms"), crossbars);
}

std::vector<Crossbar> read_crossbars(const Group& group) {
  const Ints layer = group.read<std::int32_t>("layer");
  const hsize_t count = layer.size();
  const Ints part = group.read<std::int32_t>("part", {count});
  const Ints band = group.read<std::int32_t>("band", {count});
  const Ints row_count = group.read<std::int32_t>("row_count", {count});
  const Ints column_count = group.read<std::int32_t>("column_count", {count});
  const std::size_t row_sum = checked_sum(group, "row_count", row_count);
  const std::size_t column_sum = checked_sum(group, "column_count", column_count);
  const std::size_t cells = std::inner_product(
      row_count.begin(), row_count.end(), column_count.begin(), std::size_t{0}, std::plus<>(),
      [](std::int32_t r, std::int32_t c) { return std::size_t(r) * std::size_t(c); });
  const Ints rows = group.read<std::int32_t>("rows", {row_sum});
  const auto levels = group.read<std::uint8_t>("levels", {cells});
  const auto columns = read_columns(group.open_group("columns"), column_sum);
  auto row = rows.begin();
  auto column = columns.begin();
  auto level = levels.begin();
  std::vector<Crossbar> crossbars(layer.size());
  for (std::size_t i = 0; i < crossbars.size(); ++i) {
    Crossbar& crossbar = crossbars[i];
    crossbar.layer = layer[i];
    crossbar.part = part[i];
    crossbar.band = band[i];
    crossbar.tables.rows.assign(row, row + row_count[i]);
    crossbar.tables.columns.assign(column, column + column_count[i]);
    crossbar.levels.assign(level, level + std::ptrdiff_t{row_count[i]} * column_count[i]);
    row += row_count[i];
    column += column_count[i];
    level += std::ptrdiff_t{row_count[i]} * column_count[i];
  }
  read_unit_terms(group.open_group("unit_terms"), crossbars);
  return crossbars;
}

}  // namespace crossloop::compiler
