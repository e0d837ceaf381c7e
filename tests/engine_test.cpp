#include "host/engine/engine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "host/engine/requantiser.hpp"
#include "host/error.hpp"
#include "tests/random_layers.hpp"

namespace crossloop::engine {
namespace {

using testing_support::draw;
using testing_support::random_bytes;
using testing_support::random_page;
using testing_support::RandomPage;
using testing_support::RandomPageOptions;
using testing_support::reference_run;

class EngineOn : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { ::setenv("CROSSLOOP_ENGINE", GetParam(), 1); }
  void TearDown() override { ::unsetenv("CROSSLOOP_ENGINE"); }
};

TEST_P(EngineOn, EqualsTheReferenceToTheLastBit) {
  const int seed = ::testing::UnitTest::GetInstance()->random_seed();
  SCOPED_TRACE("replay with --gtest_random_seed=" + std::to_string(seed));
  std::mt19937 rng(static_cast<unsigned>(seed));
  for (int round = 0; round < 60; ++round) {
    RandomPageOptions options;
    options.rows = draw(rng, 1, 130);
    options.columns = draw(rng, 1, 100);
    options.code_bits = draw(rng, 4, 12);
    options.noisy = draw(rng, 0, 1) == 1;
    options.wide_adc = draw(rng, 0, 1) == 1;
    Engine engine({.threads = draw(rng, 1, 3)});
    const analog::InlTable inl = testing_support::random_inl(rng);
    std::vector<RandomPage> pages;
    for (int p = draw(rng, 1, 3); p > 0; --p) pages.push_back(random_page(options, rng));
    Job job;
    job.inputs = options.inputs;
    job.outputs = options.outputs;
    job.settings = {draw(rng, 1, 8), draw(rng, 0, 1) == 1, static_cast<std::uint32_t>(rng())};
    job.first_vector = static_cast<std::uint32_t>(rng());
    for (std::size_t p = 0; p < pages.size(); ++p) {
      const std::int32_t crossbar = draw(rng, 0, 1000) * 3 + static_cast<std::int32_t>(p);
      engine.load(crossbar, options.rows, options.columns, pages[p].codes);
      job.pages.push_back({crossbar, &pages[p].tables, draw(rng, 0, 1) == 1 ? &inl : nullptr});
    }
    const auto vectors = random_bytes(static_cast<std::size_t>(options.inputs * 40), rng);
    const JobResult expected = reference_run(pages, job, vectors);
    const JobResult got = engine.run(job, vectors);
    ASSERT_EQ(got.accumulators, expected.accumulators) << "round " << round;
    ASSERT_EQ(got.counters, expected.counters) << "round " << round;
  }
}

/// Codes whose sums come near the ends of 16 bits; gains of 2^g, shifts g + `right`, and offsets of
/// up to `reach` sums.
RandomPage power_of_two_page(int right, int reach, std::mt19937& rng) {
  RandomPageOptions options{
      .rows = 60, .columns = 40, .code_bits = 9, .noisy = draw(rng, 0, 1) == 1};
  RandomPage page = random_page(options, rng);
  for (auto& code : page.codes) code = static_cast<std::uint16_t>(draw(rng, 450, 511));
  for (auto& column : page.tables.columns) {
    const int exponent = draw(rng, 0, 8);
    column.gain = 1 << exponent;
    column.shift = exponent + right;
    column.bits = draw(rng, 1, 8);
    column.reference = draw(rng, 0, 1) * draw(rng, 0, 500);
    column.offset = draw(rng, -reach, reach) * column.gain + draw(rng, 0, column.gain - 1);
  }
  return page;
}

TEST_P(EngineOn, ConvertsByShiftsAtTheEndsOf16Bits) {
  std::mt19937 rng(3);
  for (int round = 0; round < 60; ++round) {
    const int reach = draw(rng, 0, 3) == 0 ? 40'000 : 8'000;
    const RandomPage page = power_of_two_page(draw(rng, 0, 10), reach, rng);
    Engine engine({.threads = 1});
    engine.load(1, 60, 40, page.codes);
    Job job;
    job.inputs = 40;
    job.outputs = 8;
    job.settings = {8, draw(rng, 0, 1) == 1, static_cast<std::uint32_t>(rng())};
    job.pages = {{1, &page.tables}};
    std::vector<std::uint8_t> vectors(40 * 30);
    for (auto& byte : vectors) byte = static_cast<std::uint8_t>(rng() | rng() | rng());
    const JobResult expected = reference_run({page}, job, vectors);
    const JobResult got = engine.run(job, vectors);
    ASSERT_EQ(got.accumulators, expected.accumulators) << "round " << round;
    ASSERT_EQ(got.counters, expected.counters) << "round " << round;
  }
}

INSTANTIATE_TEST_SUITE_P(InstructionSets, EngineOn,
                         ::testing::Values("plain", "avx2", "avx512", ""), [](const auto& set) {
                           return set.param[0] == 0 ? std::string("best") : std::string(set.param);
                         });

class EngineJob : public ::testing::Test {
 protected:
  EngineJob() {
    rng_.seed(7);
    page_ = random_page({.rows = 8, .columns = 6, .inputs = 10, .outputs = 4}, rng_);
    engine_.load(3, 8, 6, page_.codes);
    job_.pages = {{3, &page_.tables}};
    job_.inputs = 10;
    job_.outputs = 4;
  }
  std::mt19937 rng_{1};
  RandomPage page_;
  Engine engine_;
  Job job_;
  std::vector<std::uint8_t> vectors_ = random_bytes(4000, rng_);
};

TEST_F(EngineJob, DoesNotDependOnTheNumberOfThreads) {
  Engine one({.threads = 1});
  one.load(3, 8, 6, page_.codes);
  EXPECT_EQ(one.run(job_, vectors_).accumulators, engine_.run(job_, vectors_).accumulators);
}

TEST_F(EngineJob, RoundsHalfUpUnlessTheFaultIsPlanted) {
  Engine faulty({.threads = 1, .fault = Fault::kAdcTruncates});
  faulty.load(3, 8, 6, page_.codes);
  EXPECT_NE(faulty.run(job_, vectors_).accumulators, engine_.run(job_, vectors_).accumulators);
}

TEST_F(EngineJob, BendsItsCodesByTheInlTableAndIgnoresOneOfZeros) {
  const auto straight = engine_.run(job_, vectors_);
  analog::InlTable inl{};
  job_.pages[0].inl = &inl;
  EXPECT_EQ(engine_.run(job_, vectors_).accumulators, straight.accumulators);
  inl.fill(1);
  const auto bent = engine_.run(job_, vectors_);
  EXPECT_NE(bent.accumulators, straight.accumulators);
  EXPECT_EQ(bent.counters, straight.counters);  // clipping is counted before it
}

TEST_F(EngineJob, RefusesACrossbarThatWasNeverProgrammed) {
  job_.pages[0].crossbar = 4;
  EXPECT_THROW(engine_.run(job_, vectors_), InputError);
}

TEST_F(EngineJob, RefusesTablesOfAnotherSizeAndIndicesOutside) {
  auto tables = page_.tables;
  tables.rows.pop_back();
  job_.pages[0].tables = &tables;
  EXPECT_THROW(engine_.run(job_, vectors_), InputError);
  tables = page_.tables;
  tables.rows[2] = 10;
  EXPECT_THROW(engine_.run(job_, vectors_), InputError);
  tables = page_.tables;
  tables.columns[5].output = 4;
  EXPECT_THROW(engine_.run(job_, vectors_), InputError);
}

TEST_F(EngineJob, RefusesHalfAVector) {
  vectors_.pop_back();
  EXPECT_THROW(engine_.run(job_, vectors_), InputError);
}

TEST(Requantiser, EqualsRequantiseOfEveryAccumulator) {
  std::mt19937 rng(1);
  for (int outputs = 1; outputs < 40; ++outputs) {
    std::vector<OutputScale> scales;
    std::vector<std::int32_t> accumulators, expected, got(static_cast<std::size_t>(outputs));
    const OutputRange range{.zero = draw(rng, 0, 100), .low = draw(rng, 0, 9), .high = 255};
    for (int o = 0; o < outputs; ++o) {
      scales.push_back({.bias = static_cast<std::int32_t>(rng()),
                        .multiplier = draw(rng, 0, 65535),
                        .shift = draw(rng, 0, 47)});
      accumulators.push_back(static_cast<std::int32_t>(rng()));
      expected.push_back(requantise(accumulators.back(), scales.back(), range));
    }
    Requantiser(scales, range)(accumulators.data(), got.data());
    EXPECT_EQ(got, expected);
  }
}

}  // namespace
}  // namespace crossloop::engine
