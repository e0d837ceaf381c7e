// crossloop data: getting a data set from a server and looking at it, as a user does.
#include "tests/command_line.hpp"
#include "tests/file_server.hpp"

namespace crossloop {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class DataCommand : public ::testing::Test {
 protected:
  /// The program looks for data sets in a folder of this test.
  void SetUp() override { ::setenv("CROSSLOOP_DATA", (folder_ / "sets").c_str(), 1); }
  void TearDown() override { ::unsetenv("CROSSLOOP_DATA"); }

  tests::CommandResult run(const std::string& arguments) const { return folder_.run(arguments); }
  std::string refusal(const std::string& arguments) const {
    const auto result = run(arguments);
    EXPECT_EQ(result.code, 2) << arguments << result.output << result.errors;
    return result.errors;
  }

  tests::WorkFolder folder_{"data_command"};
};

TEST_F(DataCommand, GetRefusesAFileWithAWrongChecksumAndNamesBoth) {
  const tests::FileServer server("these are no labels");
  EXPECT_THAT(refusal("data get cifar10 --url " + server.url()),
              AllOf(HasSubstr(server.url() + "/cifar-10-binary.tar.gz: SHA-256 "),
                    HasSubstr("expected c4a38c50")));
  EXPECT_THAT(server.paths, ElementsAre("/cifar-10-binary.tar.gz"));
  EXPECT_TRUE(fs::is_empty(folder_ / "sets/cifar10"));
}

TEST_F(DataCommand, GetGoesOnWithAnUnfinishedFile) {
  tests::write_content(folder_ / "there/train-images-idx3-ubyte.gz.part", "these");
  const tests::FileServer server("these are no images");
  EXPECT_THAT(refusal("data get mnist --to there --url " + server.url() + "/"),
              HasSubstr("/train-images-idx3-ubyte.gz: SHA-256 "));
  EXPECT_THAT(server.ranges, ElementsAre("bytes=5-", "")) << "the second time from the start";
}

TEST_F(DataCommand, GetNamesAServerThatRefusesOrIsNotThere) {
  tests::FileServer server("");
  server.status = 404;
  EXPECT_THAT(refusal("data get mnist --url " + server.url()),
              AllOf(HasSubstr("/train-images-idx3-ubyte.gz"), HasSubstr("answered 404")));
  EXPECT_THAT(refusal("data get mnist --url http://127.0.0.1:1"), HasSubstr("127.0.0.1:1"));
}

TEST_F(DataCommand, GetKnowsShapesAndNamesTheSetsThereAre) {
  const auto shapes = run("data get shapes --json get.json");
  EXPECT_EQ(shapes.code, 0);
  EXPECT_THAT(shapes.output, HasSubstr("nothing to download"));
  EXPECT_THAT(folder_.json("get.json").at("files"), IsEmpty());
  EXPECT_THAT(refusal("data get imagenet"),
              AllOf(HasSubstr("imagenet"), HasSubstr("cifar100"), HasSubstr("fashion-mnist")));
}

TEST_F(DataCommand, ANameThatWasNotDownloadedSaysHowTo) {
  EXPECT_THAT(refusal("data info cifar100"),
              AllOf(HasSubstr("'cifar100': not in"), HasSubstr("sets/cifar100"),
                    HasSubstr("crossloop data get cifar100")));
}

TEST_F(DataCommand, InfoFindsADownloadedSetByItsName) {
  tests::write_idx(folder_ / "sets/mnist", "train", 40);
  tests::write_idx(folder_ / "sets/mnist", "t10k", 20);
  const auto result = run("data info mnist --validation 10 --json info.json");
  ASSERT_EQ(result.code, 0) << result.errors;
  EXPECT_THAT(result.output, AllOf(HasSubstr("mnist: 8x8 pixels"), HasSubstr("sets/mnist"),
                                   HasSubstr("validation 10 images")));
  const auto info = folder_.json("info.json");
  EXPECT_EQ(info.at("origin"), (folder_ / "sets/mnist").string());
  EXPECT_EQ(info.at("train").at("images"), 30);
  EXPECT_EQ(info.at("test").at("images"), 20);
  EXPECT_THAT(info.at("validation").at("images_per_class"), Each(1));
  EXPECT_THAT(info.at("class_names"), IsEmpty());
}

TEST_F(DataCommand, InfoNamesTheClassesOfShapes) {
  const auto result = run("data info shapes --train-images 20 --images 10 --json info.json");
  ASSERT_EQ(result.code, 0) << result.errors;
  EXPECT_THAT(result.output, AllOf(HasSubstr("classes disc, square"), HasSubstr("drawn")));
  EXPECT_THAT(folder_.json("info.json").at("class_names"), SizeIs(10));
  EXPECT_FALSE(folder_.json("info.json").contains("validation"));
}

TEST_F(DataCommand, InfoRefusesMoreValidationThanTrainingImages) {
  EXPECT_THAT(refusal("data info shapes --train-images 20 --images 10 --validation 20"),
              HasSubstr("20 images to hold out, expected 0 to 19"));
}

}  // namespace
}  // namespace crossloop
