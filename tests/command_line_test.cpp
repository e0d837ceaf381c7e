// What the program says to those who use it wrongly: exit code 2, and a message that names the
// offender.
#include "tests/command_line.hpp"

#include <hdf5.h>

#include "host/compiler/deployment_file.hpp"
#include "host/network/onnx_file.hpp"
#include "host/network/zoo.hpp"
#include "tests/onnx_builder.hpp"

/// HDF5 1.10 forgets some memory when it refuses a damaged file.
extern "C" const char* __lsan_default_suppressions() { return "leak:libhdf5"; }

namespace crossloop {
namespace {

using network::OnnxBuilder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// A folder with the digits, an untrained linear.onnx and its linear.xbar, made once.
class CommandLine : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<tests::WorkFolder>("command_line");
    tests::write_digits(folder_->path());
    network::write_onnx(network::make_network("linear", {1, 8, 8}, 10, 1),
                        *folder_ / "linear.onnx");
    const auto result =
        run("compile -q linear.onnx --data digits --calibration-images 16 --tile 16x16c2 "
            "--output linear.xbar");
    ASSERT_EQ(result.code, 0) << result.errors;
  }
  static void TearDownTestSuite() { folder_.reset(); }

  static tests::CommandResult run(const std::string& arguments) { return folder_->run(arguments); }

  /// The message of a command that must end with exit code 2 and print no result.
  static std::string refusal(const std::string& arguments) {
    const auto result = run(arguments);
    EXPECT_EQ(result.code, 2) << arguments << "\n" << result.output << result.errors;
    EXPECT_THAT(result.output, IsEmpty()) << arguments;
    return result.errors;
  }

  static std::string bytes_of(const std::string& name) {
    return tests::content_of(*folder_ / name);
  }
  static void write(const std::string& name, const std::string& bytes) {
    tests::write_content(*folder_ / name, bytes);
  }
  static void write(const std::string& name, OnnxBuilder& model) {
    write(name, model.model().SerializeAsString());
  }

  inline static std::unique_ptr<tests::WorkFolder> folder_;
};

std::vector<std::string> commands() {
  std::vector<std::string> names = {"evaluate", "compile", "run",
                                    "measure",  "inspect", "data info"};
#ifdef CROSSLOOP_LIBTORCH
  names.insert(names.end(), {"train", "prune", "loop"});
#endif
  return names;
}

TEST_F(CommandLine, HelpOfEveryCommandShowsAnExample) {
  const std::string overview = run("--help").output;
  EXPECT_THAT(overview, HasSubstr("Exit codes: 0 ok, 1 a check failed or Ctrl-C, 2 bad usage"));
  for (const std::string& name : commands()) {
    EXPECT_THAT(overview, HasSubstr(name.substr(0, name.find(' '))));
    const auto help = run(name + " --help");
    EXPECT_EQ(help.code, 0);
    EXPECT_THAT(help.output,
                AllOf(HasSubstr("Example:\n  crossloop " + name), HasSubstr("--json"),
                      HasSubstr("--verbose"), HasSubstr("--quiet"), Not(HasSubstr("ENUM"))))
        << name;
  }
}

TEST_F(CommandLine, VersionIsShown) {
  const auto result = run("--version");
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.output, HasSubstr("crossloop 0."));
}

TEST_F(CommandLine, UsageErrorsAreBadInput) {
  EXPECT_THAT(refusal(""), HasSubstr("no command given"));
  EXPECT_THAT(refusal("fly"), HasSubstr("fly"));
  EXPECT_THAT(refusal("data"), HasSubstr("subcommand"));
  EXPECT_THAT(refusal("inspect"), HasSubstr("file is required"));
  EXPECT_THAT(refusal("inspect linear.onnx --colour"), HasSubstr("--colour"));
  EXPECT_THAT(refusal("compile linear.onnx"), HasSubstr("--output is required"));
  EXPECT_THAT(refusal("run linear.xbar --on moon"), AllOf(HasSubstr("--on"), HasSubstr("rtl")));
  EXPECT_THAT(refusal("run linear.xbar --images few"), HasSubstr("--images"));
  EXPECT_THAT(refusal("run linear.xbar --images -1"), HasSubstr("--images"));
  EXPECT_THAT(refusal("run linear.xbar --chip-seed -1"), HasSubstr("--chip-seed"));
  EXPECT_THAT(refusal("measure linear.xbar --output m.h5 --repeats 1"), HasSubstr("--repeats"));
}

