// Cycles of the core against drivers/descriptor_cycles.hpp, to the cycle.
#include <gtest/gtest.h>

#include <iterator>
#include <ostream>

#include "drivers/descriptor_cycles.hpp"
#include "drivers/predicting_transport.hpp"
#include "drivers/write_descriptor.hpp"
#include "tests/core_fixture.hpp"
#include "tests/pulse_cells.hpp"

namespace crossloop::drivers {

void PrintTo(const DescriptorCycles& cycles, std::ostream* out) {
  *out << cycles.busy << " busy, " << cycles.stalled << " stalled, " << cycles.column_reads
       << " column reads, " << cycles.skipped << " phases skipped";
}

}  // namespace crossloop::drivers

namespace crossloop::testing_support {
namespace {

using drivers::DescriptorCycles;
using drivers::DescriptorWords;
using drivers::Opcode;
using drivers::Reg;
namespace constant = drivers::constant;
namespace part = drivers::part;
namespace word = drivers::word;

constexpr int kPages = 4;
// Where the operands of random descriptors lie, far enough from each other.
constexpr std::uint32_t kStaging = 128, kBlock = 1000, kPadding = 1200, kInput = 1300,
                        kOther = 5000, kSums = 9000, kOutput = 30000;

constexpr Opcode kAll[] = {Opcode::NOP,        Opcode::LOAD_PAGE,    Opcode::STORE_PAGE,
                           Opcode::LOAD_TABLE, Opcode::PROGRAM,      Opcode::COMMIT,
                           Opcode::LAYER,      Opcode::LOAD_INL,     Opcode::CONVOLVE,
                           Opcode::MAX_POOL,   Opcode::AVERAGE_POOL, Opcode::ADD};

class DescriptorCyclesRtl : public CoreTest {
 protected:
  void begin(double stall_probability = 0.0, int engines = 1) {
    start(stall_probability, {16, 16, 8, engines});
    auto predicting = std::make_unique<drivers::PredictingTransport>(std::move(transport_));
    predicting_ = predicting.get();
    owned_ = std::move(predicting);
    device_ = std::make_unique<drivers::Device>(*predicting_);
    for (int page = 0; page < kPages; ++page) load_random(page);
  }

  bool chance(int percent) { return draw(rng_, 1, 100) <= percent; }

  /// A page of any size, some of whose rows are not used or lie beyond a vector.
  drivers::TableWords random_table() {
    RandomPage page = random_page(
        {.rows = draw(rng_, 1, 16), .columns = draw(rng_, 1, 16), .inputs = draw(rng_, 1, 60)},
        rng_);
    for (auto& row : page.tables.rows) row = chance(20) ? drivers::kUnusedRow : row;
    return table_words(page.tables, device_->info().geometry);
  }

  void load_random(int page) {
    std::vector<std::uint32_t> image(
        static_cast<std::size_t>(device_->info().geometry.image_words()));
    for (auto& word : image) word = static_cast<std::uint32_t>(rng_());
    device_->load_page(page, image);
    device_->load_table(page, random_table(), static_cast<std::uint32_t>(page));
  }

  void fill(std::uint32_t word, std::size_t bytes) {
    const auto values = random_bytes(bytes, rng_);
    device_->write_words(word, drivers::pack_bytes(values, values.size()));
  }

  static DescriptorWords words_of(Opcode opcode) { return {static_cast<std::uint32_t>(opcode)}; }

