// A modelled chip with a deployment on it, measured and calibrated for: what the cheap rungs of the
// recovery ladder give before anything is trained.
#pragma once

#include <cstdint>
#include <memory>

#include "host/analog/device.hpp"
#include "host/compiler/deployment.hpp"
#include "host/data/dataset.hpp"
#include "host/runtime/calibrate.hpp"
#include "host/runtime/engine_backend.hpp"
#include "host/runtime/measure.hpp"

namespace crossloop::runtime {

class MeasuredChip {
 public:
  /// Programs chip `seed` of `device` and measures every cell. Throws InputError and CheckFailed as
  /// measure() does.
  MeasuredChip(const compiler::Deployment& deployment, const analog::Device& device,
               std::uint64_t seed);

  /// Fits the deployment to the chip on `images`; see calibrate().
  void calibrate(const CalibrationOptions& options, const data::Dataset& images);

  /// Share (0..1) of `images` that the chip labels right with the deployment as it stands.
  double accuracy(const data::Dataset& images);

  const compiler::Deployment& deployment() const { return deployment_; }
  const Measurement& measurement() const { return measurement_; }

 private:
  compiler::Deployment deployment_;
  std::unique_ptr<EngineBackend> chip_;
  Measurement measurement_;
};

}  // namespace crossloop::runtime
