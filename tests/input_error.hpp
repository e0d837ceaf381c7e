// What an action is refused with.
#pragma once

#include <functional>
#include <string>

#include "host/error.hpp"

namespace crossloop::testing_support {

/// The message of the InputError that `action` throws, "no error" where it throws none.
inline std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace crossloop::testing_support
