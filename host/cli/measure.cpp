// crossloop measure: what the cells of a chip really hold.
#include "host/runtime/measure.hpp"

#include <spdlog/fmt/fmt.h>

#include <chrono>
#include <filesystem>

#include "host/cli/command.hpp"
#include "host/cli/options.hpp"
#include "host/compiler/deployment_file.hpp"

namespace crossloop::cli {

namespace {

struct MeasureArguments {
  std::filesystem::path deployment;
  std::filesystem::path output;
  ChipArguments chip;
  runtime::MeasureOptions measure;
};

void run(const MeasureArguments& arguments, const Globals& globals) {
  check_trace(arguments.chip.trace, arguments.chip.on == "rtl");
  const auto deployment = compiler::read_deployment(arguments.deployment);
  const analog::Device device = find_chip_device(arguments.chip, deployment);
  const auto chip = program_chip(arguments.chip, deployment, device);
  runtime::MeasureOptions options = arguments.measure;
  options.noise_seed = arguments.chip.noise_seed;
  runtime::Measurement measurement;
  const auto start = std::chrono::steady_clock::now();
  runtime::measure(deployment, *chip, {}, options, measurement);
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
  runtime::write_measurement(measurement, arguments.output);
  const double error = runtime::relative_weight_error(deployment, measurement);
  nlohmann::json result = {{"network", deployment.network},
                           {"chip", chip_json(arguments.chip, device)},
                           {"pages", measurement.page_count},
                           {"vectors", measurement.vectors},
                           {"column_reads", measurement.column_reads},
                           {"cycles", measurement.cycles},
                           {"max_standard_error", measurement.max_standard_error},
                           {"weight_error", error},
                           {"seconds", spent.count()},
                           {"measurement", arguments.output.string()}};
  show_result(globals,
              fmt::format("{} on {}, device {}, chip {} (noise seed {})\n"
                          "  measured      {} pages, {} vectors, {} column reads, {:.1f} s\n"
                          "  error         {:.3f} codes at most (standard error of a cell)\n"
                          "  weight error  {:.2f} % rms of the target weights\n"
                          "  measurement   {}\n",
                          deployment.network, chip->name(), device.name, arguments.chip.chip_seed,
                          arguments.chip.noise_seed, measurement.page_count, measurement.vectors,
                          measurement.column_reads, spent.count(), measurement.max_standard_error,
                          100.0 * error, arguments.output.string()),
              result);
}

}  // namespace

void add_measure(CLI::App& app, Globals& globals) {
  auto arguments = std::make_shared<MeasureArguments>();
  CLI::App* command = add_command(
      app, globals, "measure",
      "Program a chip and measure every cell through the ordinary read-out path.",
      "crossloop measure net.xbar --device-model demo --chip-seed 7 --on rtl --output chip7.h5");
  command->add_option("deployment", arguments->deployment, "the deployment")
      ->required()
      ->type_name("FILE.xbar");
  command->add_option("--output", arguments->output, "where the measurement goes")
      ->required()
      ->type_name("FILE.h5");
  add_chip_options(*command, arguments->chip);
  runtime::MeasureOptions& options = arguments->measure;
  command->add_option("--repeats", options.repeats, "reads of each cell to begin with")
      ->check(in_range(2, 1024))
      ->capture_default_str();
  command
      ->add_option("--offset-reads", options.offset_reads,
                   "reads without a driven word line in each repeat, to take the ADC's offset off")
      ->check(in_range(0, 256))
      ->capture_default_str();
  command->add_option("--max-repeats", options.max_repeats, "reads of each cell at most")
      ->check(in_range(2, 65536))
      ->capture_default_str();
  command
      ->add_option("--max-standard-error", options.max_standard_error,
                   "a page is measured when no cell's error is above this, in codes")
      ->check(in_range(1e-6, 1e3))
      ->capture_default_str();
  command->callback([arguments, &globals] { run(*arguments, globals); });
}

}  // namespace crossloop::cli
