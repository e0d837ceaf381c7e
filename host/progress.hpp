// Progress of long work at a terminal, and Ctrl-C.
#pragma once

#include <cstdint>
#include <string>

namespace crossloop {

/// Installs a SIGINT/SIGTERM handler that only raises a flag; a second signal ends the process.
void install_interrupt_handler();

/// Throws Interrupted naming `what` once a signal has come. Call it between steps that leave
/// nothing half done.
void check_interrupt(const std::string& what);

/// One line on stderr, redrawn in place at a terminal (at most ten times a second, with the time
/// left); a line each 30 s where stderr is not a terminal, so that a log shows life. Silent after
/// set_progress_enabled(false).
class Progress {
 public:
  /// `what` is shown in front; `total` steps are expected (0: unknown), `resumed` of them were done
  /// by an earlier run and say nothing about the time left.
  Progress(std::string what, std::int64_t total, std::int64_t resumed = 0);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `done` steps are finished; `note` (a loss, a rate) is shown behind. Calls check_interrupt().
  void update(std::int64_t done, const std::string& note = {});

 private:
  void draw(std::int64_t done, const std::string& note, double seconds);

  std::string what_;
  std::int64_t total_, resumed_;
  double start_;
  double last_drawn_;
  bool terminal_;
  bool drawn_ = false;
};

void set_progress_enabled(bool enabled);

}  // namespace crossloop
