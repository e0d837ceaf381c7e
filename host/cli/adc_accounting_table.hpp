// ADC energy as work on ADC-aware pruning counts it: a report of its own.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "host/compiler/deployment.hpp"

namespace crossloop::cli {

/// Tiles by sparsity, and what they save in both countings (host/analog/adc_accounting.hpp), energy
/// proportional to bits. Its title says that none of it stands beside figures of RTL, engine or
/// cost estimate. Throws InputError where the word lines of a tile are no power of two.
std::string adc_accounting_table(const compiler::Deployment& deployment);
nlohmann::json adc_accounting_json(const compiler::Deployment& deployment);

}  // namespace crossloop::cli