TEST_F(CommandLine, FileOfUnknownKindIsRefused) {
  write("notes.txt", "hello");
  EXPECT_THAT(refusal("inspect notes.txt"),
              AllOf(HasSubstr("notes.txt"), HasSubstr(".onnx"), HasSubstr(".xbar")));
  EXPECT_THAT(refusal("inspect gone.xbar"), HasSubstr("gone.xbar"));
  EXPECT_THAT(refusal("inspect chip.h5"), AllOf(HasSubstr("chip.h5"), HasSubstr("--deployment")));
}

TEST_F(CommandLine, DamagedModelIsRefused) {
  const std::string model = bytes_of("linear.onnx");
  write("short.onnx", model.substr(0, model.size() / 2));
  write("prose.onnx", "this is no model");
  EXPECT_THAT(refusal("inspect short.onnx"), HasSubstr("short.onnx: "));
  EXPECT_THAT(refusal("compile short.onnx --data digits --output none.xbar"),
              HasSubstr("short.onnx: "));
  EXPECT_THAT(refusal("evaluate prose.onnx --data digits"),
              AllOf(HasSubstr("prose.onnx: "), HasSubstr("not an ONNX model")));
  EXPECT_FALSE(std::filesystem::exists(*folder_ / "none.xbar"));
}

TEST_F(CommandLine, ModelBeyondOurOperatorsIsRefusedByNode) {
  OnnxBuilder unknown({-1, 2, 4, 4}, {-1, 2, 4, 4});
  unknown.node("LSTM", {"x"}, "y", "memory");
  write("lstm.onnx", unknown);
  EXPECT_THAT(refusal("inspect lstm.onnx"),
              AllOf(HasSubstr("lstm.onnx: node memory"), HasSubstr("LSTM")));
  OnnxBuilder dynamic({-1, 2, -1, 4}, {-1, 2, -1, 4});
  dynamic.node("Relu", {"x"}, "y", "r");
  write("dynamic.onnx", dynamic);
  EXPECT_THAT(refusal("compile dynamic.onnx --data digits --output none.xbar"),
              HasSubstr("dynamic.onnx: input x: dimension 2 is dynamic"));
}

TEST_F(CommandLine, ModelOfOtherImagesIsRefused) {
  for (const std::string command :
       {"evaluate linear.onnx --images 10", "run linear.xbar --images 10",
        "compile linear.onnx --output none.xbar"}) {
    EXPECT_THAT(refusal(command + " --data shapes"), HasSubstr("32")) << command;
  }
}

TEST_F(CommandLine, DataThatIsMissingOrShortIsRefused) {
  EXPECT_THAT(refusal("data info nowhere"), AllOf(HasSubstr("nowhere"), HasSubstr("shapes")));
  EXPECT_THAT(refusal("evaluate linear.onnx --data ."), HasSubstr("without a data set"));
  tests::write_digits(*folder_ / "broken");
  const std::string images = "broken/digits/t10k-images-idx3-ubyte";
  write(images, bytes_of(images).substr(0, 1000));
  EXPECT_THAT(refusal("evaluate linear.onnx --data broken/digits"),
              AllOf(HasSubstr("t10k-images-idx3-ubyte: ends after 1000 bytes"), HasSubstr("2576")));
  std::filesystem::remove(*folder_ / "broken/digits/t10k-labels-idx1-ubyte");
  EXPECT_THAT(refusal("data info broken/digits"), HasSubstr("t10k-labels-idx1-ubyte"));
}

