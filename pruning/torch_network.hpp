// Executes a Network with LibTorch. The only header with LibTorch types; internal to pruning/, and
// free of C++20 so that LibTorch's headers pass under every compiler.
#pragma once

#include <ATen/ATen.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace crossloop::network {
struct Network;
}

namespace crossloop::pruning {

/// Which statistics batch norm applies.
enum class BatchNormMode {
  kRunning,  ///< the stored mean and variance, left alone
  kBatch     ///< those of the batch; the stored ones follow with momentum 0.1
};

/// The tensors of one node; those its operator lacks are undefined.
struct NodeTensors {
  at::Tensor weight;  ///< [out][in / groups][kernel_h][kernel_w] channels last, or [out][in]
  at::Tensor bias;
  at::Tensor factor, offset;  ///< of a ScaleShift, [1][channels][height][width]; never trained
  at::Tensor weight_offset;   ///< a constant added to the weight in the forward pass
  at::Tensor output_noise;    ///< standard deviation of what is added to the output, broadcast
  at::Tensor gamma, beta, mean, variance;
};

/// A copy of the parameters of a Network, and its graph run on them. Activations are kept channels
/// last: with oneDNN that trains 2 to 5 times as fast as NCHW in memory.
class TorchNetwork {
 public:
  /// Borrows `network` for its graph; its tensors live on `device`. Throws InputError where its
  /// shapes do not fit, or it has several inputs.
  explicit TorchNetwork(const network::Network& network, at::Device device = at::kCPU);

  /// [batch][channels][height][width] on the same device -> [batch][outputs], float. Convolutions
  /// multiply numbers of type `convolution`, float or bfloat16.
  at::Tensor forward(const at::Tensor& input, BatchNormMode mode,
                     at::ScalarType convolution = at::kFloat) const;

  /// Begins the noise of the next forward passes. Without it, they add none.
  void seed_noise(std::uint64_t seed);

  /// One entry per node of the network.
  std::vector<NodeTensors>& nodes() { return nodes_; }
  const std::vector<NodeTensors>& nodes() const { return nodes_; }

  /// What training moves (weights, biases, gammas, betas), in node order.
  std::vector<at::Tensor> parameters() const;
  /// What batch norm gathers (means, variances), in node order.
  std::vector<at::Tensor> statistics() const;

  /// Writes all parameters and statistics into a network of the same graph.
  void store(network::Network& network) const;

 private:
  /// One node with its values as slot numbers; slot 0 is the graph input.
  struct Step {
    std::vector<std::size_t> inputs;
    std::size_t output = 0;
    std::vector<std::size_t> released;  ///< slots nobody reads afterwards
    bool in_place = false;              ///< the operator may overwrite its input
  };

  void plan_steps();

  const network::Network& network_;
  std::vector<NodeTensors> nodes_;
  std::vector<Step> steps_;
  std::size_t output_slot_ = 0;
  at::Generator noise_;
};

/// A view of NHWC floats as an NCHW tensor. The memory must outlive the tensor.
at::Tensor view_nhwc(float* pixels, std::int64_t batch, std::int64_t channels, std::int64_t height,
                     std::int64_t width);

/// How LibTorch runs while this lives: with so many threads (0: all cores), and with freed memory
/// kept. Activations of megabytes come and go in every step; fetching them from the kernel each
/// time costs a quarter of the training time.
class TorchScope {
 public:
  explicit TorchScope(int threads);
  ~TorchScope();
  TorchScope(const TorchScope&) = delete;
  TorchScope& operator=(const TorchScope&) = delete;

 private:
  int former_threads_;
};

}  // namespace crossloop::pruning
