// Reads FST files with the library that Verilator writes them with.
#pragma once

#include <gtest/gtest.h>
#include <gtkwave/fstapi.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace crossloop::tests {

/// What an FST file names, as GTKWave does: "TOP.crossloop.u_check.step_q[1:0]".
struct WaveFile {
  std::uint64_t last_time = 0;
  std::set<std::string> signals;
};

/// Fails the test where the file is not a whole FST.
inline WaveFile read_waves(const std::filesystem::path& path) {
  WaveFile waves;
  void* reader = fstReaderOpen(path.c_str());
  if (reader == nullptr) {
    ADD_FAILURE() << path << ": no FST, or not a whole one";
    return waves;
  }
  waves.last_time = fstReaderGetEndTime(reader);
  std::vector<std::string> scopes;
  while (const fstHier* entry = fstReaderIterateHier(reader)) {
    if (entry->htyp == FST_HT_SCOPE) {
      scopes.emplace_back(entry->u.scope.name);
    } else if (entry->htyp == FST_HT_UPSCOPE) {
      scopes.pop_back();
    } else if (entry->htyp == FST_HT_VAR) {
      std::string name;
      for (const std::string& scope : scopes) name += scope + ".";
      name += entry->u.var.name;
      std::erase(name, ' ');  // before a range
      waves.signals.insert(std::move(name));
    }
  }
  fstReaderClose(reader);
  return waves;
}

}  // namespace crossloop::tests
