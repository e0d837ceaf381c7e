// crossloop sensitivity: what pruning each layer alone would cost, and the ratios for a target.
#include "pruning/sensitivity.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <filesystem>
#include <memory>
#include <numeric>
#include <optional>

#include "host/analog/components.hpp"
#include "host/cli/command.hpp"
#include "host/cli/cost_table.hpp"
#include "host/cli/model.hpp"
#include "host/cli/options.hpp"
#include "host/cli/pruning_options.hpp"
#include "host/compiler/compile.hpp"
#include "host/compiler/cost.hpp"
#include "host/compiler/place.hpp"
#include "host/error.hpp"
#include "host/files.hpp"

namespace crossloop::cli {

namespace {

struct SensitivityArguments {
  ModelArguments model;
  DataArguments data;
  MappingArguments mapping;
  pruning::LayerPolicy policy;
  pruning::SensitivityOptions scan;
  std::string criterion = "crossbars";
  std::string target;  ///< empty: scan only
  double share = 0.5;
  std::filesystem::path plot;
};

using Scan = std::vector<pruning::LayerSensitivity>;

/// What a layer costs as it is, by name: crossbars, ADC energy in pJ, or ns of latency.
std::map<std::string, double> dense_costs(const SensitivityArguments& arguments,
                                          network::Network network, const Mapping& mapping,
                                          const data::Dataset& images) {
  const auto deployment = compiler::compile(network, mapping.tile, mapping.device, images);
  const auto chip = compiler::estimate_cost(
      deployment, analog::find_components(analog::kDefaultComponents, config_root("components")),
      analog::AdcModel::kLinear);
  std::map<std::string, double> costs;
  for (const compiler::LayerCost& layer : chip.layers) {
    costs[layer.name] = arguments.target == "adc-energy" ? layer.energy_pj[compiler::Part::kAdc]
                        : arguments.target == "cycles"   ? layer.latency_ns
                                                         : layer.crossbars;
  }
  return costs;
}

/// Costs by layer and point: those of the dense layer times the share of its crossbars that stays
/// (ADC energy and crossbars), or of its weights (cycles of lanes that skip zeros).
std::vector<std::vector<double>> point_costs(const SensitivityArguments& arguments,
                                             const Scan& scan,
                                             const std::map<std::string, double>& dense) {
  std::vector<std::vector<double>> costs;
  for (const pruning::LayerSensitivity& layer : scan) {
    std::vector<double>& one = costs.emplace_back();
    const pruning::SensitivityPoint& whole = layer.points.front();
    for (const pruning::SensitivityPoint& point : layer.points) {
      const bool by_weights = arguments.target == "cycles";
      const double left =
          by_weights ? static_cast<double>(point.weights) / static_cast<double>(whole.weights)
                     : static_cast<double>(point.crossbars) / whole.crossbars;
      one.push_back(dense.at(layer.layer) * left);
    }
  }
  return costs;
}

std::string scan_text(const Scan& scan) {
  std::size_t width = 5;
  for (const auto& layer : scan) width = std::max(width, layer.layer.size());
  std::string text = fmt::format("{:<{}}", "accuracy in % at ratio", width);
  for (const auto& point : scan.front().points) text += fmt::format("{:>8.3f}", point.ratio);
  text += "\n";
  for (const auto& layer : scan) {
    text += fmt::format("{:<{}}", layer.layer, std::max<std::size_t>(width, 22));
    for (const auto& point : layer.points) text += fmt::format("{:>8.2f}", 100.0 * point.accuracy);
    text += "\n";
  }
  return text;
}

nlohmann::json scan_json(const Scan& scan) {
  auto layers = nlohmann::json::array();
  for (const auto& layer : scan) {
    auto points = nlohmann::json::array();
    for (const auto& point : layer.points) {
      points.push_back({{"ratio", point.ratio},
                        {"loss", point.loss},
                        {"accuracy", point.accuracy},
                        {"crossbars", point.crossbars},
                        {"weights", point.weights}});
    }
    layers.push_back({{"name", layer.layer}, {"points", points}});
  }
  return layers;
}

std::string plot_csv(const Scan& scan) {
  std::string text = "layer,ratio,loss,accuracy,crossbars,weights\n";
  for (const auto& layer : scan) {
    for (const auto& point : layer.points) {
      text += fmt::format("{},{},{},{},{},{}\n", layer.layer, point.ratio, point.loss,
                          point.accuracy, point.crossbars, point.weights);
    }
  }
  return text;
}

void run(SensitivityArguments& arguments, const Globals& globals) {
  if (!arguments.plot.empty()) require_writable(arguments.plot);
  const network::Network network = read_model(arguments.model);
  warn_without_normalisation(network);
  const Mapping mapping = find_mapping(arguments.mapping);
  const auto layers = pruning::prunable_layers(network, arguments.policy);
  const auto images = data::load_data(arguments.data.source, arguments.data.options).train;
  pruning::SensitivityOptions& options = arguments.scan;
  options.tile = {.rows = mapping.tile.rows,
                  .outputs = compiler::outputs_per_crossbar(mapping.tile, network.name)};
  options.criterion = arguments.criterion == "weights" ? pruning::ScanCriterion::kWeights
                                                       : pruning::ScanCriterion::kCrossbars;
  const Scan scan = pruning::scan_sensitivity(network, layers, images, options);
  std::string text = scan_text(scan);
  nlohmann::json result = {{"layers", scan_json(scan)},
                           {"criterion", arguments.criterion},
                           {"images", options.images},
                           {"seed", options.seed},
                           {"data_seed", arguments.data.options.seed}};
  if (!arguments.target.empty()) {
    const auto calibration = images.slice(0, std::min(options.images, images.count));
    const auto costs =
        point_costs(arguments, scan, dense_costs(arguments, network, mapping, calibration));
    double whole = 0.0;
    for (const auto& layer : costs) whole += layer.front();
    const auto chosen = pruning::allocate_ratios(scan, costs, arguments.share * whole);
    text += fmt::format(
        "\n{} of these layers: {:.1f} % of {:.6g}, estimated loss {:.4f}{}\n"
        "--set ratios={:.6g}\n",
        arguments.target, 100.0 * chosen.cost / whole, whole, chosen.loss,
        chosen.exact ? "" : " (not proven least)", fmt::join(chosen.ratios, ","));
    result["allocation"] = {
        {"target", arguments.target}, {"share", arguments.share}, {"dense", whole},
        {"cost", chosen.cost},        {"loss", chosen.loss},      {"exact", chosen.exact},
        {"ratios", chosen.ratios}};
  }
  if (!arguments.plot.empty()) write_file(arguments.plot, plot_csv(scan));
  show_result(globals, text, result);
}

}  // namespace

void add_sensitivity(CLI::App& app, Globals& globals) {
  auto arguments = std::make_shared<SensitivityArguments>();
  CLI::App* command = add_command(
      app, globals, "sensitivity",
      "Prune each layer alone by several ratios, without training, and choose ratios for a target.",
      "crossloop sensitivity resnet20.onnx --data cifar10 --target crossbars --share 0.5");
  add_model_options(*command, arguments->model);
  add_mapping_options(*command, arguments->mapping);
  add_policy_options(*command, arguments->policy);
  command
      ->add_option("--criterion", arguments->criterion,
                   "what goes: the weakest blocks of one crossbar, or the smallest weights")
      ->check(CLI::IsMember({"crossbars", "weights"}))
      ->capture_default_str();
  command->add_option("--ratios", arguments->scan.ratios, "ratios to try, ascending")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(in_range(0.0, 1.0))
      ->type_name("R,R,...");
  command
      ->add_option("--target", arguments->target,
                   "also choose a ratio per layer so that --share of the crossbars, of the ADC "
                   "energy or of the cycles of lanes stays, at the least estimated loss")
      ->check(CLI::IsMember({"crossbars", "adc-energy", "cycles"}));
  command->add_option("--share", arguments->share, "of what the layers need now")
      ->check(in_range(0.0, 1.0))
      ->capture_default_str();
  command->add_option("--plot", arguments->plot, "the scan as lines of CSV, for plots")
      ->type_name("FILE.csv");
  add_data_options(*command, arguments->data);
  add_train_images_option(*command, arguments->data);
  command->add_option("--images", arguments->scan.images, "training images that score each point")
      ->check(in_range(16, kMostImages))
      ->capture_default_str();
  add_seed_option(*command, "--seed", arguments->scan.seed, "which images score");
  command->callback([arguments, &globals] { run(*arguments, globals); });
}

}  // namespace crossloop::cli
