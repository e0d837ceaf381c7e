#include "host/compiler/physical_map.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "host/compiler/adc_proof.hpp"
#include "host/compiler/mapping.hpp"
#include "host/error.hpp"
#include "host/files.hpp"

namespace crossloop::compiler {

InputPlace place_of_input(const Layer& layer, int input) {
  const int width = layer.mapping == Mapping::kFolded
                        ? layer.window.kernel_w
                        : strip_width(layer.window, layer.columns_per_vector);
  const int row = input / width;
  return {row / layer.window.kernel_h, row % layer.window.kernel_h, input % width};
}

OutputPlace place_of_output(const Layer& layer, int accumulator) {
  if (accumulator >= accumulators_of(layer)) return {-1, -1};
  return {accumulator % layer.outputs, accumulator / layer.outputs};
}

namespace {

namespace fs = std::filesystem;

/// A field as RFC 4180 has it: in quotes where it needs them.
std::string csv_field(std::string_view text) {
  if (text.find_first_of("\",\r\n") == std::string_view::npos) return std::string(text);
  std::string field = "\"";
  for (const char c : text) {
    if (c == '"') field += '"';
    field += c;
  }
  return field + '"';
}

/// Lines into a file, a block at a time: a map of cells may be larger than memory.
class LineWriter {
 public:
  LineWriter(const fs::path& temporary, const fs::path& path)
      : stream_(temporary, std::ios::binary), path_(path) {}

  template <class... Values>
  void line(fmt::format_string<Values...> format, Values&&... values) {
    fmt::format_to(std::back_inserter(block_), format, std::forward<Values>(values)...);
    block_ += '\n';
    if (block_.size() >= kBlock) flush();
  }
  void close() {
    flush();
    stream_.close();
    check();
  }

 private:
  static constexpr std::size_t kBlock = std::size_t{1} << 20;

  void flush() {
    stream_.write(block_.data(), static_cast<std::streamsize>(block_.size()));
    block_.clear();
    check();
  }
  void check() const {
    if (!stream_) throw InputError(path_.string() + ": cannot be written: " + std::strerror(errno));
  }

  std::ofstream stream_;
  const fs::path& path_;
  std::string block_;
};

/// Calls each(writer, id, crossbar, layer) for every crossbar, below the line `header`.
template <class Each>
void write_map(const Deployment& deployment, const fs::path& path, std::string_view header,
               const Each& each) {
  write_atomically(path, [&](const fs::path& temporary) {
    LineWriter writer(temporary, path);
    writer.line("{}", header);
    for (std::size_t id = 0; id < deployment.crossbars.size(); ++id) {
      const Crossbar& crossbar = deployment.crossbars[id];
      each(writer, id, crossbar, deployment.layers[static_cast<std::size_t>(crossbar.layer)]);
    }
    writer.close();
  });
}

int sign_of(const ColumnSetting& column) { return column.negative ? -1 : 1; }

/// What a cell multiplies its input with; kernel_x is -1 where it connects nothing.
struct CellWeight {
  int kernel_x = -1;
  int weight = 0;
};

CellWeight weight_of_cell(const Layer& layer, const ColumnSetting& column, int input) {
  if (column.output >= accumulators_of(layer)) return {};
  const std::ptrdiff_t index = weight_index(layer, column.output, input);
  if (index < 0) return {};
  return {static_cast<int>(index % layer.window.kernel_w),
          layer.weights[static_cast<std::size_t>(index)]};
}

}  // namespace

void write_column_map(const Deployment& deployment, const fs::path& path) {
  write_map(deployment, path,
            "layer,name,crossbar,part,band,column,output,output_column,sign,slice,left_shift,"
            "reference,sigma,adc_bits,shift,zero_code,gain,offset,adc_resolution",
            [&deployment](LineWriter& writer, std::size_t id, const Crossbar& crossbar,
                          const Layer& layer) {
              const std::string name = csv_field(layer.name);
              const auto sums = column_level_sums(crossbar);
              for (int j = 0; j < crossbar.column_count(); ++j) {
                const ColumnSetting& c = crossbar.tables.columns[static_cast<std::size_t>(j)];
                const OutputPlace out = place_of_output(layer, c.output);
                const AdcDoubt doubt =
                    adc_doubt(c, sums[static_cast<std::size_t>(j)], deployment.tile.code);
                writer.line("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}",
                            crossbar.layer, name, id, crossbar.part, crossbar.band, j, out.channel,
                            out.column, sign_of(c), c.slice, c.left_shift, c.reference, c.sigma,
                            c.bits, c.shift, c.zero_code, c.gain, c.offset, adc_doubt_text(doubt));
              }
            });
}

void write_row_map(const Deployment& deployment, const fs::path& path) {
  write_map(deployment, path, "layer,name,crossbar,part,band,row,input,channel,kernel_y,x",
            [](LineWriter& writer, std::size_t id, const Crossbar& crossbar, const Layer& layer) {
              const std::string name = csv_field(layer.name);
              for (int r = 0; r < crossbar.row_count(); ++r) {
                const int input = crossbar.tables.rows[static_cast<std::size_t>(r)];
                const InputPlace in = place_of_input(layer, input);
                writer.line("{},{},{},{},{},{},{},{},{},{}", crossbar.layer, name, id,
                            crossbar.part, crossbar.band, r, input, in.channel, in.kernel_y, in.x);
              }
            });
}

void write_cell_map(const Deployment& deployment, const fs::path& path) {
  write_map(deployment, path,
            "layer,crossbar,row,column,channel,kernel_y,kernel_x,output,output_column,sign,slice,"
            "weight,level",
            [](LineWriter& writer, std::size_t id, const Crossbar& crossbar, const Layer& layer) {
              auto level = crossbar.levels.begin();
              for (int r = 0; r < crossbar.row_count(); ++r) {
                const int input = crossbar.tables.rows[static_cast<std::size_t>(r)];
                const InputPlace in = place_of_input(layer, input);
                for (int j = 0; j < crossbar.column_count(); ++j, ++level) {
                  const ColumnSetting& c = crossbar.tables.columns[static_cast<std::size_t>(j)];
                  const OutputPlace out = place_of_output(layer, c.output);
                  const CellWeight cell = weight_of_cell(layer, c, input);
                  writer.line("{},{},{},{},{},{},{},{},{},{},{},{},{}", crossbar.layer, id, r, j,
                              in.channel, in.kernel_y, cell.kernel_x, out.channel, out.column,
                              sign_of(c), c.slice, cell.weight, *level);
                }
              }
            });
}

}  // namespace crossloop::compiler
