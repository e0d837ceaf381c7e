#include "host/cli/tensor_inputs.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <algorithm>
#include <map>
#include <span>

#include "host/error.hpp"
#include "host/network/executor.hpp"
#include "host/progress.hpp"

namespace crossloop::cli {

namespace {

using Dimensions = std::vector<std::int64_t>;

struct Input {
  std::string name;
  network::Shape shape;
  bool nhwc = false;
};

std::vector<Input> inputs_of(const network::Network& network) {
  std::vector<Input> inputs = {{network.input_name, network.input_shape,
                                network.input_layout == network::InputLayout::kNhwc}};
  for (const auto& extra : network.extra_inputs) inputs.push_back({extra.name, extra.shape});
  return inputs;
}

/// Which file is for which input.
std::map<std::string, std::string> assign(const std::vector<Input>& inputs,
                                          const std::vector<std::string>& arguments) {
  std::vector<std::string> names;
  for (const Input& input : inputs) names.push_back(input.name);
  std::map<std::string, std::string> files;
  std::vector<std::string> unnamed;
  for (const std::string& argument : arguments) {
    const auto equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    if (equals == std::string::npos) {
      unnamed.push_back(argument);
    } else if (std::find(names.begin(), names.end(), name) == names.end()) {
      throw InputError(fmt::format("--input {}: no input is called {}, expected one of {}",
                                   argument, name, fmt::join(names, ", ")));
    } else if (!files.emplace(name, argument.substr(equals + 1)).second) {
      throw InputError(fmt::format("--input {}: input {} is given twice", argument, name));
    }
  }
  for (const std::string& file : unnamed) {
    const auto free = std::find_if(names.begin(), names.end(),
                                   [&](const std::string& name) { return !files.contains(name); });
    if (free == names.end()) {
      throw InputError(
          fmt::format("--input {}: the model has {} inputs ({}), and each has a tensor", file,
                      names.size(), fmt::join(names, ", ")));
    }
    files[*free] = file;
  }
  for (const std::string& name : names) {
    if (!files.contains(name)) {
      throw InputError(
          fmt::format("input {} has no tensor, expected --input {}=FILE.npy", name, name));
    }
  }
  return files;
}

std::vector<float> to_nchw(const std::vector<float>& nhwc, const network::Shape& shape) {
  const auto channels = static_cast<std::size_t>(shape.channels);
  const auto positions =
      static_cast<std::size_t>(shape.height) * static_cast<std::size_t>(shape.width);
  std::vector<float> nchw(nhwc.size());
  for (std::size_t i = 0; i < nhwc.size(); ++i) {
    const std::size_t image = i / (channels * positions);
    const std::size_t position = i / channels % positions;
    nchw[(image * channels + i % channels) * positions + position] = nhwc[i];
  }
  return nchw;
}

void check_shape(const Input& input, const std::string& file, const Dimensions& found) {
  const network::Shape& s = input.shape;
  const Dimensions image = input.nhwc ? Dimensions{s.height, s.width, s.channels}
                                      : Dimensions{s.channels, s.height, s.width};
  const bool batched = !found.empty() && found[0] >= 1;
  const Dimensions rest = batched ? Dimensions(found.begin() + 1, found.end()) : Dimensions{};
  const bool flat = s.size() == s.channels && rest == Dimensions{s.channels};
  if (!batched || (rest != image && !flat)) {
    throw InputError(fmt::format("{}: shape [{}], input {} takes [N, {}]", file,
                                 fmt::join(found, ", "), input.name, fmt::join(image, ", ")));
  }
}

}  // namespace

TensorInputs read_tensor_inputs(const network::Network& network,
                                const std::vector<std::string>& arguments) {
  const std::vector<Input> inputs = inputs_of(network);
  const auto files = assign(inputs, arguments);
  TensorInputs result;
  for (const Input& input : inputs) {
    const std::string& file = files.at(input.name);
    NpyArray array = read_npy(file);
    check_shape(input, file, array.shape);
    const auto batch = static_cast<int>(array.shape[0]);
    if (result.values.empty()) result.batch = batch;
    if (batch != result.batch) {
      throw InputError(fmt::format("{}: batch of {}, input {} has {}", file, batch, inputs[0].name,
                                   result.batch));
    }
    result.values.push_back(input.nhwc ? to_nchw(array.values, input.shape)
                                       : std::move(array.values));
  }
  return result;
}

NpyArray run_tensor_inputs(const network::Network& network, const TensorInputs& inputs) {
  constexpr int kChunk = 64;  // images whose activations are in memory at a time
  NpyArray result;
  Progress progress("evaluate " + network.name, inputs.batch);
  for (int first = 0; first < inputs.batch; first += kChunk) {
    const int count = std::min(kChunk, inputs.batch - first);
    std::vector<std::span<const float>> chunk;
    for (const std::vector<float>& values : inputs.values) {
      const std::size_t size = values.size() / static_cast<std::size_t>(inputs.batch);
      chunk.push_back(std::span(values).subspan(static_cast<std::size_t>(first) * size,
                                                static_cast<std::size_t>(count) * size));
    }
    const std::vector<float> output = network::run(network, chunk, count);
    result.values.insert(result.values.end(), output.begin(), output.end());
    progress.update(first + count);
  }
  const network::Shape shape = network::infer_shapes(network).at(network.output_name);
  result.shape = {inputs.batch, shape.channels};
  if (!network.flat_output || shape.size() != shape.channels) {
    result.shape.insert(result.shape.end(), {shape.height, shape.width});
  }
  return result;
}

}  // namespace crossloop::cli
