// The passes over the plan of a layer by the names that commands and configurations give them.
#pragma once

#include <span>
#include <string>

#include "host/compiler/compile.hpp"

namespace crossloop::compiler {

/// Switches passes on: `compact`, `share`, `drop`, `rearrange`, `reorder` (PlanOptions,
/// PlacementOptions); `all` stands for the first three, which only save crossbars, `none` for none.
/// Throws InputError naming `where` for another name.
void switch_on_passes(std::span<const std::string> names, const std::string& where,
                      PlacementOptions& options);

/// What `crossloop compile` does where no passes are named: `all`.
CompileOptions default_compile_options();

}  // namespace crossloop::compiler
