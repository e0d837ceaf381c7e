#include "host/cli/model.hpp"

#include <spdlog/spdlog.h>

#include "host/cli/options.hpp"
#include "host/error.hpp"
#include "host/network/onnx_file.hpp"

namespace crossloop::cli {

namespace {

const char* layout_name(network::InputLayout layout) {
  return layout == network::InputLayout::kNhwc ? "NHWC" : "NCHW";
}

void override_values(const char* option, const std::vector<float>& given, int channels,
                     const ModelArguments& arguments, std::vector<float>& target) {
  if (given.empty()) return;
  const auto expected = static_cast<std::size_t>(channels);
  if (given.size() != 1 && given.size() != expected) {
    throw InputError(fmt::format("{} of {}: {} values, its input has {} channels", option,
                                 arguments.path.string(), given.size(), channels));
  }
  target = given.size() == expected ? given : std::vector<float>(expected, given[0]);
}

}  // namespace

void add_model_options(CLI::App& command, ModelArguments& arguments) {
  command.add_option("model", arguments.path, "the model")->required()->type_name("FILE.onnx");
  command
      .add_option("--mean", arguments.mean,
                  "what a model of another tool subtracts from pixels in 0..1, per channel")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("R,G,B");
  command
      .add_option("--std", arguments.std, "what it divides them by then; kept in models written")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("R,G,B");
}

network::Network read_model(const ModelArguments& arguments) {
  network::Network network = network::read_onnx(arguments.path);
  auto& [mean, deviation] = network.normalisation;
  const int channels = network.input_shape.channels;
  override_values("--mean", arguments.mean, channels, arguments, mean);
  override_values("--std", arguments.std, channels, arguments, deviation);
  network::infer_shapes(network);  // refuses a deviation that is not positive
  return network;
}

void warn_without_normalisation(const network::Network& network) {
  if (!network.normalisation.mean.empty() || !network.normalisation.std.empty()) return;
  spdlog::warn(
      "{} carries no input normalisation: pixels become 0..1; give --mean and --std if it was "
      "trained otherwise",
      network.name);
}

std::string input_text(const network::Network& network) {
  const auto& normalisation = network.normalisation;
  const bool none = normalisation.mean.empty() && normalisation.std.empty();
  return (none ? "none (pixels as 0..1)" : normalisation_text(normalisation)) + ", " +
         layout_name(network.input_layout);
}

nlohmann::json input_json(const network::Network& network) {
  return {{"mean", network.normalisation.mean},
          {"std", network.normalisation.std},
          {"layout", layout_name(network.input_layout)}};
}

}  // namespace crossloop::cli
