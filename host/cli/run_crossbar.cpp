#include "host/cli/run_crossbar.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <span>

#include "host/cli/counters.hpp"
#include "host/compiler/physical_map.hpp"
#include "host/error.hpp"
#include "host/files.hpp"
#include "host/matrix_file.hpp"
#include "host/npy_file.hpp"
#include "host/runtime/crossbar_mvm.hpp"

namespace crossloop::cli {

using compiler::Crossbar;
using compiler::Deployment;
using compiler::Layer;
using runtime::MvmInput;
using runtime::MvmOutput;
using runtime::MvmResult;

namespace {

struct Vectors {
  std::int64_t count = 0;
  std::vector<std::uint8_t> bytes;
  MvmInput input = MvmInput::kWordLines;
};

Vectors read_vectors(const std::filesystem::path& path, const Deployment& deployment,
                     std::int32_t crossbar) {
  const std::int64_t rows = mvm_elements(deployment, crossbar, MvmInput::kWordLines);
  const std::int64_t inputs = mvm_elements(deployment, crossbar, MvmInput::kInputVector);
  auto array = read_npy_bytes(path);
  const auto axes = array.shape.size();
  const std::int64_t elements = axes == 1 || axes == 2 ? array.shape.back() : -1;
  if ((elements != rows && elements != inputs) || array.values.empty()) {
    throw InputError(fmt::format(
        "{}: shape [{}], expected [n, {}] for the word lines of crossbar {} or [n, {}] for the "
        "input vector of its layer, n at least 1",
        path.string(), fmt::join(array.shape, ", "), rows, crossbar, inputs));
  }
  return {axes == 1 ? 1 : array.shape[0], std::move(array.values),
          elements == rows ? MvmInput::kWordLines : MvmInput::kInputVector};
}

void write_values(const std::filesystem::path& path, const MvmResult& result, std::int64_t count) {
  const auto lines = static_cast<std::int64_t>(result.lines.size());
  if (path.extension() == ".npy") {
    return write_npy(path, std::array{count, lines}, std::span<const std::int32_t>(result.values));
  }
  using Values = Eigen::Matrix<std::int32_t, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  write_matrix(path, Eigen::Map<const Values>(result.values.data(), count, lines).cast<double>());
}

/// "3", or "3 at column 1" of a semi-folded layer.
std::string output_text(const Layer& layer, std::int32_t accumulator) {
  const auto place = compiler::place_of_output(layer, accumulator);
  return layer.columns_per_vector == 1 ? std::to_string(place.channel)
                                       : fmt::format("{} at {}", place.channel, place.column);
}

constexpr std::size_t kMostLines = 32;

std::string more_text(std::size_t lines) {
  return lines > kMostLines ? fmt::format("  ... {} more\n", lines - kMostLines) : "";
}

std::string outputs_table(const Deployment& deployment, const Layer& layer, std::int32_t crossbar,
                          const Vectors& vectors, const MvmResult& result) {
  const auto elements = static_cast<std::size_t>(mvm_elements(deployment, crossbar, vectors.input));
  const auto exact =
      exact_products(deployment, crossbar, std::span(vectors.bytes).first(elements), vectors.input);
  std::string text = fmt::format(
      "  vector 0, in sums and in units of w_q times input:\n"
      "  {:>12}  {:>12}  {:>14}  {:>12}\n",
      "output", "sum", "product", "exact");
  for (std::size_t i = 0; i < std::min(kMostLines, result.lines.size()); ++i) {
    text +=
        fmt::format("  {:>12}  {:>12}  {:>14.2f}  {:>12}\n", output_text(layer, result.lines[i]),
                    result.values[i], result.values[i] * layer.accumulator_unit, exact[i]);
  }
  return text + more_text(result.lines.size());
}

std::string columns_table(const Layer& layer, const Crossbar& crossbar, const MvmResult& result) {
  std::string text = fmt::format(
      "  vector 0, codes before recombination:\n  {:>12}  {:>12}  {:>5}  {:>5}  {:>12}\n", "column",
      "output", "sign", "slice", "sum");
  for (std::size_t j = 0; j < std::min(kMostLines, result.lines.size()); ++j) {
    const auto& column = crossbar.tables.columns[j];
    text += fmt::format("  {:>12}  {:>12}  {:>5}  {:>5}  {:>12}\n", j,
                        output_text(layer, column.output), column.negative ? '-' : '+',
                        column.slice, result.values[j]);
  }
  return text + more_text(result.lines.size());
}

nlohmann::json result_json(const CrossbarArguments& arguments, const Layer& layer,
                           const Crossbar& crossbar, const Vectors& vectors,
                           const MvmResult& result) {
  auto values = nlohmann::json::array();
  const auto lines = static_cast<std::ptrdiff_t>(result.lines.size());
  for (auto row = result.values.begin(); row != result.values.end(); row += lines) {
    values.push_back(std::vector<std::int32_t>(row, row + lines));
  }
  return {{"crossbar", *arguments.crossbar},
          {"layer", layer.name},
          {"part", crossbar.part},
          {"band", crossbar.band},
          {"input", vectors.input == MvmInput::kWordLines ? "word lines" : "input vector"},
          {"vectors", vectors.count},
          {arguments.columns ? "columns" : "outputs", result.lines},
          {"accumulator_unit", layer.accumulator_unit},
          {"values", values},
          {"adc", counters_json(result.counters)},
          {"cycles", result.cycles}};
}

}  // namespace

void add_crossbar_options(CLI::App& command, CrossbarArguments& arguments) {
  auto* crossbar = command.add_option("--crossbar", arguments.crossbar,
                                      "program this crossbar alone and run vectors through it "
                                      "instead of images");
  crossbar->type_name("ID");
  auto* input = command.add_option(
      "--input", arguments.input,
      "with --crossbar: uint8, [n][word lines of the crossbar] or [n][input vector of its layer]");
  input->type_name("X.npy")->needs(crossbar);
  crossbar->needs(input);
  command
      .add_option("--output", arguments.output,
                  "with --crossbar: what it adds to each output, int32 [n][outputs on it]")
      ->type_name("Y.npy|Y.csv")
      ->needs(crossbar);
  command
      .add_flag("--columns", arguments.columns,
                "with --crossbar: the sum of every bit line instead, before sign and slice")
      ->needs(crossbar);
  for (const char* name : {"--data", "--data-seed", "--resize", "--crop", "--images", "--compare",
                           "--replay", "--inject", "--layer-errors"}) {
    crossbar->excludes(command.get_option(name));
  }
}

void run_crossbar(const CrossbarArguments& arguments, const ChipArguments& chip_arguments,
                  const Deployment& deployment, const Globals& globals) {
  const std::int32_t id = *arguments.crossbar;
  const Vectors vectors = read_vectors(arguments.input, deployment, id);
  if (!arguments.output.empty()) {
    check_matrix_name("--output", arguments.output);
    require_writable(arguments.output);
  }
  const Crossbar& crossbar = deployment.crossbars[static_cast<std::size_t>(id)];
  const Layer& layer = deployment.layers[static_cast<std::size_t>(crossbar.layer)];
  const analog::Device device = find_chip_device(chip_arguments, deployment);
  const auto chip = open_chip(chip_arguments, deployment, device);
  runtime::program_some(*chip, deployment, std::array{id});
  const MvmResult result = runtime::run_crossbar(
      deployment, *chip, id, vectors.bytes,
      {.input = vectors.input,
       .output = arguments.columns ? MvmOutput::kColumns : MvmOutput::kOutputs,
       .noise_seed = chip_arguments.noise_seed});
  if (!arguments.output.empty()) write_values(arguments.output, result, vectors.count);

  std::string text = fmt::format(
      "{} on {}, device {}, chip {} (noise seed {}), crossbar {} of {}: layer {}, part {}, band "
      "{}\n"
      "  input         {} vectors of {}, for the {}\n"
      "  ADC           {}\n"
      "  time          {} device cycles\n",
      deployment.network, chip->name(), device.name, chip_arguments.chip_seed,
      chip_arguments.noise_seed, id, deployment.crossbars.size(), layer.name, crossbar.part,
      crossbar.band, vectors.count, mvm_elements(deployment, id, vectors.input),
      vectors.input == MvmInput::kWordLines ? "word lines in their order"
                                            : "input vector of the layer",
      counters_text(result.counters), result.cycles);
  text += arguments.columns ? columns_table(layer, crossbar, result)
                            : outputs_table(deployment, layer, id, vectors, result);
  nlohmann::json json = result_json(arguments, layer, crossbar, vectors, result);
  json["network"] = deployment.network;
  json["chip"] = chip_json(chip_arguments, device);
  show_result(globals, text, json);
}

}  // namespace crossloop::cli
