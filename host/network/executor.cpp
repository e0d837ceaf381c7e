#include "host/network/executor.hpp"

#include <spdlog/fmt/fmt.h>

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <exception>
#include <limits>
#include <map>
#include <thread>

#include "host/error.hpp"
#include "host/progress.hpp"

namespace crossloop::network {

namespace {

using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Floats = std::vector<float>;

/// Calls work(first, last) on disjoint ranges of 0..count-1, each range in a thread of its own.
/// Images are computed independently of each other, so the split changes no result.
template <class Work>
void parallel_ranges(int count, const Work& work) {
  const int threads =
      std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, std::max(count, 1));
  const auto start = [&](int i) { return static_cast<int>(std::int64_t{count} * i / threads); };
  std::vector<std::exception_ptr> failures(static_cast<std::size_t>(threads));
  const auto guarded = [&](int i) {
    try {
      work(start(i), start(i + 1));
    } catch (...) {
      failures[static_cast<std::size_t>(i)] = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> workers;
    for (int i = 1; i < threads; ++i) workers.emplace_back(guarded, i);
    guarded(0);
  }
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

/// Pointers into one image of the operands of a node.
struct Image {
  const float* in = nullptr;
  const float* second = nullptr;  ///< other operand of Add
  float* out = nullptr;
  Shape in_shape;
  Shape out_shape;
};

/// The outputs first..last-1 of a row whose tap falls inside an input row of `size` pixels; the tap
/// of output x reads pixel x * stride + offset.
struct InsideRange {
  int first, last;
};
InsideRange inside_range(int offset, int stride, int size, int outputs) {
  const int last = offset < size ? std::min((size - 1 - offset) / stride + 1, outputs) : 0;
  const int first = offset < 0 ? (stride - 1 - offset) / stride : 0;
  return {std::min(first, last), last};
}

/// Unfolds the image into `columns`, [channels * kernel_h * kernel_w][out height * out width].
void unfold(const Image& image, const Window& w, float* columns) {
  const Shape& in = image.in_shape;
  const Shape& out = image.out_shape;
  std::fill_n(columns,
              std::ptrdiff_t{in.channels} * w.kernel_h * w.kernel_w * out.height * out.width, 0.0F);
  for (int c = 0; c < in.channels; ++c) {
    const float* plane = image.in + std::ptrdiff_t{c} * in.height * in.width;
    for (int tap = 0; tap < w.kernel_h * w.kernel_w; ++tap) {
      const int down = tap / w.kernel_w * w.dilation_h - w.pad_top;
      const int right = tap % w.kernel_w * w.dilation_w - w.pad_left;
      const auto [first, last] = inside_range(right, w.stride_w, in.width, out.width);
      for (int y = 0; y < out.height; ++y, columns += out.width) {
        const int row = y * w.stride_h + down;
        if (row < 0 || row >= in.height) continue;
        const float* pixels = plane + std::ptrdiff_t{row} * in.width;
        for (int x = first; x < last; ++x) columns[x] = pixels[x * w.stride_w + right];
      }
    }
  }
}

void apply(const Conv& op, const Image& image, Floats& scratch) {
  const Window& w = op.window;
  const Eigen::Index k = std::ptrdiff_t{op.in_channels} * w.kernel_h * w.kernel_w;
  const Eigen::Index positions = std::ptrdiff_t{image.out_shape.height} * image.out_shape.width;
  const float* columns = image.in;
  if (w != Window{}) {  // a plain 1x1 convolution multiplies the image as it is
    scratch.resize(static_cast<std::size_t>(k * positions));
    unfold(image, w, scratch.data());
    columns = scratch.data();
  }
  Eigen::Map<RowMajor> out(image.out, op.out_channels, positions);
  out.noalias() = Eigen::Map<const RowMajor>(op.weight.data(), op.out_channels, k) *
                  Eigen::Map<const RowMajor>(columns, k, positions);
  if (!op.bias.empty()) {
    out.colwise() += Eigen::Map<const Eigen::VectorXf>(op.bias.data(), op.out_channels);
  }
}

void apply(const Linear& op, const Image& image, Floats&) {
  Eigen::Map<Eigen::VectorXf> out(image.out, op.out_features);
  out.noalias() = Eigen::Map<const RowMajor>(op.weight.data(), op.out_features, op.in_features) *
                  Eigen::Map<const Eigen::VectorXf>(image.in, op.in_features);
  if (!op.bias.empty()) out += Eigen::Map<const Eigen::VectorXf>(op.bias.data(), op.out_features);
}

void apply(const BatchNorm& op, const Image& image, Floats&) {
  const std::ptrdiff_t positions = std::ptrdiff_t{image.in_shape.height} * image.in_shape.width;
  for (std::size_t c = 0; c < op.gamma.size(); ++c) {
    const float factor = op.gamma[c] / std::sqrt(op.variance[c] + op.epsilon);
    const float* in = image.in + static_cast<std::ptrdiff_t>(c) * positions;
    float* out = image.out + static_cast<std::ptrdiff_t>(c) * positions;
    for (std::ptrdiff_t i = 0; i < positions; ++i) {
      out[i] = (in[i] - op.mean[c]) * factor + op.beta[c];
    }
  }
}

void apply(const Relu&, const Image& image, Floats&) {
  std::transform(image.in, image.in + image.in_shape.size(), image.out,
                 [](float x) { return x < 0.0F ? 0.0F : x; });
}

void apply(const Add&, const Image& image, Floats&) {
  std::transform(image.in, image.in + image.in_shape.size(), image.second, image.out,
                 [](float a, float b) { return a + b; });
}

void apply(const Flatten&, const Image& image, Floats&) {
  std::copy_n(image.in, image.in_shape.size(), image.out);
}

void apply(const GlobalAveragePool&, const Image& image, Floats&) {
  const int positions = image.in_shape.height * image.in_shape.width;
  for (int c = 0; c < image.in_shape.channels; ++c) {
    const Eigen::Map<const Eigen::VectorXf> plane(image.in + std::ptrdiff_t{c} * positions,
                                                  positions);
    image.out[c] = plane.sum() / static_cast<float>(positions);
  }
}

/// Calls visit(value) for each input pixel under the window of output (y, x) of one plane.
template <class Visit>
void visit_window(const float* plane, const Shape& in, const Window& w, int y, int x,
                  const Visit& visit) {
  for (int i = 0; i < w.kernel_h; ++i) {
    const int row = y * w.stride_h - w.pad_top + i * w.dilation_h;
    if (row < 0 || row >= in.height) continue;
    for (int j = 0; j < w.kernel_w; ++j) {
      const int column = x * w.stride_w - w.pad_left + j * w.dilation_w;
      if (column >= 0 && column < in.width) visit(plane[std::ptrdiff_t{row} * in.width + column]);
    }
  }
}

/// Calls pool(plane, y, x) for each output pixel, in order.
template <class Pool>
void for_each_output(const Image& image, const Pool& pool) {
  float* out = image.out;
  for (int c = 0; c < image.out_shape.channels; ++c) {
    const float* plane =
        image.in + std::ptrdiff_t{c} * image.in_shape.height * image.in_shape.width;
    for (int y = 0; y < image.out_shape.height; ++y) {
      for (int x = 0; x < image.out_shape.width; ++x) *out++ = pool(plane, y, x);
    }
  }
}

void apply(const MaxPool& op, const Image& image, Floats&) {
  for_each_output(image, [&](const float* plane, int y, int x) {
    float largest = -std::numeric_limits<float>::infinity();
    visit_window(plane, image.in_shape, op.window, y, x,
                 [&](float value) { largest = std::max(largest, value); });
    return largest;
  });
}

void apply(const AveragePool& op, const Image& image, Floats&) {
  const Window& w = op.window;
  for_each_output(image, [&](const float* plane, int y, int x) {
    float sum = 0.0F;
    int count = 0;
    visit_window(plane, image.in_shape, w, y, x, [&](float value) {
      sum += value;
      ++count;
    });
    return sum / static_cast<float>(op.count_include_pad ? w.kernel_h * w.kernel_w : count);
  });
}

template <class Other>
void apply(const Other&, const Image&, Floats&) {
  throw InputError("this operator cannot be run yet");
}

/// The values alive during a run; a value is dropped after the last node that reads it.
class Values {
 public:
  Values(const Network& network, std::span<const float> input)
      : shapes_(infer_shapes(network)), input_name_(network.input_name), input_(input) {
    for (std::size_t i = 0; i < network.nodes.size(); ++i) {
      for (const std::string& value : network.nodes[i].inputs) last_use_[value] = i;
    }
    last_use_[network.output_name] = network.nodes.size();
  }

  const Shape& shape(const std::string& value) const { return shapes_.at(value); }
  const float* data(const std::string& value) const {
    return value == input_name_ ? input_.data() : made_.at(value).data();
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
    return value == input_name_ ? Floats(input_.begin(), input_.end()) : std::move(made_.at(value));
  }

 private:
  std::map<std::string, Shape> shapes_;
  std::map<std::string, Floats> made_;
  std::map<std::string, std::size_t> last_use_;
  std::string input_name_;
  std::span<const float> input_;
};

void run_node(const Node& node, const Values& values, int batch, float* out) {
  const float* in = values.data(node.inputs[0]);
  const float* second = node.inputs.size() > 1 ? values.data(node.inputs[1]) : nullptr;
  const Shape& in_shape = values.shape(node.inputs[0]);
  const Shape& out_shape = values.shape(node.output);
  parallel_ranges(batch, [&](int first, int last) {
    Floats scratch;
    for (int i = first; i < last; ++i) {
      const std::ptrdiff_t offset = std::ptrdiff_t{i} * in_shape.size();
      const Image image{.in = in + offset,
                        .second = second ? second + offset : nullptr,
                        .out = out + std::ptrdiff_t{i} * out_shape.size(),
                        .in_shape = in_shape,
                        .out_shape = out_shape};
      std::visit([&](const auto& op) { apply(op, image, scratch); }, node.op);
    }
  });
}

void check_images(const Network& network, const data::Dataset& images) {
  const Shape found{images.channels, images.height, images.width};
  if (found != network.input_shape) {
    throw InputError(fmt::format("data set {}: its images are {}, network {} takes {}", images.name,
                                 to_string(found), network.name, to_string(network.input_shape)));
  }
}

}  // namespace

std::vector<float> run(const Network& network, std::span<const float> input, int batch,
                       const ValueObserver& observer) {
  Values values(network, input);
  const std::int64_t expected = std::int64_t{batch} * network.input_shape.size();
  if (batch < 1 || static_cast<std::int64_t>(input.size()) != expected) {
    throw InputError(fmt::format("network {}: {} input values, expected a batch of {} times {}",
                                 network.name, input.size(), batch,
                                 to_string(network.input_shape)));
  }
  if (observer) observer(network.input_name, network.input_shape, batch, input);
  for (std::size_t i = 0; i < network.nodes.size(); ++i) {
    const Node& node = network.nodes[i];
    Floats& out = values.make(node.output, batch);
    run_node(node, values, batch, out.data());
    if (observer) observer(node.output, values.shape(node.output), batch, out);
    values.drop_after(i);
  }
  return values.take(network.output_name);
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
