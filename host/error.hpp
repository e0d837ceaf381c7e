// The errors every room throws. The headers right in host/ (errors, files and their formats,
// progress, configuration) are the only ones of host/ that any room, drivers/ included, may
// include.
#pragma once

#include <stdexcept>
#include <string>

namespace crossloop {

/// Exit codes of the program, as documented in `crossloop --help`.
enum class ExitCode : int { kOk = 0, kCheckFailed = 1, kBadInput = 2, kDeviceFailure = 3 };

/// Root of all failures; only main() catches it. The message says what, which, found and expected:
/// `layer conv2: 130 rows, crossbar has 128`.
class Error : public std::runtime_error {
 public:
  Error(const std::string& message, ExitCode code) : std::runtime_error(message), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

/// Bad usage or input: a file, a config, a model, an argument. Nothing was written.
class InputError : public Error {
 public:
  explicit InputError(const std::string& message) : Error(message, ExitCode::kBadInput) {}
};

/// A check did its work and found a difference: comparison, gate, regression.
class CheckFailed : public Error {
 public:
  explicit CheckFailed(const std::string& message) : Error(message, ExitCode::kCheckFailed) {}
};

/// The device refused, stopped answering or answered nonsense.
class DeviceError : public Error {
 public:
  explicit DeviceError(const std::string& message) : Error(message, ExitCode::kDeviceFailure) {}
};

/// The user pressed Ctrl-C; what was finished is on disk.
class Interrupted : public Error {
 public:
  explicit Interrupted(const std::string& message) : Error(message, ExitCode::kCheckFailed) {}
};

}  // namespace crossloop
