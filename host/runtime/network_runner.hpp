// Whole networks on a device, by descriptors: the host writes images and reads logits.
#pragma once

#include <functional>

#include "host/data/dataset.hpp"
#include "host/runtime/device_backend.hpp"
#include "host/runtime/executor.hpp"
#include "host/runtime/network_plan.hpp"

namespace crossloop::runtime {

struct NetworkRun {
  std::vector<std::int32_t> logits;  ///< [images][classes]
  ConversionCounters counters;
  std::int64_t cycles = 0;  ///< of the device
};

/// Runs a deployment's layers as plan_network() has put them: those on the device read their
/// tensors from the window and leave their outputs there, the others run as run_images() runs them.
/// Results equal those of run_images() to the last bit. Both arguments are borrowed.
class NetworkRunner {
 public:
  NetworkRunner(const compiler::Deployment& deployment, DeviceBackend& backend,
                const PlanOptions& options);

  const NetworkPlan& plan() const { return plan_; }

  /// Sees each batch when it is done: those tensors that left the window, and the logits.
  using Observer = std::function<void(int first_image, const Activations& activations)>;

  /// Runs `images`, plan().images at a time. Throws InputError for a crossbar that was never
  /// programmed and for images of another size, DeviceError if the device fails.
  NetworkRun run(const data::Dataset& images, const RunOptions& options,
                 const Observer& observer = {});

 private:
  /// Which images of a run are in hand.
  struct Batch {
    const RunOptions& options;
    int first = 0;
    int images = 0;
    int total = 0;
  };

  void run_on_host(const PlanStep& step, const Batch& batch, Activations& activations);
  void run_on_device(const PlanStep& step, const Batch& batch, Activations& activations);
  void write_constants(const PlanStep& step);
  void read_outputs(const PlanStep& step, Activations& activations);
  void convolve(const PlanStep& step, int layer, const Batch& batch);
  void run_pages(const Job& job, const LayerPlaces& places, drivers::ConvolveDescriptor convolve);
  void pool(const PlanStep& step, int layer, const Batch& batch);
  void add(const PlanStep& step, int layer, const Batch& batch);

  const compiler::Deployment& deployment_;
  DeviceBackend& backend_;
  drivers::Device& device_;
  NetworkPlan plan_;
};

}  // namespace crossloop::runtime
