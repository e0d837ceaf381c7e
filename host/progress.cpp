#include "host/progress.hpp"

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <utility>

#include "host/error.hpp"

namespace crossloop {

namespace {

volatile std::sig_atomic_t interrupted = 0;
bool enabled = true;

void on_signal(int signal) {
  std::signal(signal, SIG_DFL);
  interrupted = 1;
}

double now_seconds() {
  using Clock = std::chrono::steady_clock;
  return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

}  // namespace

void install_interrupt_handler() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

void check_interrupt(const std::string& what) {
  if (interrupted != 0) throw Interrupted(what + ": interrupted");
}

void set_progress_enabled(bool value) { enabled = value; }

Progress::Progress(std::string what, std::int64_t total, std::int64_t resumed)
    : what_(std::move(what)),
      total_(total),
      resumed_(resumed),
      start_(now_seconds()),
      last_drawn_(start_),
      terminal_(::isatty(STDERR_FILENO) != 0) {}

Progress::~Progress() {
  if (drawn_ && terminal_) std::fputs("\r\033[K", stderr);
}

void Progress::update(std::int64_t done, const std::string& note) {
  check_interrupt(what_);
  const double now = now_seconds();
  if (!enabled || now - last_drawn_ < (terminal_ ? 0.1 : 30.0)) return;
  last_drawn_ = now;
  draw(done, note, now - start_);
}

void Progress::draw(std::int64_t done, const std::string& note, double seconds) {
  drawn_ = true;
  std::string line = what_ + "  " + std::to_string(done);
  if (total_ > 0) {
    line += "/" + std::to_string(total_);
    if (done > resumed_) {
      const double left =
          seconds * static_cast<double>(total_ - done) / static_cast<double>(done - resumed_);
      line += "  " + std::to_string(static_cast<long>(left + 0.5)) + " s left";
    }
  }
  if (!note.empty()) line += "  " + note;
  std::fprintf(stderr, terminal_ ? "\r\033[K%s" : "%s\n", line.c_str());
  std::fflush(stderr);
}

}  // namespace crossloop