TEST_F(CommandLine, TileOrDeviceThatDoesNotExistIsRefusedWithThoseThatDo) {
  const std::string compile = "compile linear.onnx --data digits --output none.xbar ";
  EXPECT_THAT(refusal(compile + "--tile 3x3"), AllOf(HasSubstr("3x3"), HasSubstr("16x16c2")));
  EXPECT_THAT(refusal(compile + "--device wood"), AllOf(HasSubstr("wood"), HasSubstr("demo")));
  EXPECT_THAT(refusal("run linear.xbar --data digits --device-model wood"), HasSubstr("wood"));
}

TEST_F(CommandLine, AdcRangePolicyMovesTheDeploymentAndMustBeKnown) {
  const std::string compile =
      "compile -q linear.onnx --data digits --calibration-images 16 --tile 16x16c2 ";
  ASSERT_EQ(run(compile + "--output range.xbar --adc-range fixed").code, 0);
  EXPECT_NE(compiler::read_deployment(*folder_ / "range.xbar").crossbars[0].tables,
            compiler::read_deployment(*folder_ / "linear.xbar").crossbars[0].tables);
  EXPECT_THAT(refusal(compile + "--output none.xbar --adc-range widest"),
              AllOf(HasSubstr("--adc-range"), HasSubstr("minimum-error")));
  EXPECT_THAT(refusal(compile + "--output none.xbar --adc-range max --percentile 99"),
              AllOf(HasSubstr("--percentile"), HasSubstr("--adc-range max")));
}

TEST_F(CommandLine, TileTooSmallForOneWeightIsRefused) {
  write("narrow.toml",
        "rows = 16\ncolumns = 16\ncell_bits = 1\ncode_bits = 8\nfraction_bits = 5\n"
        "input_bits = 8\nweight_bits = 8\nadc_bits = 8\n");  // 7 slices, 14 columns: fits
  EXPECT_EQ(run("compile -q linear.onnx --data digits --calibration-images 16 --tile narrow.toml "
                "--output narrow.xbar")
                .code,
            0);
  write("narrow.toml",
        "rows = 16\ncolumns = 8\ncell_bits = 1\ncode_bits = 8\nfraction_bits = 5\n"
        "input_bits = 8\nweight_bits = 8\nadc_bits = 8\n");
  EXPECT_THAT(refusal("compile linear.onnx --data digits --calibration-images 16 "
                      "--tile narrow.toml --output none.xbar"),
              AllOf(HasSubstr("columns"), HasSubstr("8")));
}

TEST_F(CommandLine, ConfigurationErrorsNameKeyLineAndRange) {
  const std::string compile =
      "compile linear.onnx --data digits --output none.xbar --tile tile.toml";
  const std::string rest =
      "cell_bits = 2\ncode_bits = 8\nfraction_bits = 5\ninput_bits = 8\nweight_bits = 8\n"
      "adc_bits = 8\n";
  write("tile.toml", "rows = 1000\ncolumns = 16\n" + rest);
  EXPECT_THAT(refusal(compile), AllOf(HasSubstr("tile.toml:1: key 'rows'"), HasSubstr("1000"),
                                      HasSubstr("16 to 512")));
  write("tile.toml", "rows = 16\ncolumns = \"wide\"\n" + rest);
  EXPECT_THAT(refusal(compile), AllOf(HasSubstr("tile.toml:2: key 'columns'"), HasSubstr("wide")));
  write("tile.toml", "rows = 16\ncolumns = 16\n" + rest + "colour = 1\n");
  EXPECT_THAT(refusal(compile), AllOf(HasSubstr("tile.toml:9: "), HasSubstr("colour")));
  write("tile.toml", "rows = = 16\n");
  EXPECT_THAT(refusal(compile), HasSubstr("tile.toml:1: "));
}

