// Whole networks on the digital lanes, every layer held to the plain integer product.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/compiler/deployment.hpp"
#include "host/data/dataset.hpp"
#include "host/runtime/lanes_backend.hpp"

namespace crossloop::runtime {

/// One crossbar layer on a lane, over all images.
struct LaneLayer {
  std::string name;
  lanes::LaneKind kind = lanes::LaneKind::kDense;
  std::string reason;        ///< why it is dense where another lane was asked for; else empty
  std::int64_t vectors = 0;  ///< input windows
  lanes::LaneCounters counters = {};
  std::uint64_t dense_cycles = 0;  ///< of the dense lane on the same vectors, by its twin
  std::int64_t mismatches = 0;     ///< sums that are not those of w_q and the window
};

struct LanesRun {
  std::vector<LaneLayer> layers;     ///< crossbar layers in their order
  std::vector<std::int32_t> logits;  ///< [images][classes]
};

/// Takes the converters out of a deployment: unit gains, no noise, and accumulators that count
/// products, u = 1. Throws InputError naming the layer if one could overflow int32.
void remove_converters(compiler::Deployment& deployment);

/// Cycles of one image on lanes of that kind and shape, layer after layer, by their twins: no
/// activation decides one. Balanced: layers that break the pattern run dense. Throws InputError for
/// a bad shape and a semi-folded layer.
std::uint64_t lane_cycles(const compiler::Deployment& deployment, lanes::LaneKind kind,
                          const lanes::LaneShape& shape);

/// Programs lanes and runs the images one by one, after remove_converters(). Throws InputError as
/// LanesBackend does, and with kBalanced if no layer at all keeps few enough weights in every
/// group, naming the first group that has too many.
LanesRun run_on_lanes(compiler::Deployment deployment, lanes::LaneKind kind,
                      const lanes::LaneShape& shape, const LaneFactory& make,
                      const data::Dataset& images);

}  // namespace crossloop::runtime
