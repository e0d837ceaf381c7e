#include "pruning/evaluate.hpp"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <numeric>
#include <string>

#include "host/error.hpp"
#include "host/progress.hpp"
#include "pruning/prefetch.hpp"
#include "pruning/train.hpp"

namespace crossloop::pruning {

at::Tensor batch_tensor(BatchSource& batch, const data::Dataset& images, at::Device device) {
  const auto count = static_cast<std::int64_t>(batch.labels().size());
  return view_nhwc(batch.pixels().data(), count, images.channels, images.height, images.width)
      .to(device);
}

double accuracy_of(const TorchNetwork& torch, const network::Network& network,
                   const data::Dataset& images, int batch, at::Device device) {
  const at::NoGradGuard no_grad;
  BatchPrefetcher batches(network, images, {});
  std::vector<int> order(static_cast<std::size_t>(images.count));
  std::iota(order.begin(), order.end(), 0);
  const auto request = [&](int first) {
    const int count = std::min(batch, images.count - first);
    batches.request(
        std::span(order).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count)),
        0);
  };
  std::int64_t correct = 0;
  request(0);
  for (int first = 0; first < images.count; first += batch) {
    check_interrupt("evaluate " + network.name);
    BatchSource& ready = batches.take();
    if (first + batch < images.count) request(first + batch);
    const at::Tensor logits =
        torch.forward(batch_tensor(ready, images, device), BatchNormMode::kRunning);
    const auto count = static_cast<std::int64_t>(ready.labels().size());
    const at::Tensor labels = at::from_blob(ready.labels().data(), {count}, at::kLong).to(device);
    correct += logits.argmax(1).eq(labels).sum().item<std::int64_t>();
  }
  return static_cast<double>(correct) / images.count;
}

double evaluate(const network::Network& network, const data::Dataset& images, int batch,
                int threads) {
  if (batch < 1 || threads < 0) {
    throw InputError("evaluate " + network.name + ": batch " + std::to_string(batch) + ", " +
                     std::to_string(threads) + " threads, expected at least 1 and 0");
  }
  check_images_fit(network, images);
  const TorchScope scope(threads);
  return accuracy_of(TorchNetwork(network), network, images, batch, at::kCPU);
}

std::vector<float> forward(const network::Network& network, std::span<const float> input,
                           int batch) {
  const network::Shape& shape = network.input_shape;
  const std::int64_t expected = std::int64_t{batch} * shape.size();
  if (batch < 1 || static_cast<std::int64_t>(input.size()) != expected) {
    throw InputError("forward of " + network.name + ": " + std::to_string(input.size()) +
                     " floats for a batch of " + std::to_string(batch) + ", expected " +
                     std::to_string(std::max<std::int64_t>(expected, shape.size())));
  }
  const at::NoGradGuard no_grad;
  const TorchNetwork torch(network);
  const at::Tensor nchw = at::from_blob(const_cast<float*>(input.data()),
                                        {batch, shape.channels, shape.height, shape.width});
  const at::Tensor output =
      torch.forward(nchw.clone(at::MemoryFormat::ChannelsLast), BatchNormMode::kRunning);
  const at::Tensor plain = output.contiguous();
  return {plain.data_ptr<float>(), plain.data_ptr<float>() + plain.numel()};
}

}  // namespace crossloop::pruning
