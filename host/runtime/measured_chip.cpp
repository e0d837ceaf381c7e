#include "host/runtime/measured_chip.hpp"

#include "host/runtime/executor.hpp"

namespace crossloop::runtime {

namespace {

RunOptions all_of(const data::Dataset& images) {
  RunOptions options;
  options.total_images = images.count;
  return options;
}

}  // namespace

MeasuredChip::MeasuredChip(const compiler::Deployment& deployment, const analog::Device& device,
                           std::uint64_t seed)
    : deployment_(deployment),
      chip_(std::make_unique<EngineBackend>(deployment.tile, device, seed)) {
  program_all(*chip_, deployment_);
  measure(deployment_, *chip_, {}, {}, measurement_);
}

void MeasuredChip::calibrate(const CalibrationOptions& options, const data::Dataset& images) {
  runtime::calibrate(deployment_, *chip_, measurement_, images, options, all_of(images));
}

double MeasuredChip::accuracy(const data::Dataset& images) {
  return accuracy_of(run_images(deployment_, *chip_, images, all_of(images)), images);
}

}  // namespace crossloop::runtime
