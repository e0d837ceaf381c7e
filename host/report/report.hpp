// One HTML page that shows a run of the loop: nothing is fetched, so it can be mailed and archived.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace crossloop::report {

/// Reads `path`, a summary.json or the folder of a run that has one. Throws InputError naming the
/// file if it is missing or not a JSON object.
nlohmann::json read_summary(const std::filesystem::path& path);

/// The page for one summary (its keys: docs/reports.md). Throws InputError naming a key that is
/// missing or of the wrong kind. Text in the summary is shown as text, never as markup.
std::string html_report(const nlohmann::json& summary);

/// Writes html_report() to `path`, whole or not at all.
void write_report(const nlohmann::json& summary, const std::filesystem::path& path);

}  // namespace crossloop::report
