#include "host/compiler/pass_names.hpp"

#include "host/error.hpp"

namespace crossloop::compiler {

namespace {

struct Pass {
  const char* name;
  bool by_default;  ///< part of "all": those that only save crossbars
  void (*switch_on)(PlacementOptions& options);
};
constexpr Pass kPasses[] = {
    {"compact", true, [](PlacementOptions& o) { o.plan.compact = true; }},
    {"share", true, [](PlacementOptions& o) { o.plan.share = true; }},
    {"drop", true, [](PlacementOptions& o) { o.drop_silent = true; }},
    {"rearrange", false, [](PlacementOptions& o) { o.plan.rearrange = true; }},
    {"reorder", false, [](PlacementOptions& o) { o.plan.reorder = true; }}};

void switch_on(const std::string& name, const std::string& where, PlacementOptions& options) {
  bool known = name == "all" || name == "none";
  for (const Pass& pass : kPasses) {
    if (name != pass.name && !(name == "all" && pass.by_default)) continue;
    pass.switch_on(options);
    known = true;
  }
  if (known) return;
  throw InputError(where + ": '" + name +
                   "', expected all, none, or some of compact, share, drop, rearrange, reorder");
}

}  // namespace

void switch_on_passes(std::span<const std::string> names, const std::string& where,
                      PlacementOptions& options) {
  for (const std::string& name : names) switch_on(name, where, options);
}

CompileOptions default_compile_options() {
  CompileOptions options;
  switch_on("all", "passes", options.placement);
  return options;
}

}  // namespace crossloop::compiler
