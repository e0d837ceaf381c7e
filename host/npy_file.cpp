#include "host/npy_file.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <bit>
#include <cctype>
#include <charconv>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "host/error.hpp"
#include "host/files.hpp"

namespace crossloop {

namespace {

static_assert(std::endian::native == std::endian::little, "the bytes are copied as they are");

constexpr std::string_view kMagic = "\x93NUMPY";

/// Fails with a description of what is wrong; read_npy() puts the file's name before it.
[[noreturn]] void refuse(const std::string& why) { throw InputError(why); }

/// Reads the header's Python literal from left to right; spaces between its words do not matter.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool take(char c) {
    const auto at = text_.find_first_not_of(" \t\n");
    if (at == std::string_view::npos || text_[at] != c) return false;
    text_.remove_prefix(at + 1);
    return true;
  }
  void expect(char c) {
    if (!take(c)) refuse(fmt::format("its header lacks {} before \"{}\"", c, text_.substr(0, 20)));
  }
  std::string_view quoted() {
    const char quote = take('"') ? '"' : '\'';
    if (quote == '\'') expect(quote);
    const auto end = text_.find(quote);
    if (end == std::string_view::npos) refuse("its header has an open quote");
    const std::string_view content = text_.substr(0, end);
    text_.remove_prefix(end + 1);
    return content;
  }
  /// Letters and digits.
  std::string_view word() {
    text_.remove_prefix(std::min(text_.find_first_not_of(" \t\n"), text_.size()));
    const auto is_end = [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); };
    const auto end = std::find_if(text_.begin(), text_.end(), is_end);
    const std::string_view content(text_.begin(), end);
    text_.remove_prefix(content.size());
    return content;
  }
  bool at_end() const { return text_.find_first_not_of(" \t\n") == std::string_view::npos; }

 private:
  std::string_view text_;
};

struct Header {
  std::optional<std::string> type;
  std::optional<bool> fortran_order;
  std::optional<std::vector<std::int64_t>> shape;
};

std::vector<std::int64_t> parse_shape(Scanner& scanner) {
  std::vector<std::int64_t> shape;
  scanner.expect('(');
  while (!scanner.take(')')) {
    const std::string_view digits = scanner.word();
    std::int64_t size = 0;
    const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), size);
    if (failure != std::errc() || end != digits.data() + digits.size()) {
      refuse(fmt::format("its header has a size \"{}\" in its shape", digits));
    }
    shape.push_back(size);
    if (scanner.take(',')) continue;
    scanner.expect(')');
    break;
  }
  return shape;
}

Header parse_header(std::string_view text) {
  Scanner scanner(text);
  Header header;
  scanner.expect('{');
  while (!scanner.take('}')) {
    const std::string_view key = scanner.quoted();
    scanner.expect(':');
    if (key == "descr") {
      header.type = scanner.quoted();
    } else if (key == "fortran_order") {
      const std::string_view value = scanner.word();
      if (value != "True" && value != "False") {
        refuse(fmt::format("its fortran_order is {}, expected True or False", value));
      }
      header.fortran_order = value == "True";
    } else if (key == "shape") {
      header.shape = parse_shape(scanner);
    } else {
      refuse(fmt::format("its header has an unknown key \"{}\"", key));
    }
    if (scanner.take(',')) continue;
    scanner.expect('}');
    break;
  }
  if (!scanner.at_end()) refuse("its header goes on after its end");
  if (!header.type || !header.fortran_order || !header.shape) {
    refuse("its header lacks descr, fortran_order or shape");
  }
  return header;
}

/// How to read one value of a NumPy type.
template <class Value>
struct Type {
  std::size_t bytes;
  Value (*load)(const std::uint8_t* bytes);
};

template <class Value, class Number>
constexpr Type<Value> kTypeOf = {sizeof(Number), [](const std::uint8_t* bytes) {
                                   Number number;
                                   std::memcpy(&number, bytes, sizeof(number));
                                   return static_cast<Value>(number);
                                 }};

template <class Value>
Type<Value> type_named(const std::string& name) {
  if constexpr (std::is_same_v<Value, std::uint8_t>) {
    if (name == "|u1") return kTypeOf<Value, std::uint8_t>;
    refuse(fmt::format("its values are of type {}, expected |u1 (uint8)", name));
  }
  if (name == "<f4") return kTypeOf<Value, float>;
  if (name == "<f8") return kTypeOf<Value, double>;
  if constexpr (std::is_same_v<Value, float>) {
    if (name == "|u1") return kTypeOf<Value, std::uint8_t>;
    if (name == "<i4") return kTypeOf<Value, std::int32_t>;
    if (name == "<i8") return kTypeOf<Value, std::int64_t>;
    refuse(fmt::format("its values are of type {}, expected <f4, <f8, |u1, <i4 or <i8", name));
  }
  refuse(fmt::format("its values are of type {}, expected <f4 or <f8", name));
}

