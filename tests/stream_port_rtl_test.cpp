// rtl/stream_port.v between random streams, a random AXI4-Lite slave and a window,
// against a plain model.
#include <Vstream_port.h>
#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <vector>

#include "testbench/dut.hpp"
#include "tests/rtl_random.hpp"

namespace crossloop {
namespace {

using testing_support::bench_seed;
using testing_support::chance;
using testing_support::random_word;

constexpr std::uint32_t kWords = DUT_WORDS;

void rest(Vstream_port& m) {
  m.clear_i = m.set_write_i = m.set_read_i = m.start_i = 0;
  m.s_valid_i = m.m_ready_i = m.lite_write_valid_i = m.lite_read_valid_i = 0;
  m.value_i = m.lite_write_addr_i = m.lite_read_addr_i = 0;
  m.s_data_i = m.window_rdata_i = m.lite_write_data_i = 0;
}

/// How often each side wants something in a cycle, in percent.
struct Rates {
  unsigned in = 0, out = 0, lite = 0;
};

struct Write {
  std::uint32_t word, value;
};

class StreamPortRtl : public ::testing::Test {
 protected:
  StreamPortRtl() {
    for (auto& value : memory_) value = random_word(rng_);
    expected_ = memory_;
  }

  // Registers, as whoever decodes them sets them.
  void set_write(std::uint32_t word) {
    pulse(dut_->set_write_i, word);
    write_ = word;
    overrun_ = false;
  }
  void send(std::uint32_t word, std::uint32_t length) {
    pulse(dut_->set_read_i, word);
    read_ = word;
    pulse(dut_->start_i, length);
    left_ = to_fetch_ = length;
    cut_ = false;
  }
  void soft_reset() {
    pulse(dut_->clear_i, 0);
    left_ = offered_ ? 1 : 0;
    fetched_.resize(left_);
    write_ = read_ = to_fetch_ = 0;
    overrun_ = false;
    cut_ = true;
  }

  /// One clock cycle: every side drives, everything seen is held against the model.
  void cycle() {
    drive();
    dut_.settle();
    ASSERT_NO_FATAL_FAILURE(check_registers());
    const std::size_t owed_before = owed_.size();
    const bool in = dut_->s_valid_i && dut_->s_ready_o;
    if (in) ++accepted_in_;
    if (in && write_ == kWords) overrun_ = true;
    if (in && write_ < kWords) owed_.push_back({write_++, dut_->s_data_i});
    ASSERT_NO_FATAL_FAILURE(check_window());
    ASSERT_LE(owed_.size(), owed_before == 0 ? 1U : 0U) << "a word waits for more than a cycle";
    ASSERT_NO_FATAL_FAILURE(check_out());
    const bool wrote = dut_->lite_write_valid_i && dut_->lite_write_ready_o;
    const bool read = dut_->lite_read_valid_i && dut_->lite_read_ready_o;
    lite_writes_ += wrote;
    lite_reads_ += read;
    dut_.tick();
    dut_->window_rdata_i = rdata_;
    if (in) dut_->s_valid_i = 0;
    if (wrote) dut_->lite_write_valid_i = 0;
    if (read) dut_->lite_read_valid_i = 0;
  }

  void cycles(int count) {
    for (int i = 0; i < count; ++i) ASSERT_NO_FATAL_FAILURE(cycle());
  }

  /// Until nothing is on its way any more.
  void drain() {
    rates_ = {.in = 0, .out = 100, .lite = 0};
    cycles(200);
    EXPECT_EQ(left_, 0U);
    EXPECT_EQ(dut_->left_o, 0U);
    EXPECT_TRUE(fetched_.empty());
    EXPECT_TRUE(owed_.empty());
    EXPECT_EQ(memory_, expected_);
  }

  std::mt19937 rng_{static_cast<std::uint32_t>(bench_seed())};
  testbench::Dut<Vstream_port> dut_{bench_seed(), rest};
  Rates rates_;
  std::vector<std::uint32_t> memory_ = std::vector<std::uint32_t>(kWords);
  std::vector<std::uint32_t> expected_;
  std::uint32_t write_ = 0, read_ = 0, left_ = 0, to_fetch_ = 0;
  bool overrun_ = false;
  std::uint64_t accepted_in_ = 0, accepted_out_ = 0, lite_writes_ = 0, lite_reads_ = 0;