  DescriptorWords random_move(Opcode opcode) {
    DescriptorWords words = words_of(opcode);
    words[word::LOAD_PAGE_PAGE] = static_cast<std::uint32_t>(draw(rng_, 0, kPages - 1));
    if (opcode == Opcode::NOP) return words_of(opcode);
    if (opcode == Opcode::LOAD_INL && chance(40)) return words;
    if (opcode == Opcode::COMMIT || opcode == Opcode::PROGRAM) {
      words[1] = kPages + 1;  // a page that no layer runs
      device_->program(kPages + 1, std::vector<std::uint32_t>(16 * 8));
    }
    if (opcode == Opcode::COMMIT) return words;
    words[word::LOAD_PAGE_SOURCE] = kStaging;
    if (opcode == Opcode::LOAD_INL) words[word::LOAD_INL_ENABLE] = 1;
    if (opcode != Opcode::LOAD_TABLE) return words;
    const auto table = random_table();
    device_->write_words(kStaging, table.words);
    words[word::LOAD_TABLE_ROWS] = static_cast<std::uint32_t>(table.rows);
    words[word::LOAD_TABLE_COLUMNS] = static_cast<std::uint32_t>(table.columns);
    return words;
  }

  void random_pages(DescriptorWords& words) {
    const int first = draw(rng_, 0, kPages - 1);
    words[word::LAYER_FIRST_PAGE] = static_cast<std::uint32_t>(first);
    words[word::LAYER_PAGES] = static_cast<std::uint32_t>(draw(rng_, 1, kPages - first));
  }

  DescriptorWords random_layer() {
    DescriptorWords words = words_of(Opcode::LAYER);
    random_pages(words);
    const int vectors = draw(rng_, 1, 4), length = draw(rng_, 1, 16);
    fill(kInput, static_cast<std::size_t>(4 * vectors * length));
    words[word::LAYER_INPUT] = kInput;
    words[word::LAYER_INPUT_WORDS] = static_cast<std::uint32_t>(length);
    words[word::LAYER_OUTPUT] = kOutput;
    words[word::LAYER_OUTPUTS] = static_cast<std::uint32_t>(draw(rng_, 1, 12));
    words[word::LAYER_VECTORS] = static_cast<std::uint32_t>(vectors);
    words[word::LAYER_INPUT_BITS] = static_cast<std::uint32_t>(draw(rng_, 1, 8));
    words[word::LAYER_FLAGS] = chance(70) ? 1 : 0;
    return words;
  }

  drivers::TensorSize random_size() {
    return {draw(rng_, 1, 5), draw(rng_, 1, 5), draw(rng_, 1, 6)};
  }

  drivers::WindowPlace random_window() {
    return {.kernel_h = draw(rng_, 1, 4),
            .kernel_w = draw(rng_, 1, 4),
            .stride_h = draw(rng_, 1, 3),
            .stride_w = draw(rng_, 1, 3),
            .pad_top = draw(rng_, 0, 2),
            .pad_left = draw(rng_, 0, 2),
            .first_row = draw(rng_, 0, 2),
            .out_height = draw(rng_, 1, 4),
            .out_width = draw(rng_, 1, 4)};
  }

  /// Tensors of `images` into both operands.
  void fill_tensors(const drivers::TensorSize& size, int images) {
    fill(kInput, 4 * size.words() * static_cast<std::size_t>(images));
    fill(kOther, 4 * size.words() * static_cast<std::size_t>(images));
    fill(kPadding, static_cast<std::size_t>(size.channels));
  }

  DescriptorWords random_convolve() {
    drivers::ConvolveDescriptor layer;
    layer.images = draw(rng_, 1, 2);
    layer.in = random_size();
    layer.window = random_window();
    layer.outputs = draw(rng_, 1, 9);
    layer.input_bits = draw(rng_, 1, 8);
    layer.skip_zero = chance(70);
    layer.add_sums = chance(40);
    layer.store_sums = chance(30);
    layer.logits = !layer.store_sums && chance(30);
    layer.code_table = !layer.store_sums && !layer.logits && chance(50);
    layer.input = kInput;
    layer.padding = kPadding;
    layer.output = layer.store_sums ? 0 : kOutput;
    layer.scales = layer.store_sums ? 0 : kBlock;
    layer.sums = layer.add_sums || layer.store_sums ? kSums : 0;
    fill_tensors(layer.in, layer.images);
    DescriptorWords words = descriptor_words(layer);
    random_pages(words);
    return words;
  }

