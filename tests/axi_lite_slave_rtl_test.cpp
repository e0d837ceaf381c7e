// rtl/axi_lite_slave.v between a random host and a random user, both stalling at will.
#include <Vaxi_lite_slave.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>

#include "testbench/dut.hpp"
#include "tests/rtl_random.hpp"

namespace crossloop {
namespace {

using testing_support::chance;
using Slave = testbench::Dut<Vaxi_lite_slave>;

constexpr int kOkay = 0, kSlaveError = 2;
/// The user behind the slave refuses this part of its addresses.
constexpr std::uint32_t kRefused = 0x1000;

struct Write {
  std::uint32_t address, data, strobe;
};

void rest(Vaxi_lite_slave& m) {
  m.awvalid_i = m.wvalid_i = m.arvalid_i = m.bready_i = m.rready_i = m.wstrb_i = 0;
  m.write_ready_i = m.write_error_i = m.read_ready_i = m.read_error_i = 0;
  m.awaddr_i = m.araddr_i = m.wdata_i = m.read_data_i = 0;
}

/// Behind the slave: takes requests when it likes, answers reads one cycle later.
class User {
 public:
  explicit User(std::mt19937& rng, unsigned percent) : rng_(rng), percent_(percent) {}

  void drive(Slave& dut) {
    dut->write_ready_i = chance(rng_, percent_);
    dut->read_ready_i = chance(rng_, percent_);
    dut.settle();
    dut->write_error_i = dut->write_addr_o >= kRefused;
    dut->read_data_i = answer_;
    dut->read_error_i = answer_error_;
    dut.settle();
  }

  /// Before the clock edge: what it takes.
  void sample(Slave& dut) {
    if (dut->write_valid_o && dut->write_ready_i) {
      writes.push_back({dut->write_addr_o, dut->write_data_o, 15});
    }
    answer_ = static_cast<std::uint32_t>(rng_());  // only the cycle after a request counts
    answer_error_ = rng_() % 2 == 0;
    if (dut->read_valid_o && dut->read_ready_i) {
      answer_ = dut->read_addr_o * 3;
      answer_error_ = dut->read_addr_o >= kRefused;
      reads.push_back(dut->read_addr_o);
    }
  }

  std::vector<Write> writes;
  std::vector<std::uint32_t> reads;

