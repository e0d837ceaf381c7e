#include "host/data/idx.hpp"

#include <gmock/gmock.h>
#include <zlib.h>

#include <random>

#include "tests/data_folder.hpp"

namespace crossloop::data {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Bytes = std::vector<std::uint8_t>;

constexpr DataOptions kAll = {.train_images = 0, .test_images = 0};

/// Two images of 1x3 pixels.
const Bytes kTrainImages = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6};
const Bytes kTrainLabels = {0, 0, 8, 1, 0, 0, 0, 2, 9, 0};
const Bytes kTestImages = {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 3, 7, 8, 9};
const Bytes kTestLabels = {0, 0, 8, 1, 0, 0, 0, 1, 4};

class Idx : public DataFolder {
 protected:
  void write_four() {
    write("train-images-idx3-ubyte", kTrainImages);
    write("train-labels-idx1-ubyte", kTrainLabels);
    write("t10k-images-idx3-ubyte", kTestImages);
    write("t10k-labels-idx1-ubyte", kTestLabels);
  }
  fs::path write_gz(const std::string& name, const Bytes& bytes) {
    const fs::path path = folder_ / name;
    gzFile file = gzopen(path.c_str(), "wb");
    gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
    gzclose(file);
    return path;
  }
  std::string why_not(const DataOptions& options = kAll) const {
    return refusal([&] { load_idx(folder_, options); });
  }
};

TEST_F(Idx, ReadsTheFourFiles) {
  write_four();
  const DataSplit split = load_idx(folder_, kAll);
  EXPECT_EQ(split.train.name, folder_.filename().string());
  EXPECT_EQ(split.train.count, 2);
  EXPECT_EQ(split.train.height, 1);
  EXPECT_EQ(split.train.width, 3);
  EXPECT_EQ(split.train.channels, 1);
  EXPECT_EQ(split.train.classes, 10);
  EXPECT_THAT(split.train.image(1), ElementsAre(4, 5, 6));
  EXPECT_THAT(split.train.labels, ElementsAre(9, 0));
  EXPECT_THAT(split.test.pixels, ElementsAre(7, 8, 9));
  EXPECT_THAT(split.test.labels, ElementsAre(4));
}

TEST_F(Idx, ReadsGzippedFilesAndNamesWithADot) {
  write_gz("train-images-idx3-ubyte.gz", kTrainImages);
  write_gz("train-labels.idx1-ubyte.gz", kTrainLabels);
  write("t10k-images.idx3-ubyte", kTestImages);
  write("t10k-labels-idx1-ubyte", kTestLabels);
  const DataSplit split = load_idx(folder_ / "", kAll);
  EXPECT_EQ(split.train.name, folder_.filename().string());
  EXPECT_THAT(split.train.labels, ElementsAre(9, 0));
  EXPECT_THAT(split.test.pixels, ElementsAre(7, 8, 9));
}

TEST_F(Idx, TakesTheFirstImagesThatAreAskedFor) {
  write_four();
  const DataSplit split = load_idx(folder_, {.train_images = 1, .test_images = 5});
  EXPECT_EQ(split.train.count, 1);
  EXPECT_THAT(split.train.pixels, ElementsAre(1, 2, 3));
  EXPECT_THAT(split.train.labels, ElementsAre(9));
  EXPECT_EQ(split.test.count, 1);
  EXPECT_THAT(why_not({.test_images = -2}), HasSubstr("-2 images asked for"));
}

TEST_F(Idx, IsHeldByAFolderWithOneOfTheFiles) {
  EXPECT_FALSE(holds_idx(folder_));
  write("t10k-labels.idx1-ubyte", kTestLabels);
  EXPECT_TRUE(holds_idx(folder_));
}

TEST_F(Idx, NamesAMissingFile) {
  write_four();
  fs::remove(folder_ / "t10k-images-idx3-ubyte");
  EXPECT_THAT(why_not(),
              AllOf(HasSubstr(folder_.string()), HasSubstr("no t10k-images-idx3-ubyte[.gz]")));
}

TEST_F(Idx, NamesAWrongMagicNumber) {
  write_four();
  write("train-labels-idx1-ubyte", kTrainImages);
  EXPECT_THAT(why_not(), AllOf(HasSubstr("train-labels-idx1-ubyte"), HasSubstr("magic number 2051"),
                               HasSubstr("expected 2049")));
}

