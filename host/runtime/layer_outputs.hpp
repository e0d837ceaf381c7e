// Accumulators of a crossbar layer into its output tensor (numerics.md, step 8).
#pragma once

#include <cstdint>
#include <vector>

#include "host/engine/job.hpp"
#include "host/engine/requantiser.hpp"
#include "host/runtime/executor.hpp"

namespace crossloop::runtime {

/// The output tensor of a crossbar layer for a batch: bytes, or the int32 logits of the last layer.
class LayerOutputs {
 public:
  /// Makes room in `activations`, which are borrowed like the deployment.
  LayerOutputs(const compiler::Deployment& deployment, int layer, Activations& activations);

  std::size_t positions() const { return positions_; }  ///< of an image
  std::size_t channels() const { return outputs_; }     ///< N

  /// Requantises `count` rows [N] of accumulators into the positions from `first` on, counted
  /// through the batch. Different positions may be written from different threads.
  void write(std::size_t first, std::size_t count, const std::int32_t* accumulators);

 private:
  const compiler::Layer& layer_;
  engine::Requantiser requantiser_;
  std::size_t outputs_;
  std::size_t positions_;
  std::uint8_t* bytes_ = nullptr;   ///< null for a last layer
  std::int32_t* logits_ = nullptr;  ///< null for all others
};

/// Writes the accumulators of one part of a folded layer without unit columns as they come.
class OutputSink final : public engine::AccumulatorSink {
 public:
  OutputSink(LayerOutputs& outputs, int part, int parts, int vectors_per_image)
      : outputs_(outputs), part_(part), parts_(parts), per_image_(vectors_per_image) {}
  void take(int first, int last, const std::int32_t* accumulators) override;

 private:
  LayerOutputs& outputs_;
  int part_;
  int parts_;
  int per_image_;
};

}  // namespace crossloop::runtime
