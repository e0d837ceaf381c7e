#include "host/npy_file.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <fstream>

#include "host/error.hpp"
#include "host/files.hpp"

namespace crossloop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A folder of its own for each test.
class NpyFile : public ::testing::Test {
 protected:
  NpyFile() { std::filesystem::create_directories(folder_); }
  ~NpyFile() override { std::filesystem::remove_all(folder_); }

  /// A file of version 1.0 as NumPy would write it, without padding.
  std::string bytes_of(const std::string& header, const std::string& data) const {
    return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(header.size() & 0xFF) +
           static_cast<char>(header.size() >> 8) + header + data;
  }
  NpyArray read(const std::string& bytes) const {
    write_file(path_, bytes);
    return read_npy(path_);
  }
  std::string refusal(const std::string& bytes) const {
    try {
      read(bytes);
    } catch (const InputError& error) {
      EXPECT_THAT(error.what(), HasSubstr(path_.string() + ": "));
      return error.what();
    }
    return "accepted";
  }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("crossloop_npy_" + std::to_string(::getpid()));
  std::filesystem::path path_ = folder_ / "array.npy";
};

template <class Number>
std::string raw(const std::vector<Number>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Number)};
}

std::string header(const std::string& type, const std::string& shape,
                   const std::string& fortran_order = "False") {
  return "{'descr': '" + type + "', 'fortran_order': " + fortran_order + ", 'shape': " + shape +
         ", }\n";
}

TEST_F(NpyFile, ReadsWhatItWrote) {
  const std::vector<float> values = {1.5F, -2, 3e-40F, 4, 5, 6};
  for (const std::vector<std::int64_t>& shape :
       {std::vector<std::int64_t>{6}, {2, 3}, {1, 3, 2, 1}}) {
    write_npy(path_, shape, values);
    const NpyArray array = read_npy(path_);
    EXPECT_EQ(array.shape, shape);
    EXPECT_EQ(array.values, values);
  }
  write_npy(path_, {}, std::vector<float>{7});
  EXPECT_THAT(read_npy(path_).shape, IsEmpty());
  EXPECT_THAT(read_npy(path_).values, ElementsAre(7));
}

TEST_F(NpyFile, KeepsEveryBitOfDoubles) {
  const std::vector<double> values = {5e-5, -0.1, 1e-300, 1.0 / 3.0, 5, 6};
  write_npy(path_, std::vector<std::int64_t>{3, 2}, values);
  EXPECT_EQ(read_npy_double(path_).values, values);
  EXPECT_THAT(read_npy_double(path_).shape, ElementsAre(3, 2));
  EXPECT_EQ(read_npy(path_).values[0], 5e-5F);

  write_file(path_, bytes_of(header("<f8", "(3, 2)", "True"), raw(values)));
  EXPECT_THAT(read_npy_double(path_).values, ElementsAre(5e-5, 1.0 / 3.0, -0.1, 5, 1e-300, 6));
  write_npy(path_, std::vector<std::int64_t>{1}, std::vector<float>{0.1F});
  EXPECT_THAT(read_npy_double(path_).values, ElementsAre(double{0.1F}));
}

TEST_F(NpyFile, TakesNoIntegersForDoubles) {
  write_file(path_, bytes_of(header("<i4", "(1,)"), raw<std::int32_t>({1})));
  EXPECT_THAT(read_npy(path_).values, ElementsAre(1));
  try {
    read_npy_double(path_);
    FAIL() << "expected InputError";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("of type <i4, expected <f4 or <f8"));
  }
}

TEST_F(NpyFile, WritesTheBytesNumPyWrites) {
  write_npy(path_, std::vector<std::int64_t>{2}, std::vector<float>{1, 2});
  const std::vector<std::uint8_t> bytes = read_file(path_);
  const std::string dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
  EXPECT_EQ(std::string(bytes.begin(), bytes.end()),
            std::string("\x93NUMPY\x01\x00\x76\x00", 10) + dictionary +
                std::string(117 - dictionary.size(), ' ') + "\n" + raw<float>({1, 2}));
}

TEST_F(NpyFile, ConvertsEveryTypeToFloat) {
  EXPECT_THAT(read(bytes_of(header("<f8", "(2,)"), raw<double>({0.1, -1e300}))).values,
              ElementsAre(0.1F, -std::numeric_limits<float>::infinity()));
  EXPECT_THAT(read(bytes_of(header("|u1", "(2,)"), raw<std::uint8_t>({7, 255}))).values,
              ElementsAre(7, 255));
  EXPECT_THAT(read(bytes_of(header("<i4", "(2,)"), raw<std::int32_t>({-7, 1 << 20}))).values,
              ElementsAre(-7, 1 << 20));
  EXPECT_THAT(read(bytes_of(header("<i8", "(1,)"), raw<std::int64_t>({-(1LL << 40)}))).values,
              ElementsAre(-0x1p40F));
}

