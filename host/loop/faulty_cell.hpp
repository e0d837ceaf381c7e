// The negative control on the RTL's side.
#pragma once

#include <cstdint>

#include "host/compiler/deployment.hpp"
#include "host/data/dataset.hpp"
#include "host/runtime/backend.hpp"

namespace crossloop::loop {

/// `snapshot` with the highest bit of one cell of crossbar 0 inverted: in the word line that
/// `image` drives hardest, so that a comparison on it meets the fault, and a column picked by
/// `seed`.
runtime::Snapshot with_faulty_cell(runtime::Snapshot snapshot,
                                   const compiler::Deployment& deployment,
                                   const data::Dataset& image, std::uint32_t seed);

}  // namespace crossloop::loop
