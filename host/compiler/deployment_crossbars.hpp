// The crossbars of a deployment file.
#pragma once

#include <vector>

#include "host/compiler/deployment.hpp"
#include "host/hdf5.hpp"

namespace crossloop::compiler {

/// All crossbars as flat arrays, cut by their numbers of rows, columns and unit terms.
void write_crossbars(const hdf5::Group& group, const std::vector<Crossbar>& crossbars);

/// Throws InputError naming the dataset for one that is missing, of another shape, or with sizes
/// out of 1..512; what the numbers mean is validate()'s business.
std::vector<Crossbar> read_crossbars(const hdf5::Group& group);

}  // namespace crossloop::compiler
