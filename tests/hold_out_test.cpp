#include <gmock/gmock.h>

#include <algorithm>

#include "host/data/dataset.hpp"
#include "host/data/shapes.hpp"
#include "tests/data_folder.hpp"

namespace crossloop::data {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// One image of one pixel per label; the pixel is the index.
Dataset numbered(const std::vector<std::uint16_t>& labels, int classes) {
  Dataset images{.name = "numbered",
                 .count = static_cast<int>(labels.size()),
                 .height = 1,
                 .width = 1,
                 .channels = 1,
                 .classes = classes,
                 .pixels = {},
                 .labels = labels};
  for (int i = 0; i < images.count; ++i) images.pixels.push_back(static_cast<std::uint8_t>(i));
  return images;
}

/// `count` images, labels 0, 1, ..., classes - 1, 0, 1, ...
Dataset in_turn(int count, int classes) {
  std::vector<std::uint16_t> labels;
  for (int i = 0; i < count; ++i) labels.push_back(static_cast<std::uint16_t>(i % classes));
  return numbered(labels, classes);
}

std::vector<int> per_class(const Dataset& images) {
  std::vector<int> counts(static_cast<std::size_t>(images.classes));
  for (const std::uint16_t label : images.labels) ++counts[label];
  return counts;
}

TEST(HoldOut, DividesTheImagesWithTheirLabelsInTheirOrder) {
  const Dataset all = in_turn(200, 5);
  const auto [train, validation] = hold_out(all, 50, 1);
  EXPECT_EQ(train.count, 150);
  EXPECT_EQ(validation.count, 50);
  EXPECT_EQ(validation.name, "numbered");
  EXPECT_EQ(validation.classes, 5);
  std::vector<std::uint8_t> merged;
  std::merge(train.pixels.begin(), train.pixels.end(), validation.pixels.begin(),
             validation.pixels.end(), std::back_inserter(merged));  // both are sorted
  EXPECT_EQ(merged, all.pixels);
  for (const Dataset* part : {&train, &validation}) {
    ASSERT_EQ(part->labels.size(), part->pixels.size());
    for (std::size_t i = 0; i < part->labels.size(); ++i) {
      EXPECT_EQ(part->labels[i], part->pixels[i] % 5);
    }
  }
}

TEST(HoldOut, TakesTheSameShareOfEveryClass) {
  EXPECT_THAT(per_class(hold_out(in_turn(200, 5), 50, 1).validation), Each(10));
}

TEST(HoldOut, RoundsByLargestRemainderToTheExactCount) {
  // Shares of 4 among classes of 5, 3 and 2: 2.0, 1.2 and 0.8.
  const Dataset images = numbered({0, 0, 0, 0, 0, 1, 1, 1, 2, 2}, 3);
  EXPECT_THAT(per_class(hold_out(images, 4, 1).validation), ElementsAre(2, 1, 1));
  // Of 7: 3.5, 2.1 and 1.4, and of 9 all but one.
  EXPECT_THAT(per_class(hold_out(images, 7, 1).validation), ElementsAre(4, 2, 1));
  EXPECT_EQ(hold_out(images, 9, 1).train.count, 1);
}

TEST(HoldOut, DependsOnTheSeedAlone) {
  const Dataset all = in_turn(200, 4);
  const auto held = hold_out(all, 40, 7).validation.pixels;
  EXPECT_EQ(hold_out(all, 40, 7).validation.pixels, held);
  EXPECT_NE(hold_out(all, 40, 8).validation.pixels, held);
}

TEST(HoldOut, HoldsOutTheImagesOnRecord) {
  EXPECT_THAT(hold_out(in_turn(12, 2), 4, 1).validation.pixels, ElementsAre(6, 8, 9, 11));
}

TEST(HoldOut, HoldsOutNothingForZero) {
  const auto [train, validation] = hold_out(in_turn(3, 3), 0, 1);
  EXPECT_EQ(train.count, 3);
  EXPECT_EQ(validation.count, 0);
  EXPECT_EQ(validation.channels, 1);
  EXPECT_EQ(hold_out(Dataset{}, 0, 1).validation.count, 0);
}

TEST(HoldOut, LeavesAtLeastOneTrainingImage) {
  EXPECT_THAT(refusal([] { hold_out(in_turn(3, 3), 3, 1); }),
              AllOf(HasSubstr("numbered"), HasSubstr("3 images to hold out, expected 0 to 2")));
  EXPECT_THROW(hold_out(in_turn(3, 3), -1, 1), InputError);
}

TEST(LoadData, HoldsOutValidationImagesOfTheTrainingSet) {
  const DataOptions options = {
      .seed = 3, .train_images = 30, .test_images = 5, .validation_images = 10};
  const DataSplit split = load_data("shapes", options);
  EXPECT_EQ(split.train.count, 20);
  EXPECT_THAT(per_class(split.validation), Each(1));
  EXPECT_EQ(split.validation.pixels, hold_out(make_shapes(3, 30), 10, 3).validation.pixels);
}

TEST(LoadData, LeavesTheTrainingImagesOutWhereTheyAreSkipped) {
  const DataSplit split = load_data("shapes", {.test_images = 5, .skip_train = true});
  EXPECT_EQ(split.train.count, 0);
  EXPECT_EQ(split.train.width, 32);
  EXPECT_EQ(split.test.count, 5);
}

}  // namespace
}  // namespace crossloop::data
