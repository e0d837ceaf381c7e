#include "host/cli/command.hpp"
#include "host/error.hpp"

namespace crossloop::cli {

namespace {

#ifdef CROSSLOOP_LIBTORCH
void add_training_commands(CLI::App& app, Globals& globals) {
  add_train(app, globals);
  add_prune(app, globals);
  add_methods(app, globals);
  add_sensitivity(app, globals);
  add_finetune(app, globals);
  add_experiment(app, globals);
  add_loop(app, globals);
}
#else
/// Not listed by --help, so that it shows what this build can do; chosen, they say why they cannot.
void add_training_commands(CLI::App& app, Globals&) {
  for (const std::string name :
       {"train", "prune", "methods", "sensitivity", "finetune", "experiment", "loop"}) {
    CLI::App* command = app.add_subcommand(name)->group("")->allow_extras();
    command->callback([name] {
      throw InputError(name + ": this build has no LibTorch, which training needs; configure it " +
                       "with -DCROSSLOOP_LIBTORCH=ON");
    });
  }
}
#endif

}  // namespace

void add_commands(CLI::App& app, Globals& globals) {
  add_training_commands(app, globals);
  add_evaluate(app, globals);
  add_compile(app, globals);
  add_program(app, globals);
  add_run(app, globals);
  add_measure(app, globals);
  add_inspect(app, globals);
  add_solve(app, globals);
  add_data(app, globals);
  add_report(app, globals);
  add_regress(app, globals);
}

}  // namespace crossloop::cli
