// Holds ONNX models to the reference operators on random inputs, as they are read and again after
// they were written.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "host/network/onnx_file.hpp"
#include "tests/onnx_builder.hpp"
#include "tests/operator_checks.hpp"

namespace crossloop::network {

/// What a model should make of the image of each of its inputs.
using Reference = std::function<tests::Tensor(const tests::Tensors&)>;

/// Batches of 3 images, each value in -4..4.
inline std::vector<std::vector<float>> random_batches(const Network& network) {
  std::vector<Shape> shapes = {network.input_shape};
  for (const ExtraInput& input : network.extra_inputs) shapes.push_back(input.shape);
  std::vector<std::vector<float>> batches;
  for (const Shape& shape : shapes) {
    const auto seed = static_cast<unsigned>(31 + batches.size());
    batches.push_back(tests::random_floats(std::int64_t{3} * shape.size(), seed));
    for (float& value : batches.back()) value *= 4.0F;
  }
  return batches;
}

inline void expect_network(const Network& network, const Reference& reference) {
  const auto batches = random_batches(network);
  const std::vector<std::span<const float>> views(batches.begin(), batches.end());
  const std::vector<float> found = run(network, views, 3);
  const Shape shape = infer_shapes(network).at(network.output_name);
  for (int i = 0; i < 3; ++i) {
    tests::Tensors images = {tests::image_of(batches[0], network.input_shape, i)};
    for (std::size_t k = 0; k < network.extra_inputs.size(); ++k) {
      images.push_back(tests::image_of(batches[k + 1], network.extra_inputs[k].shape, i));
    }
    SCOPED_TRACE("image " + std::to_string(i));
    tests::expect_close(tests::image_of(found, shape, i), reference(images));
  }
}

inline Network written_and_read(const Network& network) {
  const auto path = temporary_model();
  write_onnx(network, path);
  return read_onnx(path);
}

inline void expect_model(const OnnxBuilder& model, const Reference& reference) {
  const Network network = read_onnx(model.write());
  expect_network(network, reference);
  SCOPED_TRACE("written and read again");
  expect_network(written_and_read(network), reference);
}

/// The same for a model that is one operator.
inline void expect_operator(const OnnxBuilder& model, const Operator& op) {
  expect_model(model, [&](const tests::Tensors& inputs) { return tests::reference(op, inputs); });
}

}  // namespace crossloop::network
