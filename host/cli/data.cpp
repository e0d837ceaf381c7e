// crossloop data: what is in a data set, and getting one.
#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include "host/cli/command.hpp"
#include "host/cli/options.hpp"
#include "host/data/download.hpp"

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

/// The names in one line; of many, the first and the last.
std::string class_text(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 10;
  if (names.empty()) return "";
  if (names.size() <= kShown) return fmt::format("  classes {}\n", fmt::join(names, ", "));
  return fmt::format("  classes {}, ... {}\n",
                     fmt::join(names.begin(), names.begin() + kShown - 1, ", "), names.back());
}

void run_info(const DataArguments& arguments, const Globals& globals) {
  const data::DataSplit split = data::load_data(arguments.source, arguments.options);
  const data::Dataset& set = split.train;
  nlohmann::json result = {{"name", set.name},
                           {"origin", split.origin},
                           {"seed", arguments.options.seed},
                           {"height", set.height},
                           {"width", set.width},
                           {"channels", set.channels},
                           {"classes", set.classes},
                           {"class_names", set.class_names},
                           {"train", part_json(set)},
                           {"test", part_json(split.test)}};
  std::string text =
      fmt::format("{}: {}x{} pixels, {} channels, {} classes (seed {})\n", set.name, set.height,
                  set.width, set.channels, set.classes, arguments.options.seed);
  text += fmt::format("  from    {}\n", split.origin) + class_text(set.class_names);
  text += part_text("train", set);
  if (split.validation.count > 0) {
    result["validation"] = part_json(split.validation);
    text += part_text("validation", split.validation);
  }
  show_result(globals, text + part_text("test", split.test), result);
}

struct GetArguments {
  std::string name;
  std::filesystem::path folder;
  std::string url;
};

void run_get(const GetArguments& arguments, const Globals& globals) {
  if (arguments.name == "shapes") {
    show_result(globals, "shapes: drawn by crossloop itself, nothing to download\n",
                {{"name", "shapes"}, {"files", nlohmann::json::array()}});
    return;
  }
  const data::RemoteSet& set = *data::find_remote_set(arguments.name);
  const std::filesystem::path folder =
      arguments.folder.empty() ? data::default_folder(set.name) : arguments.folder;
  std::string text = fmt::format("{} in {}\n", set.name, folder.string());
  nlohmann::json files = nlohmann::json::array();
  for (const data::Downloaded& file : data::download_set(set, folder, arguments.url)) {
    const std::string name = file.file.filename().string();
    text +=
        fmt::format("  {:<28} {} bytes, {}\n", name, file.bytes,
                    file.received == 0 ? "was there" : fmt::format("{} downloaded", file.received));
    files.push_back({{"file", name}, {"bytes", file.bytes}, {"downloaded", file.received}});
  }
  text +=
      fmt::format("Use it with --data {}\n", arguments.folder.empty() ? set.name : folder.string());
  show_result(globals, text,
              {{"name", set.name}, {"folder", folder.string()}, {"files", std::move(files)}});
}

void add_info(CLI::App& group, Globals& globals) {
  auto arguments = std::make_shared<DataArguments>();
  arguments->options.test_images = 0;
  CLI::App* command =
      add_command(group, globals, "info",
                  "Count the images of a data set, per class too, and show mean and deviation.",
                  "crossloop data info cifar10 --validation 5000");
  command->add_option("data", arguments->source, kSourceText)->required()->type_name("NAME|DIR");
  add_seed_option(*command, "--seed", arguments->options.seed,
                  "seed of the images of shapes, and of those held out");
  add_train_images_option(*command, *arguments);
  add_validation_option(*command, *arguments);
  add_test_images_option(*command, *arguments);
  add_framing_options(*command, *arguments);
  command->callback([arguments, &globals] { run_info(*arguments, globals); });
}

void add_get(CLI::App& group, Globals& globals) {
  auto arguments = std::make_shared<GetArguments>();
  CLI::App* command = add_command(
      group, globals, "get",
      "Download a data set and check it; what is there is kept, what is unfinished goes on.",
      "crossloop data get cifar10");
  std::vector<std::string> names = {"shapes"};
  for (const data::RemoteSet& set : data::catalogue()) names.push_back(set.name);
  command->add_option("name", arguments->name, "which one")
      ->required()
      ->type_name("NAME")
      ->check(CLI::IsMember(names));
  command
      ->add_option("--to", arguments->folder,
                   "folder for the files; default: NAME in $CROSSLOOP_DATA, or in "
                   "~/.cache/crossloop/data, where --data NAME finds it")
      ->type_name("DIR");
  command->add_option("--url", arguments->url, "a mirror: the folder with the files")
      ->type_name("URL");
  command->callback([arguments, &globals] { run_get(*arguments, globals); });
}

}  // namespace

void add_data(CLI::App& app, Globals& globals) {
  CLI::App* group = app.add_subcommand("data", "Get a data set, or look at it.");
  group->require_subcommand(1);
  group->footer("Example:\n  crossloop data get cifar10\n  crossloop data info cifar10");
  add_get(*group, globals);
  add_info(*group, globals);
}

}  // namespace crossloop::cli