  DescriptorWords random_digital(Opcode opcode) {
    const int images = draw(rng_, 1, 2);
    const drivers::TensorSize size = random_size();
    fill_tensors(size, images);
    const bool logits = chance(30);
    DescriptorWords words =
        opcode == Opcode::ADD
            ? descriptor_words(drivers::AddDescriptor{.a = kInput,
                                                      .b = kOther,
                                                      .output = kOutput,
                                                      .scales = kBlock,
                                                      .images = images,
                                                      .size = size,
                                                      .logits = logits})
            : descriptor_words(drivers::PoolDescriptor{.max = opcode == Opcode::MAX_POOL,
                                                       .input = kInput,
                                                       .output = kOutput,
                                                       .scales = kBlock,
                                                       .zero = draw(rng_, 0, 255),
                                                       .images = images,
                                                       .in = size,
                                                       .window = random_window(),
                                                       .logits = logits});
    // The driver's pools have no table, those of the core may.
    if (!logits && chance(50)) words[word::CONVOLVE_MODE] |= part::CONVOLVE_MODE_TABLE.place(1);
    return words;
  }

  DescriptorWords random_descriptor(Opcode opcode) {
    switch (opcode) {
      case Opcode::LAYER:
        return random_layer();
      case Opcode::CONVOLVE:
        return random_convolve();
      case Opcode::MAX_POOL:
      case Opcode::AVERAGE_POOL:
      case Opcode::ADD:
        return random_digital(opcode);
      default:
        return random_move(opcode);
    }
  }

  DescriptorCycles counted() {
    const drivers::Statistics now = device_->statistics();
    return {now.cycles_busy, now.cycles_stalled, now.column_reads, now.phases_skipped};
  }

  /// Submits descriptors with one doorbell and waits for them, or for an error.
  void run(const std::vector<DescriptorWords>& descriptors) {
    const std::uint32_t number = predicting_->read(Reg::DOORBELL);
    std::uint32_t next = number;
    for (const DescriptorWords& words : descriptors) {
      predicting_->write_window(next++ % constant::RING_ENTRIES * constant::DESCRIPTOR_WORDS,
                                words);
    }
    predicting_->write(Reg::DOORBELL, next);
    for (int i = 0; predicting_->idle(); ++i) ASSERT_LT(i, 10000) << "the core does not stop";
    const std::uint32_t error = predicting_->read(Reg::ERROR);
    ASSERT_EQ(error, 0U) << drivers::error_name(error);
    ASSERT_EQ(predicting_->read(Reg::COMPLETED), next);
    device_->restart();  // it learns of them
  }

  void compare_random(int round, Opcode opcode) {
    const DescriptorWords words = random_descriptor(opcode);
    const DescriptorCycles before = counted(), said_before = predicting_->predicted();
    run({words});
    ASSERT_EQ(predicting_->predicted() - said_before, counted() - before)
        << "round " << round << ", " << drivers::opcode_name(words[0]);
  }

