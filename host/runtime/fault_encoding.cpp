#include "host/runtime/fault_encoding.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "host/compiler/mapping.hpp"
#include "host/error.hpp"

namespace crossloop::runtime {

using analog::CellFault;
using compiler::Crossbar;
using compiler::Deployment;

namespace {

constexpr double kStuckLevels = 1.5;

/// Line of codes over levels.
struct Line {
  double intercept = 0.0;
  double slope = 0.0;
};

Line fit(const Crossbar& crossbar, const MeasuredPage& page, const analog::CodeFormat& format) {
  const double cells = static_cast<double>(page.codes.size());
  double level_sum = 0.0, code_sum = 0.0, square = 0.0, cross = 0.0;
  for (std::size_t i = 0; i < page.codes.size(); ++i) {
    const double level = crossbar.levels[i];
    level_sum += level;
    code_sum += page.codes[i];
    square += level * level;
    cross += level * page.codes[i];
  }
  const double spread = square - level_sum * level_sum / cells;
  const double slope = spread > 0.0 ? (cross - level_sum * code_sum / cells) / spread
                                    : std::ldexp(1.0, format.fraction_bits);
  return {(code_sum - slope * level_sum) / cells, slope};
}

/// The columns of one slice of one output, -1 where it has none.
struct Pair {
  int positive = -1;
  int negative = -1;
};

/// One slice of one output: digit * unit is what its pair adds to the weight.
struct Slice {
  int unit = 1;
  Pair pair;
};

/// Slices of each output of a crossbar, highest first.
std::map<std::int32_t, std::vector<Slice>> slices_of(const Crossbar& crossbar, int cell_bits) {
  std::map<std::int32_t, std::map<std::int32_t, Pair, std::greater<>>> pairs;
  for (int j = 0; j < crossbar.column_count(); ++j) {
    const auto& column = crossbar.tables.columns[static_cast<std::size_t>(j)];
    Pair& pair = pairs[column.output][column.slice];
    (column.negative ? pair.negative : pair.positive) = j;
  }
  std::map<std::int32_t, std::vector<Slice>> slices;
  for (const auto& [output, by_slice] : pairs) {
    for (const auto& [slice, pair] : by_slice) {
      slices[output].push_back({1 << (cell_bits * slice), pair});
    }
  }
  return slices;
}

/// Levels that a cell can hold.
struct Reach {
  int low = 0;
  int high = 0;
};

/// One word line of a crossbar while it is encoded anew.
class Row {
 public:
  Row(Crossbar& crossbar, const std::vector<CellFault>& faults, int row, int top)
      : crossbar_(crossbar),
        faults_(faults),
        first_(static_cast<std::size_t>(row * crossbar.column_count())),
        top_(top) {}

  bool is_stuck(const Pair& pair) const {
    return fault_of(pair.positive) != CellFault::kNone ||
           fault_of(pair.negative) != CellFault::kNone;
  }

  /// Sets the pairs to the digits whose sum comes nearest to `weight`. Searches all of them, the
  /// nearest digit of each slice first: a stuck cell far down may want another digit further up.
  void encode(const std::vector<Slice>& slices, int weight) {
    std::vector<int> digits(slices.size(), 0);
    best_.clear();
    search(slices, 0, weight, digits);
    for (std::size_t i = 0; i < slices.size(); ++i) set(slices[i].pair, best_[i]);
  }

 private:
  void search(const std::vector<Slice>& slices, std::size_t index, int rest,
              std::vector<int>& digits) {
    if (!best_.empty() && best_rest_ == 0) return;
    if (index == slices.size()) {
      if (best_.empty() || std::abs(rest) < best_rest_) {
        best_ = digits;
        best_rest_ = std::abs(rest);
      }
      return;
    }
    const Slice& slice = slices[index];
    const Reach positive = reach(slice.pair.positive);
    const Reach negative = reach(slice.pair.negative);
    const int low = positive.low - negative.high;
    const int high = positive.high - negative.low;
    const int nearest = std::clamp(
        static_cast<int>(std::lround(static_cast<double>(rest) / slice.unit)), low, high);
    for (int step = 0; step <= 2 * (high - low) + 1; ++step) {  // nearest, +1, -1, +2, -2, ...
      const int digit = nearest + (step % 2 != 0 ? (step + 1) / 2 : -step / 2);
      if (digit < low || digit > high) continue;
      digits[index] = digit;
      search(slices, index + 1, rest - digit * slice.unit, digits);
    }
  }

  /// The lowest levels of the two cells whose difference is `digit`.
  void set(const Pair& pair, int digit) {
    const int negative = std::max(reach(pair.negative).low, reach(pair.positive).low - digit);
    put(pair.negative, negative);
    put(pair.positive, digit + negative);
  }

  Reach reach(int column) const {
    if (column < 0) return {0, 0};
    const CellFault fault = fault_of(column);
    return {fault == CellFault::kStuckLrs ? top_ : 0, fault == CellFault::kStuckHrs ? 0 : top_};
  }

  std::size_t at(int column) const { return first_ + static_cast<std::size_t>(column); }
  CellFault fault_of(int column) const {
    return column < 0 ? CellFault::kNone : faults_[at(column)];
  }
  void put(int column, int level) {
    if (column >= 0) crossbar_.levels[at(column)] = static_cast<std::uint8_t>(level);
  }

  Crossbar& crossbar_;
  const std::vector<CellFault>& faults_;
  std::size_t first_;
  int top_;
  std::vector<int> best_;
  int best_rest_ = 0;
};

}  // namespace

StuckCells find_stuck_cells(const Deployment& deployment, const Measurement& measurement) {
  StuckCells stuck;
  for (std::size_t id = 0; id < deployment.crossbars.size(); ++id) {
    const Crossbar& crossbar = deployment.crossbars[id];
    const MeasuredPage& page = measurement.pages.at(id);
    const Line line = fit(crossbar, page, deployment.tile.code);
    std::vector<CellFault> faults(page.codes.size(), CellFault::kNone);
    for (std::size_t i = 0; i < faults.size(); ++i) {
      const double off = page.codes[i] - (line.intercept + line.slope * crossbar.levels[i]);
      if (std::abs(off) < kStuckLevels * line.slope) continue;
      faults[i] = off > 0 ? CellFault::kStuckLrs : CellFault::kStuckHrs;
      ++stuck.count;
    }
    stuck.faults.push_back(std::move(faults));
  }
  return stuck;
}

void encode_around_faults(Deployment& deployment, const StuckCells& stuck) {
  if (deployment.tile.encoding != compiler::Encoding::kDifferential) {
    throw InputError(
        "stuck cells are encoded around in pairs of the differential encoding only, "
        "found offset");
  }
  for (std::size_t id = 0; id < deployment.crossbars.size(); ++id) {
    Crossbar& crossbar = deployment.crossbars[id];
    const auto& layer = deployment.layers[static_cast<std::size_t>(crossbar.layer)];
    const auto outputs = slices_of(crossbar, deployment.tile.code.cell_bits);
    for (int r = 0; r < crossbar.row_count(); ++r) {
      Row row(crossbar, stuck.faults.at(id), r, deployment.tile.code.levels() - 1);
      for (const auto& [output, slices] : outputs) {
        const bool faulty = std::any_of(slices.begin(), slices.end(), [&](const Slice& slice) {
          return row.is_stuck(slice.pair);
        });
        if (!faulty) continue;
        row.encode(slices, compiler::weight_at(layer, output,
                                               crossbar.tables.rows[static_cast<std::size_t>(r)]));
      }
    }
  }
}

}  // namespace crossloop::runtime
