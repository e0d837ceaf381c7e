// HDF5 groups with checked, typed reading; one thin layer over the C library.
#pragma once

#include <hdf5.h>

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crossloop::hdf5 {

/// Owns one HDF5 identifier.
class Handle {
 public:
  using Close = herr_t (*)(hid_t);
  Handle(hid_t id, Close close) : id_(id), close_(close) {}
  Handle(Handle&& other) noexcept
      : id_(std::exchange(other.id_, H5I_INVALID_HID)), close_(other.close_) {}
  Handle& operator=(Handle&&) = delete;
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  hid_t get() const { return id_; }
  bool valid() const { return id_ >= 0; }

 private:
  hid_t id_;
  Close close_;
};

/// Keeps the library from printing its error stack while alive; our messages say it instead.
class SilencedErrors {
 public:
  SilencedErrors();
  ~SilencedErrors();
  SilencedErrors(const SilencedErrors&) = delete;
  SilencedErrors& operator=(const SilencedErrors&) = delete;

 private:
  H5E_auto2_t function_ = nullptr;
  void* data_ = nullptr;
};

/// Element types of data sets and attributes.
enum class ElementType { kInt8, kUint8, kUint16, kInt32, kInt64, kFloat32, kFloat64 };
template <class T>
struct ElementTypeOf;
template <>
struct ElementTypeOf<std::int8_t> {
  static constexpr ElementType value = ElementType::kInt8;
};
template <>
struct ElementTypeOf<std::uint8_t> {
  static constexpr ElementType value = ElementType::kUint8;
};
template <>
struct ElementTypeOf<std::uint16_t> {
  static constexpr ElementType value = ElementType::kUint16;
};
template <>
struct ElementTypeOf<std::int32_t> {
  static constexpr ElementType value = ElementType::kInt32;
};
template <>
struct ElementTypeOf<std::int64_t> {
  static constexpr ElementType value = ElementType::kInt64;
};
template <>
struct ElementTypeOf<float> {
  static constexpr ElementType value = ElementType::kFloat32;
};
template <>
struct ElementTypeOf<double> {
  static constexpr ElementType value = ElementType::kFloat64;
};

using Dimensions = std::vector<hsize_t>;

/// A group of an open file; the root group keeps the file open. Every failure is an InputError that
/// names the file and the object. Writing is reproducible: no time stamps. Data sets that are not
/// empty are compressed and carry a checksum.
class Group {
 public:
  Group create_group(const std::string& name) const;
  Group open_group(const std::string& name) const;  ///< throws if absent
  bool has(const std::string& name) const;          ///< a group or data set
  std::vector<std::string> names() const;           ///< of its groups and data sets, sorted

  template <class T>
  void write(const std::string& name, std::span<const T> values, const Dimensions& shape) const {
    write_elements(name, ElementTypeOf<T>::value, values.data(), values.size(), shape);
  }
  template <class T>
  void write(const std::string& name, const std::vector<T>& values) const {
    write(name, std::span<const T>(values), {values.size()});
  }

  /// The whole data set. Throws if it is absent, of another type or rank, cannot be read (checksum)
  /// or, where `shape` is not empty, has another shape.
  template <class T>
  std::vector<T> read(const std::string& name, const Dimensions& shape = {}) const {
    const DataSet set = open_elements(name, ElementTypeOf<T>::value, shape);
    std::vector<T> values(set.size);
    read_elements(set, name, ElementTypeOf<T>::value, values.data());
    return values;
  }

  /// Throws if the data set is absent.
  Dimensions shape(const std::string& name) const;
  /// A data set of float32 or float64 of any shape. Throws as read() does.
  std::vector<double> read_reals(const std::string& name) const;

  void set(const std::string& attribute, std::int64_t value) const;
  void set(const std::string& attribute, double value) const;
  void set(const std::string& attribute, const std::string& value) const;
  bool has_attribute(const std::string& attribute) const;
  std::int64_t integer(const std::string& attribute) const;
  std::int32_t small_integer(const std::string& attribute) const;  ///< throws beyond 32 bits
  double number(const std::string& attribute) const;
  std::string text(const std::string& attribute) const;

  /// Writes everything of the file to disk; throws if that fails, which closing could not say.
  void flush() const;

  /// "FILE: /group/name", for messages.
  std::string where(std::string_view name) const;

 private:
  friend Group create_file(const std::filesystem::path& path);
  friend Group open_file(const std::filesystem::path& path);
  struct DataSet {
    Handle handle;
    std::size_t size;
  };
  Group(Handle handle, std::string file, std::string path)
      : handle_(std::move(handle)), file_(std::move(file)), path_(std::move(path)) {}
  void write_elements(const std::string& name, ElementType type, const void* values,
                      std::size_t count, const Dimensions& shape) const;
  Handle open_set(const std::string& name) const;
  DataSet open_elements(const std::string& name, ElementType type, const Dimensions& shape) const;
  std::size_t checked_size(const std::string& name, const Dimensions& shape) const;
  void read_elements(const DataSet& set, const std::string& name, ElementType type,
                     void* values) const;
  void set_scalar(const std::string& attribute, ElementType type, const void* value) const;
  void get_scalar(const std::string& attribute, ElementType type, void* value) const;

  Handle handle_;
  std::string file_;
  std::string path_;
};

/// The root group of a new file, which replaces what was there.
Group create_file(const std::filesystem::path& path);

/// The root group of an existing file, read-only. Throws InputError if it is absent, not HDF5 or
/// truncated.
Group open_file(const std::filesystem::path& path);

}  // namespace crossloop::hdf5