 private:
  std::mt19937& rng_;
  unsigned percent_;
  std::uint32_t answer_ = 0;
  bool answer_error_ = false;
};

std::uint32_t random_address(std::mt19937& rng) {
  const auto address = static_cast<std::uint32_t>(rng() % (2 * kRefused));
  return rng() % 8 == 0 ? address : address & ~3U;  // some are not a multiple of 4
}

bool shown(const Write& write) { return write.strobe == 15 && write.address % 4 == 0; }

/// Sends `count` writes and reads at once and checks order, data and responses.
void exchange(std::size_t count, unsigned host_percent, unsigned user_percent) {
  SCOPED_TRACE(testing_support::replay_hint() + ", host " + std::to_string(host_percent) +
               " %, user " + std::to_string(user_percent) + " %");
  std::mt19937 rng(static_cast<std::uint32_t>(testing_support::bench_seed()));
  std::vector<Write> writes;
  std::vector<std::uint32_t> reads;
  for (std::size_t i = 0; i < count; ++i) {
    writes.push_back({random_address(rng), static_cast<std::uint32_t>(rng()),
                      rng() % 8 == 0 ? static_cast<std::uint32_t>(rng() % 16) : 15});
    reads.push_back(random_address(rng));
  }
  Slave dut(testing_support::bench_seed(), rest);
  User user(rng, user_percent);
  std::size_t aw = 0, w = 0, b = 0, ar = 0, r = 0;
  while (b < count || r < count) {
    ASSERT_LT(dut.cycles(), 100 * count + 1000) << "stalled after " << b << " and " << r;
    if (!dut->awvalid_i && aw < count && chance(rng, host_percent)) {
      dut->awvalid_i = 1;
      dut->awaddr_i = writes[aw].address;
    }
    if (!dut->wvalid_i && w < count && chance(rng, host_percent)) {
      dut->wvalid_i = 1;
      dut->wdata_i = writes[w].data;
      dut->wstrb_i = writes[w].strobe & 15;
    }
    if (!dut->arvalid_i && ar < count && chance(rng, host_percent)) {
      dut->arvalid_i = 1;
      dut->araddr_i = reads[ar];
    }
    const int held = dut->awready_o << 4 | dut->wready_o << 3 | dut->bvalid_o << 2 |
                     dut->arready_o << 1 | dut->rvalid_o;
    dut->bready_i = chance(rng, host_percent);
    dut->rready_i = chance(rng, host_percent);
    user.drive(dut);
    ASSERT_EQ(held, dut->awready_o << 4 | dut->wready_o << 3 | dut->bvalid_o << 2 |
                        dut->arready_o << 1 | dut->rvalid_o)
        << "an output follows an input within the cycle";
    user.sample(dut);
    if (dut->bvalid_o && dut->bready_i) {
      ASSERT_TRUE(b < aw && b < w) << "a response before its write";
      const bool good = shown(writes[b]) && writes[b].address < kRefused;
      ASSERT_EQ(dut->bresp_o, good ? kOkay : kSlaveError) << "write " << b;
      ++b;
    }
    if (dut->rvalid_o && dut->rready_i) {
      const bool good = reads[r] % 4 == 0 && reads[r] < kRefused;
      ASSERT_EQ(dut->rresp_o, good ? kOkay : kSlaveError) << "read " << r;
      ASSERT_EQ(dut->rdata_o, good ? reads[r] * 3 : 0) << "read " << r;
      ++r;
    }
    const bool aw_taken = dut->awvalid_i && dut->awready_o;
    const bool w_taken = dut->wvalid_i && dut->wready_o;
    const bool ar_taken = dut->arvalid_i && dut->arready_o;
    dut.tick();
    aw += aw_taken;
    w += w_taken;
    ar += ar_taken;
    if (aw_taken) dut->awvalid_i = 0;
    if (w_taken) dut->wvalid_i = 0;
    if (ar_taken) dut->arvalid_i = 0;
  }
  std::erase_if(writes, [](const Write& write) { return !shown(write); });
  std::erase_if(reads, [](std::uint32_t address) { return address % 4 != 0; });
  ASSERT_EQ(user.writes.size(), writes.size());
  for (std::size_t i = 0; i < writes.size(); ++i) {
    ASSERT_EQ(user.writes[i].address, writes[i].address) << "write " << i;
    ASSERT_EQ(user.writes[i].data, writes[i].data) << "write " << i;
  }
  ASSERT_EQ(user.reads, reads);
}

TEST(AxiLiteSlaveRtl, KeepsOrderDataAndResponsesUnderAnyBackPressure) {
  for (const unsigned host : {100U, 70U, 25U}) {
    for (const unsigned user : {100U, 60U, 20U}) {
      ASSERT_NO_FATAL_FAILURE(exchange(1500, host, user));
    }
  }
}

TEST(AxiLiteSlaveRtl, TakesOneWriteACycle) {
  Slave dut(testing_support::bench_seed(), rest);
  dut->awvalid_i = dut->wvalid_i = dut->bready_i = dut->write_ready_i = 1;
  dut->wstrb_i = 15;
  int responses = 0;
  for (int i = 0; i < 101; ++i) {
    dut.settle();
    responses += dut->bvalid_o;
    dut.tick();
  }
  EXPECT_EQ(responses, 100);
}

TEST(AxiLiteSlaveRtl, TakesOneReadInTwoCycles) {
  Slave dut(testing_support::bench_seed(), rest);
  dut->arvalid_i = dut->rready_i = dut->read_ready_i = 1;
  int responses = 0;
  for (int i = 0; i < 102; ++i) {
    dut.settle();
    responses += dut->rvalid_o;
    dut.tick();
  }
  EXPECT_EQ(responses, 50);
}

}  // namespace
}  // namespace crossloop
