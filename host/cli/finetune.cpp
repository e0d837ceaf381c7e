// crossloop finetune: trains a model for the numbers and the cells it will meet on crossbars.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "host/cli/command.hpp"
#include "host/cli/model.hpp"
#include "host/cli/options.hpp"
#include "host/cli/training.hpp"
#include "host/compiler/adc_rounding.hpp"
#include "host/compiler/compile.hpp"
#include "host/error.hpp"
#include "host/files.hpp"
#include "host/loop/weight_error.hpp"
#include "host/network/onnx_file.hpp"
#include "host/runtime/calibrate.hpp"
#include "host/runtime/ideal_chip.hpp"
#include "host/runtime/measured_chip.hpp"
#include "pruning/activation_codes.hpp"
#include "pruning/pipeline.hpp"
#include "pruning/weight_clip.hpp"

namespace crossloop::cli {

namespace {

struct FinetuneArguments {
  ModelArguments model;
  std::filesystem::path output;
  DataArguments data;
  MappingArguments mapping;
  std::string scales = "frozen";
  bool activations = false;
  bool adc_rounding = false;
  double clip_percentile = 100.0;
  bool chip_errors = false;
  std::uint64_t chip_seed = 1;
  int quantised_images = 1000;
  int calibration_images = 256;
  pruning::TrainOptions training = {.epochs = 2, .learning_rate = 0.005, .weight_decay = 0.0};
};

/// Accuracies (0..1) of a network.
struct Accuracies {
  double real = 0.0;           ///< float
  double integer = 0.0;        ///< on ideal tiles
  std::optional<double> chip;  ///< on a chip of the device, calibrated
};

class Finetuning {
 public:
  explicit Finetuning(const FinetuneArguments& arguments)
      : arguments_(arguments),
        mapping_(find_mapping(arguments.mapping)),
        ideal_(analog::find_device("ideal", config_root())),
        network_(read_model(arguments.model)) {
    warn_without_normalisation(network_);
    if (arguments.mapping.weight_bits > 0) forget_scales();
    auto split = data::load_data(arguments.data.source, arguments.data.options);
    train_ = std::move(split.train);
    test_ = std::move(split.test);
    calibration_ = train_.slice(0, std::min(arguments.calibration_images, train_.count));
    integer_test_ = test_.slice(0, std::min(arguments.quantised_images, test_.count));
  }

  Accuracies before, after;

  void run() {
    compiler::Deployment deployment = compile();
    before = score(deployment);
    pruning::FinetuneConstraints constraints = this->constraints(deployment);
    network::Network trained = network_;
    if (arguments_.activations) trained = with_codes(deployment);
    pruning::finetune(trained, train_, arguments_.training, constraints, log_epoch);
    pruning::take_parameters(network_, trained);
    if (arguments_.scales == "dynamic") forget_scales();
    network_.metadata["finetuning.weight_bits"] = std::to_string(mapping_.tile.weight_bits);
    network_.metadata["finetuning.seed"] = std::to_string(arguments_.training.seed);
    deployment = compile();
    network::write_onnx(network_, arguments_.output);
    after = score(deployment);
  }

  const network::Network& network() const { return network_; }
  const compiler::TileFormat& tile() const { return mapping_.tile; }
  int test_images() const { return test_.count; }
  int integer_images() const { return integer_test_.count; }

 private:
  /// Freezes the weight scales where they are not.
  compiler::Deployment compile() {
    auto deployment = compiler::compile(network_, mapping_.tile, mapping_.device, calibration_);
    runtime::calibrate_ideal(deployment, calibration_);
    return deployment;
  }

  void forget_scales() {
    for (network::Node& node : network_.nodes) node.weight_scale.clear();
  }

  Accuracies score(const compiler::Deployment& deployment) {
    Accuracies scores{.real = pruning::evaluate(network_, test_),
                      .integer = runtime::ideal_accuracy(deployment, ideal_, integer_test_),
                      .chip = {}};
    if (arguments_.chip_errors) {
      chip_.emplace(deployment, mapping_.device, arguments_.chip_seed);
      chip_->calibrate({.gain = true, .statistics = true}, calibration_);
      scores.chip = chip_->accuracy(integer_test_);
    }
    return scores;
  }

  pruning::FinetuneConstraints constraints(const compiler::Deployment& deployment) const {
    pruning::FinetuneConstraints held;
    pruning::HeldZeros zeros = pruning::zeros_of(network_);
    held.masks = std::move(zeros.weights);
    held.channels = std::move(zeros.channels);
    held.weight_bits = mapping_.tile.weight_bits;
    held.clamp_to_scale = arguments_.scales == "frozen";
    held.dynamic_scale = arguments_.scales == "dynamic";
    held.hold_gamma_sign = true;
    held.weight_limit = pruning::clip_limits(network_, arguments_.clip_percentile);
    if (arguments_.adc_rounding) {
      for (std::size_t i = 0; i < deployment.layers.size(); ++i) {
        const compiler::Layer& layer = deployment.layers[i];
        if (layer.kind != compiler::LayerKind::kCrossbar) continue;
        held.output_noise[layer.name] =
            compiler::adc_rounding_noise(deployment, static_cast<int>(i));
      }
    }
    if (arguments_.chip_errors) {
      held.weight_error = loop::weight_errors(network_, chip_->deployment(), chip_->measurement());
    }
    return held;
  }