  drivers::PredictingTransport* predicting_ = nullptr;
  std::unique_ptr<drivers::Transport> owned_;
};

TEST_F(DescriptorCyclesRtl, AreThoseOfEveryRandomDescriptor) {
  SCOPED_TRACE(replay_hint());
  begin();
  for (int round = 0; round < 4800 && !HasFailure(); ++round) {
    compare_random(round, kAll[static_cast<std::size_t>(round) % std::size(kAll)]);
  }
}

TEST_F(DescriptorCyclesRtl, AreThoseOfEveryRandomWriteVerify) {
  SCOPED_TRACE(replay_hint());
  begin();
  for (int round = 0; round < 150 && !HasFailure(); ++round) {
    drivers::WriteDescriptor job{.page = draw(rng_, 0, kPages - 1),
                                 .rows = draw(rng_, 1, 8),
                                 .columns = draw(rng_, 1, 8),
                                 .first_row = draw(rng_, 0, 8),
                                 .first_column = draw(rng_, 0, 8),
                                 .crossbar = random_word(rng_),
                                 .seed = random_word(rng_)};
    load_random(job.page);  // and nothing of its own in the window from here on
    const analog::PulseSettings s = random_pulse_settings(rng_);
    std::vector<drivers::CellRecord> cells(static_cast<std::size_t>(job.rows * job.columns));
    for (auto& cell : cells) cell = random_cell(rng_);
    device_->write_words(kStaging,
                         place_write(job, kStaging,
                                     {s.bottom, s.top, s.set_rate, s.reset_rate, s.verify_sigma,
                                      s.step_sigma, s.tolerance, s.budget},
                                     cells));
    const DescriptorCycles before = counted(), said_before = predicting_->predicted();
    run({descriptor_words(job)});
    ASSERT_EQ(predicting_->predicted() - said_before, counted() - before) << "round " << round;
  }
}

TEST_F(DescriptorCyclesRtl, AreThoseOfEveryRandomLayerOnTwoEngines) {
  SCOPED_TRACE(replay_hint());
  begin(0.0, 2);
  for (int round = 0; round < 800 && !HasFailure(); ++round) {
    compare_random(round, round % 2 == 0 ? Opcode::LAYER : Opcode::CONVOLVE);
  }
}

/// Full rings behind one doorbell, while the host uses the window at its leisure.
TEST_F(DescriptorCyclesRtl, AddUpOverARing) {
  SCOPED_TRACE(replay_hint());
  begin(0.3);
  for (int round = 0; round < 60; ++round) {
    std::vector<DescriptorWords> ring;
    for (int i = draw(rng_, 2, 8); i > 0; --i) {
      // One layer at most: they share their operands.
      const Opcode quick[] = {Opcode::NOP, Opcode::LOAD_PAGE, Opcode::LOAD_INL, Opcode::STORE_PAGE};
      ring.push_back(random_descriptor(quick[rng_() % std::size(quick)]));
    }
    ring[rng_() % ring.size()] = random_descriptor(kAll[6 + rng_() % 6]);
    const DescriptorCycles before = counted(), said_before = predicting_->predicted();
    run(ring);
    ASSERT_EQ(predicting_->predicted() - said_before, counted() - before) << "round " << round;
  }
}

TEST_F(DescriptorCyclesRtl, CountTheCheckOfRefusedDescriptors) {
  begin();
  for (const Opcode opcode : kAll) {
    for (const std::uint32_t wrong : {1U, 2U}) {
      DescriptorWords words = random_descriptor(opcode);
      const bool tensors = opcode >= Opcode::CONVOLVE;
      if (wrong == 1 && tensors) words[word::CONVOLVE_MODE] &= 0xFFFFU;  // no images
      if (wrong == 1 && !tensors) words[word::LAYER_FLAGS] |= 1U << 31;  // reserved
      if (wrong == 2) words[0] = 12 + static_cast<std::uint32_t>(rng_() % 100);
      const DescriptorCycles before = counted(), said_before = predicting_->predicted();
      const std::uint32_t number = predicting_->read(Reg::DOORBELL);
      predicting_->write_window(number % constant::RING_ENTRIES * constant::DESCRIPTOR_WORDS,
                                words);
      predicting_->write(Reg::DOORBELL, number + 1);
      while (predicting_->idle()) {
      }
      ASSERT_NE(predicting_->read(Reg::ERROR), 0U) << drivers::opcode_name(words[0]);
      device_->restart();
      EXPECT_EQ(predicting_->predicted() - said_before, counted() - before)
          << drivers::opcode_name(words[0]);
      EXPECT_EQ(drivers::refused_cycles(words), counted() - before);
    }
  }
}

TEST_F(DescriptorCyclesRtl, StartAgainWithASoftReset) {
  begin();
  device_->soft_reset();
  EXPECT_EQ(counted(), DescriptorCycles{});
  EXPECT_EQ(predicting_->predicted(), DescriptorCycles{});
  load_random(0);
  EXPECT_GT(counted().busy, 0U);
  EXPECT_EQ(predicting_->predicted(), counted());
}

}  // namespace
}  // namespace crossloop::testing_support
