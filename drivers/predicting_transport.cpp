#include "drivers/predicting_transport.hpp"

#include <algorithm>

#include "drivers/write_descriptor.hpp"

namespace crossloop::drivers {
namespace {

/// The windows of a CONVOLVE, as im2col walks them.
class Windows {
 public:
  /// `pixels` holds whole words of each image, `padding` one pixel; both borrowed.
  Windows(const DescriptorWords& words, std::span<const std::uint8_t> pixels,
          std::span<const std::uint8_t> padding)
      : in_{part_of(part::CONVOLVE_IN_SIZE_HEIGHT, words[word::CONVOLVE_IN_SIZE]),
            part_of(part::CONVOLVE_IN_SIZE_WIDTH, words[word::CONVOLVE_IN_SIZE]),
            part_of(part::CONVOLVE_DEPTH_INPUTS, words[word::CONVOLVE_DEPTH])},
        pixels_(pixels),
        padding_(padding) {
    const std::uint32_t kernel = words[word::CONVOLVE_KERNEL], place = words[word::CONVOLVE_PLACE];
    const std::uint32_t out = words[word::CONVOLVE_OUT_SIZE];
    place_ = {.kernel_h = part_of(part::CONVOLVE_KERNEL_HEIGHT, kernel),
              .kernel_w = part_of(part::CONVOLVE_KERNEL_WIDTH, kernel),
              .stride_h = part_of(part::CONVOLVE_KERNEL_STRIDE_H, kernel),
              .stride_w = part_of(part::CONVOLVE_KERNEL_STRIDE_W, kernel),
              .pad_top = part_of(part::CONVOLVE_PLACE_PAD_TOP, place),
              .pad_left = part_of(part::CONVOLVE_PLACE_PAD_LEFT, place),
              .first_row = part_of(part::CONVOLVE_PLACE_FIRST_ROW, place),
              .out_height = part_of(part::CONVOLVE_OUT_SIZE_HEIGHT, out),
              .out_width = part_of(part::CONVOLVE_OUT_SIZE_WIDTH, out)};
    // Whole words, as the vector buffer keeps them.
    bytes_.resize((static_cast<std::size_t>(length()) + 3) / 4 * 4);
  }

  const std::vector<std::uint8_t>& at(std::uint64_t vector) {
    const auto per_image = static_cast<std::uint64_t>(place_.out_height * place_.out_width);
    const auto image = static_cast<std::size_t>(vector / per_image);
    const int position = static_cast<int>(vector % per_image);
    const int top =
        (position / place_.out_width + place_.first_row) * place_.stride_h - place_.pad_top;
    const int left = position % place_.out_width * place_.stride_w - place_.pad_left;
    const auto pixels = pixels_.subspan(image * 4 * in_.words());
    for (int i = 0; i < length(); ++i) {
      const int tap = i % (place_.kernel_h * place_.kernel_w);
      const int c = i / (place_.kernel_h * place_.kernel_w);
      const int y = top + tap / place_.kernel_w, x = left + tap % place_.kernel_w;
      const bool inside = y >= 0 && y < in_.height && x >= 0 && x < in_.width;
      bytes_[static_cast<std::size_t>(i)] =
          inside ? pixels[static_cast<std::size_t>((y * in_.width + x) * in_.channels + c)]
                 : padding_[static_cast<std::size_t>(c)];
    }
    return bytes_;
  }

 private:
  static int part_of(const BitField& field, std::uint32_t value) {
    return static_cast<int>(field.get(value));
  }
  int length() const { return in_.channels * place_.kernel_h * place_.kernel_w; }

