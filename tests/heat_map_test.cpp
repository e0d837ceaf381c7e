#include "host/report/heat_map.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <png.h>

#include <cmath>
#include <cstdint>
#include <vector>

namespace crossloop::report {
namespace {

using Eigen::Index;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

struct Picture {
  Index width = 0, height = 0;
  std::vector<std::uint8_t> pixels;
  std::vector<int> at(Index x, Index y) const {
    const auto first = pixels.begin() + (y * width + x) * 3;
    return {first, first + 3};
  }
};

Picture decode(const std::string& bytes) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  EXPECT_NE(png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()), 0);
  image.format = PNG_FORMAT_RGB;
  Picture picture = {image.width, image.height, std::vector<std::uint8_t>(PNG_IMAGE_SIZE(image))};
  EXPECT_NE(png_image_finish_read(&image, nullptr, picture.pixels.data(), 0, nullptr), 0);
  return picture;
}

HeatMap map_of(const Eigen::MatrixXd& values) {
  return {values, "Title", "subtitle", "row label", "column label", "G_eff / G"};
}

HeatMap two_by_three() {
  Eigen::MatrixXd values(2, 3);
  values << 0.5, 0.75, 1.0, 0.625, std::nan(""), 0.5;
  return map_of(values);
}

TEST(HeatMapPng, ColoursTheCellsFromDarkToBright) {
  const Picture picture = decode(heat_map_png(two_by_three()));
  ASSERT_EQ(picture.width, 258);  // 86 pixels a cell
  ASSERT_EQ(picture.height, 172);
  EXPECT_THAT(picture.at(0, 0), ElementsAre(0x44, 0x01, 0x54));      // the smallest value
  EXPECT_THAT(picture.at(85, 85), ElementsAre(0x44, 0x01, 0x54));    // the same cell
  EXPECT_THAT(picture.at(86, 0), ElementsAre(0x21, 0x91, 0x8C));     // half way
  EXPECT_THAT(picture.at(257, 0), ElementsAre(0xFD, 0xE7, 0x25));    // the largest
  EXPECT_THAT(picture.at(0, 171), ElementsAre(0x3B, 0x52, 0x8B));    // a quarter
  EXPECT_THAT(picture.at(128, 171), ElementsAre(0xBB, 0xBB, 0xBB));  // no value
}

TEST(HeatMapPng, IsNeitherTinyNorThin) {
  const auto size_of = [](Index rows, Index columns) {
    const Picture picture = decode(heat_map_png(map_of(Eigen::MatrixXd::Random(rows, columns))));
    return std::pair(picture.width, picture.height);
  };
  EXPECT_EQ(size_of(1, 1), std::pair(Index{256}, Index{256}));
  EXPECT_EQ(size_of(64, 64), std::pair(Index{256}, Index{256}));
  EXPECT_EQ(size_of(300, 200), std::pair(Index{200}, Index{300}));
  EXPECT_EQ(size_of(1, 300), std::pair(Index{2400}, Index{8}));
}

TEST(HeatMapPng, DrawsEqualValuesBrightAndMissingOnesGrey) {
  EXPECT_THAT(decode(heat_map_png(map_of(Eigen::MatrixXd::Ones(2, 2)))).at(5, 5),
              ElementsAre(0xFD, 0xE7, 0x25));
  EXPECT_THAT(decode(heat_map_png(map_of(Eigen::MatrixXd::Constant(2, 2, std::nan(""))))).at(5, 5),
              ElementsAre(0xBB, 0xBB, 0xBB));
}

TEST(HeatMapSvg, HasAxesAndAColourBarWithNumbers) {
  const std::string svg = heat_map_svg(two_by_three());
  EXPECT_THAT(svg, AllOf(HasSubstr(">Title</text>"), HasSubstr(">subtitle</text>"),
                         HasSubstr(">row label</text>"), HasSubstr(">column label</text>"),
                         HasSubstr(">G_eff / G</text>")));
  EXPECT_THAT(svg, AllOf(HasSubstr(">0</text>"), HasSubstr(">1</text>"), HasSubstr(">2</text>"),
                         Not(HasSubstr(">3</text>"))));
  EXPECT_THAT(svg, AllOf(HasSubstr(">0.500</text>"), HasSubstr(">0.625</text>"),
                         HasSubstr(">0.750</text>"), HasSubstr(">1.000</text>")));
}

TEST(HeatMapSvg, CarriesTheCellsAsOneImage) {
  const std::string svg = heat_map_svg(two_by_three());
  const std::string mark = "href=\"data:image/png;base64,";
  const auto from = svg.find(mark) + mark.size();
  const std::string encoded = svg.substr(from, svg.find('"', from) - from);
  EXPECT_EQ(encoded.size() % 4, 0U);
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned word = 0;
  int bits = 0;
  for (const char c : encoded.substr(0, encoded.find('='))) {
    word = word << 6 | static_cast<unsigned>(digits.find(c));
    bits += 6;
    if (bits >= 8) bytes += static_cast<char>(word >> (bits -= 8));
  }
  EXPECT_EQ(bytes, heat_map_png(two_by_three()));
}

TEST(HeatMapSvg, ShowsTextAsText) {
  HeatMap map = two_by_three();
  map.title = "a < b & c";
  EXPECT_THAT(heat_map_svg(map), HasSubstr(">a &lt; b &amp; c</text>"));
}

TEST(HeatMapSvg, TellsCloseValuesApart) {
  Eigen::MatrixXd values(1, 2);
  values << 0.99999990, 0.99999994;
  EXPECT_THAT(heat_map_svg(map_of(values)),
              AllOf(HasSubstr(">0.9999999000</text>"), HasSubstr(">0.9999999400</text>")));
}

}  // namespace
}  // namespace crossloop::report
