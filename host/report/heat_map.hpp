// A matrix as a picture: pixels alone, or with axes and a colour bar.
#pragma once

#include <Eigen/Core>
#include <string>

namespace crossloop::report {

/// What to draw. Row 0 is on top; NaN is a cell without a value, in grey. The colours run from the
/// smallest to the largest value, dark to bright (anchors of the viridis colour map, which is CC0);
/// where all values are the same, from 0 to it. The texts are plain text.
struct HeatMap {
  Eigen::MatrixXd values;  ///< at least one row and one column
  std::string title;
  std::string subtitle;
  std::string row_label;     ///< beside the row numbers
  std::string column_label;  ///< below the column numbers
  std::string value_label;   ///< above the colour bar
};

/// A PNG file of the cells, each a square of whole pixels: the longer side has at least 256 pixels,
/// the shorter at least 8.
std::string heat_map_png(const HeatMap& map);

/// An SVG file with title, axes and colour bar. The cells are one PNG image in it, so that a matrix
/// of 1024x1024 makes no million elements.
std::string heat_map_svg(const HeatMap& map);

}  // namespace crossloop::report
