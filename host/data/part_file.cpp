#include "host/data/part_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "host/error.hpp"
#include "host/files.hpp"

namespace crossloop::data {

namespace fs = std::filesystem;

PartFile::PartFile(const fs::path& file) : file_(file), path_(file.string() + ".part") {
  require_writable(path_);
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail("opened");
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    ::close(descriptor_);
    throw InputError(path_.string() + ": another process is writing it, expected to be alone");
  }
}

PartFile::~PartFile() {
  struct stat status {};
  if (::fstat(descriptor_, &status) == 0 && status.st_size == 0) remove();
  ::close(descriptor_);
}

std::int64_t PartFile::size() const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) fail("read");
  return status.st_size;
}

void PartFile::clear() {
  if (::ftruncate(descriptor_, 0) != 0) fail("written");
}

void PartFile::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("written");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void PartFile::finish() {
  if (::fsync(descriptor_) != 0 || ::rename(path_.c_str(), file_.c_str()) != 0) fail("written");
  const fs::path folder = file_.has_parent_path() ? file_.parent_path() : fs::path(".");
  const int opened = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened < 0) return;  // the name reaches the disk a little later
  ::fsync(opened);
  ::close(opened);
}

void PartFile::remove() { ::unlink(path_.c_str()); }

void PartFile::fail(const char* what) const {
  throw InputError(path_.string() + ": cannot be " + what + ": " + std::strerror(errno));
}

}  // namespace crossloop::data
