#include "host/data/cifar.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>

#include <array>
#include <random>
#include <utility>

#include "host/files.hpp"
#include "tests/data_folder.hpp"

namespace crossloop::data {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Bytes = std::vector<std::uint8_t>;

constexpr std::array<const char*, 6> kFiles = {"data_batch_1.bin", "data_batch_2.bin",
                                               "data_batch_3.bin", "data_batch_4.bin",
                                               "data_batch_5.bin", "test_batch.bin"};
constexpr DataOptions kAll = {.train_images = 0, .test_images = 0};

/// A record whose planes are filled with `red`, `red` + 1 and `red` + 2.
void append_record(std::uint8_t label, std::uint8_t red, Bytes& records) {
  records.push_back(label);
  for (int c = 0; c < 3; ++c)
    records.insert(records.end(), 1024, static_cast<std::uint8_t>(red + c));
}

/// Two records of file `f`, with labels f and f + 1 and colours from 10 (2 f + image).
Bytes two_records(int f) {
  Bytes records;
  append_record(static_cast<std::uint8_t>(f), static_cast<std::uint8_t>(20 * f), records);
  append_record(static_cast<std::uint8_t>(f + 1), static_cast<std::uint8_t>(20 * f + 10), records);
  return records;
}

void write_tar(const fs::path& path, const std::vector<std::pair<std::string, Bytes>>& files) {
  archive* tar = archive_write_new();
  archive_write_set_format_ustar(tar);
  if (path.extension() == ".gz") archive_write_add_filter_gzip(tar);
  ASSERT_EQ(archive_write_open_filename(tar, path.c_str()), ARCHIVE_OK);
  for (const auto& [name, bytes] : files) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(bytes.size()));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_write_header(tar, entry);
    archive_write_data(tar, bytes.data(), bytes.size());
    archive_entry_free(entry);
  }
  archive_write_free(tar);
}

class CifarFiles : public DataFolder {
 protected:
  void write_six() {
    for (int f = 0; f < 6; ++f) write(kFiles[static_cast<std::size_t>(f)], two_records(f));
  }
  std::vector<std::pair<std::string, Bytes>> six() const {
    std::vector<std::pair<std::string, Bytes>> files;
    for (int f = 0; f < 6; ++f) {
      files.emplace_back(std::string("cifar-10-batches-bin/") + kFiles[static_cast<std::size_t>(f)],
                         two_records(f));
    }
    return files;
  }
  std::string why_not(const fs::path& place, const DataOptions& options = kAll,
                      Cifar set = Cifar::k10) const {
    return refusal([&] { load_cifar(place, set, options, 2); });
  }
};

TEST_F(CifarFiles, TurnsPlanesIntoPixelsAndKeepsTheOrderOfTheFiles) {
  write_six();
  const DataSplit split = load_cifar(folder_, Cifar::k10, kAll, 2);
  EXPECT_EQ(split.train.count, 10);
  EXPECT_EQ(split.train.height, 32);
  EXPECT_EQ(split.train.channels, 3);
  EXPECT_THAT(split.train.labels, ElementsAre(0, 1, 1, 2, 2, 3, 3, 4, 4, 5));
  EXPECT_THAT(split.train.image(3).first(4), ElementsAre(30, 31, 32, 30));
  EXPECT_THAT(split.train.image(3).last(1), ElementsAre(32));
  EXPECT_THAT(split.test.labels, ElementsAre(5, 6));
  EXPECT_THAT(split.test.image(1).first(3), ElementsAre(110, 111, 112));
}

TEST_F(CifarFiles, ReadsPlanesRowByRow) {
  write_six();
  Bytes records = two_records(0);
  records[1 + 32] = 200;          // red of the first pixel in the second row
  records[1 + 2048 + 1023] = 99;  // blue of the last pixel
  write("data_batch_1.bin", records);
  const DataSplit split = load_cifar(folder_, Cifar::k10, {.train_images = 1, .test_images = 1}, 2);
  EXPECT_EQ(split.train.pixels[32 * 3], 200);
  EXPECT_EQ(split.train.pixels.back(), 99);
}

