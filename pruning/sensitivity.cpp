#include "pruning/sensitivity.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <span>

#include "host/error.hpp"
#include "host/network/executor.hpp"
#include "pruning/batches.hpp"
#include "pruning/tile_grid.hpp"
#include "pruning/train.hpp"

namespace crossloop::pruning {

namespace {

/// The indices of the round(ratio * n) smallest of n scores.
std::vector<std::size_t> smallest(const std::vector<double>& scores, double ratio) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.rbegin(), order.rend(), std::size_t{0});  // of equals the last first
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
  order.resize(static_cast<std::size_t>(std::llround(ratio * static_cast<double>(scores.size()))));
  return order;
}

/// Images as the network takes them, and what they should give.
class Scorer {
 public:
  Scorer(const network::Network& network, data::Dataset images, int batch)
      : images_(std::move(images)), batch_(batch) {
    check_images_fit(network, images_);
    for (int first = 0; first < images_.count; first += batch_) {
      inputs_.push_back(
          network::normalise(network, images_, first, std::min(batch_, images_.count - first)));
    }
  }

  /// Loss and accuracy of `network`, which has the same input.
  SensitivityPoint score(const network::Network& network) const {
    SensitivityPoint sum;
    for (std::size_t b = 0; b < inputs_.size(); ++b) {
      const int first = static_cast<int>(b) * batch_;
      const int count = std::min(batch_, images_.count - first);
      const std::vector<float> logits = forward(network, inputs_[b], count);
      const std::size_t classes = logits.size() / static_cast<std::size_t>(count);
      for (int i = 0; i < count; ++i) {
        add(std::span(logits).subspan(static_cast<std::size_t>(i) * classes, classes),
            images_.labels[static_cast<std::size_t>(first + i)], sum);
      }
    }
    sum.loss /= images_.count;
    sum.accuracy /= images_.count;
    return sum;
  }

 private:
  static void add(std::span<const float> logits, std::size_t label, SensitivityPoint& sum) {
    const auto largest = std::max_element(logits.begin(), logits.end());
    double exponentials = 0.0;
    for (const float logit : logits) {
      exponentials += std::exp(static_cast<double>(logit) - static_cast<double>(*largest));
    }
    sum.loss += std::log(exponentials) + static_cast<double>(*largest) - logits[label];
    sum.accuracy += largest - logits.begin() == static_cast<std::ptrdiff_t>(label) ? 1.0 : 0.0;
  }

  data::Dataset images_;
  int batch_;
  std::vector<std::vector<float>> inputs_;
};

void count_what_is_left(const network::Network& network, const PrunableLayer& layer,
                        const TileShape& tile, SensitivityPoint& point) {
  const auto weights = network::weight_values(network.nodes[layer.node]);
  for (const WeightBlock& block : tiles_of(layer, tile)) {
    const std::int64_t before = point.weights;
    for_each_weight(layer, block,
                    [&](std::size_t i) { point.weights += weights[i] != 0.0F ? 1 : 0; });
    point.crossbars += point.weights > before ? 1 : 0;
  }
}

void check_options(const SensitivityOptions& options) {
  const auto refuse = [](const std::string& what, const std::string& expected) {
    throw InputError("sensitivity scan: " + what + ", expected " + expected);
  };
  if (std::min({options.tile.rows, options.tile.outputs, options.images, options.batch}) < 1) {
    refuse(fmt::format("{} x {} crossbars, {} images, batch {}", options.tile.rows,
                       options.tile.outputs, options.images, options.batch),
           "at least 1 each");
  }
  double former = 0.0;
  for (const double ratio : options.ratios) {
    if (!(ratio > former && ratio <= 1.0)) {
      refuse(fmt::format("ratios {}", fmt::join(options.ratios, ", ")),
             "ascending ones above 0 and at most 1");
    }
    former = ratio;
  }
}

}  // namespace

std::vector<std::uint8_t> scan_mask(const network::Network& network, const PrunableLayer& layer,
                                    ScanCriterion criterion, double ratio, const TileShape& tile) {
  const auto weights = network::weight_values(network.nodes[layer.node]);
  std::vector<std::uint8_t> mask(weights.size(), 1);
  std::vector<double> scores;
  if (criterion == ScanCriterion::kWeights) {
    for (const float w : weights) scores.push_back(std::abs(static_cast<double>(w)));
    for (const std::size_t i : smallest(scores, ratio)) mask[i] = 0;
    return mask;
  }
  const std::vector<WeightBlock> blocks = tiles_of(layer, tile);
  for (const WeightBlock& block : blocks) {
    double sum = 0.0;
    for_each_weight(layer, block,
                    [&](std::size_t i) { sum += static_cast<double>(weights[i]) * weights[i]; });
    scores.push_back(sum);
  }
  for (const std::size_t b : smallest(scores, ratio)) {
    for_each_weight(layer, blocks[b], [&](std::size_t i) { mask[i] = 0; });
  }
  return mask;
}

std::vector<LayerSensitivity> scan_sensitivity(const network::Network& network,
                                               const std::vector<PrunableLayer>& layers,
                                               const data::Dataset& images,
                                               const SensitivityOptions& options) {
  check_options(options);
  check_images_fit(network, images);
  const Scorer scorer(network,
                      images.count <= options.images
                          ? images
                          : data::hold_out(images, options.images, options.seed).validation,
                      options.batch);
  const SensitivityPoint whole = scorer.score(network);
  std::vector<LayerSensitivity> result;
  network::Network copy = network;
  for (const PrunableLayer& layer : layers) {
    LayerSensitivity& scanned = result.emplace_back();
    scanned.layer = layer.name;
    scanned.points.push_back(whole);
    count_what_is_left(network, layer, options.tile, scanned.points.back());
    for (const double ratio : options.ratios) {
      const auto mask = scan_mask(network, layer, options.criterion, ratio, options.tile);
      const auto values = network::weight_of(copy.nodes[layer.node]).values;
      for (std::size_t i = 0; i < mask.size(); ++i) values[i] *= static_cast<float>(mask[i]);
      SensitivityPoint point = scorer.score(copy);
      point.ratio = ratio;
      count_what_is_left(copy, layer, options.tile, point);
      scanned.points.push_back(point);
      copy.nodes[layer.node] = network.nodes[layer.node];
    }
  }
  return result;
}

}  // namespace crossloop::pruning
