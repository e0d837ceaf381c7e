#include "host/compiler/tile.hpp"

#include <string>

#include "host/compiler/compile.hpp"
#include "host/config.hpp"
#include "host/error.hpp"

namespace crossloop::compiler {
namespace {

/// Smallest and largest value of a field of the tile format.
struct Limits {
  int low;
  int high;
};
constexpr Limits kLines = {16, 512};
constexpr Limits kInputBits = {1, 8};
constexpr Limits kWeightBits = {2, 8};
constexpr Limits kAdcBits = {1, 12};
constexpr Limits kCellBits = {1, 4};
constexpr Limits kCodeBits = {4, 12};
constexpr Limits kFractionBits = {0, 11};

void check(const char* field, int value, Limits limits) {
  if (value >= limits.low && value <= limits.high) return;
  throw InputError("tile: " + std::string(field) + " is " + std::to_string(value) + ", expected " +
                   std::to_string(limits.low) + " to " + std::to_string(limits.high));
}

int read(ConfigTable& table, const char* key, Limits limits) {
  return static_cast<int>(table.integer(key, limits.low, limits.high));
}

}  // namespace

void check_tile(const TileFormat& tile) {
  check("rows", tile.rows, kLines);
  check("columns", tile.columns, kLines);
  check("input_bits", tile.input_bits, kInputBits);
  check("weight_bits", tile.weight_bits, kWeightBits);
  check("adc_bits", tile.adc_bits, kAdcBits);
  check("cell_bits", tile.code.cell_bits, kCellBits);
  check("code_bits", tile.code.bits, kCodeBits);
  check("fraction_bits", tile.code.fraction_bits, kFractionBits);
  check("encoding", static_cast<int>(tile.encoding), {0, 1});
  check("reference code", tile.code.reference, {0, tile.code.code_limit()});
  check("code of the highest level", tile.code.nominal(tile.code.levels() - 1),
        {0, tile.code.code_limit()});
}

std::string encoding_name(Encoding encoding) {
  return encoding == Encoding::kOffset ? "offset" : "differential";
}

Encoding encoding_named(const std::string& name, const std::string& where) {
  if (name == "differential") return Encoding::kDifferential;
  if (name == "offset") return Encoding::kOffset;
  throw InputError(where + " is '" + name + "', expected differential or offset");
}

TileFormat read_tile(const std::filesystem::path& path, const analog::Device& device) {
  ConfigTable table = ConfigTable::parse_file(path);
  TileFormat tile;
  tile.rows = read(table, "rows", kLines);
  tile.columns = read(table, "columns", kLines);
  tile.input_bits = read(table, "input_bits", kInputBits);
  tile.weight_bits = read(table, "weight_bits", kWeightBits);
  tile.adc_bits = read(table, "adc_bits", kAdcBits);
  const int cell_bits = read(table, "cell_bits", kCellBits);
  const int code_bits = read(table, "code_bits", kCodeBits);
  const int fraction_bits = read(table, "fraction_bits", kFractionBits);
  if (table.has("encoding")) {
    tile.encoding = encoding_named(table.text("encoding"), path.string() + ": encoding");
  }
  table.finish();
  tile.code = analog::code_format(device, cell_bits, code_bits, fraction_bits);
  check_tile(tile);
  return tile;
}

}  // namespace crossloop::compiler