TEST_F(CifarFiles, TakesTheFirstImagesThatAreAskedFor) {
  write_six();
  const DataSplit split =
      load_cifar(folder_, Cifar::k10, {.train_images = 3, .test_images = 99}, 2);
  EXPECT_THAT(split.train.labels, ElementsAre(0, 1, 1));
  EXPECT_EQ(split.train.pixels.size(), 3u * 3072u);
  EXPECT_EQ(split.test.count, 2);
  EXPECT_THAT(why_not(folder_, {.train_images = -1}), HasSubstr("-1 images asked for"));
}

TEST_F(CifarFiles, ReadsAnArchiveLikeTheFolder) {
  write_six();
  const DataSplit expected = load_cifar(folder_, Cifar::k10, kAll, 2);
  for (const char* name : {"cifar-10.tar", "cifar-10.tar.gz"}) {
    write_tar(folder_ / name, six());
    const DataSplit split = load_cifar(folder_ / name, Cifar::k10, kAll, 2);
    EXPECT_EQ(split.train.pixels, expected.train.pixels) << name;
    EXPECT_EQ(split.train.labels, expected.train.labels) << name;
    EXPECT_EQ(split.test.pixels, expected.test.pixels) << name;
  }
}

TEST_F(CifarFiles, ReadsNoMoreOfAnArchiveThanItNeeds) {
  auto files = six();
  std::swap(files[1], files[5]);
  files.resize(3);  // the first train file, the test file and one that is cut off
  write_tar(folder_ / "some.tar", files);
  fs::resize_file(folder_ / "some.tar", 2 * (512 + 6656) + 512 + 100);
  const DataSplit split = load_cifar(folder_ / "some.tar", Cifar::k10, {.train_images = 2}, 2);
  EXPECT_THAT(split.train.labels, ElementsAre(0, 1));
  EXPECT_THAT(why_not(folder_ / "some.tar", {.train_images = 3}), HasSubstr("Truncated"));
}

TEST_F(CifarFiles, NamesAFileThatIsNotInTheArchive) {
  auto files = six();
  files.erase(files.begin() + 1);
  write_tar(folder_ / "five.tar", files);
  EXPECT_THAT(why_not(folder_ / "five.tar"),
              AllOf(HasSubstr("five.tar"), HasSubstr("no data_batch_2.bin")));
}

/// Six files of one record as `tar | xz --delta=dist=1 --lzma2=preset=9e`: file f has label f and
/// colours 40 (f - 1) + 10, + 11, + 12 for f = 1 .. 6.
constexpr std::string_view kDeltaXz =
    "fd377a585a000004e6d6b446020103010021011c67c9110ee077ff01005d0031819bb2330680e887a63d5505bf"
    "0713861aab3cfe7d099ad16cb226c5a5b36c165e0479f0393290aa4ca277733c2f77d0c3211df2b01ff48b4a3a"
    "5c83afa2f6fe4420f629ab00682239288cb5a3dc4de83a8e3b9bb728941173732d408d301df91215287224ce91"
    "b71dfcc78cc7116cc9d50bc280532dcde26ae531e750a1d99c0e8c4929391e3cc210e7ab1f57c6f9a3ecb1b38c"
    "e0b0c240309b2e35b2183fe4f5f318ef1b56146be7b219331c4795ab451da147ce95d4c3c5fedc8cb071192b63"
    "613206550a0635d376f10d2836f99c1f37020435c2b67c01fe7d1833d1fd5f0138d606218eccee290421155c85"
    "6fde0d6a924255950bbd212a1b4becda9c00a338395ca6c5dc1b00019c0280f001002fa5b792b1c467fb020000"
    "000004595a";