 private:
  template <class Pin>
  void pulse(Pin& pin, std::uint32_t value) {
    pin = 1;
    dut_->value_i = static_cast<CData>(value);
    cycle();
    pin = 0;
  }

  void drive() {
    if (!dut_->s_valid_i && chance(rng_, rates_.in)) {
      dut_->s_valid_i = 1;
      dut_->s_data_i = random_word(rng_);
    }
    dut_->m_ready_i = chance(rng_, rates_.out);
    if (!dut_->lite_write_valid_i && chance(rng_, rates_.lite)) {
      dut_->lite_write_valid_i = 1;
      dut_->lite_write_addr_i = static_cast<CData>(random_word(rng_) % kWords);
      dut_->lite_write_data_i = random_word(rng_);
    }
    if (!dut_->lite_read_valid_i && chance(rng_, rates_.lite)) {
      dut_->lite_read_valid_i = 1;
      dut_->lite_read_addr_i = static_cast<CData>(random_word(rng_) % kWords);
    }
  }

  void check_registers() {
    ASSERT_EQ(dut_->write_word_o, write_);
    ASSERT_EQ(dut_->read_word_o, read_);
    ASSERT_EQ(dut_->left_o, left_);
    ASSERT_EQ(static_cast<bool>(dut_->overrun_o), overrun_);
  }

  /// The access of this cycle belongs to one side, and to its next word.
  void check_window() {
    const bool lite_write = dut_->lite_write_valid_i && dut_->lite_write_ready_o;
    const bool lite_read = dut_->lite_read_valid_i && dut_->lite_read_ready_o;
    const std::uint32_t word = dut_->window_addr_o;
    ASSERT_FALSE(lite_write && lite_read);
    if (!dut_->window_en_o) {
      ASSERT_FALSE(lite_write || lite_read);
      return;
    }
    ASSERT_LT(word, kWords);
    if (lite_write) {
      ASSERT_TRUE(dut_->window_we_o);
      ASSERT_EQ(word, dut_->lite_write_addr_i);
      ASSERT_EQ(dut_->window_wdata_o, dut_->lite_write_data_i);
      expected_[word] = dut_->window_wdata_o;
    } else if (dut_->window_we_o) {
      ASSERT_FALSE(owed_.empty()) << "word " << word << " from nowhere";
      ASSERT_EQ(word, owed_.front().word);
      ASSERT_EQ(dut_->window_wdata_o, owed_.front().value);
      expected_[word] = owed_.front().value;
      owed_.pop_front();
    } else if (lite_read) {
      ASSERT_EQ(word, dut_->lite_read_addr_i);
    } else {
      ASSERT_GT(to_fetch_, 0U) << "word " << word << " read for nobody";
      ASSERT_EQ(word, read_);
      fetched_.push_back(memory_[word]);
      ++read_;
      --to_fetch_;
    }
    if (dut_->window_we_o)
      memory_[word] = dut_->window_wdata_o;
    else
      rdata_ = memory_[word];
  }

  void check_out() {
    if (offered_) {
      ASSERT_TRUE(dut_->m_valid_o) << "an offer was taken back";
      ASSERT_EQ(dut_->m_data_o, offer_.value);
      ASSERT_EQ(dut_->m_last_o, offer_.word);
    }
    const bool valid = dut_->m_valid_o;
    if (valid) {
      ASSERT_FALSE(fetched_.empty());
      ASSERT_EQ(dut_->m_data_o, fetched_.front());
      ASSERT_TRUE(cut_ || static_cast<bool>(dut_->m_last_o) == (left_ == 1));
      offer_ = {dut_->m_last_o, dut_->m_data_o};
      if (dut_->m_ready_i) {
        fetched_.pop_front();
        --left_;
        ++accepted_out_;
      }
    }
    offered_ = valid && !dut_->m_ready_i;
  }

