// crossloop run: one crossbar by itself, and the errors of every layer.
#include "host/compiler/deployment_file.hpp"
#include "host/npy_file.hpp"
#include "host/runtime/crossbar_mvm.hpp"
#include "tests/command_line.hpp"
#ifndef CROSSLOOP_COVERAGE
#include "tests/wave_file.hpp"
#endif

namespace crossloop {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// The HDF5 library keeps what it allocated once.
extern "C" const char* __lsan_default_suppressions() { return "leak:libhdf5"; }

class Run : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<tests::WorkFolder>("run");
    const std::string model = CROSSLOOP_SOURCE_DIR "/models/resnet8_shapes.onnx";
    compiled_ = folder_->run("compile -q " + model +
                             " --calibration-images 16 --tile 64x64c2 --output net.xbar "
                             "--frozen-model frozen.onnx");
  }
  static void TearDownTestSuite() { folder_.reset(); }
  void SetUp() override { ASSERT_EQ(compiled_.code, 0) << compiled_.errors; }

  /// Writes `values` as an array of NumPy's type `type`.
  static void write_array(const std::string& name, const std::string& type,
                          const std::string& shape, const std::string& values) {
    std::string header =
        "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }\n";
    tests::write_content(*folder_ / name, std::string("\x93NUMPY\x01\x00", 8) +
                                              static_cast<char>(header.size()) + '\0' + header +
                                              values);
  }
  static std::string some_bytes(std::size_t count) {
    std::string bytes(count, '\0');
    for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<char>(i * 37 % 251);
    return bytes;
  }
  static std::string refusal(const std::string& arguments) {
    const auto result = folder_->run("run -q net.xbar " + arguments);
    EXPECT_EQ(result.code, 2) << arguments << "\n" << result.output << result.errors;
    EXPECT_THAT(result.output, IsEmpty()) << arguments;
    return result.errors;
  }

  inline static std::unique_ptr<tests::WorkFolder> folder_;
  inline static tests::CommandResult compiled_;
};

/// Crossbar 0 holds all 27 inputs of conv1 for 8 of its outputs; crossbar 5 is of block1.conv1.
TEST_F(Run, MultipliesOneCrossbarByVectors) {
  write_array("x.npy", "|u1", "(2, 27)", some_bytes(54));
  const std::string run = "run -q net.xbar --crossbar 0 --input x.npy --device-model ideal ";
  const auto engine = folder_->run(run + "--output out/y.npy --json y.json");
  ASSERT_EQ(engine.code, 0) << engine.errors;
  EXPECT_THAT(engine.output, AllOf(HasSubstr("crossbar 0 of"), HasSubstr("layer conv1"),
                                   HasSubstr("2 vectors of 27, for the word lines"),
                                   HasSubstr("1024 column reads")));
  const NpyArray values = read_npy(*folder_ / "out/y.npy");
  EXPECT_THAT(values.shape, ElementsAre(2, 8));
  EXPECT_THAT(tests::content_of(*folder_ / "out/y.npy"), HasSubstr("'<i4'"));

  // On ideal tiles with the ADCs of the compiler: near the exact product, half a code away at most
  // for each of the 8 phases of a column.
  const auto deployment = compiler::read_deployment(*folder_ / "net.xbar");
  const std::string bytes = some_bytes(54);
  const auto exact = runtime::exact_products(
      deployment, 0, {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()},
      runtime::MvmInput::kWordLines);
  const auto json = folder_->json("y.json");
  const double unit = json.at("accumulator_unit").get<double>();
  ASSERT_THAT(exact, SizeIs(16));
  for (std::size_t i = 0; i < exact.size(); ++i) {
    EXPECT_NEAR(values.values[i] * unit, exact[i], 0.02 * std::abs(exact[i]) + 200.0);
    EXPECT_EQ(json.at("values").at(i / 8).at(i % 8), values.values[i]);
  }

  const auto rtl = folder_->run(run + "--output rtl.npy --on rtl");
  ASSERT_EQ(rtl.code, 0) << rtl.errors;
  EXPECT_EQ(tests::content_of(*folder_ / "rtl.npy"), tests::content_of(*folder_ / "out/y.npy"));
}

