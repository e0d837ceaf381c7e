#include "host/runtime/board.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <fstream>

#include "host/error.hpp"

namespace crossloop::runtime {
namespace {

using compiler::Deployment;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::ThrowsMessage;

namespace fs = std::filesystem;

/// Layers of so many crossbars each, 64 x 64 codes of 8 bits.
Deployment with_crossbars(const std::vector<int>& counts) {
  Deployment deployment;
  deployment.tile.code.bits = 8;
  for (const int count : counts) {
    compiler::Layer layer;
    layer.outputs = 8;
    layer.inputs_per_output = 64;
    for (int i = 0; i < count; ++i) {
      layer.crossbars.push_back(static_cast<std::int32_t>(deployment.crossbars.size()));
      deployment.crossbars.emplace_back();
    }
    deployment.layers.push_back(layer);
  }
  return deployment;
}

Board shipped(const std::string& name) {
  return read_board(fs::path(CROSSLOOP_SOURCE_DIR) / "configs" / "boards" / (name + ".toml"));
}

TEST(Memory, TakesHalvesOf512WordsAndUltraRamsOf4096Pairs) {
  const Memory wide{"codes", 1024, 16};
  EXPECT_EQ(wide.block_ram_halves(), 32);
  EXPECT_EQ(wide.ultra_rams(), 8);
  const Memory odd{"tables", 4097, 5};
  EXPECT_EQ(odd.block_ram_halves(), 45);
  EXPECT_EQ(odd.ultra_rams(), 6);
}

TEST(CoreMemories, AreThoseOfTheCore) {
  const auto memories = core_memories({.page = {40, 64, 8}, .pages = 16});
  std::vector<std::string> text;
  std::int64_t halves = 0;
  for (const Memory& memory : memories) {
    text.push_back(memory.name + " " + std::to_string(memory.depth) + " x " +
                   std::to_string(memory.lanes));
    halves += memory.block_ram_halves();
  }
  EXPECT_THAT(text,
              ElementsAre("codes 1024 x 16", "column tables 1024 x 5", "row tables 320 x 1",
                          "INL tables 1024 x 1", "window 65536 x 1", "accumulators 1024 x 1"));
  EXPECT_EQ(halves, 32 + 10 + 1 + 2 + 128 + 2);
}

TEST(MultiplierDsps, SplitWhatIsTooWide) {
  EXPECT_EQ(multiplier_dsps(25, 17, 25), 1);
  EXPECT_EQ(multiplier_dsps(17, 26, 25), 2);
  EXPECT_EQ(multiplier_dsps(26, 17, 27), 1);
  EXPECT_EQ(multiplier_dsps(28, 18, 27), 2);
  EXPECT_EQ(multiplier_dsps(28, 19, 27), 4);
}

/// The sum of adc.v has clog2(rows + 1) + 18 bits: 25, 26 and 28.
TEST(EngineDsps, GrowWithTheSumOfTheAdc) {
  EXPECT_EQ(engine_dsps({.page = {64, 64, 8}}, 25), 3);
  EXPECT_EQ(engine_dsps({.page = {128, 128, 8}}, 25), 4);
  EXPECT_EQ(engine_dsps({.page = {128, 128, 8}}, 27), 3);
  EXPECT_EQ(engine_dsps({.page = {512, 512, 8}}, 27), 4);
}

/// Eight pages more take 16 + 5 + 1/2 + 1 halves; window and accumulators 130 of them.
TEST(FitBoard, FindsHowManyPagesFit) {
  const Deployment deployment = with_crossbars({20, 20, 8});
  const BoardFit small = fit_board(deployment, shipped("pynq-z2"));
  EXPECT_EQ(small.pages_of_engine, 48);  // 6 * 22.5 + 130 = 265 of 280
  EXPECT_EQ(small.block_ram_halves, 265);
  EXPECT_EQ(small.dsps, 3);
  EXPECT_EQ(small.page_bytes, 4 * (64 * 8 * 2 + 32 + 64 * 5 + 64));
  EXPECT_EQ(small.pages, 48);
  EXPECT_EQ(small.loads_per_batch, 0);
  EXPECT_EQ(small.verdict, BoardVerdict::kFits);
  EXPECT_EQ(fit_board(deployment, shipped("ultra96-v2")).pages_of_engine, 104);
}

/// Codes in 11, row tables in 6 and accumulators in 1 of 96 UltraRAM columns of eight, the others
/// in block RAM: column tables 5 * 82, INL tables 82, window 128 halves of 624.
TEST(FitBoard, PutsWholeMemoriesIntoUltraRam) {
  EXPECT_EQ(fit_board(with_crossbars({1}), shipped("zcu104")).pages_of_engine, 656);
  Board board = shipped("zcu104");
  board.ultra_ram_288k = 0;
  EXPECT_EQ(fit_board(with_crossbars({1}), board).pages_of_engine, 168);  // 21 * 22.5 + 130 = 603
}

/// 48 pages for 49 crossbars: in turn, none is still there when its layer comes again.
TEST(FitBoard, CountsSwapsOfWhatDoesNotFit) {
  const BoardFit fit = fit_board(with_crossbars({20, 20, 9}), shipped("pynq-z2"));
  EXPECT_EQ(fit.verdict, BoardVerdict::kFitsWithSwapping);
  EXPECT_EQ(fit.loads_per_batch, 49);
  EXPECT_EQ(fit.bytes_per_batch, 49 * 4096);
  EXPECT_EQ(fit.external_bytes, 49 * 4096);
  EXPECT_THAT(fit.short_of, IsEmpty());
}

/// 216 halves for each of two engines: 3 * 22.5 + 130 = 198.
TEST(FitBoard, SharesCrossbarsOutAmongEngines) {
  Board board = shipped("ultra96-v2");
  board.engines = 2;
  const BoardFit fit = fit_board(with_crossbars({20, 20, 8}), board);
  EXPECT_EQ(fit.pages_of_engine, 24);
  EXPECT_EQ(fit.resident_pages, 48);
  EXPECT_EQ(fit.dsps, 6);
  EXPECT_EQ(fit.block_ram_halves, 2 * 198);
  EXPECT_EQ(fit.verdict, BoardVerdict::kFits);
  EXPECT_EQ(fit_board(with_crossbars({20, 20, 10}), board).verdict,
            BoardVerdict::kFitsWithSwapping);
}

TEST(FitBoard, NamesEveryQuantityThatIsShort) {
  const Deployment deployment = with_crossbars({20, 20, 9});
  const auto short_of = [&](auto change) {
    Board board = shipped("pynq-z2");
    change(board);
    const BoardFit fit = fit_board(deployment, board);
    EXPECT_EQ(fit.verdict, BoardVerdict::kDoesNotFit);
    return fit.short_of;
  };
  EXPECT_THAT(short_of([](Board& board) { board.dsp = 2; }),
              ElementsAre("DSPs: 3 needed, 2 available"));
  EXPECT_THAT(short_of([](Board& board) { board.external_mib = 0; }),
              ElementsAre("bytes of external memory: 200704 needed, 0 available"));
  EXPECT_THAT(short_of([](Board& board) { board.pages = 60; }),
              ElementsAre("resident pages of an engine: 49 needed, 48 available"));
  // A page image of 1024 words behind a ring of 128.
  EXPECT_THAT(short_of([](Board& board) { board.window_kib = 4; }),
              ElementsAre("words of the window: 1152 needed, 1024 available"));
  // 16 + 5 + 1 + 1 + 130 halves.
  EXPECT_THAT(short_of([](Board& board) { board.block_ram_36k = 70; }),
              ElementsAre("block RAM: 76.5 blocks of 36 Kbit needed for one page, 70 available"));
}

TEST(ReadBoard, IsStrict) {
  const fs::path path =
      fs::path(::testing::TempDir()) / ("crossloop_board_" + std::to_string(::getpid()) + ".toml");
  const auto refuse = [&](const std::string& text, const std::string& why) {
    std::ofstream(path) << text;
    EXPECT_THAT([&] { read_board(path); }, ThrowsMessage<InputError>(HasSubstr(why))) << text;
  };
  const std::string good = "name = 'b'\nblock_ram_36k = 10\ndsp = 20\ndsp_width = 25\n";
  std::ofstream(path) << good;
  EXPECT_EQ(read_board(path).block_ram_36k, 10);
  EXPECT_EQ(read_board(path).window_kib, 256);
  refuse(good + "luts = 5\n", "luts");
  refuse(good + "engines = 0\n", "engines");
  refuse("name = 'b'\nblock_ram_36k = 10\ndsp_width = 25\n", "dsp");
  refuse("name = 'b'\nblock_ram_36k = 0\ndsp = 20\ndsp_width = 25\n", "block_ram_36k");
  fs::remove(path);
}

}  // namespace
}  // namespace crossloop::runtime
