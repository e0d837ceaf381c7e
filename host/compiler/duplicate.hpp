// Weight duplication: copies of slow layers, so that no layer holds up the pipeline alone.
#pragma once

#include <cstdint>

#include "host/compiler/deployment.hpp"

namespace crossloop::compiler {

/// Input vectors per image that part 0 of a crossbar layer takes, the most of all parts: positions
/// over copies, or output rows where the layer is semi-folded.
std::int64_t steps_of(const Deployment& deployment, const Layer& layer);

/// Steps of the slowest crossbar layer: a pipeline with one image in each layer takes a new image
/// every so many vectors.
std::int64_t pipeline_steps(const Deployment& deployment);

/// While all crossbars stay within `budget`, the slowest layer gets one more copy (greedy, as the
/// replication of ISAAC's pipeline aims at; Shafiee et al., ISCA 2016). Stops at a slowest layer
/// that is semi-folded, or has a copy for each position. The copies are crossbars of their own,
/// with errors of their own. Reports a pass. Throws InputError if the budget is below the crossbars
/// of one copy each.
void duplicate_layers(Deployment& deployment, int budget);

}  // namespace crossloop::compiler
