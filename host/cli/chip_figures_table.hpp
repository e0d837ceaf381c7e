// What a network needs on crossbars, before and after, as text.
#pragma once

#include <string>

#include "host/experiment/chip_figures.hpp"

namespace crossloop::cli {

/// A line per figure: before, after; then the tiles by the fill of their fullest column.
std::string chip_figures_table(const experiment::ChipFigures& before,
                               const experiment::ChipFigures& after);

}  // namespace crossloop::cli
