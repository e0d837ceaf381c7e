#include "host/cli/options.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <filesystem>

#include "host/cli/command.hpp"
#include "host/cli/devices.hpp"
#include "host/compiler/compile.hpp"
#include "host/error.hpp"
#include "host/files.hpp"
#include "host/preset.hpp"

namespace crossloop::cli {

namespace fs = std::filesystem;

void add_data_options(CLI::App& command, DataArguments& arguments) {
  command.add_option("--data", arguments.source, kSourceText)
      ->type_name("NAME|DIR")
      ->capture_default_str();
  add_seed_option(command, "--data-seed", arguments.options.seed,
                  "seed of the images of shapes, and of those held out");
  add_framing_options(command, arguments);
}

void add_framing_options(CLI::App& command, DataArguments& arguments) {
  command
      .add_option("--resize", arguments.options.framing.resize,
                  "image folders: pixels that the shorter side becomes")
      ->check(in_range(1, data::kMostSide))
      ->capture_default_str();
  command
      .add_option("--crop", arguments.options.framing.crop,
                  "image folders: side of the square that is cut out of the middle")
      ->check(in_range(1, data::kMostSide))
      ->capture_default_str();
}

void add_train_images_option(CLI::App& command, DataArguments& arguments) {
  arguments.options.train_images = 0;
  arguments.options.skip_train = false;
  command
      .add_option("--train-images", arguments.options.train_images,
                  "training images at most; 0: all of a data set on disk, 20000 of shapes")
      ->check(in_range(0, kMostImages))
      ->capture_default_str();
}

void add_validation_option(CLI::App& command, DataArguments& arguments) {
  command
      .add_option("--validation", arguments.options.validation_images,
                  "training images held out, of each class alike, by the seed of the data")
      ->check(in_range(0, kMostImages))
      ->capture_default_str();
}

void add_test_images_option(CLI::App& command, DataArguments& arguments) {
  command
      .add_option("--images", arguments.options.test_images,
                  "test images at most; 0: all of a data set on disk, 4000 of shapes")
      ->check(in_range(0, kMostImages))
      ->capture_default_str();
}

void add_mapping_options(CLI::App& command, MappingArguments& arguments) {
  command
      .add_option("--tile", arguments.tile, "tile format: a TOML file, or a name in configs/tiles")
      ->type_name("FILE|NAME")
      ->capture_default_str();
  command
      .add_option("--device", arguments.device,
                  "ReRAM device: a TOML file, or a name in configs/devices")
      ->type_name("FILE|PRESET")
      ->capture_default_str();
  command
      .add_option("--weight-bits", arguments.weight_bits,
                  "bits of a weight, its sign included; default: the tile's")
      ->check(in_range(2, 8))
      ->type_name("N");
}

Mapping find_mapping(const MappingArguments& arguments) {
  Mapping mapping;
  mapping.device = analog::find_device(arguments.device, config_root());
  mapping.tile = compiler::read_tile(
      find_preset("tile", arguments.tile, config_root("tiles") / "configs" / "tiles"),
      mapping.device);
  if (arguments.weight_bits > 0) mapping.tile.weight_bits = arguments.weight_bits;
  return mapping;
}

void add_trace_option(CLI::App& command, std::filesystem::path& trace) {
  command.add_option("--trace", trace, "write the waves of the RTL, for GTKWave; slow")
      ->type_name("FILE.fst");
}

void check_trace(const std::filesystem::path& trace, bool on_rtl) {
  if (trace.empty()) return;
  if (!on_rtl) {
    throw InputError("--trace " + trace.string() + ": nothing runs on RTL here");
  }
  if (trace.extension() != ".fst") {
    throw InputError("--trace " + trace.string() + ": expected a file name that ends in .fst");
  }
  require_writable(trace);
}

void add_chip_options(CLI::App& command, ChipArguments& arguments,
                      const std::vector<std::string>& places) {
  command
      .add_option("--device-model", arguments.device_model,
                  "device behind the chip: a TOML file, or a name in configs/devices; default: the "
                  "one compiled for")
      ->type_name("FILE|PRESET");
  command
      .add_option("--elapsed-s", arguments.elapsed_s,
                  "seconds since programming, for devices that relax or drift; default: the "
                  "device file's")
      ->type_name("SECONDS");
  add_seed_option(command, "--chip-seed", arguments.chip_seed,
                  "which chip: its errors and stuck cells");
  add_seed_option(command, "--noise-seed", arguments.noise_seed, "which reads: their noise");
  command.add_option("--on", arguments.on, "where the chip lives")
      ->check(CLI::IsMember(places))
      ->capture_default_str();
  add_trace_option(command, arguments.trace);
}

analog::Device find_chip_device(const ChipArguments& arguments,
                                const compiler::Deployment& deployment) {
  const bool given = !arguments.device_model.empty();
  analog::Device device =
      analog::find_device(given ? arguments.device_model : deployment.device, config_root());
  if (arguments.elapsed_s) device = analog::aged(std::move(device), *arguments.elapsed_s);
  const analog::CodeFormat& code = deployment.tile.code;
  const auto expected =
      analog::code_format(device, code.cell_bits, code.bits, code.fraction_bits).reference;
  if (code.reference != expected) {
    throw InputError(fmt::format(
        "device {}: level 0 has code {}, in the deployment (compiled for device {}) it has {}; "
        "compile it with --device {}",
        device.name, expected, deployment.device, code.reference,
        given ? arguments.device_model : device.name));
  }
  return device;
}

std::unique_ptr<runtime::Backend> open_chip(const ChipArguments& arguments,
                                            const compiler::Deployment& deployment,
                                            const analog::Device& device) {
  const bool traced = arguments.on == "rtl";
  return open_backend(arguments.on, deployment.tile, device, arguments.chip_seed,
                      {.trace = traced ? arguments.trace : std::filesystem::path(),
                       .predict_cycles = arguments.predict_cycles});
}

std::unique_ptr<runtime::Backend> program_chip(const ChipArguments& arguments,
                                               const compiler::Deployment& deployment,
                                               const analog::Device& device) {
  auto chip = open_chip(arguments, deployment, device);
  runtime::program_all(*chip, deployment);
  return chip;
}

nlohmann::json chip_json(const ChipArguments& arguments, const analog::Device& device) {
  nlohmann::json json = {{"device", device.name},
                         {"chip_seed", arguments.chip_seed},
                         {"noise_seed", arguments.noise_seed},
                         {"on", arguments.on}};
  if (device.ages()) json["elapsed_s"] = device.elapsed_s;
  return json;
}

std::string normalisation_text(const network::InputNormalisation& normalisation) {
  if (normalisation.mean.empty() && normalisation.std.empty()) return "none";
  return fmt::format("mean {:.4f}, std {:.4f}", fmt::join(normalisation.mean, " "),
                     fmt::join(normalisation.std, " "));
}

}  // namespace crossloop::cli
