#include "host/cli/command.hpp"

namespace crossloop::cli {

void add_commands(CLI::App& app, Globals& globals) { add_loop(app, globals); }

}  // namespace crossloop::cli