#ifndef CROSSLOOP_COVERAGE  // whose core writes no waves
TEST_F(Run, WritesTheWavesOfTheRtl) {
  write_array("x.npy", "|u1", "(2, 27)", some_bytes(54));
  const std::string run = "run -q net.xbar --crossbar 0 --input x.npy ";
  const auto traced =
      folder_->run(run + "--on rtl --trace waves.fst --output traced.npy --json traced.json");
  ASSERT_EQ(traced.code, 0) << traced.errors;
  ASSERT_EQ(folder_->run(run + "--output engine.npy").code, 0);
  EXPECT_EQ(tests::content_of(*folder_ / "traced.npy"), tests::content_of(*folder_ / "engine.npy"));
  const auto cycles = folder_->json("traced.json").at("cycles").get<std::uint64_t>();
  EXPECT_GT(tests::read_waves(*folder_ / "waves.fst").last_time, 2 * cycles);  // two edges a cycle
  for (const auto& entry : std::filesystem::directory_iterator(folder_->path())) {
    EXPECT_NE(entry.path().extension(), ".part");
  }
}
#endif

TEST_F(Run, RefusesWavesThatItCannotWrite) {
  const std::string run = "--crossbar 0 --input x.npy ";
  EXPECT_THAT(refusal(run + "--trace waves.fst"), HasSubstr("nothing runs on RTL"));
  EXPECT_THAT(refusal(run + "--on rtl --trace waves.vcd"), HasSubstr("ends in .fst"));
  EXPECT_THAT(refusal(run + "--on rtl --trace net.xbar/waves.fst"), HasSubstr("net.xbar"));
}

TEST_F(Run, TakesTheInputVectorOfTheLayerToo) {
  const auto deployment = compiler::read_deployment(*folder_ / "net.xbar");
  const auto& crossbar = deployment.crossbars.at(5);
  ASSERT_LT(crossbar.row_count(), 144);
  const std::string whole = some_bytes(144);
  std::string rows;
  for (const std::int32_t input : crossbar.tables.rows) rows += whole[std::size_t(input)];
  write_array("whole.npy", "|u1", "(144,)", whole);
  write_array("rows.npy", "|u1", "(1, " + std::to_string(rows.size()) + ")", rows);
  const auto of_layer =
      folder_->run("run -q net.xbar --crossbar 5 --columns --input whole.npy --output a.csv");
  ASSERT_EQ(of_layer.code, 0) << of_layer.errors;
  EXPECT_THAT(of_layer.output, AllOf(HasSubstr("1 vectors of 144, for the input vector"),
                                     HasSubstr("before recombination")));
  ASSERT_EQ(
      folder_->run("run -q net.xbar --crossbar 5 --columns --input rows.npy --output b.csv").code,
      0);
  const std::string line = tests::content_of(*folder_ / "a.csv");
  EXPECT_EQ(line, tests::content_of(*folder_ / "b.csv"));
  EXPECT_EQ(std::count(line.begin(), line.end(), ','), crossbar.column_count() - 1);
}

TEST_F(Run, RefusesVectorsThatDoNotFit) {
  write_array("x.npy", "|u1", "(1, 27)", some_bytes(27));
  write_array("wide.npy", "|u1", "(1, 28)", some_bytes(28));
  write_array("none.npy", "|u1", "(0, 27)", "");
  write_array("signed.npy", "<i4", "(1, 27)", std::string(108, '\0'));
  EXPECT_THAT(
      refusal("--crossbar 5 --input wide.npy"),
      AllOf(HasSubstr("wide.npy: shape [1, 28]"), HasSubstr("[n, 64]"), HasSubstr("[n, 144]")));
  EXPECT_THAT(refusal("--crossbar 0 --input none.npy"), HasSubstr("n at least 1"));
  EXPECT_THAT(refusal("--crossbar 0 --input signed.npy"), HasSubstr("expected |u1 (uint8)"));
  EXPECT_THAT(refusal("--crossbar 0 --input missing.npy"), HasSubstr("missing.npy"));
  EXPECT_THAT(refusal("--crossbar 9999 --input x.npy"), HasSubstr("crossbars 0 to 171"));
  EXPECT_THAT(refusal("--crossbar 0 --input x.npy --output y.txt"),
              AllOf(HasSubstr("--output y.txt"), HasSubstr(".csv or .npy")));
  EXPECT_THAT(refusal("--crossbar 0 --input x.npy --images 3"), HasSubstr("excludes"));
  EXPECT_THAT(refusal("--crossbar 0"), HasSubstr("--input"));
}

