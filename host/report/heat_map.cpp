#include "host/report/heat_map.hpp"

#include <png.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <limits>
#include <string_view>
#include <vector>

#include "host/error.hpp"

namespace crossloop::report {
namespace {

using Eigen::Index;
using Colour = std::array<std::uint8_t, 3>;

// Every eighth of viridis (S. van der Walt, N. Smith, matplotlib 1.5).
constexpr std::array<Colour, 9> kColours = {{{0x44, 0x01, 0x54},
                                             {0x47, 0x2D, 0x7B},
                                             {0x3B, 0x52, 0x8B},
                                             {0x2C, 0x72, 0x8E},
                                             {0x21, 0x91, 0x8C},
                                             {0x28, 0xAE, 0x80},
                                             {0x5E, 0xC9, 0x62},
                                             {0xAD, 0xDC, 0x30},
                                             {0xFD, 0xE7, 0x25}}};
constexpr Colour kNoValue = {0xBB, 0xBB, 0xBB};

/// The values at both ends of the colours.
struct Span {
  double low, high;
};

Span span_of(const Eigen::MatrixXd& values) {
  Span span = {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};
  for (const double value : values.reshaped()) {
    if (std::isnan(value)) continue;
    span = {std::min(span.low, value), std::max(span.high, value)};
  }
  if (span.low > span.high) return {0.0, 1.0};
  if (span.high - span.low > 1e-12 * std::abs(span.high)) return span;
  return span.high == 0.0 ? Span{0.0, 1.0} : Span{std::min(0.0, span.high), std::abs(span.high)};
}

Colour colour_of(double value, const Span& span) {
  if (std::isnan(value)) return kNoValue;
  const double share = std::clamp((value - span.low) / (span.high - span.low), 0.0, 1.0);
  const double position = share * (kColours.size() - 1);
  const auto below = std::min(static_cast<std::size_t>(position), kColours.size() - 2);
  const double above_share = position - static_cast<double>(below);
  Colour colour{};
  for (std::size_t c = 0; c < colour.size(); ++c) {
    const double mixed =
        kColours[below][c] * (1.0 - above_share) + kColours[below + 1][c] * above_share;
    colour[c] = static_cast<std::uint8_t>(std::lround(mixed));
  }
  return colour;
}

std::string encode_png(const std::vector<std::uint8_t>& pixels, Index width, Index height) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = PNG_FORMAT_RGB;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::string bytes(size, '\0');
  if (png_image_write_to_memory(&image, bytes.data(), &size, 0, pixels.data(), 0, nullptr) == 0) {
    throw InputError(fmt::format("heat map of {}x{} pixels: {}", width, height, image.message));
  }
  bytes.resize(size);
  return bytes;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t word = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      word = word << 8 | (at + k < bytes.size() ? static_cast<std::uint8_t>(bytes[at + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += at + k <= bytes.size() ? kDigits[word >> (18 - 6 * k) & 63U] : '=';
    }
  }
  return text;
}

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    result += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
  }
  return result;
}

/// Where the parts of the SVG are, in pixels.
struct Layout {
  double left = 70, top = 62, width, height, bar_left, total_width, total_height;
  explicit Layout(const Eigen::MatrixXd& values) {
    constexpr double kLonger = 480, kShorter = 24;
    const auto longer = static_cast<double>(std::max(values.rows(), values.cols()));
    width = std::max(kLonger * static_cast<double>(values.cols()) / longer, kShorter);
    height = std::max(kLonger * static_cast<double>(values.rows()) / longer, kShorter);
    bar_left = left + width + 30;
    total_width = std::max(bar_left + 130, 520.0);
    total_height = top + std::max(height, 120.0) + 56;
  }
  double bar_height() const { return std::max(height, 120.0); }
};

void add_text(std::string& svg, double x, double y, std::string_view style, std::string_view text) {
  fmt::format_to(std::back_inserter(svg), "<text x=\"{:.2f}\" y=\"{:.2f}\" {}>{}</text>\n", x, y,
                 style, escaped(text));
}

/// Numbers every 1, 2, 5, 10 ... lines, so that there are `least` pixels between two.
Index number_step(Index lines, double pixels, double least) {
  for (Index decade = 1;; decade *= 10) {
    for (const Index step : {decade, 2 * decade, 5 * decade}) {
      if (static_cast<double>(step) * pixels / static_cast<double>(lines) >= least) return step;
    }
  }
}

