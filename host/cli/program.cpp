// crossloop program: what programming a chip takes, and what its cells hold afterwards.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <filesystem>

#include "host/analog/plant.hpp"
#include "host/cli/command.hpp"
#include "host/cli/devices.hpp"
#include "host/cli/options.hpp"
#include "host/compiler/deployment_file.hpp"
#include "host/error.hpp"
#include "host/files.hpp"
#include "host/hdf5.hpp"

namespace crossloop::cli {

namespace {

struct ProgramArguments {
  std::filesystem::path deployment;
  std::filesystem::path output;
  ChipArguments chip;
};

/// Cells of one crossbar by status.
struct StatusCount {
  std::int64_t verified = 0, failed = 0, worn = 0;
};

StatusCount count_status(std::span<const analog::CellStatus> status) {
  const auto count = [&](analog::CellStatus wanted) {
    return static_cast<std::int64_t>(std::count(status.begin(), status.end(), wanted));
  };
  return {count(analog::CellStatus::kVerified), count(analog::CellStatus::kFailed),
          count(analog::CellStatus::kWorn)};
}

std::vector<std::uint8_t> status_bytes(std::span<const analog::CellStatus> status) {
  std::vector<std::uint8_t> bytes(status.size());
  std::transform(status.begin(), status.end(), bytes.begin(),
                 [](analog::CellStatus cell) { return static_cast<std::uint8_t>(cell); });
  return bytes;
}

/// The chip as a file (docs/formats.md): codes and status of whole tiles by crossbar.
void write_chip(const std::filesystem::path& path, const ProgramArguments& arguments,
                const compiler::Deployment& deployment, const runtime::Snapshot& snapshot,
                const analog::Chip& chip) {
  const hdf5::SilencedErrors silenced;
  write_atomically(path, [&](const std::filesystem::path& temporary) {
    const hdf5::Group root = hdf5::create_file(temporary);
    root.set("crossloop.chip_version", std::int64_t{1});
    root.set("network", deployment.network);
    root.set("device", chip.device().name);
    root.set("chip_seed", static_cast<std::int64_t>(arguments.chip.chip_seed));
    const hdf5::Group crossbars = root.create_group("crossbars");
    const hdf5::Dimensions shape = {static_cast<hsize_t>(deployment.tile.rows),
                                    static_cast<hsize_t>(deployment.tile.columns)};
    for (std::size_t id = 0; id < snapshot.codes.size(); ++id) {
      const hdf5::Group group = crossbars.create_group(std::to_string(id));
      group.write("codes", std::span<const std::uint16_t>(snapshot.codes[id]), shape);
      const auto status = status_bytes(chip.status(static_cast<std::uint32_t>(id)));
      group.write("status", std::span<const std::uint8_t>(status), shape);
    }
  });
}

nlohmann::json report_json(const analog::Chip& chip) {
  const analog::ProgrammingReport& report = chip.report();
  nlohmann::json result = {{"mode", "fit"},
                           {"cells_programmed", report.cells_programmed},
                           {"failures", report.failures},
                           {"worn", report.worn},
                           {"most_writes_of_a_cell", report.most_writes}};
  if (chip.device().mode == analog::ProgrammingMode::kPulses) {
    result.update({{"mode", "pulses"},
                   {"set_pulses", report.set_pulses},
                   {"reset_pulses", report.reset_pulses},
                   {"verify_reads", report.verify_reads},
                   {"energy_pj", report.energy_pj}});
  }
  return result;
}

std::string report_text(const analog::Chip& chip) {
  const analog::ProgrammingReport& report = chip.report();
  const auto cells = static_cast<double>(std::max<std::int64_t>(report.cells_programmed, 1));
  const bool pulses = chip.device().mode == analog::ProgrammingMode::kPulses;
  std::string text = fmt::format(
      "  mode          {}\n"
      "  cells         {} programmed, {} failed ({:.3f} %), {} worn out\n",
      pulses ? "pulses" : "fit", report.cells_programmed, report.failures,
      100.0 * static_cast<double>(report.failures) / cells, report.worn);
  if (!pulses) return text;
  const auto writes = static_cast<double>(report.set_pulses + report.reset_pulses);
  return text + fmt::format(
                    "  pulses        {} SET, {} RESET, {:.2f} a cell, at most {}\n"
                    "  verify reads  {}\n"
                    "  energy        {:.4g} nJ, {:.3g} pJ a cell\n",
                    report.set_pulses, report.reset_pulses, writes / cells, report.most_writes,
                    report.verify_reads, 1e-3 * report.energy_pj, report.energy_pj / cells);
}

void run(const ProgramArguments& arguments, const Globals& globals) {
  check_trace(arguments.chip.trace, arguments.chip.on == "rtl");
  const auto deployment = compiler::read_deployment(arguments.deployment);
  if (!arguments.output.empty()) require_writable(arguments.output);
  const analog::Device device = find_chip_device(arguments.chip, deployment);
  const auto backend = program_chip(arguments.chip, deployment, device);
  const analog::Chip& chip = chip_behind(*backend);
  const auto crossbars = static_cast<std::int32_t>(deployment.crossbars.size());
  const runtime::Snapshot snapshot = backend->snapshot(crossbars);
  const std::int64_t saturated = snapshot.count(deployment.tile.code.code_limit());

  nlohmann::json result = {{"network", deployment.network},
                           {"crossbars", crossbars},
                           {"chip", chip_json(arguments.chip, device)},
                           {"programming", report_json(chip)},
                           {"saturated_codes", saturated},
                           {"hash", fmt::format("{:016x}", snapshot.hash())}};
  for (std::int32_t id = 0; id < crossbars; ++id) {
    const StatusCount count = count_status(chip.status(static_cast<std::uint32_t>(id)));
    if (count.failed + count.worn == 0) continue;
    result["unprogrammable"].push_back(
        {{"crossbar", id}, {"failed", count.failed}, {"worn", count.worn}});
  }
  std::string text = fmt::format("{} on {}, device {}, chip {}, {} crossbars\n", deployment.network,
                                 backend->name(), device.name, arguments.chip.chip_seed, crossbars);
  text += report_text(chip);
  text += fmt::format("  codes         {} at the upper limit, hash {:016x}\n", saturated,
                      snapshot.hash());
  if (!arguments.output.empty()) {
    write_chip(arguments.output, arguments, deployment, snapshot, chip);
    result["chip_file"] = arguments.output.string();
    text += fmt::format("  chip          {}\n", arguments.output.string());
  }
  show_result(globals, text, result);
}

}  // namespace

void add_program(CLI::App& app, Globals& globals) {
  auto arguments = std::make_shared<ProgramArguments>();
  CLI::App* command = add_command(
      app, globals, "program",
      "Program every cell of a chip and report what it took: pulses, energy, failures.",
      "crossloop program net.xbar --device-model pulses --chip-seed 7 --output chip7.h5");
  command->add_option("deployment", arguments->deployment, "the deployment")
      ->required()
      ->type_name("FILE.xbar");
  command
      ->add_option("--output", arguments->output,
                   "write codes and status (1 verified, 2 failed, 3 worn out) of every cell")
      ->type_name("FILE.h5");
  add_chip_options(*command, arguments->chip);
  command->callback([arguments, &globals] { run(*arguments, globals); });
}

}  // namespace crossloop::cli
