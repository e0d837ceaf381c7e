#include "host/network/executor.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <map>

#include "host/error.hpp"
#include "host/network/kernels.hpp"
#include "host/parallel.hpp"
#include "host/progress.hpp"

namespace crossloop::network {

namespace {

using Floats = std::vector<float>;

/// Calls work(first, last) on disjoint ranges of 0..count-1, each range in a thread of its own.
/// Images are computed independently of each other, so the split changes no result.
template <class Work>
void parallel_ranges(int count, const Work& work) {
  const int workers = worker_count(count);
  const auto start = [&](int i) { return static_cast<int>(std::int64_t{count} * i / workers); };
  run_workers(workers, [&](int i) { work(start(i), start(i + 1)); });
}

/// The values alive during a run; a value is dropped after the last node that reads it.
class Values {
 public:
  /// Throws InputError unless there is one input per input of the network, each of `batch` images.
  Values(const Network& network, std::span<const std::span<const float>> inputs, int batch);

  const Shape& shape(const std::string& value) const { return shapes_.at(value); }
  const float* data(const std::string& value) const {
    const auto given = inputs_.find(value);
    return given != inputs_.end() ? given->second.data() : made_.at(value).data();
  }
  Floats& make(const std::string& value, int batch) {
    const auto size = static_cast<std::size_t>(shape(value).size());
    return made_[value] = Floats(size * static_cast<std::size_t>(batch));
  }
  void drop_after(std::size_t node) {
    std::erase_if(made_, [&](const auto& each) {
      const auto use = last_use_.find(each.first);
      return use == last_use_.end() || use->second <= node;
    });
  }
  Floats take(const std::string& value) {
    const auto given = inputs_.find(value);
    return given != inputs_.end() ? Floats(given->second.begin(), given->second.end())
                                  : std::move(made_.at(value));
  }