TEST_F(Run, ShowsTheErrorsOfEveryLayer) {
  const auto result = folder_->run(
      "run -q net.xbar --images 20 --device-model demo --layer-errors frozen.onnx --json r.json");
  ASSERT_EQ(result.code, 0) << result.errors;
  EXPECT_THAT(result.output,
              AllOf(HasSubstr("integer/float  chip/float  chip/integer"),
                    HasSubstr("block2.shortcut.conv"), HasSubstr("most error of its own: ")));
  const auto report = folder_->json("r.json");
  ASSERT_THAT(report.at("layers"), SizeIs(14));
  std::int64_t conversions = 0;
  for (const auto& layer : report.at("layers")) {
    if (layer.at("adc").is_null()) {
      EXPECT_EQ(layer.at("own_db"), "exact") << layer;
      continue;
    }
    conversions += layer.at("adc").at("conversions").get<std::int64_t>();
    EXPECT_GT(layer.at("integer_vs_float_db").get<double>(), 20.0) << layer;
    EXPECT_LT(layer.at("chip_vs_integer_db").get<double>(), 15.0) << layer;
    EXPECT_LT(layer.at("own_db").get<double>(), 20.0) << layer;
  }
  EXPECT_EQ(conversions, report.at("adc").at("conversions").get<std::int64_t>());
  const double accuracy = report.at("accuracy").get<double>();
  ASSERT_EQ(folder_->run("run -q net.xbar --images 20 --device-model demo --json p.json").code, 0);
  EXPECT_EQ(folder_->json("p.json").at("accuracy").get<double>(), accuracy);
  EXPECT_FALSE(folder_->json("p.json").contains("layers"));
  EXPECT_THAT(refusal("--images 20 --layer-errors none.onnx"), HasSubstr("none.onnx"));
}

TEST_F(Run, RunsWholeNetworksOnTheRtlByDescriptorsOnly) {
  const std::string run = "run -q net.xbar --images 1 --chip-seed 5 --noise-seed 3 --on ";
  const auto rtl = folder_->run(run + "rtl --json rtl.json");
  ASSERT_EQ(rtl.code, 0) << rtl.errors;
  const auto engine = folder_->run(run + "engine --json engine.json");
  ASSERT_EQ(engine.code, 0) << engine.errors;
  const auto read = [](const char* name) { return folder_->json(name); };
  EXPECT_EQ(read("rtl.json").at("adc"), read("engine.json").at("adc"));
  EXPECT_EQ(read("rtl.json").at("accuracy"), read("engine.json").at("accuracy"));
  EXPECT_EQ(read("rtl.json").at("layers_by_descriptors"),
            compiler::read_deployment(*folder_ / "net.xbar").layers.size());
  EXPECT_THAT(rtl.output, HasSubstr("14 of 14 layers by descriptors only"));
}

TEST_F(Run, SetsThePredictedCyclesBesideThoseOfTheRtlAndTheLatencyOfTheModelledChip) {
  const auto rtl = folder_->run("run -q net.xbar --images 1 --on rtl --json rtl.json");
  ASSERT_EQ(rtl.code, 0) << rtl.errors;
  const auto report = folder_->json("rtl.json");
  const auto cycles = report.at("cycles").get<std::uint64_t>();
  EXPECT_GT(cycles, 1'000'000U);
  EXPECT_EQ(report.at("emulation").at("cycles_predicted"), cycles);
  EXPECT_EQ(report.at("emulation").at("cycles_counted"), cycles);
  const std::string number = std::to_string(cycles);
  EXPECT_THAT(rtl.output, HasSubstr(number + " cycles predicted, " + number + " counted"));

  ASSERT_EQ(folder_->run("inspect -q net.xbar --json cost.json").code, 0);
  const auto chip = folder_->json("cost.json").at("cost").at("chip");
  for (const char* figure : {"sequential_ns", "pipelined_ns"}) {
    EXPECT_EQ(report.at("modelled_chip").at(figure), chip.at(figure));
    EXPECT_GT(chip.at(figure).get<double>(), 0.0);
  }
  EXPECT_THAT(rtl.output, HasSubstr("us pipelined an image, an estimate (isaac/linear)"));
  ASSERT_EQ(folder_->run("run -q net.xbar --images 1 --json engine.json").code, 0);
  EXPECT_FALSE(folder_->json("engine.json").contains("emulation"));
}

/// Where converters have errors the plant loads tables of its own, which count on neither side; for
/// the errors of layers the host gathers the windows of every LAYER.
TEST_F(Run, PredictsTheCyclesOfLayersWhoseTablesThePlantConverts) {
  tests::write_content(*folder_ / "converters.toml",
                       tests::content_of(CROSSLOOP_SOURCE_DIR "/configs/devices/default.toml") +
                           "\n[converter]\nadc_gain_sigma = 0.02\nadc_inl_lsb = 2.0\n");
  const auto rtl = folder_->run(
      "run -q net.xbar --images 1 --on rtl --device-model converters.toml --layer-errors "
      "frozen.onnx --json rtl.json");
  ASSERT_EQ(rtl.code, 0) << rtl.errors;
  const auto report = folder_->json("rtl.json");
  EXPECT_GT(report.at("cycles").get<std::uint64_t>(), 1'000'000U);
  EXPECT_EQ(report.at("emulation").at("cycles_predicted"), report.at("cycles"));
}

}  // namespace
}  // namespace crossloop
