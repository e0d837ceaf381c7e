#include "host/data/dataset.hpp"

#include <gmock/gmock.h>

#include "host/data/shapes.hpp"
#include "tests/data_folder.hpp"

namespace crossloop::data {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Three images of 1x2 pixels and two channels.
Dataset three_images() {
  return {.name = "three",
          .count = 3,
          .height = 1,
          .width = 2,
          .channels = 2,
          .classes = 10,
          .pixels = {0, 255, 0, 255, 0, 255, 255, 255, 255, 255, 255, 255},
          .labels = {7, 8, 9}};
}

TEST(Dataset, ImageIsAViewOfItsPixels) {
  EXPECT_THAT(three_images().image(1), ElementsAre(0, 255, 255, 255));
}

TEST(Dataset, SliceKeepsImagesAndLabelsTogether) {
  const Dataset part = three_images().slice(1, 2);
  EXPECT_EQ(part.count, 2);
  EXPECT_EQ(part.width, 2);
  EXPECT_EQ(part.classes, 10);
  EXPECT_EQ(part.name, "three");
  EXPECT_THAT(part.labels, ElementsAre(8, 9));
  EXPECT_THAT(part.pixels, ElementsAre(0, 255, 255, 255, 255, 255, 255, 255));
}

TEST(Dataset, SliceMayBeEmptyAtTheEnd) { EXPECT_EQ(three_images().slice(3, 0).count, 0); }

TEST(Dataset, SliceBeyondTheEndIsRefused) {
  EXPECT_THAT(refusal([] { three_images().slice(2, 2); }),
              AllOf(HasSubstr("three"), HasSubstr("2 to 3"), HasSubstr("there are 3")));
  EXPECT_THROW(three_images().slice(-1, 1), InputError);
  EXPECT_THROW(three_images().slice(0, -1), InputError);
  EXPECT_THROW(three_images().slice(2147483647, 2147483647), InputError);
}

TEST(ChannelStatistics, AreThoseOfEachChannelBetween0And1) {
  const ChannelStatistics statistics = channel_statistics(three_images());
  EXPECT_THAT(statistics.mean, ElementsAre(0.5F, 1.0F));
  EXPECT_THAT(statistics.std, ElementsAre(0.5F, 0.0F));
}

TEST(ChannelStatistics, OfNoImagesAreRefused) {
  EXPECT_THROW(channel_statistics(Dataset{}), InputError);
}

TEST(LoadData, DrawsShapesWhoseTestSetIsNotTheTrainSet) {
  const DataSplit split = load_data("shapes", {.seed = 3, .train_images = 20, .test_images = 20});
  EXPECT_EQ(split.train.count, 20);
  EXPECT_EQ(split.train.pixels, make_shapes(3, 20).pixels);
  EXPECT_NE(split.train.pixels, split.test.pixels);
}

TEST(LoadData, DrawsTheStandardNumberOfShapesForZero) {
  EXPECT_EQ(load_data("shapes", {.test_images = 0, .skip_train = true}).test.count, 4000);
}

TEST(LoadData, RefusesToDrawLessThanNoShapes) {
  EXPECT_THAT(refusal([] { load_data("shapes", {.train_images = -1}); }),
              HasSubstr("-1 train images"));
  EXPECT_THAT(refusal([] { load_data("shapes", {.test_images = -1}); }),
              HasSubstr("-1 test images"));
}

TEST(LoadData, NamesAnUnknownSourceAndWhatItAccepts) {
  EXPECT_THAT(refusal([] { load_data("shape", {}); }),
              AllOf(HasSubstr("'shape'"), HasSubstr("no such file or folder"),
                    HasSubstr("expected shapes,"), HasSubstr("CIFAR-10"), HasSubstr("MNIST")));
}

class LoadDataFiles : public DataFolder {};

TEST_F(LoadDataFiles, RefusesAFolderWithoutADataSet) {
  write("notes.txt", {1});
  EXPECT_THAT(refusal([&] { load_data(folder_.string(), {}); }),
              AllOf(HasSubstr(folder_.string()), HasSubstr("without a data set")));
}

TEST_F(LoadDataFiles, RefusesAFileThatIsNoArchiveByItsName) {
  const auto file = write("notes.txt", {1});
  EXPECT_THAT(refusal([&] { load_data(file.string(), {}); }),
              AllOf(HasSubstr(file.string()), HasSubstr("not an archive")));
}

TEST_F(LoadDataFiles, FindsANamedSetWhereItIsDownloadedTo) {
  ::setenv("CROSSLOOP_DATA", folder_.c_str(), 1);
  EXPECT_THAT(refusal([] { load_data("mnist", {}); }),
              AllOf(HasSubstr("'mnist': not in " + (folder_ / "mnist").string()),
                    HasSubstr("crossloop data get mnist")));
  for (const char* part : {"train", "t10k"}) {
    const std::string start = std::string("mnist/") + part;
    write(start + "-images-idx3-ubyte", {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 7});
    write(start + "-labels-idx1-ubyte", {0, 0, 8, 1, 0, 0, 0, 1, 4});
  }
  const DataSplit split = load_data("mnist", {});
  EXPECT_EQ(split.train.name, "mnist");
  EXPECT_EQ(split.origin, (folder_ / "mnist").string());
  ::unsetenv("CROSSLOOP_DATA");
}

TEST_F(LoadDataFiles, PrefersAFolderHereToANamedSet) {
  const auto before = std::filesystem::current_path();
  write("mnist/notes.txt", {1});
  std::filesystem::current_path(folder_);
  const std::string why = refusal([] { load_data("mnist", {}); });
  std::filesystem::current_path(before);
  EXPECT_THAT(why, HasSubstr("'mnist': a folder without a data set known here"));
}

TEST_F(LoadDataFiles, RefusesWhatIsNeitherFileNorFolder) {
  EXPECT_THROW(load_data("/dev/null", {}), InputError);
  EXPECT_THROW(load_data(std::string(5000, 'x'), {}), InputError);
}

TEST_F(LoadDataFiles, RecognisesCifarOfFullLengthFromTheNamesOfItsFiles) {
  for (const char* name : {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
                           "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"}) {
    write(std::string("cifar-10-batches-bin/") + name, {});
    std::filesystem::resize_file(folder_ / "cifar-10-batches-bin" / name, 30'730'000);
  }
  const DataSplit split = load_data(folder_.string(), {.train_images = 10'002, .test_images = 2});
  EXPECT_EQ(split.train.name, "cifar10");
  EXPECT_EQ(split.train.labels.size(), 10'002u);
  EXPECT_EQ(split.test.count, 2);
}

TEST_F(LoadDataFiles, RecognisesIdxFilesAndNamesTheMissingOne) {
  write("t10k-labels-idx1-ubyte", {0, 0, 8, 1, 0, 0, 0, 0});
  EXPECT_THAT(refusal([&] { load_data(folder_.string(), {}); }),
              HasSubstr("no train-images-idx3-ubyte[.gz]"));
}

}  // namespace
}  // namespace crossloop::data
