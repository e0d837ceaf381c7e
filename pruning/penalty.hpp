// A term added to the loss while training. Free of LibTorch types, so that a method can include it;
// what defines a penalty needs pruning/torch_network.hpp.
#pragma once

#include <string>
#include <vector>

namespace crossloop::pruning {

struct NodeTensors;  // pruning/torch_network.hpp

class Penalty {
 public:
  virtual ~Penalty() = default;

  /// Adds the gradient of the penalty to that of the weights (`node.weight.mutable_grad()`, defined
  /// for every weight), and returns the penalty. `nodes` has one entry per node of the network.
  /// Called without autograd, after the backward pass of the loss and before the optimiser's step.
  virtual double add_gradients(const std::vector<NodeTensors>& nodes) const = 0;

  /// Names the penalty and every number that shapes it: a training resumes only where it is equal.
  virtual std::string text() const = 0;
};

}  // namespace crossloop::pruning