  network::Network with_codes(const compiler::Deployment& deployment) const {
    std::vector<pruning::ActivationCodes> codes;
    for (std::size_t i = 1; i + 1 < deployment.tensors.size(); ++i) {
      const compiler::TensorInfo& tensor = deployment.tensors[i];
      codes.push_back({tensor.name, static_cast<float>(tensor.scale), tensor.zero});
    }
    return pruning::with_activation_codes(network_, codes);
  }

  const FinetuneArguments& arguments_;
  Mapping mapping_;
  analog::Device ideal_;
  network::Network network_;
  data::Dataset train_, test_, calibration_, integer_test_;
  std::optional<runtime::MeasuredChip> chip_;  ///< as scored last
};

nlohmann::json accuracy_json(const Accuracies& scores) {
  return {{"float", scores.real},
          {"quantised", scores.integer},
          {"chip", scores.chip ? nlohmann::json(*scores.chip) : nlohmann::json()}};
}

std::string accuracy_text(const char* what, double before, double after) {
  return fmt::format("{:<34}{:>8.2f} %{:>8.2f} %\n", what, 100.0 * before, 100.0 * after);
}

void run(const FinetuneArguments& arguments, const Globals& globals) {
  require_writable(arguments.output);
  Finetuning finetuning(arguments);
  finetuning.run();
  const Accuracies &before = finetuning.before, &after = finetuning.after;
  std::string text =
      fmt::format("{:<34}{:>10}{:>10}\n", "accuracy", "before", "after") +
      accuracy_text("float", before.real, after.real) +
      accuracy_text(
          fmt::format("{}-bit weights, ideal tiles", finetuning.tile().weight_bits).c_str(),
          before.integer, after.integer);
  if (before.chip && after.chip) {
    text += accuracy_text("chip of the device, calibrated", *before.chip, *after.chip);
  }
  text +=
      fmt::format("{} test images, integers on {}; {} epochs, seed {}, data seed {}\nmodel {}\n",
                  finetuning.test_images(), finetuning.integer_images(), arguments.training.epochs,
                  arguments.training.seed, arguments.data.options.seed, arguments.output.string());
  show_result(globals, text,
              {{"before", accuracy_json(before)},
               {"after", accuracy_json(after)},
               {"weight_bits", finetuning.tile().weight_bits},
               {"scales", arguments.scales},
               {"activations", arguments.activations},
               {"adc_rounding", arguments.adc_rounding},
               {"clip_percentile", arguments.clip_percentile},
               {"device", arguments.mapping.device},
               {"chip_errors", arguments.chip_errors},
               {"chip_seed", arguments.chip_seed},
               {"training", training_json(arguments.training)},
               {"seed", arguments.training.seed},
               {"data_seed", arguments.data.options.seed},
               {"test_images", finetuning.test_images()},
               {"quantised_images", finetuning.integer_images()},
               {"model", arguments.output.string()}});
}

void add_number_options(CLI::App& command, FinetuneArguments& arguments) {
  command
      .add_option("--scales", arguments.scales,
                  "one level of a weight: frozen as it is mapped now, or following the largest "
                  "weight of its output")
      ->check(CLI::IsMember({"frozen", "dynamic"}))
      ->capture_default_str();
  command.add_flag("--quantise-activations", arguments.activations,
                   "round activations to the 8-bit codes between layers");
  command.add_flag("--adc-rounding", arguments.adc_rounding,
                   "add what ADCs round off, as a noise of that size");
  command
      .add_option("--clip-percentile", arguments.clip_percentile,
                  "weight-constrained training: no weight beyond this percentile of the nonzero "
                  "ones of its layer, mapped with the scale it had; 100: none")
      ->check(in_range(1.0, 100.0))
      ->capture_default_str();
  command.add_flag("--chip-errors", arguments.chip_errors,
                   "train on the weights that a modelled chip of --device makes of these, its "
                   "wires included, measured as `crossloop measure` does");
  add_seed_option(command, "--chip-seed", arguments.chip_seed, "which chip");
}

}  // namespace

void add_finetune(CLI::App& app, Globals& globals) {
  auto arguments = std::make_shared<FinetuneArguments>();
  arguments->data.options.test_images = 0;
  CLI::App* command = add_command(
      app, globals, "finetune",
      "Train a model with the numbers and cells it will meet: few-bit weights, 8-bit activations, "
      "ADC steps, clipped weights, a chip's errors. Zeros stay zero.",
      "crossloop finetune pruned.onnx --output w4.onnx --weight-bits 4 --quantise-activations");
  add_model_options(*command, arguments->model);
  command->add_option("--output", arguments->output, "where the model goes, its scales frozen")
      ->required()
      ->type_name("FILE.onnx");
  add_mapping_options(*command, arguments->mapping);
  add_number_options(*command, *arguments);
  add_data_options(*command, arguments->data);
  add_train_images_option(*command, arguments->data);
  add_test_images_option(*command, arguments->data);
  command
      ->add_option("--calibration-images", arguments->calibration_images,
                   "training images that set the ranges of activations and ADCs")
      ->check(in_range(16, 100'000))
      ->capture_default_str();
  command
      ->add_option("--quantised-images", arguments->quantised_images,
                   "test images for the accuracies on tiles")
      ->check(in_range(1, kMostImages))
      ->capture_default_str();
  add_training_options(*command, arguments->training);
  command->callback([arguments, &globals] { run(*arguments, globals); });
}

}  // namespace crossloop::cli
