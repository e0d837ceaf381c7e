// The cheap rungs of the recovery ladder: everything that moves no cell.
#pragma once

#include <vector>

#include "host/compiler/deployment.hpp"
#include "host/data/dataset.hpp"
#include "host/runtime/adc_range.hpp"
#include "host/runtime/executor.hpp"
#include "host/runtime/measure.hpp"

namespace crossloop::runtime {

struct CalibrationOptions {
  bool gain = false;        ///< gain per column and reference code per column, from measured cells
  bool adc_range = true;    ///< shift and zero code per (layer, slice), from measured sums
  bool statistics = false;  ///< batch-norm mean and variance, and the offset of other layers
  AdcRangeOptions range = {};  ///< with adc_range: which sums the ADC must hold
  int sample_vectors = 768;    ///< input vectors a layer's gains and ranges are fitted on
};

/// Gains and references of all crossbars of one layer.
///
/// Reference b_j: the intercept of a least-squares line of the measured codes over the target
/// levels, rounded. Gains: for each output channel and row tile jointly, the factors a_j of its
/// columns that bring sum_j +-2^(c*k) a_j (q_rj - b_j) / 2^F nearest to the signed target weight
/// w_r, in the norm of the inputs' covariance, with a ridge towards one common gain. `inputs` is
/// uint8 [n][vector_inputs], a sample of what the layer sees. Throws InputError for the offset
/// encoding.
void fit_gains(compiler::Deployment& deployment, int layer, const Measurement& measurement,
               std::span<const std::uint8_t> inputs);

/// Shift and zero code of each (layer, slice) by choose_adc_range(), on the sums that the measured
/// cells, the gains in place and `inputs` make; no step finer than a quarter of a level. Where that
/// is more than 2^25 sums in a layer, evenly spread inputs that make at most 2^23 are enough.
/// Calls compiler::finish_layer().
void fit_adc_range(compiler::Deployment& deployment, int layer, const Measurement& measurement,
                   std::span<const std::uint8_t> inputs, const AdcRangeOptions& options);

/// Walks the layers in order: fits what is asked for on the inputs that the already calibrated
/// layers before it make of `images`, runs the layer on `backend`, and re-estimates its statistics
/// from the accumulators read back. Moves no cell.
void calibrate(compiler::Deployment& deployment, Backend& backend, const Measurement& measurement,
               const data::Dataset& images, const CalibrationOptions& calibration,
               const RunOptions& run);

/// ADC ranges of a freshly compiled deployment, on ideal tiles; of large networks on the first of
/// the images only, at most 2^33 column reads.
void calibrate_ideal(compiler::Deployment& deployment, const data::Dataset& images,
                     const AdcRangeOptions& range = {});

}  // namespace crossloop::runtime
