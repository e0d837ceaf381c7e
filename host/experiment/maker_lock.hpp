// One process makes a file of the cache, others wait for it.
#pragma once

#include <filesystem>
#include <functional>

namespace crossloop::experiment {

/// Holds FILE.lock; the system lets go of it when the process ends, however that may be.
class MakerLock {
 public:
  /// Waits while another process holds it; `waiting` is called once before that. Throws Interrupted
  /// on Ctrl-C, InputError naming the lock where it cannot be made.
  MakerLock(const std::filesystem::path& file, const std::function<void()>& waiting);
  /// Removes it.
  ~MakerLock();
  MakerLock(const MakerLock&) = delete;
  MakerLock& operator=(const MakerLock&) = delete;

 private:
  bool take();

  std::filesystem::path path_;
  int descriptor_ = -1;
};

}  // namespace crossloop::experiment
