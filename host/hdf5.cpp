#include "host/hdf5.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "host/error.hpp"

namespace crossloop::hdf5 {
namespace {

constexpr unsigned kDeflateLevel = 1;
constexpr hsize_t kChunkElements = 1 << 18;

/// Elements of one data set: beyond this a file is damaged, not large.
constexpr hsize_t kLargestDataSet = hsize_t{1} << 33;

hid_t native(ElementType type) {
  switch (type) {
    case ElementType::kInt8:
      return H5T_NATIVE_INT8;
    case ElementType::kUint8:
      return H5T_NATIVE_UINT8;
    case ElementType::kUint16:
      return H5T_NATIVE_UINT16;
    case ElementType::kInt32:
      return H5T_NATIVE_INT32;
    case ElementType::kInt64:
      return H5T_NATIVE_INT64;
    case ElementType::kFloat32:
      return H5T_NATIVE_FLOAT;
    case ElementType::kFloat64:
      return H5T_NATIVE_DOUBLE;
  }
  return H5I_INVALID_HID;
}

std::string name_of(ElementType type) {
  constexpr const char* kNames[] = {"int8",  "uint8",   "uint16", "int32",
                                    "int64", "float32", "float64"};
  return kNames[static_cast<std::size_t>(type)];
}

std::string to_string(const Dimensions& shape) {
  std::string text = "[";
  for (const hsize_t size : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  text += "]";
  return text;
}

/// The stored type may differ in byte order only, or values would be clipped silently.
bool same_type(hid_t stored, ElementType expected) {
  const hid_t native_type = native(expected);
  const H5T_class_t kind = H5Tget_class(stored);
  return kind == H5Tget_class(native_type) && H5Tget_size(stored) == H5Tget_size(native_type) &&
         (kind != H5T_INTEGER || H5Tget_sign(stored) == H5Tget_sign(native_type));
}

void check(bool good, const std::string& where, const std::string& what) {
  if (!good) throw InputError(where + ": " + what);
}

/// Fixed-length texts lie in the object header, which has a checksum; those of variable length do
/// not, and the library crashes on a damaged one.
Handle text_type(std::size_t size) {
  Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type.get(), std::max<std::size_t>(size, 1));
  H5Tset_cset(type.get(), H5T_CSET_UTF8);
  H5Tset_strpad(type.get(), H5T_STR_NULLPAD);
  return type;
}

/// Creation properties of data sets: no time stamp; where there is content, chunks of zlib streams,
/// which end in an Adler-32 checksum.
Handle data_properties(const Dimensions& shape) {
  Handle properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  H5Pset_obj_track_times(properties.get(), false);
  if (std::find(shape.begin(), shape.end(), 0) != shape.end() || shape.empty()) return properties;
  Dimensions chunk = shape;
  hsize_t rest = kChunkElements;
  for (auto size = chunk.rbegin(); size != chunk.rend(); ++size) {
    *size = std::min(*size, std::max<hsize_t>(rest, 1));
    rest /= *size;
  }
  H5Pset_chunk(properties.get(), static_cast<int>(chunk.size()), chunk.data());
  H5Pset_shuffle(properties.get());
  H5Pset_deflate(properties.get(), kDeflateLevel);
  return properties;
}

Dimensions shape_of(const Handle& set) {
  const Handle space(H5Dget_space(set.get()), H5Sclose);
  const int rank = H5Sget_simple_extent_ndims(space.get());
  Dimensions shape(static_cast<std::size_t>(std::max(rank, 0)));
  H5Sget_simple_extent_dims(space.get(), shape.data(), nullptr);
  return shape;
}

/// Must run before any other call into the library. Its clean-up at exit has nothing to do for us,
/// every handle is closed by then, and complains about files that turned out to be damaged.
void start_library() {
  static const bool started = [] { return H5dont_atexit() >= 0; }();
  static_cast<void>(started);
}

/// The newest file layout has checksums on everything that is not a data set.
Handle access_properties() {
  Handle properties(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_libver_bounds(properties.get(), H5F_LIBVER_V110, H5F_LIBVER_LATEST);
  return properties;
}

}  // namespace

SilencedErrors::SilencedErrors() {
  start_library();
  H5Eget_auto2(H5E_DEFAULT, &function_, &data_);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

SilencedErrors::~SilencedErrors() { H5Eset_auto2(H5E_DEFAULT, function_, data_); }

std::string Group::where(std::string_view name) const {
  std::string text = file_ + ": " + path_;
  text += name;
  return text;
}

Group Group::create_group(const std::string& name) const {
  const SilencedErrors silenced;
  const Handle properties(H5Pcreate(H5P_GROUP_CREATE), H5Pclose);
  H5Pset_obj_track_times(properties.get(), false);
  Handle group(H5Gcreate2(handle_.get(), name.c_str(), H5P_DEFAULT, properties.get(), H5P_DEFAULT),
               H5Gclose);
  check(group.valid(), where(name), "group cannot be created");
  return {std::move(group), file_, path_ + name + "/"};
}

Group Group::open_group(const std::string& name) const {
  const SilencedErrors silenced;
  Handle group(H5Gopen2(handle_.get(), name.c_str(), H5P_DEFAULT), H5Gclose);
  check(group.valid(), where(name), "group is missing or damaged");
  return {std::move(group), file_, path_ + name + "/"};
}

bool Group::has(const std::string& name) const {
  const SilencedErrors silenced;
  return H5Lexists(handle_.get(), name.c_str(), H5P_DEFAULT) > 0;
}

void Group::write_elements(const std::string& name, ElementType type, const void* values,
                           std::size_t count, const Dimensions& shape) const {
  const SilencedErrors silenced;
  const hsize_t expected =
      std::accumulate(shape.begin(), shape.end(), hsize_t{1}, std::multiplies<>());
  check(count == expected, where(name), "shape " + to_string(shape) + " does not fit the content");
  const Handle space(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr),
                     H5Sclose);
  const Handle properties = data_properties(shape);
  const Handle set(H5Dcreate2(handle_.get(), name.c_str(), native(type), space.get(), H5P_DEFAULT,
                              properties.get(), H5P_DEFAULT),
                   H5Dclose);
  const bool written = set.valid() && (count == 0 || H5Dwrite(set.get(), native(type), H5S_ALL,
                                                              H5S_ALL, H5P_DEFAULT, values) >= 0);
  check(written, where(name), "data set cannot be written");
}

Handle Group::open_set(const std::string& name) const {
  Handle set(H5Dopen2(handle_.get(), name.c_str(), H5P_DEFAULT), H5Dclose);
  check(set.valid(), where(name), "data set is missing or damaged");
  return set;
}

Group::DataSet Group::open_elements(const std::string& name, ElementType type,
                                    const Dimensions& shape) const {
  const SilencedErrors silenced;
  Handle set = open_set(name);
  const Handle stored(H5Dget_type(set.get()), H5Tclose);
  check(same_type(stored.get(), type), where(name), "another type, expected " + name_of(type));
  const Dimensions found = shape_of(set);
  const bool fits = shape.empty() ? found.size() == 1 : found == shape;
  check(fits, where(name),
        "found shape " + to_string(found) + ", expected " +
            (shape.empty() ? std::string("one axis") : to_string(shape)));
  return {std::move(set), checked_size(name, found)};
}

std::size_t Group::checked_size(const std::string& name, const Dimensions& shape) const {
  hsize_t size = 1;
  for (const hsize_t one : shape) {
    check(one == 0 || size <= kLargestDataSet / one, where(name),
          "found shape " + to_string(shape) + ", expected at most 2^33 elements");
    size *= one;
  }
  return size;
}

Dimensions Group::shape(const std::string& name) const {
  const SilencedErrors silenced;
  const Handle set = open_set(name);
  return shape_of(set);
}

std::vector<double> Group::read_reals(const std::string& name) const {
  const SilencedErrors silenced;
  const Handle set = open_set(name);
  const Handle stored(H5Dget_type(set.get()), H5Tclose);
  check(same_type(stored.get(), ElementType::kFloat32) ||
            same_type(stored.get(), ElementType::kFloat64),
        where(name), "another type, expected float32 or float64");
  std::vector<double> values(checked_size(name, shape_of(set)));
  const bool good = values.empty() || H5Dread(set.get(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL,
                                              H5P_DEFAULT, values.data()) >= 0;
  check(good, where(name), "data set is damaged");
  return values;
}

std::vector<std::string> Group::names() const {
  const SilencedErrors silenced;
  std::vector<std::string> names;
  const auto append = [](hid_t, const char* name, const H5L_info_t*, void* list) -> herr_t {
    static_cast<std::vector<std::string>*>(list)->emplace_back(name);
    return 0;
  };
  check(H5Literate(handle_.get(), H5_INDEX_NAME, H5_ITER_INC, nullptr, append, &names) >= 0, file_,
        "group is damaged");
  return names;
}

void Group::read_elements(const DataSet& set, const std::string& name, ElementType type,
                          void* values) const {
  const SilencedErrors silenced;
  const bool good = set.size == 0 || H5Dread(set.handle.get(), native(type), H5S_ALL, H5S_ALL,
                                             H5P_DEFAULT, values) >= 0;
  check(good, where(name), "data set is damaged");
}

void Group::set_scalar(const std::string& attribute, ElementType type, const void* value) const {
  const SilencedErrors silenced;
  const Handle space(H5Screate(H5S_SCALAR), H5Sclose);
  const Handle made(H5Acreate2(handle_.get(), attribute.c_str(), native(type), space.get(),
                               H5P_DEFAULT, H5P_DEFAULT),
                    H5Aclose);
  check(made.valid() && H5Awrite(made.get(), native(type), value) >= 0, where(attribute),
        "attribute cannot be written");
}

void Group::get_scalar(const std::string& attribute, ElementType type, void* value) const {
  const SilencedErrors silenced;
  const Handle opened(H5Aopen(handle_.get(), attribute.c_str(), H5P_DEFAULT), H5Aclose);
  check(opened.valid(), where(attribute), "attribute is missing or damaged");
  const Handle stored(H5Aget_type(opened.get()), H5Tclose);
  const Handle space(H5Aget_space(opened.get()), H5Sclose);
  check(H5Sget_simple_extent_npoints(space.get()) == 1 && same_type(stored.get(), type),
        where(attribute), "another type, expected one " + name_of(type));
  check(H5Aread(opened.get(), native(type), value) >= 0, where(attribute), "attribute is damaged");
}

void Group::set(const std::string& attribute, std::int64_t value) const {
  set_scalar(attribute, ElementType::kInt64, &value);
}

void Group::set(const std::string& attribute, double value) const {
  set_scalar(attribute, ElementType::kFloat64, &value);
}

void Group::set(const std::string& attribute, const std::string& value) const {
  const SilencedErrors silenced;
  const Handle type = text_type(value.size());
  const Handle space(H5Screate(H5S_SCALAR), H5Sclose);
  const Handle made(H5Acreate2(handle_.get(), attribute.c_str(), type.get(), space.get(),
                               H5P_DEFAULT, H5P_DEFAULT),
                    H5Aclose);
  check(made.valid() && H5Awrite(made.get(), type.get(), value.c_str()) >= 0, where(attribute),
        "attribute cannot be written");
}

bool Group::has_attribute(const std::string& attribute) const {
  const SilencedErrors silenced;
  return H5Aexists(handle_.get(), attribute.c_str()) > 0;
}

std::int64_t Group::integer(const std::string& attribute) const {
  std::int64_t value = 0;
  get_scalar(attribute, ElementType::kInt64, &value);
  return value;
}

std::int32_t Group::small_integer(const std::string& attribute) const {
  using Limits = std::numeric_limits<std::int32_t>;
  const std::int64_t value = integer(attribute);
  check(value >= Limits::min() && value <= Limits::max(), where(attribute),
        "found " + std::to_string(value) + ", expected a 32-bit integer");
  return static_cast<std::int32_t>(value);
}

double Group::number(const std::string& attribute) const {
  double value = 0.0;
  get_scalar(attribute, ElementType::kFloat64, &value);
  return value;
}

std::string Group::text(const std::string& attribute) const {
  const SilencedErrors silenced;
  const Handle opened(H5Aopen(handle_.get(), attribute.c_str(), H5P_DEFAULT), H5Aclose);
  check(opened.valid(), where(attribute), "attribute is missing or damaged");
  const Handle stored(H5Aget_type(opened.get()), H5Tclose);
  const bool fixed =
      H5Tget_class(stored.get()) == H5T_STRING && H5Tis_variable_str(stored.get()) == 0;
  check(fixed, where(attribute), "another type, expected a text of fixed length");
  const Handle space(H5Aget_space(opened.get()), H5Sclose);
  check(H5Sget_simple_extent_npoints(space.get()) == 1, where(attribute), "expected one text");
  std::string value(H5Tget_size(stored.get()), '\0');
  check(H5Aread(opened.get(), stored.get(), value.data()) >= 0, where(attribute),
        "attribute is damaged");
  value.resize(std::min(value.find('\0'), value.size()));
  return value;
}

void Group::flush() const {
  const SilencedErrors silenced;
  check(H5Fflush(handle_.get(), H5F_SCOPE_GLOBAL) >= 0, file_, "cannot be written");
}

Group create_file(const std::filesystem::path& path) {
  const SilencedErrors silenced;
  const Handle access = access_properties();
  const Handle properties(H5Pcreate(H5P_FILE_CREATE), H5Pclose);
  H5Pset_obj_track_times(properties.get(), false);
  const Handle file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, properties.get(), access.get()),
                    H5Fclose);
  check(file.valid(), path.string(), "cannot be created");
  Handle root(H5Gopen2(file.get(), "/", H5P_DEFAULT), H5Gclose);
  check(root.valid(), path.string(), "cannot be created");
  return {std::move(root), path.string(), "/"};
}

Group open_file(const std::filesystem::path& path) {
  const SilencedErrors silenced;
  std::error_code failure;
  check(std::filesystem::is_regular_file(path, failure), path.string(), "no such file");
  const Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  check(file.valid(), path.string(), "not an HDF5 file, or truncated");
  Handle root(H5Gopen2(file.get(), "/", H5P_DEFAULT), H5Gclose);
  check(root.valid(), path.string(), "damaged");
  return {std::move(root), path.string(), "/"};
}

}  // namespace crossloop::hdf5
