// crossloop data: what is in a data set.
#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include "host/cli/command.hpp"
#include "host/cli/options.hpp"

namespace crossloop::cli {

namespace {

std::vector<int> images_per_class(const data::Dataset& images) {
  std::vector<int> counts(static_cast<std::size_t>(images.classes));
  for (const std::uint16_t label : images.labels) ++counts.at(label);
  return counts;
}

nlohmann::json part_json(const data::Dataset& part) {
  const auto statistics = data::channel_statistics(part);
  return {{"images", part.count},
          {"images_per_class", images_per_class(part)},
          {"mean", statistics.mean},
          {"std", statistics.std}};
}

std::string part_text(const std::string& what, const data::Dataset& part) {
  const auto statistics = data::channel_statistics(part);
  return fmt::format("  {:<6} {} images, per class {}\n         {}\n", what, part.count,
                     fmt::join(images_per_class(part), " "),
                     normalisation_text({statistics.mean, statistics.std}));
}

void run_info(const DataArguments& arguments, const Globals& globals) {
  const data::DataSplit split = data::load_data(arguments.source, arguments.options);
  const data::Dataset& set = split.train;
  show_result(globals,
              fmt::format("{}: {}x{} pixels, {} channels, {} classes (seed {})\n{}{}", set.name,
                          set.height, set.width, set.channels, set.classes, arguments.options.seed,
                          part_text("train", set), part_text("test", split.test)),
              {{"name", set.name},
               {"seed", arguments.options.seed},
               {"height", set.height},
               {"width", set.width},
               {"channels", set.channels},
               {"classes", set.classes},
               {"train", part_json(set)},
               {"test", part_json(split.test)}});
}

}  // namespace

void add_data(CLI::App& app, Globals& globals) {
  CLI::App* group = app.add_subcommand("data", "Look at a data set.");
  group->require_subcommand(1);
  group->footer("Example:\n  crossloop data info shapes --seed 2");
  auto arguments = std::make_shared<DataArguments>();
  CLI::App* command =
      add_command(*group, globals, "info",
                  "Count the images of a data set, per class too, and show mean and deviation.",
                  "crossloop data info shapes --seed 2");
  command->add_option("data", arguments->source, "shapes, or a folder with CIFAR-10 or MNIST files")
      ->required()
      ->type_name("NAME|DIR");
  add_seed_option(*command, "--seed", arguments->options.seed, "seed of the images of shapes");
  add_train_images_option(*command, *arguments);
  add_test_images_option(*command, *arguments);
  command->callback([arguments, &globals] { run_info(*arguments, globals); });
}

}  // namespace crossloop::cli