  std::deque<Write> owed_;             // accepted, not in the window yet
  std::deque<std::uint32_t> fetched_;  // read, not accepted yet
  std::uint32_t rdata_ = 0;
  bool offered_ = false, cut_ = false;
  Write offer_{};
};

TEST_F(StreamPortRtl, KeepsEveryWordUnderAnyBackPressureAndTraffic) {
  SCOPED_TRACE(testing_support::replay_hint());
  for (const unsigned in : {100U, 60U, 15U}) {
    for (const unsigned out : {100U, 60U, 15U}) {
      for (const unsigned lite : {0U, 20U, 100U}) {
        SCOPED_TRACE(std::to_string(in) + " % in, " + std::to_string(out) + " % out, " +
                     std::to_string(lite) + " % lite");
        for (int round = 0; round < 20; ++round) {
          rates_ = {in, out, lite};
          const std::uint32_t from = random_word(rng_) % kWords;
          ASSERT_NO_FATAL_FAILURE(set_write(random_word(rng_) % kWords));
          ASSERT_NO_FATAL_FAILURE(send(from, random_word(rng_) % (kWords - from + 1)));
          while (left_ > 0) ASSERT_NO_FATAL_FAILURE(cycle());
        }
        ASSERT_NO_FATAL_FAILURE(drain());
      }
    }
  }
}

TEST_F(StreamPortRtl, DropsWordsBeyondTheWindowUntilItHasANewPlace) {
  ASSERT_NO_FATAL_FAILURE(set_write(kWords - 3));
  rates_.in = 100;
  ASSERT_NO_FATAL_FAILURE(cycles(3));
  EXPECT_FALSE(overrun_);
  ASSERT_NO_FATAL_FAILURE(cycles(4));
  EXPECT_TRUE(overrun_);
  EXPECT_EQ(write_, kWords);
  ASSERT_NO_FATAL_FAILURE(drain());
  ASSERT_TRUE(dut_->overrun_o);
  ASSERT_NO_FATAL_FAILURE(set_write(0));
  ASSERT_NO_FATAL_FAILURE(cycle());
  EXPECT_FALSE(dut_->overrun_o);
}

TEST_F(StreamPortRtl, FinishesTheWordOnOfferWhenATransferIsCutOff) {
  SCOPED_TRACE(testing_support::replay_hint());
  int offered = 0;
  for (int round = 0; round < 400; ++round) {
    rates_ = {random_word(rng_) % 101, random_word(rng_) % 101, random_word(rng_) % 101};
    ASSERT_NO_FATAL_FAILURE(set_write(random_word(rng_) % kWords));
    ASSERT_NO_FATAL_FAILURE(send(random_word(rng_) % 50, 1 + random_word(rng_) % 50));
    ASSERT_NO_FATAL_FAILURE(cycles(static_cast<int>(random_word(rng_) % 40)));
    ASSERT_NO_FATAL_FAILURE(soft_reset());
    offered += left_ == 1;
    ASSERT_NO_FATAL_FAILURE(cycles(3));
    ASSERT_NO_FATAL_FAILURE(drain());
  }
  EXPECT_GT(offered, 100);
}

TEST_F(StreamPortRtl, TakesAWordACycle) {
  rates_.in = 100;
  ASSERT_NO_FATAL_FAILURE(cycles(static_cast<int>(kWords)));
  EXPECT_EQ(accepted_in_, kWords);
  EXPECT_EQ(dut_->write_word_o, kWords);
}

TEST_F(StreamPortRtl, SendsAWordACycleAndAfterEveryStall) {
  rates_.out = 100;
  ASSERT_NO_FATAL_FAILURE(send(0, kWords));
  ASSERT_NO_FATAL_FAILURE(cycles(2));
  ASSERT_EQ(accepted_out_, 0U);
  ASSERT_NO_FATAL_FAILURE(cycles(20));
  ASSERT_EQ(accepted_out_, 20U);
  rates_.out = 0;
  ASSERT_NO_FATAL_FAILURE(cycles(5));
  rates_.out = 100;  // both entries are full: no gap behind the stall
  ASSERT_NO_FATAL_FAILURE(cycles(30));
  EXPECT_EQ(accepted_out_, 50U);
}

TEST_F(StreamPortRtl, LetsNobodyStarve) {
  rates_ = {100, 100, 100};
  for (int round = 0; round < 50; ++round) {
    ASSERT_NO_FATAL_FAILURE(set_write(0));
    ASSERT_NO_FATAL_FAILURE(send(0, 20));
    while (left_ > 0) ASSERT_NO_FATAL_FAILURE(cycle());
  }
  // Half of the turns are of the incoming stream, half of the others of the outgoing one.
  const auto total = static_cast<double>(dut_.cycles());
  EXPECT_GT(static_cast<double>(accepted_in_) / total, 0.45);
  EXPECT_GT(static_cast<double>(accepted_out_) / total, 0.20);
  EXPECT_GT(static_cast<double>(lite_writes_) / total, 0.11);
  EXPECT_GT(static_cast<double>(lite_reads_) / total, 0.11);
}

}  // namespace
}  // namespace crossloop
