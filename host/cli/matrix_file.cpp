#include "host/cli/matrix_file.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <array>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <string>
#include <vector>

#include "host/error.hpp"
#include "host/files.hpp"
#include "host/network/npy_file.hpp"

namespace crossloop::cli {
namespace {

namespace fs = std::filesystem;
using Eigen::Index;
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr std::string_view kBlank = " \t\r";

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

/// What a file has in the place of a number, fit for a message.
std::string quoted(std::string_view text) {
  constexpr std::size_t kMost = 32;
  if (text.empty()) return "nothing";
  std::string result = "\"";
  for (const char c : text.substr(0, kMost)) {
    result += std::isprint(static_cast<unsigned char>(c)) ? c : '?';
  }
  return result + (text.size() > kMost ? "...\"" : "\"");
}

double parse_number(std::string_view text, const fs::path& path, std::size_t line,
                    std::size_t place) {
  const bool has_plus = text.size() > 1 && text[0] == '+' && text[1] != '-';
  const std::string_view digits = text.substr(has_plus ? 1 : 0);
  double value = 0.0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (!text.empty() && failure == std::errc::result_out_of_range) {
    throw InputError(fmt::format("{}: line {}, number {}: {} is beyond a double's range",
                                 path.string(), line, place, quoted(text)));
  }
  if (failure != std::errc() || end != digits.data() + digits.size()) {
    throw InputError(
        fmt::format("{}: line {}, number {}: found {}, expected a number; numbers are "
                    "separated by commas",
                    path.string(), line, place, quoted(text)));
  }
  return value;
}

/// The numbers of one line.
void append_numbers(std::string_view text, const fs::path& path, std::size_t line,
                    std::vector<double>& values) {
  for (std::size_t place = 1;; ++place) {
    const auto comma = text.find(',');
    values.push_back(parse_number(trimmed(text.substr(0, comma)), path, line, place));
    if (comma == std::string_view::npos) return;
    text.remove_prefix(comma + 1);
  }
}

Eigen::MatrixXd read_csv(const fs::path& path) {
  const std::vector<std::uint8_t> bytes = read_file(path);
  std::string_view rest(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";
  if (rest.starts_with(kUtf8Mark)) rest.remove_prefix(kUtf8Mark.size());
  std::vector<double> values;
  std::size_t rows = 0, columns = 0, first_line = 0;
  for (std::size_t line = 1; !rest.empty(); ++line) {
    const auto end = rest.find('\n');
    const std::string_view text = trimmed(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (text.empty() || text[0] == '#') continue;
    const std::size_t before = values.size();
    append_numbers(text, path, line, values);
    const std::size_t count = values.size() - before;
    if (rows == 0) {
      columns = count;
      first_line = line;
    } else if (count != columns) {
      throw InputError(fmt::format("{}: line {}: found {} numbers, expected {} as in line {}",
                                   path.string(), line, count, columns, first_line));
    }
    ++rows;
  }
  if (rows == 0) {
    throw InputError(path.string() + ": found no numbers, expected a line of them for each row");
  }
  return Eigen::Map<const RowMajor>(values.data(), static_cast<Index>(rows),
                                    static_cast<Index>(columns));
}

/// A single axis makes one column, where that is allowed.
Eigen::MatrixXd read_npy(const fs::path& path, bool takes_one_axis) {
  const auto array = network::read_npy_double(path);
  const bool single = takes_one_axis && array.shape.size() == 1;
  if (array.shape.size() != 2 && !single) {
    throw InputError(fmt::format("{}: found an array of shape ({}), expected {} axes",
                                 path.string(), fmt::join(array.shape, ", "),
                                 takes_one_axis ? "one or two" : "two"));
  }
  if (array.values.empty()) {
    throw InputError(fmt::format("{}: found an array of shape ({}), expected at least one value",
                                 path.string(), fmt::join(array.shape, ", ")));
  }
  return Eigen::Map<const RowMajor>(array.values.data(), array.shape[0],
                                    single ? 1 : array.shape[1]);
}

Eigen::MatrixXd read(const fs::path& path, bool takes_one_axis) {
  check_matrix_name("", path);
  return path.extension() == ".npy" ? read_npy(path, takes_one_axis) : read_csv(path);
}

}  // namespace

void check_matrix_name(std::string_view option, const fs::path& path) {
  if (path.extension() == ".csv" || path.extension() == ".npy") return;
  throw InputError(fmt::format("{}{}{}: found suffix '{}', expected .csv or .npy", option,
                               option.empty() ? "" : " ", path.string(),
                               path.extension().string()));
}

Eigen::MatrixXd read_matrix(const fs::path& path) { return read(path, false); }

Eigen::VectorXd read_vector(const fs::path& path) {
  const Eigen::MatrixXd matrix = read(path, true);
  if (matrix.rows() != 1 && matrix.cols() != 1) {
    throw InputError(fmt::format("{}: found {} rows of {} numbers, expected one row or one column",
                                 path.string(), matrix.rows(), matrix.cols()));
  }
  return matrix.reshaped();
}

void write_matrix(const fs::path& path, const Eigen::Ref<const Eigen::MatrixXd>& matrix) {
  const RowMajor rows = matrix;
  if (path.extension() == ".npy") {
    const std::array<std::int64_t, 2> shape = {matrix.rows(), matrix.cols()};
    const std::span<const double> values(rows.data(), static_cast<std::size_t>(rows.size()));
    return network::write_npy(path, shape, values);
  }
  std::string text;
  for (Index i = 0; i < rows.rows(); ++i) {
    for (Index j = 0; j < rows.cols(); ++j) {
      fmt::format_to(std::back_inserter(text), "{}{}", j == 0 ? "" : ",", rows(i, j));
    }
    text += '\n';
  }
  write_file(path, text);
}

}  // namespace crossloop::cli
