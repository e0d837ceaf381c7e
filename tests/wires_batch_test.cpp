// Many arrays on all cores, and the limits of one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <limits>
#include <thread>

#include "host/analog/wires.hpp"
#include "host/error.hpp"
#include "tests/random_arrays.hpp"

namespace crossloop::analog {
namespace {

using Eigen::MatrixXd;
using testing_support::random_cells;

const Wires kBothSides = {.two_sided_drive = true, .two_sided_sense = true};

/// Arrays of all shapes, large ones before small ones, so that scratch memory is reused.
std::vector<MatrixXd> many_arrays() {
  std::mt19937 rng(1);
  std::vector<MatrixXd> arrays;
  for (int k = 0; k < 40; ++k) {
    arrays.push_back(
        random_cells(1 + static_cast<int>(rng() % 70), 1 + static_cast<int>(rng() % 70), rng));
  }
  return arrays;
}

template <class Exception = InputError, class Action>
std::string error_of(const Action& action) {
  try {
    action();
  } catch (const Exception& error) {
    return error.what();
  }
  return "no error";
}

TEST(EffectiveConductances, AreThoseOfEachArrayAloneOnAnyNumberOfThreads) {
  const std::vector<MatrixXd> arrays = many_arrays();
  std::vector<MatrixXd> alone;
  for (const MatrixXd& g : arrays) alone.push_back(effective_conductance(g, kBothSides));
  for (const int threads : {0, 1, 2, 3, 100}) {
    EXPECT_EQ(effective_conductances(arrays, kBothSides, threads), alone) << threads;
  }
  EXPECT_TRUE(effective_conductances({}, kBothSides).empty());
}

TEST(WireSolver, KeepsNothingOfAnArrayButItsMemory) {
  std::mt19937 rng(2);
  const MatrixXd large = random_cells(40, 60, rng);
  const MatrixXd small = random_cells(9, 20, rng);
  WireSolver solver(kBothSides);
  EXPECT_EQ(solver.scratch_bytes(), 0u);
  solver.solve(large);
  const std::size_t held = solver.scratch_bytes();
  EXPECT_GT(held, 0u);
  EXPECT_EQ(solver.solve(small), effective_conductance(small, kBothSides));
  EXPECT_EQ(solver.scratch_bytes(), held);
  EXPECT_EQ(solver.solve(large), effective_conductance(large, kBothSides));
  EXPECT_EQ(solver.scratch_bytes(), held);
}

TEST(SolveArrays, MakesAndUsesEveryArrayOnce) {
  std::mt19937 rng(3);
  const MatrixXd g = random_cells(8, 8, rng);
  std::vector<std::atomic<int>> made(50), used(50);
  const ArrayStream arrays = {.count = 50,
                              .cells =
                                  [&](std::size_t array) {
                                    ++made[array];
                                    return g;
                                  },
                              .use = [&](std::size_t array, const MatrixXd&) { ++used[array]; }};
  solve_arrays(arrays, kBothSides, 4);
  for (std::size_t array = 0; array < 50; ++array) {
    EXPECT_EQ(made[array], 1) << array;
    EXPECT_EQ(used[array], 1) << array;
  }
}

TEST(SolveArrays, FailsAsTheFirstArrayThatFails) {
  std::vector<MatrixXd> arrays = many_arrays();
  arrays[7](0, 0) = -1.0;
  arrays[8](0, 0) = -2.0;
  arrays[31](0, 0) = std::numeric_limits<double>::quiet_NaN();
  for (const int threads : {1, 2, 8}) {
    EXPECT_THAT(error_of([&] { effective_conductances(arrays, kBothSides, threads); }),
                ::testing::StartsWith("array 7: cell (0, 0): found -1"))
        << threads;
  }
}

TEST(SolveArrays, FailsAsTheFirstArrayThatFailsThoughALaterOneFailsSooner) {
  std::atomic<bool> later_failed = false;
  const ArrayStream arrays = {.count = 2,
                              .cells = [&](std::size_t array) -> MatrixXd {
                                if (array == 1) later_failed = true;
                                while (!later_failed) std::this_thread::yield();
                                if (array == 0)
                                  std::this_thread::sleep_for(std::chrono::milliseconds(20));
                                throw std::runtime_error("no cells for " + std::to_string(array));
                              },
                              .use = [](std::size_t, const MatrixXd&) {}};
  EXPECT_EQ(error_of<std::runtime_error>([&] { solve_arrays(arrays, kBothSides, 2); }),
            "no cells for 0");
}

TEST(SolveArrays, PassesOnWhatTheCallerThrowsAndStops) {
  std::size_t made = 0;
  const ArrayStream arrays = {.count = 20,
                              .cells =
                                  [&](std::size_t) {
                                    ++made;
                                    return MatrixXd::Constant(2, 2, 1.0);
                                  },
                              .use =
                                  [](std::size_t array, const MatrixXd&) {
                                    if (array == 5) throw std::runtime_error("disk full");
                                  }};
  EXPECT_EQ(error_of<std::runtime_error>([&] { solve_arrays(arrays, kBothSides, 1); }),
            "disk full");
  EXPECT_EQ(made, 6u);
}

TEST(EffectiveConductance, RefusesSizesNoArrayHas) {
  const auto error = [](Eigen::Index rows, Eigen::Index columns) {
    return error_of(
        [&] { effective_conductance(MatrixXd::Constant(rows, columns, 1.0), kBothSides); });
  };
  const std::string expected = " cells, expected 1 to 1024 rows and columns";
  EXPECT_EQ(error(0, 5), "array: found 0x5" + expected);
  EXPECT_EQ(error(5, 0), "array: found 5x0" + expected);
  EXPECT_EQ(error(0, 0), "array: found 0x0" + expected);
  EXPECT_EQ(error(1025, 1), "array: found 1025x1" + expected);
  EXPECT_EQ(error(1, 1025), "array: found 1x1025" + expected);
}

TEST(EffectiveConductance, TakesTheLongestLines) {
  const MatrixXd g = MatrixXd::Constant(3, 1024, 20.0);
  EXPECT_LT(testing_support::relative_error(effective_conductance(g, kBothSides),
                                            effective_conductance_reference(g, kBothSides)),
            1e-10);
}

}  // namespace
}  // namespace crossloop::analog
