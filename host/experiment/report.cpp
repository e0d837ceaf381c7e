#include "host/experiment/report.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <vector>

namespace crossloop::experiment {

namespace {

/// A column: the metric, what it is multiplied by, and how it is printed.
struct Column {
  const char* title;
  const char* metric;
  double factor = 1.0;
  int digits = 0;
};

constexpr Column kColumns[] = {{"accuracy, float %", "accuracy", 100.0, 2},
                               {"points lost", "accuracy_lost", 100.0, 2},
                               {"integers %", "integers", 100.0, 2},
                               {"weights pruned %", "weights_pruned", 100.0, 1},
                               {"crossbars", "crossbars"},
                               {"saved %", "crossbars_saved", 100.0, 1},
                               {"saved with partial sums %", "crossbars_total_saved", 100.0, 1},
                               {"ADC bits", "adc_bits", 1.0, 2},
                               {"ADC nJ, linear", "adc_energy_nj", 1.0, 1},
                               {"ADC saved, paper", "adc_paper", 1.0, 2},
                               {"ADC saved, physical", "adc_physical", 1.0, 2},
                               {"latency, us", "latency_us", 1.0, 1},
                               {"lane cycles, dense", "cycles_dense"},
                               {"sparse", "cycles_sparse"},
                               {"balanced", "cycles_balanced"}};

std::string cell(const Row& row, const Column& column) {
  const auto found = row.metrics.find(column.metric);
  if (found == row.metrics.end()) return "-";
  const Statistic& value = found->second;
  const std::string mean = fmt::format("{:.{}f}", column.factor * value.mean, column.digits);
  if (value.count < 2) return mean;
  return fmt::format("{} +- {:.{}f}", mean, column.factor * value.deviation, column.digits);
}

std::string line(const std::vector<std::string>& cells) {
  return fmt::format("| {} |\n", fmt::join(cells, " | "));
}

std::string head(const std::vector<std::string>& titles) {
  return line(titles) + line(std::vector<std::string>(titles.size(), "---"));
}

std::string network_table(const std::string& network, std::span<const Row> rows) {
  std::vector<std::string> titles = {"run", "seeds"};
  for (const Column& column : kColumns) titles.push_back(column.title);
  std::string text = head(titles);
  for (const Row& row : rows) {
    if (row.network != network) continue;
    std::vector<std::string> cells = {row.run, fmt::format("{}", fmt::join(row.seeds, ", "))};
    for (const Column& column : kColumns) cells.push_back(cell(row, column));
    text += line(cells);
  }
  return text;
}

std::string score_table(const Experiment& experiment, std::span<const Row> rows) {
  std::string text;
  for (const Row& row : rows) {
    for (const ScoreSpec& score : experiment.scores) {
      if (!row.metrics.contains(score.name + ".mapped")) continue;
      const auto value = [&](const char* what, double factor, int digits) {
        return cell(row, {"", (score.name + what).c_str(), factor, digits});
      };
      text +=
          line({row.network, row.run, score.name, score.tile, score.device,
                fmt::format("{}", fmt::join(score.passes, ", ")), value(".crossbars", 1, 0),
                value(".weight_error", 100, 1), cell(row, kColumns[0]), value(".mapped", 100, 2),
                value(".gain", 100, 2), value(".statistics", 100, 2)});
    }
  }
  if (text.empty()) return "";
  return "\n## On modelled chips\n\nAs mapped; with gain and reference per column fitted to the "
         "measured cells; with batch-norm statistics too.\n\n" +
         head({"network", "run", "score", "tile", "device", "passes", "crossbars", "weight error %",
               "float %", "as mapped %", "gain %", "+ statistics %"}) +
         text;
}

std::string front_lines(std::span<const Row> rows) {
  std::string text =
      "\n## Pareto fronts\n\nNo other run of the network has a higher accuracy at "
      "no more cost (means over seeds), by rising cost.\n\n";
  for (const Front& front : fronts_of(rows)) {
    text += fmt::format("- {}, {}: {}\n", front.network, front.cost, fmt::join(front.runs, ", "));
  }
  return text;
}

std::string training_text(const pruning::TrainOptions& training) {
  return fmt::format("{} epochs from {:g}", training.epochs, training.learning_rate);
}

std::string settings_text(const Experiment& experiment) {
  std::string text = fmt::format(
      "Size `{}`. Float accuracy on {} test images, integers on ideal tiles on {}, modelled chips "
      "on {}. A run of several seeds shows mean +- sample standard deviation.\n\n",
      experiment.size,
      experiment.test_images == 0 ? "all" : fmt::format("{}", experiment.test_images),
      experiment.integer_images, experiment.chip_images);
  for (const NetworkSpec& network : experiment.networks) {
    const std::string begin = network.zoo.empty()
                                  ? fmt::format("`{}`", network.model.filename().string())
                                  : fmt::format("`{}`, trained for {} (seed {})", network.zoo,
                                                training_text(network.train), network.train.seed);
    text += fmt::format("- {}: {}; fine-tuning {}, under a penalty {}, unless a run has its own\n",
                        network.name, begin, training_text(network.finetuning),
                        training_text(network.penalised));
  }
  text +=
      "\n| run | from | tile | method | options | fine-tuning |\n| --- | --- | --- | --- | --- "
      "| --- |\n";
  for (const RunSpec& run : experiment.runs) {
    std::vector<std::string> options;
    for (const auto& [name, value] : run.options) options.push_back(name + "=" + value);
    if (run.clip_percentile < 100.0) {
      options.push_back(fmt::format("clip_percentile={:g}", run.clip_percentile));
    }
    text +=
        line({run.name, run.from.empty() ? run.network : run.from, run.tile,
              run.method.empty() ? "-" : run.method, fmt::format("{}", fmt::join(options, ", ")),
              run.trains ? training_text(run.finetuning) : "-"});
  }
  return text;
}

}  // namespace

std::string markdown(const Experiment& experiment, std::span<const Row> rows,
                     const ReportContext& context) {
  std::string text = fmt::format(
      "# {}\n\n`{}` writes this page.\n\n- The paper: {}\n- Ours: {}\n- Why they differ: {}\n\n",
      experiment.title, context.command, experiment.paper, experiment.ours, experiment.differences);
  text += settings_text(experiment);
  if (context.missing > 0) {
    text += fmt::format("\n{} runs have no result yet.\n", context.missing);
  }
  for (const NetworkSpec& network : experiment.networks) {
    text += fmt::format("\n## {}\n\n", network.name) + network_table(network.name, rows);
  }
  return text + score_table(experiment, rows) + front_lines(rows);
}

}  // namespace crossloop::experiment
