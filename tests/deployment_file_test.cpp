#include "host/compiler/deployment_file.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <functional>

#include "host/compiler/compile.hpp"
#include "host/error.hpp"
#include "host/files.hpp"
#include "host/hdf5.hpp"
#include "tests/compiler_fixture.hpp"

/// HDF5 1.10 forgets some memory when it refuses a damaged file.
extern "C" const char* __lsan_default_suppressions() { return "leak:libhdf5"; }

namespace crossloop::compiler {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

Deployment small_deployment() {
  network::Network network = small_resnet();
  return compile(network, test_tile(), test_device(), noisy_images(network.input_shape, 4, 3));
}

Deployment tiny_deployment() {
  network::Network network = single_linear(20, 3);
  return compile(network, test_tile(16, 16), test_device(),
                 noisy_images(network.input_shape, 4, 3));
}

void expect_equal(const Deployment& a, const Deployment& b) {
  EXPECT_EQ(a.network, b.network);
  EXPECT_EQ(a.tile, b.tile);
  EXPECT_EQ(a.device, b.device);
  EXPECT_EQ(a.normalisation.mean, b.normalisation.mean);
  EXPECT_EQ(a.normalisation.std, b.normalisation.std);
  EXPECT_EQ(a.classes, b.classes);
  EXPECT_EQ(a.tensors, b.tensors);
  EXPECT_EQ(a.layers, b.layers);
  EXPECT_EQ(a.crossbars, b.crossbars);
}

/// A path of its own per test, without a file.
class DeploymentFile : public ::testing::Test {
 protected:
  DeploymentFile()
      : path_(fs::path(::testing::TempDir()) /
              (std::string("deployment_file_") +
               ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".xbar")) {
    fs::remove(path_);
  }
  ~DeploymentFile() override { fs::remove(path_); }

  /// Opens the written file with the C library and changes it.
  void tamper(const std::function<void(hid_t file)>& change) const {
    const hdf5::Handle file(H5Fopen(path_.c_str(), H5F_ACC_RDWR, H5P_DEFAULT), H5Fclose);
    ASSERT_TRUE(file.valid());
    change(file.get());
  }