TEST_F(CifarFiles, ReadsXzWithADeltaFilter) {
  Bytes bytes;
  for (std::size_t i = 0; i < kDeltaXz.size(); i += 2) {
    bytes.push_back(
        static_cast<std::uint8_t>(std::stoi(std::string(kDeltaXz.substr(i, 2)), nullptr, 16)));
  }
  const DataSplit split = load_cifar(write("cifar-10.tar.xz", bytes), Cifar::k10, kAll, 1);
  EXPECT_THAT(split.train.labels, ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(split.train.image(4).last(3), ElementsAre(170, 171, 172));
  EXPECT_THAT(split.test.image(0).first(3), ElementsAre(210, 211, 212));
}

TEST_F(CifarFiles, IsFoundInAFolderASubfolderAndAnArchive) {
  EXPECT_EQ(find_cifar(folder_, Cifar::k10), std::nullopt);
  write("cifar-100-binary.tar.gz", {});
  write("backup.tar.xz", {});
  EXPECT_EQ(find_cifar(folder_, Cifar::k10), std::nullopt);
  const fs::path archive = write("cifar-10-binary.tar.xz", {});
  EXPECT_EQ(find_cifar(folder_, Cifar::k10), archive);
  EXPECT_EQ(find_cifar(archive, Cifar::k10), archive);
  const fs::path inner = write("cifar-10-batches-bin/test_batch.bin", {});
  EXPECT_EQ(find_cifar(folder_, Cifar::k10), inner.parent_path());
  write("data_batch_4.bin", {});
  EXPECT_EQ(find_cifar(folder_, Cifar::k10), folder_);
  EXPECT_EQ(find_cifar(folder_ / "data_batch_4.bin", Cifar::k10), std::nullopt);
}

TEST_F(CifarFiles, NamesAMissingFile) {
  write_six();
  fs::remove(folder_ / "data_batch_3.bin");
  EXPECT_THAT(why_not(folder_), AllOf(HasSubstr("data_batch_3.bin"), HasSubstr("No such file")));
}

TEST_F(CifarFiles, NamesAFileOfTheWrongLength) {
  write_six();
  for (const std::uintmax_t bytes : {6145u, 6147u, 0u}) {
    fs::resize_file(folder_ / "test_batch.bin", bytes);
    EXPECT_THAT(why_not(folder_), AllOf(HasSubstr("test_batch.bin"),
                                        HasSubstr(": " + std::to_string(bytes) + " bytes"),
                                        HasSubstr("expected 6146")));
  }
}

TEST_F(CifarFiles, NamesAnEntryOfTheWrongLength) {
  auto files = six();
  files[4].second.pop_back();
  write_tar(folder_ / "short.tar", files);
  EXPECT_THAT(why_not(folder_ / "short.tar"),
              AllOf(HasSubstr("data_batch_5.bin"), HasSubstr("6145 bytes")));
}

TEST_F(CifarFiles, NamesTheImageWithAnImpossibleLabel) {
  write_six();
  Bytes records = two_records(1);
  records[3073] = 10;
  write("data_batch_2.bin", records);
  EXPECT_THAT(why_not(folder_), AllOf(HasSubstr("data_batch_2.bin"),
                                      HasSubstr("image 1 has label 10"), HasSubstr("0 to 9")));
}

TEST_F(CifarFiles, RefusesWhatIsNoArchive) {
  EXPECT_THAT(why_not(write("cifar-10.tar.xz", Bytes(2000, 'x'))),
              AllOf(HasSubstr("cifar-10.tar.xz"), HasSubstr("expected a whole tar archive")));
  EXPECT_NE(why_not(write("empty.tar", {})), "");
  EXPECT_NE(why_not(folder_ / "absent.tar"), "");
}

TEST_F(CifarFiles, RefusesATruncatedArchive) {
  for (const char* name : {"cut.tar", "cut.tar.gz"}) {
    write_tar(folder_ / name, six());
    const auto bytes = fs::file_size(folder_ / name);
    for (const auto keep : {bytes / 2, bytes / 8}) {
      fs::resize_file(folder_ / name, keep);
      EXPECT_THAT(why_not(folder_ / name), HasSubstr(name)) << keep;
    }
  }
}

/// Records of CIFAR-100 with coarse label 19 and fine labels from `first`.
Bytes hundred(int count, std::uint8_t first) {
  Bytes records;
  for (int i = 0; i < count; ++i) {
    records.push_back(19);
    append_record(static_cast<std::uint8_t>(first + i), static_cast<std::uint8_t>(first + i),
                  records);
  }
  return records;
}

TEST_F(CifarFiles, ReadsTheFineLabelsOfCifar100) {
  write("cifar-100-binary/train.bin", hundred(10, 90));
  write("cifar-100-binary/test.bin", hundred(2, 5));
  const auto place = find_cifar(folder_, Cifar::k100);
  ASSERT_EQ(place, folder_ / "cifar-100-binary");
  const DataSplit split = load_cifar(*place, Cifar::k100, {.train_images = 3}, 2);
  EXPECT_EQ(split.train.name, "cifar100");
  EXPECT_EQ(split.train.classes, 100);
  EXPECT_THAT(split.train.labels, ElementsAre(90, 91, 92));
  EXPECT_THAT(split.train.image(1).first(4), ElementsAre(91, 92, 93, 91));
  EXPECT_THAT(split.test.labels, ElementsAre(5, 6));
  EXPECT_THAT(split.test.image(1).last(3), ElementsAre(6, 7, 8));
}

TEST_F(CifarFiles, ReadsCifar100FromItsArchive) {
  const fs::path file = folder_ / "cifar-100-binary.tar.gz";
  write_tar(file, {{"cifar-100-binary/fine_label_names.txt", {'a'}},
                   {"cifar-100-binary/test.bin", hundred(2, 7)},
                   {"cifar-100-binary/train.bin", hundred(10, 80)}});
  EXPECT_EQ(find_cifar(file, Cifar::k10), std::nullopt);
  EXPECT_EQ(find_cifar(file, Cifar::k100), file);
  EXPECT_EQ(find_cifar(folder_, Cifar::k100), file);
  const DataSplit split = load_cifar(file, Cifar::k100, kAll, 2);
  EXPECT_EQ(split.train.count, 10);
  EXPECT_EQ(split.train.labels.back(), 89);
  EXPECT_THAT(split.test.labels, ElementsAre(7, 8));
}

TEST_F(CifarFiles, NamesAFileOfCifar100ThatIsNotWhatItShouldBe) {
  write("train.bin", hundred(10, 90));
  write("test.bin", hundred(3, 5));
  EXPECT_THAT(why_not(folder_, kAll, Cifar::k100),
              AllOf(HasSubstr("test.bin"), HasSubstr("9222 bytes"),
                    HasSubstr("expected 6148 (2 images of CIFAR-100)")));
  write("test.bin", hundred(2, 99));
  EXPECT_THAT(why_not(folder_, kAll, Cifar::k100),
              AllOf(HasSubstr("image 1 has label 100"), HasSubstr("0 to 99")));
  Bytes coarse = hundred(2, 0);
  coarse[0] = 20;
  write("test.bin", coarse);
  EXPECT_THAT(why_not(folder_, kAll, Cifar::k100),
              AllOf(HasSubstr("image 0 has label 20"), HasSubstr("0 to 19")));
}

TEST_F(CifarFiles, NamesItsClasses) {
  write_six();
  write("train.bin", hundred(10, 0));
  write("test.bin", hundred(2, 0));
  const auto ten = load_cifar(folder_, Cifar::k10, kAll, 2).train.class_names;
  ASSERT_EQ(ten.size(), 10u);
  EXPECT_EQ(ten[9], "truck");
  const auto hundred_names = load_cifar(folder_, Cifar::k100, kAll, 2).test.class_names;
  ASSERT_EQ(hundred_names.size(), 100u);
  EXPECT_EQ(hundred_names[0], "apple");
  EXPECT_EQ(hundred_names[99], "worm");
}

TEST_F(CifarFiles, SkipsTrainingImages) {
  write_six();
  const DataSplit split =
      load_cifar(folder_, Cifar::k10, {.train_images = 0, .skip_train = true}, 2);
  EXPECT_EQ(split.train.count, 0);
  EXPECT_EQ(split.train.height, 32);
  EXPECT_EQ(split.test.count, 2);
}

TEST_F(CifarFiles, SurvivesFlippedBytesInAnArchive) {
  const fs::path file = folder_ / "cifar-10.tar.gz";
  write_tar(file, six());
  const Bytes whole = read_file(file);
  std::mt19937 rng(1);
  for (int i = 0; i < 200; ++i) {
    Bytes damaged = whole;
    damaged[rng() % damaged.size()] ^= static_cast<std::uint8_t>(1 + rng() % 255);
    write("cifar-10.tar.gz", damaged);
    const std::string why = why_not(file);
    EXPECT_TRUE(why.empty() || why.find("cifar-10.tar.gz") != std::string::npos) << i << why;
  }
}

}  // namespace
}  // namespace crossloop::data
