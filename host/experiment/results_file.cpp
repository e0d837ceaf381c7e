#include "host/experiment/results_file.hpp"

#include <spdlog/fmt/fmt.h>

#include "host/error.hpp"
#include "host/files.hpp"

namespace crossloop::experiment {

namespace {

using nlohmann::json;

/// Field `name` of a result; `expected` says in words what it must be able to become.
template <typename T>
T field(const json& result, const char* name, const char* expected, const std::string& where) {
  const auto found = result.find(name);
  try {
    if (found != result.end()) return found->get<T>();
  } catch (const json::exception&) {
    // Told below.
  }
  throw InputError(fmt::format("{}: {}: found {}, expected {}", where, name,
                               found == result.end() ? "nothing" : found->dump(), expected));
}

Result result_of(const json& result, const std::string& where) {
  const auto text = [&](const char* name) {
    return field<std::string>(result, name, "a text", where);
  };
  const auto object = [&](const char* name) {
    auto value = field<json>(result, name, "an object", where);
    if (!value.is_object()) {
      throw InputError(
          fmt::format("{}: {}: found {}, expected an object", where, name, value.dump()));
    }
    return value;
  };
  object("metrics");
  return {.experiment = text("experiment"),
          .size = text("size"),
          .run = text("run"),
          .network = text("network"),
          .seed = field<std::uint64_t>(result, "seed", "a number", where),
          .setting = object("setting"),
          .metrics = field<Metrics>(result, "metrics", "numbers by name", where),
          .date = text("date"),
          .version = text("version"),
          .seconds = field<double>(result, "seconds", "a number", where)};
}

}  // namespace

json results_json(std::span<const Result> results) {
  auto all = json::array();
  for (const Result& result : results) {
    all.push_back({{"experiment", result.experiment},
                   {"size", result.size},
                   {"run", result.run},
                   {"network", result.network},
                   {"seed", result.seed},
                   {"setting", result.setting},
                   {"metrics", result.metrics},
                   {"date", result.date},
                   {"version", result.version},
                   {"seconds", result.seconds}});
  }
  return all;
}

std::vector<Result> read_results(const std::filesystem::path& path) {
  const json file = json::parse(read_file(path), nullptr, false);
  if (!file.is_object() || !file.contains("results") || !file["results"].is_array()) {
    throw InputError(path.string() +
                     ": found no list \"results\", expected the JSON that `crossloop experiment "
                     "--json` writes");
  }
  std::vector<Result> results;
  for (const json& result : file["results"]) {
    const std::string where = fmt::format("{}: result {}", path.string(), results.size());
    if (!result.is_object()) {
      throw InputError(fmt::format("{}: found {}, expected an object", where, result.dump()));
    }
    results.push_back(result_of(result, where));
  }
  return results;
}

}  // namespace crossloop::experiment
