// Options of the commands that prune, and what they stand for. Only in builds with LibTorch.
#pragma once

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pruning/method.hpp"
#include "pruning/pipeline.hpp"

namespace crossloop::cli {

struct MethodArguments {
  std::string name = "column_magnitude";
  std::vector<std::string> settings;  ///< NAME=VALUE each
};

/// --method and --set.
void add_method_options(CLI::App& command, MethodArguments& arguments);

/// The values of --set for that method. Throws InputError for one that is no NAME=VALUE or is given
/// twice, and as MethodOptions does.
pruning::MethodOptions method_options(const pruning::MethodInfo& info,
                                      const std::vector<std::string>& settings);

/// --prune-first, --prune-last and --keep.
void add_policy_options(CLI::App& command, pruning::LayerPolicy& policy);

/// Name, summary, source and options of a method; "column_magnitude: crossbar_ratio 0.5, ..." .
nlohmann::json method_json(const pruning::MethodInfo& info);
std::string method_text(const pruning::MethodInfo& info, const pruning::MethodOptions& options);

}  // namespace crossloop::cli