TEST_F(Idx, NamesAShortFileAndALongOne) {
  write_four();
  write("train-images-idx3-ubyte", Bytes(kTrainImages.begin(), kTrainImages.end() - 1));
  EXPECT_THAT(why_not(), AllOf(HasSubstr("train-images-idx3-ubyte"),
                               HasSubstr("ends after 21 bytes"), HasSubstr("at least 22")));
  write("train-images-idx3-ubyte", Bytes(kTrainImages.begin(), kTrainImages.begin() + 9));
  EXPECT_THAT(why_not(), HasSubstr("ends after 9 bytes"));
  Bytes longer = kTrainImages;
  longer.push_back(0);
  write("train-images-idx3-ubyte", longer);
  EXPECT_THAT(why_not(),
              AllOf(HasSubstr("more bytes than its header says"), HasSubstr("expected 22 bytes")));
}

TEST_F(Idx, NamesATruncatedAndADamagedGzip) {
  write_four();
  fs::remove(folder_ / "train-images-idx3-ubyte");
  const fs::path file = write_gz("train-images-idx3-ubyte.gz", kTrainImages);
  const auto bytes = fs::file_size(file);
  std::fstream damaged(file, std::ios::in | std::ios::out | std::ios::binary);
  damaged.seekp(static_cast<std::streamoff>(bytes) - 8).put('\x55');  // its checksum
  damaged.close();
  EXPECT_THAT(why_not(),
              AllOf(HasSubstr("train-images-idx3-ubyte.gz"), HasSubstr("broken gzip stream")));
  fs::resize_file(file, bytes - 12);
  EXPECT_THAT(why_not(), AllOf(HasSubstr("train-images-idx3-ubyte.gz"), HasSubstr("ends after")));
}

TEST_F(Idx, NamesAnImpossibleHeaderBeforeItReservesMemory) {
  write_four();
  Bytes huge = kTrainImages;
  for (std::size_t i = 4; i < 16; ++i) huge[i] = 0xFF;
  write("train-images-idx3-ubyte", huge);
  EXPECT_THAT(why_not(), HasSubstr("4294967295 images of 4294967295x4294967295"));
  Bytes many = kTrainImages;
  for (std::size_t i = 4; i < 8; ++i) many[i] = 0xFF;
  write("train-images-idx3-ubyte", many);
  EXPECT_THAT(why_not(), HasSubstr("4294967295 images of 1x3, expected at most 2 GiB"));
  Bytes empty = kTrainImages;
  empty[15] = 0;
  write("train-images-idx3-ubyte", empty);
  EXPECT_THAT(why_not(), HasSubstr("2 images of 1x0"));
}

TEST_F(Idx, NamesACountOfLabelsThatDoesNotFit) {
  write_four();
  write("t10k-labels-idx1-ubyte", kTrainLabels);
  EXPECT_THAT(why_not(), AllOf(HasSubstr("t10k-labels-idx1-ubyte"), HasSubstr("2 labels"),
                               HasSubstr("expected 1")));
}

TEST_F(Idx, NamesALabelOutOfRange) {
  write_four();
  write("train-labels-idx1-ubyte", {0, 0, 8, 1, 0, 0, 0, 2, 9, 10});
  EXPECT_THAT(why_not(), AllOf(HasSubstr("train-labels-idx1-ubyte"), HasSubstr("label 1 is 10")));
}

TEST_F(Idx, SurvivesFlippedBytes) {
  write_four();
  std::mt19937 rng(1);
  for (int i = 0; i < 200; ++i) {
    const bool of_labels = i % 4 == 0;
    const Bytes& whole = of_labels ? kTrainLabels : kTrainImages;
    Bytes damaged = whole;
    damaged[rng() % damaged.size()] ^= static_cast<std::uint8_t>(1 + rng() % 255);
    const char* name = of_labels ? "train-labels-idx1-ubyte" : "train-images-idx3-ubyte";
    write(name, damaged);
    const std::string why = why_not();
    EXPECT_TRUE(why.empty() || why.find(folder_.string()) == 0) << why;
    write(name, whole);
  }
}

TEST_F(Idx, RefusesTestImagesOfAnotherSize) {
  write_four();
  write("t10k-images-idx3-ubyte", {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 7, 8});
  EXPECT_THAT(why_not(), AllOf(HasSubstr("1x2"), HasSubstr("1x3")));
}

}  // namespace
}  // namespace crossloop::data
