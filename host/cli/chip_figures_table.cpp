#include "host/cli/chip_figures_table.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <cmath>
#include <optional>
#include <utility>

#include "host/analog/components.hpp"

namespace crossloop::cli {

using compiler::AdcSavings;
using experiment::ChipFigures;

namespace {

std::string number(const std::optional<double>& value, const char* format) {
  return value ? fmt::format(fmt::runtime(format), *value) : "-";
}

std::string line(const std::string& name, const std::string& before, const std::string& after) {
  return fmt::format("{:<46}{:>10}{:>10}\n", name, before, after);
}

std::string times(const std::optional<AdcSavings>& savings, double AdcSavings::*counting) {
  if (!savings) return "-";
  const double value = (*savings).*counting;
  return std::isinf(value) ? "no energy" : fmt::format("{:.2f}x", value);
}

std::string savings_lines(const char* cells, const std::optional<AdcSavings>& before,
                          const std::optional<AdcSavings>& after) {
  std::string text;
  for (const auto& [name, counting] :
       {std::pair("paper", &AdcSavings::paper), std::pair("physical", &AdcSavings::physical)}) {
    text += line(fmt::format("ADC energy saved, {}, {} counting", cells, name),
                 times(before, counting), times(after, counting));
  }
  return text;
}

std::string tiles_lines(const char* cells, const std::optional<AdcSavings>& before,
                        const std::optional<AdcSavings>& after) {
  if (!before || !after) return "";
  return fmt::format("  {} before {}\n  {} after  {}\n", cells, fmt::join(before->tiles, " "),
                     cells, fmt::join(after->tiles, " "));
}

std::string crossbar_lines(const ChipFigures& before, const ChipFigures& after) {
  const auto compute = [](const ChipFigures& f) { return f.deployment.count().pruned; };
  const auto total = [&](const ChipFigures& f) { return compute(f) + f.partial_sum_crossbars; };
  return line("crossbars, compute", std::to_string(compute(before)),
              std::to_string(compute(after))) +
         line("crossbars with those for partial sums", std::to_string(total(before)),
              std::to_string(total(after)));
}

}  // namespace

std::string chip_figures_table(const ChipFigures& before, const ChipFigures& after) {
  const auto percent = [](const std::optional<double>& share) {
    return share ? fmt::format("{:.2f} %", 100.0 * *share) : std::string("-");
  };
  std::string text = line("", "before", "after");
  text +=
      line("accuracy, integers on ideal tiles", percent(before.accuracy), percent(after.accuracy));
  text += crossbar_lines(before, after);
  text += line("ADC bits, proven, mean of conversions", number(before.adc_mean_bits, "{:.2f}"),
               number(after.adc_mean_bits, "{:.2f}"));
  for (const auto& [model, energy] : before.adc_energy_nj) {
    text += line(fmt::format("ADC energy, nJ, {}/{}", analog::kDefaultComponents, model),
                 number(energy, "{:.1f}"), number(after.adc_energy_nj.at(model), "{:.1f}"));
  }
  text += line("latency of one image, us", number(before.sequential_us, "{:.1f}"),
               number(after.sequential_us, "{:.1f}"));
  text += savings_lines("bit lines", before.bit_lines, after.bit_lines);
  text += savings_lines("weights", before.weights, after.weights);
  if (!after.bit_lines) return text;
  return text + "tiles whose fullest column holds 1, 1/2, 1/4, .. of the word lines, and none:\n" +
         tiles_lines("bit lines,", before.bit_lines, after.bit_lines) +
         tiles_lines("weights,  ", before.weights, after.weights);
}

}  // namespace crossloop::cli
