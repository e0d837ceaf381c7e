#include "host/compiler/physical_map.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <fstream>

#include "host/error.hpp"

namespace crossloop::compiler {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

namespace fs = std::filesystem;

/// Two channels in, kernel 2 x 3, two outputs; 4-bit weights of two cells. Crossbar 1 holds inputs
/// 7 and 10 of output 1, weights +6 and -9 (beyond the range of four bits: a map does not care).
Deployment two_crossbars() {
  Deployment deployment;
  Layer layer;
  layer.name = "conv \"a\", first";
  layer.window.kernel_h = 2;
  layer.window.kernel_w = 3;
  layer.outputs = 2;
  layer.inputs_per_output = 12;
  layer.weights.assign(24, 0);
  layer.weights[12 + 7] = 6;
  layer.weights[12 + 10] = -9;
  layer.crossbars = {0, 1};
  deployment.layers.resize(1);  // layer 0 is none of crossbars
  deployment.layers[0].kind = LayerKind::kMaxPool;
  deployment.layers.push_back(layer);
  Crossbar first;
  first.layer = 1;
  first.tables.rows = {0};
  first.tables.columns = {{.output = 0, .bits = 5}};
  first.levels = {3};
  Crossbar second;
  second.layer = 1;
  second.part = 2;
  second.band = 1;
  second.tables.rows = {7, 10};
  second.tables.columns = {{.output = 1,
                            .slice = 1,
                            .left_shift = 3,
                            .reference = 7,
                            .sigma = 9,
                            .gain = 250,
                            .offset = -5,
                            .shift = 11,
                            .bits = 8,
                            .zero_code = 2},
                           {.output = 1, .negative = true, .slice = 0, .shift = 10, .bits = 6}};
  second.levels = {1, 0, 0, 2};
  deployment.crossbars = {first, second};
  return deployment;
}

class PhysicalMap : public ::testing::Test {
 protected:
  PhysicalMap() { fs::create_directories(folder_); }
  ~PhysicalMap() override { fs::remove_all(folder_); }
  std::string written(void (*write)(const Deployment&, const fs::path&)) const {
    write(two_crossbars(), folder_ / "map.csv");
    return content();
  }
  std::string content() const {
    std::ifstream stream(folder_ / "map.csv", std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  fs::path folder_ =
      fs::path(::testing::TempDir()) / ("crossloop_map_" + std::to_string(::getpid()));
};

TEST(PlaceOfInput, CountsTapsThenChannels) {
  const Layer layer = two_crossbars().layers[1];
  EXPECT_EQ(place_of_input(layer, 0), (InputPlace{0, 0, 0}));
  EXPECT_EQ(place_of_input(layer, 5), (InputPlace{0, 1, 2}));
  EXPECT_EQ(place_of_input(layer, 7), (InputPlace{1, 0, 1}));
  EXPECT_EQ(place_of_input(layer, 10), (InputPlace{1, 1, 1}));
}

/// Two output columns beside each other at stride 2: strips of (2 - 1) 2 + 3 = 5 input columns.
TEST(PlaceOfInput, OfASemiFoldedLayerIsInAStrip) {
  Layer layer = two_crossbars().layers[1];
  layer.mapping = Mapping::kSemiFolded;
  layer.columns_per_vector = 2;
  layer.window.stride_w = 2;
  EXPECT_EQ(place_of_input(layer, 4), (InputPlace{0, 0, 4}));
  EXPECT_EQ(place_of_input(layer, 17), (InputPlace{1, 1, 2}));
  EXPECT_EQ(place_of_output(layer, 1), (OutputPlace{1, 0}));
  EXPECT_EQ(place_of_output(layer, 2), (OutputPlace{0, 1}));
  EXPECT_EQ(place_of_output(layer, 4), (OutputPlace{-1, -1})) << "a unit column";
}

TEST_F(PhysicalMap, HasALineForEachBitLine) {
  EXPECT_EQ(
      written(write_column_map),
      "layer,name,crossbar,part,band,column,output,output_column,sign,slice,left_shift,"
      "reference,sigma,adc_bits,shift,zero_code,gain,offset,adc_resolution\n"
      "1,\"conv \"\"a\"\", first\",0,0,0,0,0,0,1,0,0,0,0,5,0,0,256,0,statistical (may clip)\n"
      "1,\"conv \"\"a\"\", first\",1,2,1,0,1,0,1,1,3,7,9,8,11,2,250,-5,statistical (read noise)\n"
      "1,\"conv \"\"a\"\", first\",1,2,1,1,1,0,-1,0,0,0,0,6,10,0,256,0,proven\n");
}

TEST_F(PhysicalMap, HasALineForEachWordLine) {
  EXPECT_EQ(written(write_row_map),
            "layer,name,crossbar,part,band,row,input,channel,kernel_y,x\n"
            "1,\"conv \"\"a\"\", first\",0,0,0,0,0,0,0,0\n"
            "1,\"conv \"\"a\"\", first\",1,2,1,0,7,1,0,1\n"
            "1,\"conv \"\"a\"\", first\",1,2,1,1,10,1,1,1\n");
}

constexpr const char* kCellHeader =
    "layer,crossbar,row,column,channel,kernel_y,kernel_x,output,output_column,sign,slice,weight,"
    "level\n";

TEST_F(PhysicalMap, HasALineForEachCell) {
  EXPECT_EQ(written(write_cell_map), kCellHeader + std::string("1,0,0,0,0,0,0,0,0,1,0,0,3\n"
                                                               "1,1,0,0,1,0,1,1,0,1,1,6,1\n"
                                                               "1,1,0,1,1,0,1,1,0,-1,0,6,0\n"
                                                               "1,1,1,0,1,1,1,1,0,1,1,-9,0\n"
                                                               "1,1,1,1,1,1,1,1,0,-1,0,-9,2\n"));
}

/// Element 16 of the strips is channel 1, row 1, column 1: tap 1 of the left output column, and
/// nothing of the right one, which begins at column 2. The last bit line is a unit column.
TEST_F(PhysicalMap, SaysWhichCellsConnectNothing) {
  Deployment deployment = two_crossbars();
  Layer& layer = deployment.layers[1];
  layer.mapping = Mapping::kSemiFolded;
  layer.columns_per_vector = 2;
  layer.window.stride_w = 2;
  Crossbar crossbar;
  crossbar.layer = 1;
  crossbar.tables.rows = {16};
  crossbar.tables.columns = {{.output = 1}, {.output = 3}, {.output = 4}};
  crossbar.levels = {2, 0, 1};
  deployment.crossbars = {crossbar};
  write_cell_map(deployment, folder_ / "map.csv");
  EXPECT_EQ(content(), kCellHeader + std::string("1,0,0,0,1,1,1,1,0,1,0,-9,2\n"
                                                 "1,0,0,1,1,1,-1,1,1,1,0,0,0\n"
                                                 "1,0,0,2,1,1,-1,-1,-1,1,0,0,1\n"));
}

/// More than one block of the writer.
TEST_F(PhysicalMap, StreamsALargeMap) {
  Deployment deployment = two_crossbars();
  deployment.crossbars.assign(60'000, deployment.crossbars[1]);
  write_row_map(deployment, folder_ / "large.csv");
  std::ifstream stream(folder_ / "large.csv");
  std::string line, last;
  int lines = 0;
  for (; std::getline(stream, line); ++lines) last = line;
  EXPECT_EQ(lines, 120'001);
  EXPECT_THAT(last, EndsWith(",59999,2,1,1,10,1,1,1"));
}

TEST_F(PhysicalMap, LeavesNothingWhereItCannotBeWritten) {
  const fs::path blocked = folder_ / "folder.csv";
  fs::create_directories(blocked / "full");
  EXPECT_THAT([&] { write_column_map(two_crossbars(), blocked); },
              ThrowsMessage<InputError>(HasSubstr("folder.csv: cannot be written")));
  fs::remove_all(blocked);
  EXPECT_TRUE(fs::is_empty(folder_));
}

}  // namespace
}  // namespace crossloop::compiler
