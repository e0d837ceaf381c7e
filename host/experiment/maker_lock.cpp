#include "host/experiment/maker_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "host/error.hpp"
#include "host/progress.hpp"

namespace crossloop::experiment {

namespace {

constexpr std::chrono::milliseconds kPause{100};

/// Whether the file opened still has its name: its last holder may have removed it since.
bool still_named(int descriptor, const std::filesystem::path& path) {
  struct stat opened {};
  struct stat named {};
  return ::fstat(descriptor, &opened) == 0 && ::stat(path.c_str(), &named) == 0 &&
         opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

}  // namespace

bool MakerLock::take() {
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor_ < 0) {
    throw InputError(path_.string() + ": cannot be opened: " + std::strerror(errno));
  }
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0 && still_named(descriptor_, path_)) return true;
  ::close(descriptor_);
  return false;
}

MakerLock::MakerLock(const std::filesystem::path& file, const std::function<void()>& waiting)
    : path_(file.string() + ".lock") {
  bool told = false;
  while (!take()) {
    if (!told) waiting();
    told = true;
    check_interrupt(path_.string());
    std::this_thread::sleep_for(kPause);
  }
}

MakerLock::~MakerLock() {
  ::unlink(path_.c_str());
  ::close(descriptor_);
}

}  // namespace crossloop::experiment