TEST_F(NpyFile, PutsFortranOrderIntoCOrder) {
  // numpy.asfortranarray(numpy.arange(12).reshape(2, 3, 2))
  const auto data = raw<float>({0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11});
  const NpyArray array = read(bytes_of(header("<f4", "(2, 3, 2)", "True"), data));
  EXPECT_THAT(array.shape, ElementsAre(2, 3, 2));
  EXPECT_THAT(array.values, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
}

TEST_F(NpyFile, TakesKeysInAnyOrderQuoteAndSpacing) {
  const auto data = raw<float>({1, 2});
  EXPECT_THAT(read(bytes_of("{\"shape\":(1,2),'fortran_order':True,'descr':\"<f4\"}", data)).shape,
              ElementsAre(1, 2));
  EXPECT_THAT(
      read(bytes_of("{ 'shape' : ( 2 , ) , 'descr':'<f4', 'fortran_order' : False}  ", data))
          .values,
      ElementsAre(1, 2));
}

TEST_F(NpyFile, ReadsVersionsTwoAndThree) {
  const std::string text = header("<f4", "(1,)");
  for (const char version : {'\x02', '\x03'}) {
    const std::string bytes = std::string("\x93NUMPY") + version + '\0' +
                              raw<std::uint32_t>({static_cast<std::uint32_t>(text.size())}) + text +
                              raw<float>({5});
    EXPECT_THAT(read(bytes).values, ElementsAre(5));
  }
}

TEST_F(NpyFile, ReadsAnEmptyArray) {
  const NpyArray array = read(bytes_of(header("<f4", "(0, 9223372036854775807)"), ""));
  EXPECT_THAT(array.shape, ElementsAre(0, 9223372036854775807));
  EXPECT_THAT(array.values, IsEmpty());
}

TEST_F(NpyFile, RefusesAnotherKindOrVersion) {
  EXPECT_THAT(refusal(""), HasSubstr("is no .npy file"));
  EXPECT_THAT(refusal("\x93NUMPX\x01 and more"), HasSubstr("is no .npy file"));
  std::string bytes = bytes_of(header("<f4", "(1,)"), raw<float>({1}));
  bytes[6] = '\x04';
  EXPECT_THAT(refusal(bytes), HasSubstr("is of version 4.0, expected 1.0, 2.0 or 3.0"));
  bytes[6] = bytes[7] = '\x01';
  EXPECT_THAT(refusal(bytes), HasSubstr("is of version 1.1"));
  EXPECT_THROW(read_npy(folder_ / "absent.npy"), InputError);
}

TEST_F(NpyFile, RefusesTypesItCannotConvert) {
  for (const char* type : {">f4", "<c8", "<f2", "|O", "<u8", ""}) {
    EXPECT_THAT(refusal(bytes_of(header(type, "(1,)"), "12345678")),
                HasSubstr("its values are of type " + std::string(type) + ", expected <f4"));
  }
}

TEST_F(NpyFile, RefusesBrokenHeaders) {
  const auto data = raw<float>({1});
  for (const auto& [text, reason] : std::vector<std::pair<std::string, std::string>>{
           {"", "lacks {"},
           {"{}", "lacks descr, fortran_order or shape"},
           {"{'descr': '<f4', 'shape': (1,)}", "lacks descr, fortran_order or shape"},
           {"{'descr': '<f4', 'other': 1}", "unknown key \"other\""},
           {"{'descr': [('a', '<f4')]}", "lacks ' before \" [('a', '<f4')]}\""},
           {"{'descr': '<f4", "open quote"},
           {"{'descr' '<f4'}", "lacks : before"},
           {"{'fortran_order': 0, }", "its fortran_order is 0"},
           {header("<f4", "(1 2)"), "lacks )"},
           {header("<f4", "(-1,)"), "a size \"\""},
           {header("<f4", "(1x,)"), "a size \"1x\""},
           {header("<f4", "(99999999999999999999,)"), "a size \"99999999999999999999\""},
           {header("<f4", "(1,)") + "}", "goes on after its end"}}) {
    EXPECT_THAT(refusal(bytes_of(text, data)), HasSubstr(reason)) << text;
  }
}

TEST_F(NpyFile, RefusesTooFewOrTooManyBytes) {
  const std::string bytes = bytes_of(header("<f4", "(2, 3)"), raw(std::vector<float>(6)));
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_NE(refusal(bytes.substr(0, length)), "accepted") << length;
  }
  EXPECT_THAT(refusal(bytes.substr(0, bytes.size() - 1)),
              HasSubstr("23 bytes follow its header, its shape (2, 3) of 4 byte values needs 24"));
  EXPECT_THAT(refusal(bytes + "x"), HasSubstr("25 bytes follow its header"));
  // 2^32 * 2^32 * 4 wraps to 0.
  EXPECT_THAT(refusal(bytes_of(header("<f4", "(4294967296, 4294967296)"), "")),
              HasSubstr("0 bytes follow its header, its shape (4294967296, 4294967296) of 4 byte "
                        "values needs more"));
}

TEST_F(NpyFile, ReportsAFolderThatCannotBeWritten) {
  write_file(path_, "a file, not a folder");
  EXPECT_THROW(write_npy(path_ / "inner.npy", {}, std::vector<float>{1}), InputError);
}

TEST_F(NpyFile, ReadsBytesAsTheyAreAndNothingElse) {
  write_file(path_, bytes_of(header("|u1", "(2, 2)"), raw<std::uint8_t>({0, 255, 7, 128})));
  const auto array = read_npy_bytes(path_);
  EXPECT_THAT(array.shape, ElementsAre(2, 2));
  EXPECT_THAT(array.values, ElementsAre(0, 255, 7, 128));
  for (const std::string type : {"<i8", "<f8", "|i1"}) {
    write_file(path_, bytes_of(header(type, "(0,)"), ""));
    try {
      read_npy_bytes(path_);
      FAIL() << type << " accepted";
    } catch (const InputError& error) {
      EXPECT_THAT(error.what(), HasSubstr("of type " + type + ", expected |u1"));
    }
  }
}

TEST_F(NpyFile, WritesIntegersAsIntegers) {
  const std::vector<std::int32_t> values = {-2147483647 - 1, 0, 16777217};
  write_npy(path_, std::vector<std::int64_t>{1, 3}, std::span<const std::int32_t>(values));
  const auto bytes = read_file(path_);
  const std::string text(bytes.begin(), bytes.end());
  EXPECT_THAT(text, HasSubstr("'<i4'"));
  EXPECT_EQ(text.substr(text.size() - 12), raw(values));
}

}  // namespace
}  // namespace crossloop
