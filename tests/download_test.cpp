#include "host/data/download.hpp"

#include <gmock/gmock.h>
#include <sys/file.h>

#include <csignal>
#include <random>

#include "host/files.hpp"
#include "host/progress.hpp"
#include "tests/data_folder.hpp"
#include "tests/file_server.hpp"

namespace crossloop::data {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string random_text(std::size_t size) {
  std::mt19937 rng(3);
  std::string text(size, ' ');
  for (char& letter : text) letter = static_cast<char>(rng());
  return text;
}

const std::string kContent = random_text(10'000);

class DownloadFile : public DataFolder {
 protected:
  void SetUp() override {
    DataFolder::SetUp();
    write_file(folder_ / "original", kContent);
    request_ = {.url = server_.url() + "/set.gz",
                .file = folder_ / "sub" / "set.gz",
                .sha256 = sha256_of(folder_ / "original"),
                .timeout_seconds = 1};
    part_ = request_.file.string() + ".part";
  }
  static std::string text_of(const fs::path& file) {
    const auto bytes = read_file(file);
    return {bytes.begin(), bytes.end()};
  }
  std::string why_not() const {
    return refusal([&] { download(request_); });
  }
  void expect_whole() const {
    EXPECT_EQ(text_of(request_.file), kContent);
    EXPECT_FALSE(fs::exists(part_));
  }

  tests::FileServer server_{kContent};
  Download request_;
  fs::path part_;
};

TEST_F(DownloadFile, ArrivesWholeAndLeavesNoPart) {
  const Downloaded result = download(request_);
  EXPECT_EQ(result.bytes, 10'000);
  EXPECT_EQ(result.received, 10'000);
  EXPECT_THAT(server_.ranges, ElementsAre(""));
  expect_whole();
}

TEST_F(DownloadFile, IsLeftAloneWhereItIsThere) {
  write_file(request_.file, kContent);
  EXPECT_EQ(download(request_).received, 0);
  EXPECT_THAT(server_.paths, IsEmpty());
  expect_whole();
}

TEST_F(DownloadFile, ReplacesAFileOfAnotherContent) {
  write_file(request_.file, "old");
  EXPECT_EQ(download(request_).received, 10'000);
  expect_whole();
}

TEST_F(DownloadFile, GoesOnWhereTheConnectionWasCut) {
  server_.cut_after = 4'000;
  EXPECT_THAT(why_not(), AllOf(HasSubstr("/set.gz: "), HasSubstr("4000 bytes are in"),
                               HasSubstr("set.gz.part"), HasSubstr("goes on from there")));
  EXPECT_FALSE(fs::exists(request_.file));
  EXPECT_EQ(text_of(part_), kContent.substr(0, 4'000));
  server_.cut_after = SIZE_MAX;
  const Downloaded result = download(request_);
  EXPECT_THAT(server_.ranges, ElementsAre("", "bytes=4000-"));
  EXPECT_EQ(result.received, 6'000);
  EXPECT_EQ(result.bytes, 10'000);
  expect_whole();
}

TEST_F(DownloadFile, StartsOverWhereTheServerKnowsNoRanges) {
  write_file(part_, kContent.substr(0, 4'000));
  server_.ignores_ranges = true;
  EXPECT_EQ(download(request_).received, 10'000);
  EXPECT_THAT(server_.ranges, ElementsAre("bytes=4000-"));
  expect_whole();
}

TEST_F(DownloadFile, StartsOverWhereThePartIsTooLong) {
  write_file(part_, kContent + "more");
  server_.refuses_ranges = true;
  EXPECT_EQ(download(request_).received, 10'000);
  EXPECT_THAT(server_.ranges, ElementsAre("bytes=10004-", ""));
  expect_whole();
}

TEST_F(DownloadFile, TakesAPartThatIsWholeAsItIs) {
  write_file(part_, kContent);
  EXPECT_EQ(download(request_).received, 0);
  EXPECT_THAT(server_.paths, IsEmpty());
  expect_whole();
}

TEST_F(DownloadFile, IsDeletedWhereItsChecksumIsWrong) {
  const std::string right = request_.sha256;
  request_.sha256 = std::string(64, 'e');
  EXPECT_THAT(why_not(), AllOf(HasSubstr("/set.gz: SHA-256 " + right),
                               HasSubstr("expected " + request_.sha256), HasSubstr("deleted")));
  EXPECT_FALSE(fs::exists(request_.file));
  EXPECT_FALSE(fs::exists(part_));
}

TEST_F(DownloadFile, StartsOverWhereItWentOnFromOtherBytes) {
  write_file(part_, std::string(4'000, 'x'));
  EXPECT_EQ(download(request_).received, 10'000);
  EXPECT_THAT(server_.ranges, ElementsAre("bytes=4000-", ""));
  EXPECT_FALSE(fs::exists(part_));
  expect_whole();
}

TEST_F(DownloadFile, NamesTheUrlAndTheStatusOfTheServer) {
  server_.status = 404;
  EXPECT_THAT(why_not(), HasSubstr(request_.url + ": the server answered 404, expected 200"));
  EXPECT_TRUE(fs::is_empty(request_.file.parent_path()));
}

TEST_F(DownloadFile, KeepsThePartWhereTheServerFails) {
  write_file(part_, kContent.substr(0, 4'000));
  server_.status = 503;
  EXPECT_THAT(why_not(), HasSubstr("answered 503"));
  EXPECT_EQ(fs::file_size(part_), 4'000u);
}

TEST_F(DownloadFile, NamesAServerThatIsNotThere) {
  request_.url = "http://127.0.0.1:1/set.gz";
  EXPECT_THAT(why_not(), AllOf(HasSubstr(request_.url + ": "), HasSubstr("connect")));
  request_.url = "file:///etc/hostname";
  EXPECT_THAT(why_not(), HasSubstr("Protocol"));
}

TEST_F(DownloadFile, GivesUpWhereTheServerStandsStill) {
  server_.stands_still = true;
  EXPECT_THAT(why_not(), AllOf(HasSubstr("nothing came for 1 s"), HasSubstr("1000 bytes are in")));
}

TEST_F(DownloadFile, RefusesAPartThatAnotherProcessWrites) {
  write_file(part_, "");
  std::FILE* other = std::fopen(part_.c_str(), "a");
  ASSERT_EQ(::flock(::fileno(other), LOCK_EX), 0);
  EXPECT_THAT(why_not(), HasSubstr("another process is writing it"));
  std::fclose(other);
}

TEST_F(DownloadFile, NamesAFolderThatCannotBeWritten) {
  request_.file = folder_ / "original" / "set.gz";  // below a file
  EXPECT_THAT(why_not(), HasSubstr("cannot be written"));
}

TEST_F(DownloadFile, ComesWithAllFilesOfItsSet) {
  const RemoteSet set = {.name = "two",
                         .url = "http://127.0.0.1:1",
                         .files = {{"a.gz", request_.sha256}, {"b.gz", request_.sha256}}};
  const auto files = download_set(set, folder_ / "two", server_.url() + "/mirror/");
  EXPECT_THAT(server_.paths, ElementsAre("/mirror/a.gz", "/mirror/b.gz"));
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(files[1].file, folder_ / "two" / "b.gz");
  EXPECT_EQ(text_of(folder_ / "two" / "b.gz"), kContent);
}

TEST_F(DownloadFile, KeepsThePartWhenInterrupted) {
  server_.stands_still = true;
  request_.timeout_seconds = 20;
  const auto download_until_interrupt = [&] {
    install_interrupt_handler();
    const std::jthread user([&] {
      while (!fs::exists(part_) || fs::file_size(part_) == 0) std::this_thread::yield();
      ::kill(::getpid(), SIGINT);
    });
    try {
      download(request_);
    } catch (const Interrupted& interrupted) {
      std::fputs(interrupted.what(), stderr);
      std::_Exit(fs::file_size(part_) == 1'000 ? 7 : 8);
    }
  };
  EXPECT_EXIT(download_until_interrupt(), ::testing::ExitedWithCode(7),
              "set.gz .the same command goes on from here.: interrupted");
}

TEST(Sha256, IsThatOfThePublishedExamples) {
  const fs::path file = fs::path(::testing::TempDir()) / "sha256.txt";
  write_file(file, "abc");  // FIPS 180-2, appendix B.1
  EXPECT_EQ(sha256_of(file), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  write_file(file, "");
  EXPECT_EQ(sha256_of(file), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  fs::remove(file);
  EXPECT_THROW(sha256_of(file), InputError);
}

TEST(Catalogue, NamesEverySetWithChecksumsOfFullLength) {
  for (const char* name : {"cifar10", "cifar100", "mnist", "fashion-mnist"}) {
    const RemoteSet* set = find_remote_set(name);
    ASSERT_NE(set, nullptr) << name;
    EXPECT_EQ(set->name, name);
    for (const RemoteFile& file : set->files) {
      EXPECT_EQ(file.sha256.size(), 64u) << file.name;
      EXPECT_EQ(file.sha256.find_first_not_of("0123456789abcdef"), std::string::npos);
    }
  }
  EXPECT_EQ(find_remote_set("imagenet"), nullptr);
}

TEST(Catalogue, FindsItsFolderInTheEnvironment) {
  ::setenv("HOME", "/home/ada", 1);
  ::unsetenv("CROSSLOOP_DATA");
  ::unsetenv("XDG_CACHE_HOME");
  EXPECT_EQ(default_folder("mnist"), "/home/ada/.cache/crossloop/data/mnist");
  ::setenv("XDG_CACHE_HOME", "/var/cache/ada", 1);
  EXPECT_EQ(default_folder("mnist"), "/var/cache/ada/crossloop/data/mnist");
  ::setenv("CROSSLOOP_DATA", "/data", 1);
  EXPECT_EQ(default_folder("mnist"), "/data/mnist");
  for (const char* key : {"CROSSLOOP_DATA", "XDG_CACHE_HOME", "HOME"}) ::unsetenv(key);
  EXPECT_THAT(refusal([] { default_folder("mnist"); }), HasSubstr("neither CROSSLOOP_DATA nor"));
}

}  // namespace
}  // namespace crossloop::data