/// Takes the magic, the version and the header off the front of `bytes`.
Header take_header(std::span<const std::uint8_t>& bytes) {
  if (bytes.size() < kMagic.size() + 2 ||
      !std::equal(kMagic.begin(), kMagic.end(), bytes.begin(),
                  [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; })) {
    refuse("is no .npy file, which begins with \\x93NUMPY and a version");
  }
  const int major = bytes[kMagic.size()], minor = bytes[kMagic.size() + 1];
  if (major < 1 || major > 3 || minor != 0) {
    refuse(fmt::format("is of version {}.{}, expected 1.0, 2.0 or 3.0", major, minor));
  }
  bytes = bytes.subspan(kMagic.size() + 2);
  const std::size_t length_bytes = major == 1 ? 2 : 4;
  std::uint32_t length = 0;
  if (bytes.size() >= length_bytes) std::memcpy(&length, bytes.data(), length_bytes);
  if (bytes.size() < length_bytes || bytes.size() - length_bytes < length) {
    refuse("ends within its header");
  }
  const auto text = bytes.subspan(length_bytes, length);
  bytes = bytes.subspan(length_bytes + length);
  return parse_header({reinterpret_cast<const char*>(text.data()), text.size()});
}

/// The number of values, once the bytes that follow the header were found to be just these.
std::size_t checked_count(const std::vector<std::int64_t>& shape, std::size_t value_bytes,
                          std::size_t found_bytes) {
  const bool empty = std::find(shape.begin(), shape.end(), 0) != shape.end();
  std::size_t count = empty ? 0 : 1;
  for (const std::int64_t each : shape) {
    const auto size = static_cast<std::size_t>(each);
    // Beyond the bytes of the file the product is wrong already, and could overflow.
    count = size == 0 || count <= found_bytes / size ? count * size : found_bytes + 1;
  }
  if (count > found_bytes / value_bytes || count * value_bytes != found_bytes) {
    refuse(fmt::format("{} bytes follow its header, its shape ({}) of {} byte values needs {}",
                       found_bytes, fmt::join(shape, ", "), value_bytes,
                       count <= found_bytes ? std::to_string(count * value_bytes) : "more"));
  }
  return count;
}

/// Where value i of C order stands in Fortran order, in which the first axis runs fastest.
std::size_t fortran_position(const std::vector<std::int64_t>& shape, std::size_t i) {
  std::size_t position = 0;
  for (auto axis = shape.rbegin(); axis != shape.rend(); ++axis) {
    const auto size = static_cast<std::size_t>(*axis);
    position = position * size + i % size;
    i /= size;
  }
  return position;
}

template <class Value>
NpyArrayOf<Value> parse(std::span<const std::uint8_t> bytes) {
  const Header header = take_header(bytes);
  const Type<Value> type = type_named<Value>(*header.type);
  NpyArrayOf<Value> array{*header.shape, {}};
  array.values.resize(checked_count(array.shape, type.bytes, bytes.size()));
  for (std::size_t i = 0; i < array.values.size(); ++i) {
    const std::size_t from = *header.fortran_order ? fortran_position(array.shape, i) : i;
    array.values[i] = type.load(bytes.data() + from * type.bytes);
  }
  return array;
}

template <class Value>
NpyArrayOf<Value> read(const std::filesystem::path& path) {
  const std::vector<std::uint8_t> bytes = read_file(path);
  try {
    return parse<Value>(bytes);
  } catch (const InputError& error) {
    throw InputError(path.string() + ": " + error.what());
  }
}

template <class Value>
void write(const std::filesystem::path& path, std::span<const std::int64_t> shape,
           std::span<const Value> values) {
  std::string header =
      fmt::format("{{'descr': '<{}{}', 'fortran_order': False, 'shape': ({}{}), }}",
                  std::is_integral_v<Value> ? 'i' : 'f', sizeof(Value), fmt::join(shape, ", "),
                  shape.size() == 1 ? "," : "");
  // The values start at a multiple of 64 bytes; a line feed ends the header.
  constexpr std::size_t kAlignment = 64;
  const std::size_t before = kMagic.size() + 4;
  header.append(kAlignment - 1 - (before + header.size()) % kAlignment, ' ');
  header += '\n';
  std::string content(kMagic);
  content += {'\x01', '\x00', static_cast<char>(header.size() & 0xFF),
              static_cast<char>(header.size() >> 8)};
  content += header;
  content.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  write_file(path, content);
}

}  // namespace

NpyArray read_npy(const std::filesystem::path& path) { return read<float>(path); }

NpyArrayOf<double> read_npy_double(const std::filesystem::path& path) { return read<double>(path); }

NpyArrayOf<std::uint8_t> read_npy_bytes(const std::filesystem::path& path) {
  return read<std::uint8_t>(path);
}

void write_npy(const std::filesystem::path& path, std::span<const std::int64_t> shape,
               std::span<const float> values) {
  write(path, shape, values);
}

void write_npy(const std::filesystem::path& path, std::span<const std::int64_t> shape,
               std::span<const double> values) {
  write(path, shape, values);
}

void write_npy(const std::filesystem::path& path, std::span<const std::int64_t> shape,
               std::span<const std::int32_t> values) {
  write(path, shape, values);
}

}  // namespace crossloop