  /// Overwrites element 0 of a data set of 32-bit integers.
  void set_first(const char* name, std::int32_t value) const {
    tamper([&](hid_t file) {
      const hdf5::Handle set(H5Dopen2(file, name, H5P_DEFAULT), H5Dclose);
      const hdf5::Handle space(H5Dget_space(set.get()), H5Sclose);
      std::vector<std::int32_t> values(
          static_cast<std::size_t>(H5Sget_simple_extent_npoints(space.get())));
      H5Dread(set.get(), H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
      values.at(0) = value;
      H5Dwrite(set.get(), H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    });
  }

  fs::path path_;
};

TEST_F(DeploymentFile, ReadsBackWhatWasWritten) {
  const Deployment deployment = small_deployment();
  write_deployment(deployment, path_);
  expect_equal(read_deployment(path_), deployment);
}

TEST_F(DeploymentFile, IsTheSameBytesEveryTime) {
  const Deployment deployment = tiny_deployment();
  write_deployment(deployment, path_);
  const auto first = read_file(path_);
  write_deployment(deployment, path_);
  EXPECT_EQ(read_file(path_), first);
}

TEST_F(DeploymentFile, RefusesWhatIsNotHdf5) {
  EXPECT_THAT([&] { read_deployment(path_); },
              ThrowsMessage<InputError>(HasSubstr("no such file")));
  write_file(path_, "rows = 64\n");
  EXPECT_THAT([&] { read_deployment(path_); },
              ThrowsMessage<InputError>(AllOf(HasSubstr(path_.string()), HasSubstr("HDF5"))));
}

TEST_F(DeploymentFile, RefusesAnotherVersionAndNamesTheRemedy) {
  {
    const hdf5::Group root = hdf5::create_file(path_);
    root.set("crossloop.deployment_version", std::int64_t{99});
  }
  EXPECT_THAT([&] { read_deployment(path_); },
              ThrowsMessage<InputError>(
                  AllOf(HasSubstr("99"), HasSubstr("expected 3"), HasSubstr("compile"))));
  { hdf5::create_file(path_).set("something", std::int64_t{1}); }
  EXPECT_THAT([&] { read_deployment(path_); },
              ThrowsMessage<InputError>(HasSubstr("not a deployment")));
}

TEST_F(DeploymentFile, RefusesEveryTruncation) {
  write_deployment(tiny_deployment(), path_);
  const auto bytes = read_file(path_);
  for (std::size_t keep = 0; keep < bytes.size(); keep += bytes.size() / 13 + 1) {
    fs::resize_file(path_, keep);
    EXPECT_THROW(read_deployment(path_), InputError) << keep << " bytes";
    write_file(path_, std::string(bytes.begin(), bytes.end()));
  }
}

TEST_F(DeploymentFile, NeverReadsDamagedBytesAsAnotherDeployment) {
  const Deployment deployment = tiny_deployment();
  write_deployment(deployment, path_);
  const auto bytes = read_file(path_);
  const std::size_t step = bytes.size() / 97;
  int refused = 0;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    std::string damaged(bytes.begin(), bytes.end());
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    write_file(path_, damaged);
    try {
      expect_equal(read_deployment(path_), deployment);
    } catch (const InputError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 20);
}

TEST_F(DeploymentFile, ChecksContentThatCompressionLeftAsItIs) {
  std::mt19937 rng(3);
  std::string noise(64, ' ');
  for (char& byte : noise) byte = static_cast<char>(rng() >> 24);
  const std::vector<std::uint8_t> values(noise.begin(), noise.end());
  hdf5::create_file(path_).write("noise", values);
  EXPECT_EQ(hdf5::open_file(path_).read<std::uint8_t>("noise"), values);
  const auto bytes = read_file(path_);
  std::string damaged(bytes.begin(), bytes.end());
  ASSERT_NE(damaged.find(noise), std::string::npos);
  damaged[damaged.find(noise) + 20] ^= 1;
  write_file(path_, damaged);
  EXPECT_THAT([&] { hdf5::open_file(path_).read<std::uint8_t>("noise"); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("/noise"), HasSubstr("damaged"))));
}

TEST_F(DeploymentFile, CarriesNoTimeStamps) {
  write_deployment(tiny_deployment(), path_);
  tamper([](hid_t file) {
    for (const char* object : {"/", "/layers/0000", "/crossbars/levels", "/mean"}) {
      H5O_info_t info{};
      ASSERT_GE(H5Oget_info_by_name(file, object, &info, H5P_DEFAULT), 0);
      EXPECT_EQ(info.ctime, 0) << object;
    }
  });
}

TEST_F(DeploymentFile, NamesAMissingDataSet) {
  write_deployment(tiny_deployment(), path_);
  tamper([](hid_t file) { H5Ldelete(file, "/layers/0000/weights", H5P_DEFAULT); });
  EXPECT_THAT(
      [&] { read_deployment(path_); },
      ThrowsMessage<InputError>(AllOf(HasSubstr(path_.string()), HasSubstr("/layers/0000/weights"),
                                      HasSubstr("missing"))));
}

TEST_F(DeploymentFile, NamesAMisshapenOrMistypedDataSet) {
  write_deployment(tiny_deployment(), path_);
  tamper([](hid_t file) {
    H5Ldelete(file, "/crossbars/band", H5P_DEFAULT);
    H5Lmove(file, "/crossbars/rows", file, "/crossbars/band", H5P_DEFAULT, H5P_DEFAULT);
  });
  EXPECT_THAT([&] { read_deployment(path_); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("/crossbars/band"), HasSubstr("[40]"),
                                              HasSubstr("expected [4]"))));
  write_deployment(tiny_deployment(), path_);
  tamper([](hid_t file) {
    H5Ldelete(file, "/crossbars/layer", H5P_DEFAULT);
    H5Lmove(file, "/crossbars/levels", file, "/crossbars/layer", H5P_DEFAULT, H5P_DEFAULT);
  });
  EXPECT_THAT([&] { read_deployment(path_); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("/crossbars/layer"), HasSubstr("int32"))));
}

