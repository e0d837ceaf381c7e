#include "testbench/verilated_device.hpp"

#include <array>
#include <string>

#include "host/error.hpp"
#include "testbench/verilated_cores.hpp"

namespace crossloop::testbench {
namespace {

struct Build {
  VerilatedGeometry geometry;
  std::unique_ptr<VerilatedDevice> (*make)(const VerilatedOptions&);
  std::unique_ptr<VerilatedDevice> (*make_traced)(const VerilatedOptions&);
};

// The geometries of testbench/CMakeLists.txt.
constexpr std::array kBuilds{
#ifdef CROSSLOOP_COVERAGE
    Build{{16, 16, 8}, make_verilated_core_16, nullptr},
    Build{{16, 16, 8, 2}, make_verilated_core_16x2, nullptr},
#else
    Build{{16, 16, 8}, make_verilated_core_16, make_traced_core_16},
    Build{{16, 16, 8, 2}, make_verilated_core_16x2, nullptr},
    Build{{64, 64, 8}, make_verilated_core_64, make_traced_core_64},
    Build{{128, 128, 8}, make_verilated_core_128, make_traced_core_128},
#endif
};

std::string text(const VerilatedGeometry& geometry) {
  return std::to_string(geometry.rows) + "x" + std::to_string(geometry.columns) + " with " +
         std::to_string(geometry.code_bits) + "-bit codes" +
         (geometry.engines > 1 ? ", " + std::to_string(geometry.engines) + " engines" : "");
}

}  // namespace

std::vector<VerilatedGeometry> verilated_geometries() {
  std::vector<VerilatedGeometry> geometries;
  for (const Build& build : kBuilds) geometries.push_back(build.geometry);
  return geometries;
}

std::unique_ptr<VerilatedDevice> make_verilated_device(const VerilatedOptions& options) {
  if (!(options.stall_probability >= 0.0 && options.stall_probability <= 0.95)) {
    throw InputError("rtl device: stall probability " + std::to_string(options.stall_probability) +
                     ", expected 0..0.95");
  }
  if (options.seed < 1) {
    throw InputError("rtl device: seed " + std::to_string(options.seed) + ", expected >= 1");
  }
  std::string known;
  for (const Build& build : kBuilds) {
    if (build.geometry == options.geometry) {
      if (!options.trace.empty() && build.make_traced == nullptr) {
        throw InputError("rtl device: this build of " + text(build.geometry) + " writes no waves");
      }
      return options.trace.empty() ? build.make(options) : build.make_traced(options);
    }
    known += (known.empty() ? "" : "; ") + text(build.geometry);
  }
  throw InputError("rtl device: no tile of " + text(options.geometry) + " is built in, only " +
                   known);
}

}  // namespace crossloop::testbench
