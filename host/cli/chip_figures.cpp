#include "host/cli/chip_figures.hpp"

#include <spdlog/fmt/fmt.h>

#include <array>
#include <bit>

#include "host/analog/adc_energy.hpp"
#include "host/cli/adc_accounting_table.hpp"
#include "host/cli/command.hpp"
#include "host/cli/cost_table.hpp"
#include "host/cli/placement_options.hpp"
#include "host/compiler/adc_summary.hpp"
#include "host/compiler/compile.hpp"
#include "host/compiler/cost.hpp"
#include "host/compiler/partial_sums.hpp"
#include "host/error.hpp"
#include "host/runtime/calibrate.hpp"
#include "host/runtime/ideal_chip.hpp"

namespace crossloop::cli {

namespace {

constexpr double kPjPerNj = 1e3;
constexpr double kNsPerUs = 1e3;
constexpr std::array kAdcModels = {analog::AdcModel::kLinear, analog::AdcModel::kSaberi,
                                   analog::AdcModel::kSurvey, analog::AdcModel::kExp2};

void add_costs(ChipFigures& figures) {
  const auto parts = analog::find_components(kDefaultComponents, config_root("components"));
  for (const analog::AdcModel model : kAdcModels) {
    auto& energy = figures.adc_energy_nj[std::string(analog::adc_model_name(model))];
    try {
      const auto cost = compiler::estimate_cost(figures.deployment, parts, model);
      energy = cost.energy_pj[compiler::Part::kAdc] / kPjPerNj;
      figures.sequential_us = cost.sequential_ns / kNsPerUs;
    } catch (const InputError&) {
      // The model has no figure for a resolution in use.
    }
  }
}

std::string number(const std::optional<double>& value, const char* format) {
  return value ? fmt::format(fmt::runtime(format), *value) : "-";
}

std::string line(const std::string& name, const std::string& before, const std::string& after) {
  return fmt::format("{:<38}{:>10}{:>10}\n", name, before, after);
}

std::string improvement_text(const ChipFigures& figures, const char* counting) {
  if (figures.accounting.is_null()) return "-";
  const nlohmann::json& value = figures.accounting.at("improvement").at(counting);
  return value.is_null() ? "no energy" : fmt::format("{:.2f}x", value.get<double>());
}

std::string tiles_text(const ChipFigures& figures) {
  std::string text;
  for (const auto& count : figures.accounting.at("tiles_by_sparsity")) {
    text += fmt::format(" {}", count.get<std::int64_t>());
  }
  return text;
}

/// Nothing for tiles that work on ADC-aware pruning does not count.
nlohmann::json accounting_of(const compiler::Deployment& deployment) {
  const int rows = deployment.tile.rows;
  return std::has_single_bit(static_cast<unsigned>(rows)) ? adc_accounting_json(deployment)
                                                          : nlohmann::json();
}

}  // namespace

ChipFigures chip_figures(network::Network network, const Mapping& mapping,
                         const data::Dataset& calibration, const data::Dataset* test) {
  ChipFigures figures;
  figures.deployment = compiler::compile(network, mapping.tile, mapping.device, calibration,
                                         compile_options(PlacementArguments{}));
  runtime::calibrate_ideal(
      figures.deployment, calibration,
      {.group = compiler::AdcGroup::kColumn, .resolution = runtime::AdcResolution::kProven});
  figures.partial_sum_crossbars = compiler::partial_sum_crossbars(figures.deployment);
  figures.adc_mean_bits = compiler::mean_bits(compiler::summarise_adcs(figures.deployment));
  add_costs(figures);
  figures.accounting = accounting_of(figures.deployment);
  if (test != nullptr) {
    const analog::Device ideal = analog::find_device("ideal", config_root());
    figures.accuracy = runtime::ideal_accuracy(figures.deployment, ideal, *test);
  }
  return figures;
}

nlohmann::json chip_figures_json(const ChipFigures& figures) {
  const auto optional = [](const std::optional<double>& value) {
    return value ? nlohmann::json(*value) : nlohmann::json();
  };
  auto energy = nlohmann::json::object();
  for (const auto& [model, value] : figures.adc_energy_nj) energy[model] = optional(value);
  const auto count = figures.deployment.count();
  return {{"accuracy", optional(figures.accuracy)},
          {"crossbars",
           {{"dense", count.dense},
            {"compute", count.pruned},
            {"total", count.pruned + figures.partial_sum_crossbars}}},
          {"adc",
           {{"mean_bits", figures.adc_mean_bits},
            {"energy_nj", energy},
            {"components", kDefaultComponents},
            {"accounting", figures.accounting}}},
          {"sequential_us", figures.sequential_us}};
}

std::string chip_figures_table(const ChipFigures& before, const ChipFigures& after) {
  std::string text = line("", "before", "after");
  const auto percent = [](const std::optional<double>& share) {
    return share ? fmt::format("{:.2f} %", 100.0 * *share) : std::string("-");
  };
  text +=
      line("accuracy, integers on ideal tiles", percent(before.accuracy), percent(after.accuracy));
  const auto compute = [](const ChipFigures& f) { return f.deployment.count().pruned; };
  text +=
      line("crossbars, compute", std::to_string(compute(before)), std::to_string(compute(after)));
  text += line("crossbars with those for partial sums",
               std::to_string(compute(before) + before.partial_sum_crossbars),
               std::to_string(compute(after) + after.partial_sum_crossbars));
  text += line("ADC bits, proven, mean of conversions", number(before.adc_mean_bits, "{:.2f}"),
               number(after.adc_mean_bits, "{:.2f}"));
  for (const auto& [model, energy] : before.adc_energy_nj) {
    text += line(fmt::format("ADC energy, nJ, {}/{}", kDefaultComponents, model),
                 number(energy, "{:.1f}"), number(after.adc_energy_nj.at(model), "{:.1f}"));
  }
  text += line("latency of one image, us", number(before.sequential_us, "{:.1f}"),
               number(after.sequential_us, "{:.1f}"));
  for (const char* accounting : {"paper", "physical"}) {
    text += line(fmt::format("ADC energy saved, {} counting", accounting),
                 improvement_text(before, accounting), improvement_text(after, accounting));
  }
  if (after.accounting.is_null()) return text;
  return text + fmt::format(
                    "tiles whose fullest column holds 1, 1/2, 1/4, .. of the word lines, "
                    "and none:\n  before{}\n  after {}\n",
                    tiles_text(before), tiles_text(after));
}

}  // namespace crossloop::cli