  TensorSize in_;
  WindowPlace place_;
  std::span<const std::uint8_t> pixels_;
  std::span<const std::uint8_t> padding_;
  std::vector<std::uint8_t> bytes_;
};

std::vector<std::uint8_t> bytes_of(const std::vector<std::uint32_t>& words) {
  return unpack_bytes(words, 4 * words.size());
}

}  // namespace

PredictingTransport::PredictingTransport(std::unique_ptr<Transport> inner)
    : inner_(std::move(inner)) {
  core_.page = {static_cast<int>(inner_->read(Reg::ROWS)),
                static_cast<int>(inner_->read(Reg::COLS)),
                static_cast<int>(inner_->read(Reg::CODE_WIDTH))};
  core_.adcs = static_cast<int>(inner_->read(Reg::ADCS));
  core_.engines = static_cast<int>(inner_->read(Reg::ENGINES));
  pages_.resize(inner_->read(Reg::PAGES));
  seen_ = inner_->read(Reg::COMPLETED);
}

std::uint32_t PredictingTransport::read(Reg reg) {
  const std::uint32_t value = inner_->read(reg);
  if (reg == Reg::COMPLETED) see_completed(value);
  return value;
}

void PredictingTransport::write(Reg reg, std::uint32_t value) {
  if (reg == Reg::CTRL) return see_control(value);
  inner_->write(reg, value);
}

void PredictingTransport::read_window(std::uint32_t word, std::span<std::uint32_t> values) {
  inner_->read_window(word, values);
}

void PredictingTransport::write_window(std::uint32_t word, std::span<const std::uint32_t> values) {
  inner_->write_window(word, values);
}

void PredictingTransport::see_completed(std::uint32_t completed) {
  for (; seen_ != completed; ++seen_) predicted_ += cycles_of(descriptor(seen_));
}

void PredictingTransport::see_control(std::uint32_t value) {
  const bool reset = field::CTRL_SOFT_RESET.get(value) != 0;
  if (!reset && field::CTRL_RESTART.get(value) != 0) {
    see_completed(inner_->read(Reg::COMPLETED));
    if (inner_->read(Reg::ERROR) != 0) {
      predicted_ += refused_cycles(descriptor(inner_->read(Reg::ERROR_INDEX)));
    }
  }
  inner_->write(Reg::CTRL, value);
  if (reset) predicted_ = {};
  seen_ = inner_->read(Reg::COMPLETED);
}

DescriptorWords PredictingTransport::descriptor(std::uint32_t number) {
  DescriptorWords words;
  inner_->read_window(number % constant::RING_ENTRIES * constant::DESCRIPTOR_WORDS, words);
  return words;
}

DescriptorCycles PredictingTransport::cycles_of(const DescriptorWords& words) {
  switch (static_cast<Opcode>(words[0])) {
    case Opcode::LAYER:
      return layer_cycles(words);
    case Opcode::CONVOLVE:
      return convolve_cycles(words);
    case Opcode::WRITE_VERIFY: {
      const WriteStatistics statistics =
          take_statistics(words_at(words[word::WRITE_VERIFY_STATISTICS], constant::WRITTEN_WORDS));
      return descriptor_cycles(words, core_, {},
                               {.selected = statistics.selected,
                                .pulses = statistics.set_pulses + statistics.reset_pulses});
    }
    case Opcode::LOAD_TABLE:
      note_table(words);
      break;
    default:
      break;
  }
  return descriptor_cycles(words, core_);
}

void PredictingTransport::note_table(const DescriptorWords& words) {
  Page& page = pages_.at(words[word::LOAD_TABLE_PAGE]);
  const std::size_t rows = words[word::LOAD_TABLE_ROWS];
  page.columns = static_cast<int>(words[word::LOAD_TABLE_COLUMNS]);
  page.rows.clear();
  for (const std::uint32_t pair : words_at(words[word::LOAD_TABLE_SOURCE], (rows + 1) / 2)) {
    page.rows.push_back(static_cast<std::uint16_t>(pair & 0xFFFFU));
    page.rows.push_back(static_cast<std::uint16_t>(pair >> 16));
  }
  page.rows.resize(rows);
}

/// `vector` in whole words.
PageRun PredictingTransport::page_run(int page, std::span<const std::uint8_t> vector) const {
  const Page& loaded = pages_.at(static_cast<std::size_t>(page));
  PageRun run{.rows = static_cast<int>(loaded.rows.size()), .columns = loaded.columns, .phases = 0};
  const auto used = [&](std::size_t row) {
    return row < loaded.rows.size() && loaded.rows[row] != constant::UNUSED_ROW &&
           loaded.rows[row] < vector.size();
  };
  for (std::size_t even = 0; even < loaded.rows.size(); even += 2) {
    const std::size_t odd = even + 1;
    if (used(even) && used(odd) && loaded.rows[even] / 4 != loaded.rows[odd] / 4) ++run.split_pairs;
    if (used(even)) run.phases |= vector[loaded.rows[even]];
    if (used(odd)) run.phases |= vector[loaded.rows[odd]];
  }
  return run;
}

DescriptorCycles PredictingTransport::layer_cycles(const DescriptorWords& words) {
  const std::size_t length = 4 * std::size_t{words[word::LAYER_INPUT_WORDS]};
  const bool skips = (words[word::LAYER_FLAGS] >> constant::FLAG_SKIP_ZERO & 1) != 0;
  const std::size_t vectors = skips ? words[word::LAYER_VECTORS] : 1;
  const auto bytes = bytes_of(words_at(words[word::LAYER_INPUT], vectors * length / 4));
  return descriptor_cycles(words, core_, [&](std::uint64_t vector, int page) {
    return page_run(page, std::span(bytes).subspan(skips ? vector * length : 0, length));
  });
}

DescriptorCycles PredictingTransport::convolve_cycles(const DescriptorWords& words) {
  const std::uint32_t mode = words[word::CONVOLVE_MODE], size = words[word::CONVOLVE_IN_SIZE];
  const bool skips = part::CONVOLVE_MODE_SKIP_ZERO.get(mode) != 0;
  const std::size_t channels = part::CONVOLVE_DEPTH_INPUTS.get(words[word::CONVOLVE_DEPTH]);
  const std::size_t image = (std::size_t{part::CONVOLVE_IN_SIZE_HEIGHT.get(size)} *
                                 part::CONVOLVE_IN_SIZE_WIDTH.get(size) * channels +
                             3) /
                            4;
  const std::size_t images = skips ? part::CONVOLVE_MODE_IMAGES.get(mode) : 1;
  const auto pixels = bytes_of(words_at(words[word::CONVOLVE_INPUT], images * image));
  const auto padding = bytes_of(words_at(words[word::CONVOLVE_OTHER], (channels + 3) / 4));
  Windows windows(words, pixels, padding);
  std::uint64_t at = 0;
  std::span<const std::uint8_t> bytes = windows.at(0);
  return descriptor_cycles(words, core_, [&](std::uint64_t vector, int page) {
    if (skips && vector != at) bytes = windows.at(at = vector);
    return page_run(page, bytes);
  });
}

std::vector<std::uint32_t> PredictingTransport::words_at(std::uint32_t word, std::size_t count) {
  std::vector<std::uint32_t> values(count);
  inner_->read_window(word, values);
  return values;
}

}  // namespace crossloop::drivers
