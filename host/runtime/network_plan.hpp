// Where the tensors of a whole network lie in the window of a device.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "drivers/device.hpp"
#include "host/compiler/deployment.hpp"

namespace crossloop::runtime {

/// Why the host has to compute a layer; empty where the device can by one kind of descriptor.
std::string host_reason(const compiler::Deployment& deployment, int layer,
                        const drivers::DeviceInfo& device);

/// What a layer needs in the window beside its tensors; window words.
struct LayerPlaces {
  std::uint32_t block = 0;    ///< output block
  std::uint32_t padding = 0;  ///< crossbar layers: the pixel that stands for padding
  std::uint32_t sums = 0;     ///< running sums, where the layer has more crossbars than the device
                              ///< pages
  int sum_images = 0;         ///< images that they hold at a time; 0: none are needed
  int sum_rows = 0;           ///< output rows of each: all of them, or of one image
};

/// Consecutive layers that one side computes. Where that is the device, all it reads and makes has
/// a place in the window; the words before `first_free` are for pages on their way.
struct PlanStep {
  int first = 0, last = 0;  ///< layers
  bool on_device = false;
  std::string reason;                  ///< of the host
  std::vector<std::uint32_t> tensors;  ///< place by tensor id, 0: none
  std::vector<LayerPlaces> layers;     ///< by layer - first
  std::vector<std::int32_t> inputs;    ///< tensors that earlier steps make
  std::vector<std::int32_t> outputs;   ///< tensors that somebody reads behind this step
};

struct NetworkPlan {
  int images = 1;  ///< at a time
  std::vector<PlanStep> steps;
  int layers_on_device() const;
};

struct PlanOptions {
  int images = 1;             ///< at a time, if the window holds that many
  bool keep_tensors = false;  ///< every tensor keeps its place to the end of its step, an output
  std::uint32_t window_words = 0;  ///< of the window at most, ring included; 0: all of it
};

/// Puts as many layers on the device as it can compute, and every tensor at a place of its own for
/// as long as somebody reads it. Halves the images at a time until all fits.
NetworkPlan plan_network(const compiler::Deployment& deployment, const drivers::DeviceInfo& device,
                         const PlanOptions& options);

/// Output block of a layer in window layout.
std::vector<std::uint32_t> output_block(const compiler::Layer& layer);

/// Words of `images` images of a layer's output: bytes, or int32 for the last layer's.
std::uint32_t output_words(const compiler::Deployment& deployment, int layer, int images);

}  // namespace crossloop::runtime