TEST_F(DeploymentFile, RefusesValuesOutOfRangeNamingTheFile) {
  struct Case {
    const char* data_set;
    std::int32_t value;
    const char* message;
  };
  for (const Case& c : {Case{"/crossbars/rows", 20, "row is 20"},
                        {"/crossbars/columns/output", 3, "output is 3"},
                        {"/crossbars/columns/shift", 32, "shift is 32"},
                        {"/crossbars/layer", 1, "layer is 1"},
                        {"/crossbars/row_count", 0, "row_count"},
                        {"/crossbars/columns/gain", 65536, "gain"},
                        {"/crossbars/columns/bits", 13, "bits is 13"},
                        {"/layers/0000/crossbars", 1, "listed"},
                        {"/layers/0000/inputs", 1, "input tensor is 1"}}) {
    write_deployment(tiny_deployment(), path_);
    set_first(c.data_set, c.value);
    EXPECT_THAT([&] { read_deployment(path_); },
                ThrowsMessage<InputError>(AllOf(HasSubstr(path_.string()), HasSubstr(c.message))))
        << c.data_set;
  }
}

TEST_F(DeploymentFile, LeavesTheOldFileWhereWritingFails) {
  EXPECT_THROW(write_deployment(tiny_deployment(), fs::path("/proc/nowhere/x.xbar")), InputError);
}

/// Each change makes one field wrong.
TEST(Validate, RefusesEachInconsistency) {
  const Deployment good = small_deployment();
  EXPECT_NO_THROW(validate(good));
  const std::vector<std::function<void(Deployment&)>> changes = {
      [](Deployment& d) { d.tile.rows = 8; },
      [](Deployment& d) { d.tile.code.reference = 255; },
      [](Deployment& d) { d.tensors[1].scale = 0.0; },
      [](Deployment& d) { d.tensors[1].zero = 256; },
      [](Deployment& d) { d.tensors.pop_back(); },
      [](Deployment& d) { d.layers.clear(); },
      [](Deployment& d) { d.layers[0].kind = static_cast<LayerKind>(9); },
      [](Deployment& d) { d.layers[0].inputs = {5}; },
      [](Deployment& d) {
        d.layers[0].inputs = {0, 0};
      },
      [](Deployment& d) { d.layers[0].window.stride_h = 0; },
      [](Deployment& d) { d.layers[0].window.pad_top = 0; },
      [](Deployment& d) { d.layers[0].pad_values[0] = -1; },
      [](Deployment& d) { d.layers[0].scales[0].multiplier = 1 << 16; },
      [](Deployment& d) { d.layers[0].scales.pop_back(); },
      [](Deployment& d) { d.layers[0].weights.pop_back(); },
      [](Deployment& d) { d.layers[0].weights[0] = -128; },
      [](Deployment& d) { d.layers[0].weight_scale[0] = NAN; },
      [](Deployment& d) { d.layers[0].affine_gain[0] = -1.0; },
      [](Deployment& d) { d.layers[0].bn_sign.pop_back(); },
      [](Deployment& d) { d.layers[0].crossbars.pop_back(); },
      [](Deployment& d) { d.layers[0].range = {.zero = 0, .low = 5, .high = 4}; },
      [](Deployment& d) { d.crossbars[0].levels[0] = 4; },
      [](Deployment& d) { d.crossbars[0].levels.pop_back(); },
      [](Deployment& d) { d.crossbars[0].layer = 1; },
      [](Deployment& d) { d.crossbars[0].band = 10000; },
      [](Deployment& d) { d.crossbars[0].part = 1; },
      [](Deployment& d) {
        d.crossbars[0].unit_terms = {{0, 1}};
      },
      [](Deployment& d) { d.tile.encoding = Encoding::kOffset; },
      [](Deployment& d) { d.layers[0].mapping = static_cast<Mapping>(2); },
      [](Deployment& d) { d.layers[0].parts = 0; },
      [](Deployment& d) { d.layers[0].columns_per_vector = 2; },
      [](Deployment& d) { d.layers[0].groups = 0; },
      [](Deployment& d) {
        d.layers[0].silent_inputs = {1, 0};
      },
      [](Deployment& d) {
        for (auto& column : d.crossbars[0].tables.columns) column.left_shift = 23;
      },
      [](Deployment& d) { d.crossbars[0].tables.columns[0].slice = 4; },
      [](Deployment& d) { d.crossbars[0].tables.columns[0].left_shift = 24; },
      [](Deployment& d) { d.crossbars[0].tables.columns[0].zero_code = 256; },
      [](Deployment& d) { d.classes = 5; },
      [](Deployment& d) { d.normalisation.std = {1.0F}; }};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    Deployment bad = good;
    changes[i](bad);
    EXPECT_THROW(validate(bad), InputError) << "change " << i;
  }
}

}  // namespace
}  // namespace crossloop::compiler
