// The model a command works on, and the input normalisation a foreign one does not carry.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/network/network.hpp"

namespace crossloop::cli {

struct ModelArguments {
  std::filesystem::path path;
  std::vector<float> mean, std;  ///< one value for each channel, or one for all; empty: the model's
};

/// The positional `model`, --mean and --std.
void add_model_options(CLI::App& command, ModelArguments& arguments);

/// Reads the model; --mean and --std take the place of what it carries. Throws InputError if they
/// do not fit its channels or a deviation is not positive.
network::Network read_model(const ModelArguments& arguments);

/// Logs a warning where neither the model nor the user says how pixels become inputs: the accuracy
/// on images would be silently wrong. For commands that feed it images.
void warn_without_normalisation(const network::Network& network);

/// "mean 0.4914 0.4822 0.4465, std 0.2470 0.2435 0.2616, NCHW"; the first part is "none (pixels as
/// 0..1)" where the model has none.
std::string input_text(const network::Network& network);

/// {"mean", "std", "layout"}.
nlohmann::json input_json(const network::Network& network);

}  // namespace crossloop::cli