TEST_F(CommandLine, DamagedDeploymentIsRefused) {
  const std::string bytes = bytes_of("linear.xbar");
  write("short.xbar", bytes.substr(0, bytes.size() / 2));
  write("prose.xbar", "this is no deployment");
  std::string flipped = bytes;
  flipped[bytes.size() / 2] = static_cast<char>(flipped[bytes.size() / 2] ^ 0x40);
  write("flipped.xbar", flipped);
  EXPECT_THAT(refusal("inspect short.xbar"), HasSubstr("short.xbar"));
  EXPECT_THAT(refusal("run --data digits prose.xbar"), HasSubstr("prose.xbar"));
  EXPECT_THAT(refusal("measure --output none.h5 flipped.xbar"), HasSubstr("flipped.xbar"));
}

TEST_F(CommandLine, DeploymentOfAnotherVersionIsRefused) {
  write("future.xbar", bytes_of("linear.xbar"));
  const hid_t file = H5Fopen((*folder_ / "future.xbar").c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  const hid_t version = H5Aopen(file, "crossloop.deployment_version", H5P_DEFAULT);
  const std::int64_t other = 99;
  EXPECT_GE(H5Awrite(version, H5T_NATIVE_INT64, &other), 0);
  H5Aclose(version);
  H5Fclose(file);
  EXPECT_THAT(refusal("run future.xbar --data digits"),
              AllOf(HasSubstr("future.xbar"), HasSubstr("99")));
}

TEST_F(CommandLine, TileWithoutRtlIsRefusedOnTheRtl) {
  write("odd.toml",
        "rows = 32\ncolumns = 16\ncell_bits = 2\ncode_bits = 8\nfraction_bits = 5\n"
        "input_bits = 8\nweight_bits = 8\nadc_bits = 8\n");
  ASSERT_EQ(run("compile -q linear.onnx --data digits --calibration-images 16 --tile odd.toml "
                "--output odd.xbar")
                .code,
            0);
  EXPECT_EQ(run("run -q odd.xbar --data digits --images 5").code, 0);
  EXPECT_THAT(refusal("run odd.xbar --data digits --images 5 --on rtl"),
              AllOf(HasSubstr("32x16"), HasSubstr("64x64")));
}

#ifdef CROSSLOOP_LIBTORCH
TEST_F(CommandLine, LoopConfigurationErrorsNameKeyLineAndRange) {
  const std::string source = std::string(CROSSLOOP_SOURCE_DIR) + "/configs/demo/shapes.toml";
  const std::string sound = tests::content_of(source);
  const auto refused = [&](const std::string& from, const std::string& to) {
    std::string changed = sound;
    changed.replace(changed.find(from), from.size(), to);
    write("loop.toml", changed);
    return refusal("loop loop.toml");
  };
  EXPECT_THAT(refused("epochs = 10", "epochs = -3"),
              AllOf(HasSubstr("loop.toml:"), HasSubstr("'train.epochs'"), HasSubstr("-3"),
                    HasSubstr("0 to 1000")));
  EXPECT_THAT(refused("epochs = 10", "epochs = \"ten\""),
              AllOf(HasSubstr("'train.epochs'"), HasSubstr("ten")));
  EXPECT_THAT(refused("epochs = 10", "epoch = 10"), HasSubstr("epoch"));
  EXPECT_THAT(refused("source = \"shapes\"", "source = \"nowhere\""), HasSubstr("nowhere"));
  EXPECT_THAT(refusal("loop gone.toml"), HasSubstr("gone.toml"));
}
#else
TEST_F(CommandLine, CommandsThatTrainSayThatThisBuildCannot) {
  for (const std::string command : {"train --network linear", "prune linear.onnx", "loop x.toml"}) {
    EXPECT_THAT(refusal(command), HasSubstr("this build has no LibTorch")) << command;
  }
  EXPECT_THAT(run("--help").output, Not(HasSubstr("prune")));
}
#endif

}  // namespace
}  // namespace crossloop
