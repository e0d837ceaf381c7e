#include "host/runtime/ideal_chip.hpp"

#include "host/runtime/engine_backend.hpp"
#include "host/runtime/executor.hpp"

namespace crossloop::runtime {

namespace {

/// A copy that is read without noise.
compiler::Deployment without_noise(compiler::Deployment deployment) {
  for (auto& crossbar : deployment.crossbars) {
    for (auto& column : crossbar.tables.columns) column.sigma = 0;
  }
  return deployment;
}

}  // namespace

double ideal_accuracy(const compiler::Deployment& deployment, const analog::Device& ideal,
                      const data::Dataset& images) {
  EngineBackend chip(deployment.tile, ideal, 1);
  program_all(chip, deployment);
  RunOptions options;
  options.total_images = images.count;
  return accuracy_of(run_images(without_noise(deployment), chip, images, options), images);
}

}  // namespace crossloop::runtime
