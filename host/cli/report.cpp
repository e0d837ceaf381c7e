// crossloop report: a run as one HTML page.
#include "host/report/report.hpp"

#include <cstdio>
#include <memory>

#include "host/cli/command.hpp"

namespace crossloop::cli {

namespace {

struct ReportArguments {
  std::filesystem::path run;
  std::filesystem::path output;
};

void run(const ReportArguments& arguments, const Globals& globals) {
  const nlohmann::json summary = report::read_summary(arguments.run);
  std::filesystem::path output = arguments.output;
  if (output.empty()) {
    const bool is_folder = std::filesystem::is_directory(arguments.run);
    output = (is_folder ? arguments.run : arguments.run.parent_path()) / "report.html";
  }
  report::write_report(summary, output);
  std::printf("%s\n", output.c_str());
  write_json(globals, {{"report", output.string()}});
}

}  // namespace

void add_report(CLI::App& app, Globals& globals) {
  auto arguments = std::make_shared<ReportArguments>();
  CLI::App* command =
      add_command(app, globals, "report", "Write the results of a run as one HTML page.",
                  "crossloop report runs/demo-shapes");
  command->add_option("run", arguments->run, "folder of a run, or its summary.json")
      ->required()
      ->type_name("RUN_FOLDER|SUMMARY.json");
  command
      ->add_option("-o,--output", arguments->output, "page to write (default: beside the summary)")
      ->type_name("FILE");
  command->callback([arguments, &globals] { run(*arguments, globals); });
}

}  // namespace crossloop::cli
