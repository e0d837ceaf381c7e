// Signal to error of every layer: where a network loses its accuracy on a chip.
//
// Three sets of activations of the same images are compared layer by layer: those of the float
// network, those of the integer network (exact products of w_q, no ADC) and those of the chip.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "host/compiler/deployment.hpp"
#include "host/data/dataset.hpp"
#include "host/network/network.hpp"
#include "host/runtime/executor.hpp"

namespace crossloop::runtime {

/// Sums over pairs of a wanted value s and a found one x.
struct SignalToError {
  double signal = 0.0;  ///< sum s^2
  double error = 0.0;   ///< sum (s - x)^2
  void add(double wanted, double found) {
    signal += wanted * wanted;
    error += (wanted - found) * (wanted - found);
  }
  bool silent() const { return signal == 0.0; }                ///< no signal to compare
  bool exact() const { return error == 0.0 && signal > 0.0; }  ///< no difference at all
  /// 10 log10(signal / error); nothing where silent or exact.
  std::optional<double> decibel() const;
};

/// Real values of one layer's output, all images and elements. A wanted value stands first.
struct LayerError {
  int layer = 0;
  std::string name;
  SignalToError float_integer = {};  ///< what quantisation costs, up to this layer
  SignalToError float_chip = {};     ///< quantisation and chip, up to this layer
  SignalToError integer_chip = {};   ///< the chip, up to this layer
  /// The chip in this layer alone: the exact integer layer on the inputs that the chip gave it.
  SignalToError own = {};
  ConversionCounters counters = {};  ///< of the chip; none for digital layers
};

/// Requantised output of an exact integer product `product` = sum w_q x: step 8 of numerics.md, up
/// to its clamp, with the accumulator at infinite resolution. `unit_log2` is the base-2 logarithm
/// of Layer::accumulator_unit.
std::int32_t exact_output(std::int64_t product, int unit_log2, const compiler::OutputScale& scale,
                          const compiler::OutputRange& range);

/// The exact products of a crossbar layer's windows in a batch, sum over k of w_q[o][k] x[k],
/// [images * positions][N].
std::vector<std::int64_t> layer_products(const compiler::Deployment& deployment, int layer,
                                         const Activations& activations);

/// A crossbar layer's output on the activations in hand as exact integer product, [images *
/// positions][N].
std::vector<std::int32_t> exact_layer(const compiler::Deployment& deployment, int layer,
                                      const Activations& activations);

/// Watches run_images() and adds each batch up: pass observe() every LayerEvent. Of a deployment
/// calibrated on a measured chip the integer network keeps that calibration's offsets.
class LayerErrors {
 public:
  /// Borrows all three. The network's own input normalisation is not used, the deployment's is.
  /// Throws InputError where the network lacks a tensor of the deployment, or has it in another
  /// shape.
  LayerErrors(const compiler::Deployment& deployment, const network::Network& network,
              const data::Dataset& images);

  void observe(const LayerEvent& event);

  const std::vector<LayerError>& layers() const { return layers_; }

 private:
  void add_own(const LayerEvent& event);
  void add_batch(const LayerEvent& last);

  const compiler::Deployment& deployment_;
  network::Network network_;
  const data::Dataset& images_;
  std::map<std::string, std::size_t> layer_of_tensor_;
  std::vector<LayerError> layers_;
};

/// Images at a time such that the largest layer's input windows stay below 256 MiB; 1..64.
int layer_errors_batch(const compiler::Deployment& deployment);

}  // namespace crossloop::runtime