 private:
  std::map<std::string, Shape> shapes_;
  std::map<std::string, Floats> made_;
  std::map<std::string, std::size_t> last_use_;
  std::map<std::string, std::span<const float>> inputs_;
};

/// The primary input first.
std::vector<std::string> input_names(const Network& network) {
  std::vector<std::string> names = {network.input_name};
  for (const ExtraInput& input : network.extra_inputs) names.push_back(input.name);
  return names;
}

Values::Values(const Network& network, std::span<const std::span<const float>> inputs, int batch)
    : shapes_(infer_shapes(network)) {
  const std::vector<std::string> names = input_names(network);
  if (inputs.size() != names.size()) {
    throw InputError(fmt::format("network {}: {} inputs given, it has {}: {}", network.name,
                                 inputs.size(), names.size(), fmt::join(names, ", ")));
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::int64_t expected = std::int64_t{batch} * shape(names[i]).size();
    if (batch < 1 || static_cast<std::int64_t>(inputs[i].size()) != expected) {
      throw InputError(
          fmt::format("network {}, input {}: {} values, expected a batch of {} times {}",
                      network.name, names[i], inputs[i].size(), batch, to_string(shape(names[i]))));
    }
    inputs_[names[i]] = inputs[i];
  }
  for (std::size_t i = 0; i < network.nodes.size(); ++i) {
    for (const std::string& value : network.nodes[i].inputs) last_use_[value] = i;
  }
  last_use_[network.output_name] = network.nodes.size();
}

/// Computes the images first..last-1 of a node's output.
void run_images(const Node& node, const Values& values, float* out, int first, int last) {
  std::vector<Operand> batch, operands;
  for (const std::string& value : node.inputs) {
    batch.push_back({values.data(value), values.shape(value)});
  }
  const Shape& out_shape = values.shape(node.output);
  Floats scratch;
  for (int i = first; i < last; ++i) {
    operands = batch;
    for (Operand& operand : operands) operand.data += std::ptrdiff_t{i} * operand.shape.size();
    const Image image{operands, out + std::ptrdiff_t{i} * out_shape.size(), out_shape};
    std::visit(Overloaded{[&](const Conv& op) { apply(op, image, scratch); },
                          [&](const auto& op) { apply(op, image); }},
               node.op);
  }
}

void check_images(const Network& network, const data::Dataset& images) {
  const Shape found{images.channels, images.height, images.width};
  if (found != network.input_shape) {
    throw InputError(fmt::format("data set {}: its images are {}, network {} takes {}", images.name,
                                 to_string(found), network.name, to_string(network.input_shape)));
  }
}

}  // namespace

std::vector<float> run(const Network& network, std::span<const std::span<const float>> inputs,
                       int batch, const ValueObserver& observer) {
  Values values(network, inputs, batch);
  if (observer) {
    for (const std::string& name : input_names(network)) {
      const Shape& shape = values.shape(name);
      const auto size = static_cast<std::size_t>(shape.size()) * static_cast<std::size_t>(batch);
      observer(name, shape, batch, {values.data(name), size});
    }
  }
  for (std::size_t i = 0; i < network.nodes.size(); ++i) {
    const Node& node = network.nodes[i];
    Floats& out = values.make(node.output, batch);
    parallel_ranges(
        batch, [&](int first, int last) { run_images(node, values, out.data(), first, last); });
    if (observer) observer(node.output, values.shape(node.output), batch, out);
    values.drop_after(i);
  }
  return values.take(network.output_name);
}

std::vector<float> run(const Network& network, std::span<const float> input, int batch,
                       const ValueObserver& observer) {
  return run(network, std::span(&input, 1), batch, observer);
}

std::vector<float> normalise(const Network& network, const data::Dataset& images, int first,
                             int count) {
  check_images(network, images);
  if (first < 0 || count < 0 || first > images.count - count) {
    throw InputError(fmt::format("data set {}: images {} to {} asked for, it has {}", images.name,
                                 first, std::int64_t{first} + count - 1, images.count));
  }
  const InputNormalisation& n = network.normalisation;
  const std::size_t channels = static_cast<std::size_t>(images.channels);
  std::vector<std::array<float, 256>> table(channels);
  for (std::size_t c = 0; c < channels; ++c) {
    const float mean = n.mean.empty() ? 0.0F : n.mean.at(c);
    const float deviation = n.std.empty() ? 1.0F : n.std.at(c);
    for (std::size_t p = 0; p < 256; ++p) {
      table[c][p] = (static_cast<float>(p) / 255.0F - mean) / deviation;
    }
  }
  const std::size_t positions = images.image_size() / channels;
  std::vector<float> result(static_cast<std::size_t>(count) * images.image_size());
  float* out = result.data();
  for (int i = first; i < first + count; ++i) {
    const std::uint8_t* pixels = images.image(i).data();
    for (std::size_t c = 0; c < channels; ++c) {
      for (std::size_t p = 0; p < positions; ++p) *out++ = table[c][pixels[p * channels + c]];
    }
  }
  return result;
}

double accuracy(const Network& network, const data::Dataset& images, int batch) {
  const int outputs = infer_shapes(network).at(network.output_name).size();
  if (images.count < 1 || batch < 1 || outputs < images.classes) {
    throw InputError(fmt::format(
        "data set {}: {} images of {} classes in batches of {}, network {} has {} outputs",
        images.name, images.count, images.classes, batch, network.name, outputs));
  }
  std::int64_t right = 0;
  for (int first = 0; first < images.count; first += batch) {
    check_interrupt("evaluation");
    const int count = std::min(batch, images.count - first);
    const Floats scores = run(network, normalise(network, images, first, count), count);
    for (int i = 0; i < count; ++i) {
      const auto begin = scores.begin() + std::ptrdiff_t{i} * outputs;
      const auto best = std::max_element(begin, begin + outputs) - begin;
      right += best == images.labels[static_cast<std::size_t>(first + i)] ? 1 : 0;
    }
  }
  return static_cast<double>(right) / images.count;
}

}  // namespace crossloop::network
