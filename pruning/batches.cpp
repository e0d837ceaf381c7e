#include "pruning/batches.hpp"

#include <Random123/philox.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <string>

#include "host/error.hpp"

namespace crossloop::pruning {

namespace {

constexpr int kCropPadding = 4;

/// What a draw is for; keeps the streams of one seed apart.
enum class Stream : std::uint32_t { kShuffle = 1, kAugment = 2 };

std::array<std::uint32_t, 4> draw(std::uint64_t seed, Stream stream, int index, int epoch) {
  const r123::Philox4x32::ctr_type counter = {{static_cast<std::uint32_t>(index),
                                               static_cast<std::uint32_t>(epoch),
                                               static_cast<std::uint32_t>(stream), 0}};
  const r123::Philox4x32::key_type key = {
      {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}};
  const auto word = r123::Philox4x32()(counter, key);
  return {word[0], word[1], word[2], word[3]};
}

/// 0 .. range-1 from 32 random bits; the bias is below range / 2^32.
int below(std::uint32_t word, int range) {
  return static_cast<int>((std::uint64_t{word} * static_cast<std::uint64_t>(range)) >> 32);
}

/// Where a position outside 0 .. size-1 is found after reflection that does not repeat the edge.
int reflected(int position, int size) {
  if (position < 0) position = -position;
  if (position >= size) position = 2 * (size - 1) - position;
  return position;
}

std::string shape_text(int channels, int height, int width) {
  return std::to_string(channels) + "x" + std::to_string(height) + "x" + std::to_string(width);
}

}  // namespace

void check_images_fit(const network::Network& network, const data::Dataset& images) {
  const network::Shape& input = network.input_shape;
  if (images.channels != input.channels || images.height != input.height ||
      images.width != input.width) {
    throw InputError("images " + images.name + ": " +
                     shape_text(images.channels, images.height, images.width) + ", network " +
                     network.name + " takes " +
                     shape_text(input.channels, input.height, input.width));
  }
  const int outputs = network::infer_shapes(network).at(network.output_name).size();
  if (images.classes != outputs) {
    throw InputError("images " + images.name + ": " + std::to_string(images.classes) +
                     " classes, network " + network.name + " has " + std::to_string(outputs) +
                     " outputs");
  }
  const auto count = static_cast<std::size_t>(std::max(images.count, 0));
  if (images.count < 1 || images.labels.size() != count ||
      images.pixels.size() != count * images.image_size()) {
    throw InputError("images " + images.name + ": " + std::to_string(images.count) + " images, " +
                     std::to_string(images.labels.size()) + " labels, " +
                     std::to_string(images.pixels.size()) + " bytes, expected at least one image" +
                     " with one label and " + std::to_string(images.image_size()) + " bytes each");
  }
  const auto bad = std::find_if(images.labels.begin(), images.labels.end(),
                                [&](std::uint16_t label) { return label >= images.classes; });
  if (bad != images.labels.end()) {
    throw InputError("images " + images.name + ": label " + std::to_string(*bad) + " of image " +
                     std::to_string(bad - images.labels.begin()) + ", expected 0 to " +
                     std::to_string(images.classes - 1));
  }
  for (const auto& [what, values] : {std::pair{"mean", &network.normalisation.mean},
                                     std::pair{"std", &network.normalisation.std}}) {
    if (!values->empty() && values->size() != static_cast<std::size_t>(input.channels)) {
      throw InputError("network " + network.name + ": normalisation has " +
                       std::to_string(values->size()) + " values of " + what + ", expected " +
                       std::to_string(input.channels));
    }
  }
}

std::vector<int> shuffled(int count, std::uint64_t seed, int epoch) {
  std::vector<int> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  for (int last = count - 1; last > 0; --last) {
    const int other = below(draw(seed, Stream::kShuffle, last, epoch)[0], last + 1);
    std::swap(order[static_cast<std::size_t>(last)], order[static_cast<std::size_t>(other)]);
  }
  return order;
}

BatchSource::BatchSource(const network::Network& network, const data::Dataset& images,
                         const Augmentation& augmentation)
    : images_(images), augmentation_(augmentation) {
  const auto& [mean, std] = network.normalisation;
  const auto channels = static_cast<std::size_t>(images.channels);
  lookup_.resize(channels * 256);
  for (std::size_t c = 0; c < channels; ++c) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const double centred = static_cast<double>(byte) / 255.0 - (mean.empty() ? 0.0 : mean[c]);
      lookup_[c * 256 + byte] = static_cast<float>(centred / (std.empty() ? 1.0 : std[c]));
    }
  }
  row_of_.resize(static_cast<std::size_t>(images.height));
  column_of_.resize(static_cast<std::size_t>(images.width));
}

void BatchSource::fill(std::span<const int> indices, int epoch) {
  pixels_.resize(indices.size() * images_.image_size());
  labels_.resize(indices.size());
  for (std::size_t i = 0; i < indices.size(); ++i) {
    copy_image(indices[i], epoch, pixels_.data() + i * images_.image_size());
    labels_[i] = images_.labels[static_cast<std::size_t>(indices[i])];
  }
}

void BatchSource::copy_image(int index, int epoch, float* target) {
  const auto random = draw(augmentation_.seed, Stream::kAugment, index, epoch);
  const auto place = [&](std::vector<int>& source_of, int size, std::uint32_t word, bool mirror) {
    const int padding = std::min(kCropPadding, size - 1);
    const int shift = augmentation_.crop ? below(word, 2 * padding + 1) - padding : 0;
    for (int i = 0; i < size; ++i) {
      source_of[static_cast<std::size_t>(mirror ? size - 1 - i : i)] = reflected(i + shift, size);
    }
  };
  place(row_of_, images_.height, random[0], false);
  place(column_of_, images_.width, random[1], augmentation_.flip && (random[2] & 1U) != 0);

  const std::uint8_t* source = images_.image(index).data();
  const auto channels = static_cast<std::size_t>(images_.channels);
  for (const int row : row_of_) {
    const std::uint8_t* line = source + static_cast<std::size_t>(row * images_.width) * channels;
    for (const int column : column_of_) {
      const std::uint8_t* pixel = line + static_cast<std::size_t>(column) * channels;
      for (std::size_t c = 0; c < channels; ++c) *target++ = lookup_[c * 256 + pixel[c]];
    }
  }
  if (augmentation_.cutout > 0) cut_out(random[3], target - images_.image_size());
}

void BatchSource::cut_out(std::uint32_t random, float* image) const {
  const int side = augmentation_.cutout;
  const int top = below(random << 16, images_.height) - side / 2;
  const int left = below(random & 0xffff0000U, images_.width) - side / 2;
  const int first = std::max(left, 0), last = std::min(left + side, images_.width);
  for (int y = std::max(top, 0); y < std::min(top + side, images_.height); ++y) {
    float* row = image + std::ptrdiff_t{y} * images_.width * images_.channels;
    std::fill(row + std::ptrdiff_t{first} * images_.channels,
              row + std::ptrdiff_t{last} * images_.channels, 0.0F);
  }
}

}  // namespace crossloop::pruning