void add_axes(std::string& svg, const HeatMap& map, const Layout& layout) {
  const Index rows = map.values.rows(), columns = map.values.cols();
  const double cell_width = layout.width / static_cast<double>(columns);
  const double cell_height = layout.height / static_cast<double>(rows);
  const Index column_step = number_step(columns, layout.width, 32);
  const Index row_step = number_step(rows, layout.height, 16);
  const double bottom = layout.top + layout.height;
  for (Index j = 0; j < columns; j += column_step) {
    const double x = layout.left + (static_cast<double>(j) + 0.5) * cell_width;
    add_text(svg, x, bottom + 16, "text-anchor=\"middle\"", std::to_string(j));
  }
  for (Index i = 0; i < rows; i += row_step) {
    const double y = layout.top + (static_cast<double>(i) + 0.5) * cell_height;
    add_text(svg, layout.left - 7, y + 4, "text-anchor=\"end\"", std::to_string(i));
  }
  // Labels stand in the middle of their axis, but have room beside a short one.
  add_text(svg, std::max(layout.left + layout.width / 2, 130.0), bottom + 38,
           "text-anchor=\"middle\"", map.column_label);
  fmt::format_to(
      std::back_inserter(svg),
      "<text transform=\"translate(22 {:.2f}) rotate(-90)\" text-anchor=\"middle\">{}</text>\n",
      std::max(layout.top + layout.height / 2, 105.0), escaped(map.row_label));
}

/// `value` with the decimals that tell a quarter of the span, or in scientific notation.
std::string number_text(double value, const Span& span) {
  const double decimals = std::ceil(1.3 - std::log10((span.high - span.low) / 4.0));
  if (decimals > 12 || std::abs(span.high) >= 1e6) return fmt::format("{:.6e}", value);
  return fmt::format("{:.{}f}", value, static_cast<int>(std::max(decimals, 0.0)));
}

void add_colour_bar(std::string& svg, const HeatMap& map, const Layout& layout) {
  const auto out = std::back_inserter(svg);
  svg += "<defs><linearGradient id=\"colours\" x1=\"0\" y1=\"1\" x2=\"0\" y2=\"0\">\n";
  for (std::size_t k = 0; k < kColours.size(); ++k) {
    const auto& [red, green, blue] = kColours[k];
    fmt::format_to(out, "<stop offset=\"{}\" stop-color=\"#{:02x}{:02x}{:02x}\"/>\n",
                   static_cast<double>(k) / (kColours.size() - 1), red, green, blue);
  }
  svg += "</linearGradient></defs>\n";
  fmt::format_to(out,
                 "<rect x=\"{:.2f}\" y=\"{:.2f}\" width=\"18\" height=\"{:.2f}\" "
                 "fill=\"url(#colours)\" stroke=\"#333\" stroke-width=\"0.5\"/>\n",
                 layout.bar_left, layout.top, layout.bar_height());
  const Span span = span_of(map.values);
  constexpr int kNumbers = 5;
  for (int k = 0; k < kNumbers; ++k) {
    const double share = static_cast<double>(k) / (kNumbers - 1);
    add_text(svg, layout.bar_left + 25, layout.top + layout.bar_height() * (1 - share) + 4, "",
             number_text(span.low + share * (span.high - span.low), span));
  }
  add_text(svg, layout.bar_left, layout.top - 9, "", map.value_label);
}

}  // namespace

std::string heat_map_png(const HeatMap& map) {
  const Eigen::MatrixXd& values = map.values;
  const Index longer = std::max(values.rows(), values.cols());
  const Index shorter = std::min(values.rows(), values.cols());
  const Index scale = std::max((255 + longer) / longer, (7 + shorter) / shorter);
  const Index width = values.cols() * scale, height = values.rows() * scale;
  const Span span = span_of(values);
  std::vector<std::uint8_t> pixels;
  pixels.reserve(static_cast<std::size_t>(width * height * 3));
  for (Index y = 0; y < height; ++y) {
    for (Index j = 0; j < values.cols(); ++j) {
      const Colour colour = colour_of(values(y / scale, j), span);
      for (Index x = 0; x < scale; ++x) pixels.insert(pixels.end(), colour.begin(), colour.end());
    }
  }
  return encode_png(pixels, width, height);
}

std::string heat_map_svg(const HeatMap& map) {
  const Layout layout(map.values);
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
      "viewBox=\"0 0 {0:.0f} {1:.0f}\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\">\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
      layout.total_width, layout.total_height);
  add_text(svg, layout.left, 22, "font-size=\"15\" font-weight=\"bold\"", map.title);
  add_text(svg, layout.left, 39, "font-size=\"11\" fill=\"#555\"", map.subtitle);
  fmt::format_to(std::back_inserter(svg),
                 "<image x=\"{0:.2f}\" y=\"{1:.2f}\" width=\"{2:.2f}\" height=\"{3:.2f}\" "
                 "preserveAspectRatio=\"none\" image-rendering=\"optimizeSpeed\" "
                 "style=\"image-rendering:pixelated\" href=\"data:image/png;base64,{4}\"/>\n"
                 "<rect x=\"{0:.2f}\" y=\"{1:.2f}\" width=\"{2:.2f}\" height=\"{3:.2f}\" "
                 "fill=\"none\" stroke=\"#333\" stroke-width=\"0.5\"/>\n",
                 layout.left, layout.top, layout.width, layout.height, base64(heat_map_png(map)));
  add_axes(svg, map, layout);
  add_colour_bar(svg, map, layout);
  return svg + "</svg>\n";
}

}  // namespace crossloop::report
