#include "host/report/report.hpp"

#include <string_view>
#include <utility>

#include "host/error.hpp"
#include "host/files.hpp"
#include "host/report/assets.hpp"

namespace crossloop::report {
namespace {

using nlohmann::json;

/// `object[key]` if it is of the kind that `is_kind` tests for, else an error with its full name.
const json& require(const json& object, const std::string& prefix, const std::string& key,
                    bool (json::*is_kind)() const noexcept, const std::string& expected) {
  if (!object.is_object()) {
    throw InputError("summary: key '" + prefix.substr(0, prefix.size() - 1) + "': found " +
                     object.type_name() + ", expected an object");
  }
  const std::string name = "summary: key '" + prefix + key + "'";
  const auto found = object.find(key);
  if (found == object.end()) throw InputError(name + " is missing, expected " + expected);
  if (!((*found).*is_kind)()) {
    throw InputError(name + ": found " + found->type_name() + ", expected " + expected);
  }
  return *found;
}

const json& require_object(const json& summary, const std::string& key) {
  return require(summary, "", key, &json::is_object, "an object");
}

void require_numbers(const json& summary, const std::string& key,
                     std::initializer_list<const char*> numbers) {
  const json& object = require_object(summary, key);
  for (const char* number : numbers) {
    require(object, key + ".", number, &json::is_number, "a number");
  }
}

void check_rungs(const json& summary) {
  const json& accuracy = require_object(summary, "accuracy");
  const json& ladder = require(summary, "", "ladder", &json::is_array, "an array");
  for (std::size_t i = 0; i < ladder.size(); ++i) {
    const std::string prefix = "ladder[" + std::to_string(i) + "].";
    require(ladder[i], prefix, "label", &json::is_string, "a string");
    const json& name = require(ladder[i], prefix, "name", &json::is_string, "a string");
    require(accuracy, "accuracy.", name.get<std::string>(), &json::is_number, "a number");
  }
}

void check_layers(const json& summary) {
  const json& layers = require(summary, "", "layers", &json::is_array, "an array");
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const std::string prefix = "layers[" + std::to_string(i) + "].";
    require(layers[i], prefix, "name", &json::is_string, "a string");
    for (const char* count : {"dense", "pruned"}) {
      require(layers[i], prefix, count, &json::is_number, "a number");
    }
  }
}

/// Everything the template reads without asking.
void check(const json& summary) {
  if (!summary.is_object()) {
    throw InputError(std::string("summary: found ") + summary.type_name() + ", expected an object");
  }
  for (const char* key : {"name", "dataset", "network", "device", "run_on", "tile"}) {
    require(summary, "", key, &json::is_string, "a string");
  }
  for (const char* key : {"command", "version", "snapshot_hash"}) {
    if (summary.contains(key)) require(summary, "", key, &json::is_string, "a string");
  }
  require(summary, "", "test_images", &json::is_number, "a number");
  check_rungs(summary);
  check_layers(summary);
  require_numbers(summary, "crossbars", {"dense", "pruned"});
  require_numbers(summary, "rtl",
                  {"images", "integers", "mismatches", "cycles", "column_reads", "conversions",
                   "clipped_low", "clipped_high", "seconds"});
  require_numbers(summary, "measure", {"pages", "vectors", "max_standard_error", "weight_error"});
  require_numbers(summary, "reprogrammed", {"crossbars", "cells", "of_cells"});
  for (const char* key : {"seeds", "seconds"}) {
    for (const auto& [name, value] : require_object(summary, key).items()) {
      require(summary[key], std::string(key) + ".", name, &json::is_number, "a number");
    }
  }
}

/// JSON that cannot end the script element it stands in: '<' only occurs inside strings.
std::string script_safe(const json& value) {
  const std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  std::string safe;
  for (const char letter : text) {
    if (letter == '<') {
      safe += "\\u003c";
    } else {
      safe += letter;
    }
  }
  return safe;
}

/// Copies the template once from front to back, so that a value that looks like a slot stays text.
std::string fill(std::string_view page,
                 std::initializer_list<std::pair<std::string_view, std::string_view>> slots) {
  std::string out;
  for (const auto& [slot, value] : slots) {
    const std::size_t at = page.find(slot);
    if (at == std::string_view::npos) {
      throw std::logic_error("report template: no slot " + std::string(slot));
    }
    out += page.substr(0, at);
    out += value;
    page.remove_prefix(at + slot.size());
  }
  return out += page;
}

}  // namespace

json read_summary(const std::filesystem::path& path) {
  const auto file = std::filesystem::is_directory(path) ? path / "summary.json" : path;
  const auto bytes = read_file(file);
  json summary = json::parse(bytes, nullptr, false);
  if (!summary.is_object()) {
    throw InputError(file.string() + ": found " +
                     (summary.is_discarded() ? "text that is not JSON" : summary.type_name()) +
                     ", expected a JSON object, the summary of a run");
  }
  return summary;
}

std::string html_report(const json& summary) {
  check(summary);
  return fill(page_template(),
              {{"{{summary}}", script_safe(summary)}, {"{{chart_js}}", chart_js()}});
}

void write_report(const json& summary, const std::filesystem::path& path) {
  write_file(path, html_report(summary));
}

}  // namespace crossloop::report
