#include "host/data/image_folder.hpp"

#include <gmock/gmock.h>

#include "tests/data_folder.hpp"
#include "tests/image_bytes.hpp"

namespace crossloop::data {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr DataOptions kAll = {
    .train_images = 0, .test_images = 0, .framing = {.resize = 8, .crop = 4}};

class ImageFolder : public DataFolder {
 protected:
  /// A PNG of 12x10 pixels, all of value `grey`.
  void add(const std::string& name, std::uint8_t grey) {
    write(name, png_of(12, 10, plain(120, {grey, grey, grey})));
  }
  /// Two classes: three cats and one dog to train on, one of each to test with.
  void add_pets() {
    add("train/dog/b.png", 40);
    add("train/cat/3.PNG", 30);
    add("train/cat/1.png", 10);
    add("train/cat/2.jpg", 20);  // a PNG, whatever its name
    add("val/cat/x.png", 50);
    add("val/dog/y.jpeg", 60);
  }
  /// The grey of every image.
  static std::vector<int> greys(const Dataset& images) {
    std::vector<int> greys;
    for (int i = 0; i < images.count; ++i) greys.push_back(images.image(i)[0]);
    return greys;
  }
  std::string why_not(const DataOptions& options = kAll) const {
    return refusal([&] { load_image_folder(folder_, options); });
  }
};

TEST_F(ImageFolder, TakesLabelsFromTheSortedNamesAndClassesInTurn) {
  add_pets();
  const DataSplit split = load_image_folder(folder_, kAll);
  EXPECT_EQ(split.train.name, folder_.filename().string());
  EXPECT_THAT(split.train.class_names, ElementsAre("cat", "dog"));
  EXPECT_EQ(split.train.classes, 2);
  EXPECT_EQ(split.train.height, 4);
  EXPECT_EQ(split.train.width, 4);
  EXPECT_EQ(split.train.channels, 3);
  EXPECT_EQ(split.train.pixels.size(), 4u * 48u);
  EXPECT_THAT(split.train.labels, ElementsAre(0, 1, 0, 0));
  EXPECT_THAT(greys(split.train), ElementsAre(10, 40, 20, 30));
  EXPECT_THAT(split.test.labels, ElementsAre(0, 1));
  EXPECT_THAT(greys(split.test), ElementsAre(50, 60));
}

TEST_F(ImageFolder, TakesTheFirstOfEveryClassWhereFewAreAskedFor) {
  add_pets();
  const DataSplit split =
      load_image_folder(folder_, {.train_images = 2, .test_images = 1, .framing = kAll.framing});
  EXPECT_THAT(greys(split.train), ElementsAre(10, 40));
  EXPECT_THAT(greys(split.test), ElementsAre(50));
}

TEST_F(ImageFolder, ReadsManyImagesInTheirOrder) {
  for (int i = 0; i < 100; ++i) {
    add("train/a/" + std::to_string(1000 + i) + ".png", static_cast<std::uint8_t>(i));
  }
  add("val/a/1.png", 1);
  const Dataset train = load_image_folder(folder_, kAll).train;
  for (int i = 0; i < 100; ++i) EXPECT_EQ(train.image(i)[0], i);
}

TEST_F(ImageFolder, IsRecognisedByItsFolders) {
  EXPECT_FALSE(holds_image_folder(folder_));
  add_pets();
  EXPECT_TRUE(holds_image_folder(folder_));
  EXPECT_EQ(load_data(folder_.string(), kAll).test.count, 2);
}

TEST_F(ImageFolder, TestsWithTheFolderTestWhereThereIsNoVal) {
  add_pets();
  std::filesystem::rename(folder_ / "val", folder_ / "test");
  EXPECT_THAT(greys(load_image_folder(folder_, kAll).test), ElementsAre(50, 60));
}

TEST_F(ImageFolder, DoesNotDecodeTrainingImagesThatAreSkipped) {
  add_pets();
  write("train/cat/1.png", {'b', 'a', 'd'});
  DataOptions options = kAll;
  options.skip_train = true;
  const DataSplit split = load_image_folder(folder_, options);
  EXPECT_EQ(split.train.count, 0);
  EXPECT_EQ(split.train.classes, 2);
  EXPECT_THAT(greys(split.test), ElementsAre(50, 60));
  std::filesystem::remove_all(folder_ / "train");
  EXPECT_EQ(load_image_folder(folder_, options).test.count, 2);
}

TEST_F(ImageFolder, FindsImagesBelowAClassAndPassesOverOtherFiles) {
  add_pets();
  add("train/dog/images/c.png", 70);
  write("train/dog/boxes.txt", {1});
  write("train/.cache/x.bin", {1});
  EXPECT_THAT(greys(load_image_folder(folder_, kAll).train), ElementsAre(10, 40, 20, 70, 30));
}

TEST_F(ImageFolder, NamesADamagedImage) {
  add_pets();
  write("train/cat/1.png", {0xFF, 0xD8, 0xFF, 0xE0});
  write("train/cat/3.PNG", {'b', 'a', 'd'});
  EXPECT_THAT(why_not(), HasSubstr("train/cat/1.png: an image of 0x0"));
}

TEST_F(ImageFolder, NamesTheFirstDamagedImageWhicheverIsFoundFirst) {
  add_pets();
  const auto cut_png = [](int side) {
    Bytes bytes = png_of(side, side, plain(side * side, {1, 2, 3}));
    bytes.resize(bytes.size() - 100);
    return bytes;
  };
  const Bytes slow = cut_png(800), fast = cut_png(400);
  write("train/cat/1.png", slow);
  write("train/dog/b.png", fast);  // the second image
  EXPECT_THAT(why_not(), HasSubstr("train/cat/1.png"));
  write("train/cat/1.png", fast);
  write("train/dog/b.png", slow);
  EXPECT_THAT(why_not(), HasSubstr("train/cat/1.png"));
}

TEST_F(ImageFolder, NamesAClassThatOnlyOnePartHas) {
  add_pets();
  add("val/eel/z.png", 1);
  EXPECT_THAT(why_not(), AllOf(HasSubstr("/train: no class eel"), HasSubstr("/val")));
  std::filesystem::remove_all(folder_ / "val/eel");
  std::filesystem::remove_all(folder_ / "val/dog");
  EXPECT_THAT(why_not(), AllOf(HasSubstr("/val: no class dog"), HasSubstr("/train")));
}

TEST_F(ImageFolder, NamesAClassWithoutImagesAndAMissingPart) {
  add_pets();
  std::filesystem::remove(folder_ / "val/dog/y.jpeg");
  EXPECT_THAT(why_not(), HasSubstr("/val/dog: no images"));
  std::filesystem::remove_all(folder_ / "val");
  EXPECT_THAT(why_not(), HasSubstr("/val: no such folder"));
  std::filesystem::create_directory(folder_ / "val");
  EXPECT_THAT(why_not(), HasSubstr("/val: 0 folders"));
}

TEST_F(ImageFolder, RefusesMoreImagesThanTheMemoryHolds) {
  add_pets();
  for (int i = 0; i < 200; ++i) add("train/cat/m" + std::to_string(i) + ".png", 1);
  EXPECT_THAT(
      why_not({.train_images = 0, .test_images = 0, .framing = {.resize = 4096, .crop = 4096}}),
      AllOf(HasSubstr("206 images of 4096x4096 pixels"), HasSubstr("9.7 GiB of memory"),
            HasSubstr("at most 8 GiB"), HasSubstr("--train-images")));
}

TEST_F(ImageFolder, RefusesACropThatDoesNotFit) {
  add_pets();
  EXPECT_THAT(why_not({.framing = {.resize = 8, .crop = 9}}),
              HasSubstr("resized to 8 and cropped to 9"));
  EXPECT_NE(why_not({.framing = {.resize = 8, .crop = 0}}), "");
  EXPECT_NE(why_not({.framing = {.resize = 5000, .crop = 8}}), "");
}

}  // namespace
}  // namespace crossloop::data
