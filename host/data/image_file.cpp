#include "host/data/image_file.hpp"

#include <png.h>
#include <turbojpeg.h>

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "host/data/file_error.hpp"

namespace crossloop::data {
namespace {

namespace fs = std::filesystem;
using Bytes = std::span<const std::uint8_t>;

constexpr std::int64_t kMostPixels = std::int64_t{1} << 27;

bool starts_with(Bytes bytes, std::initializer_list<std::uint8_t> magic) {
  return bytes.size() >= magic.size() && std::equal(magic.begin(), magic.end(), bytes.begin());
}

void check_size(const fs::path& file, std::int64_t width, std::int64_t height) {
  if (width >= 1 && height >= 1 && width <= kMostPixels / height) return;
  throw file_error(file, "an image of " + std::to_string(width) + "x" + std::to_string(height),
                   "1 to 134217728 pixels");
}

/// Keeps the first three of the four bytes of each pixel, each as `value(pixel, channel)`.
template <class Value>
std::vector<std::uint8_t> to_rgb(const std::vector<std::uint8_t>& four, Value value) {
  std::vector<std::uint8_t> three;
  three.reserve(four.size() / 4 * 3);
  for (std::size_t at = 0; at < four.size(); at += 4) {
    for (std::size_t c = 0; c < 3; ++c) three.push_back(value(&four[at], c));
  }
  return three;
}

struct DestroyTurboJpeg {
  void operator()(void* handle) const { tjDestroy(handle); }
};

/// Damage ends the reading, except bytes between two markers, which readers pass over.
void decompress(tjhandle handle, Bytes bytes, int format, std::vector<std::uint8_t>& pixels,
                const fs::path& file) {
  const auto size = static_cast<unsigned long>(bytes.size());
  if (tjDecompress2(handle, bytes.data(), size, pixels.data(), 0, 0, 0, format, 0) == 0) return;
  const std::string_view reason = tjGetErrorStr2(handle);
  const bool harmless = tjGetErrorCode(handle) == TJERR_WARNING &&
                        reason.find("extraneous bytes before marker") != std::string_view::npos;
  if (!harmless) throw file_error(file, std::string(reason), "a whole JPEG image");
}

RgbImage decode_jpeg(Bytes bytes, const fs::path& file) {
  const std::unique_ptr<void, DestroyTurboJpeg> handle(tjInitDecompress());
  RgbImage image;
  int sampling = 0, colours = 0;
  if (tjDecompressHeader3(handle.get(), bytes.data(), static_cast<unsigned long>(bytes.size()),
                          &image.width, &image.height, &sampling, &colours) != 0) {
    throw file_error(file, tjGetErrorStr2(handle.get()), "a JPEG image");
  }
  check_size(file, image.width, image.height);
  const auto area = static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height);
  if (colours != TJCS_CMYK && colours != TJCS_YCCK) {
    image.pixels.resize(area * 3);
    decompress(handle.get(), bytes, TJPF_RGB, image.pixels, file);
    return image;
  }
  std::vector<std::uint8_t> inks(area * 4);
  decompress(handle.get(), bytes, TJPF_CMYK, inks, file);
  image.pixels = to_rgb(inks, [](const std::uint8_t* pixel, std::size_t c) {
    return static_cast<std::uint8_t>((pixel[c] * pixel[3] + 127) / 255);  // 255 is no ink
  });
  return image;
}

/// A PNG file without the chunks that say what its colours mean: pixels are taken as they are
/// stored, as Pillow does. Whatever follows a damaged chunk is kept, for libpng to refuse.
std::vector<std::uint8_t> without_colour_space(Bytes bytes) {
  constexpr std::size_t kSignature = 8, kFrame = 12;  // of a chunk: length, type and checksum
  const Bytes signature = bytes.first(std::min(kSignature, bytes.size()));
  std::vector<std::uint8_t> kept(signature.begin(), signature.end());
  std::size_t at = kept.size();
  while (at + kFrame <= bytes.size()) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < 4; ++i) length = length << 8 | bytes[at + i];
    if (length > bytes.size() - at - kFrame) break;
    const Bytes chunk = bytes.subspan(at, length + kFrame);
    const std::string type(chunk.begin() + 4, chunk.begin() + 8);
    if (type != "gAMA" && type != "cHRM" && type != "sRGB" && type != "iCCP") {
      kept.insert(kept.end(), chunk.begin(), chunk.end());
    }
    at += chunk.size();
  }
  const Bytes rest = bytes.subspan(at);
  kept.insert(kept.end(), rest.begin(), rest.end());
  return kept;
}

RgbImage decode_png(Bytes coloured, const fs::path& file) {
  const std::vector<std::uint8_t> bytes = without_colour_space(coloured);
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  const std::unique_ptr<png_image, decltype(&png_image_free)> owner(&png, png_image_free);
  if (png_image_begin_read_from_memory(&png, bytes.data(), bytes.size()) == 0) {
    throw file_error(file, png.message, "a PNG image");
  }
  check_size(file, png.width, png.height);
  png.format = PNG_FORMAT_RGBA;
  png.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
  std::vector<std::uint8_t> pixels(PNG_IMAGE_SIZE(png));
  if (png_image_finish_read(&png, nullptr, pixels.data(), 0, nullptr) == 0) {
    throw file_error(file, png.message, "a whole PNG image");
  }
  return {.width = static_cast<int>(png.width),
          .height = static_cast<int>(png.height),
          .pixels = to_rgb(pixels, [](const std::uint8_t* p, std::size_t c) { return p[c]; })};
}

}  // namespace

bool has_image_name(const fs::path& file) {
  std::string ending = file.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return ending == ".jpg" || ending == ".jpeg" || ending == ".png";
}

RgbImage decode_image(Bytes bytes, const fs::path& file) {
  if (starts_with(bytes, {0xFF, 0xD8, 0xFF})) return decode_jpeg(bytes, file);
  if (starts_with(bytes, {0x89, 'P', 'N', 'G'})) return decode_png(bytes, file);
  throw file_error(file, "neither JPEG nor PNG by its first bytes", "a JPEG or PNG image");
}

}  // namespace crossloop::data
