#include "pruning/method_options.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cassert>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "host/error.hpp"

namespace crossloop::pruning {

namespace {

std::vector<std::string_view> parts_of(std::string_view text) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    parts.push_back(text.substr(0, comma));
    if (comma == text.size()) break;
    text.remove_prefix(comma + 1);
    if (text.empty()) parts.emplace_back();
  }
  return parts;
}

std::optional<double> number_in(std::string_view text) {
  double value = 0.0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return value;
}

bool is_in_range(const OptionSpec& spec, std::string_view text) {
  const std::optional<double> value = number_in(text);
  return value && *value >= spec.low && *value <= spec.high &&
         (!spec.integer || *value == static_cast<int>(*value));
}

bool takes(const OptionSpec& spec, const std::string& text) {
  if (!spec.words.empty()) {
    return std::find(spec.words.begin(), spec.words.end(), text) != spec.words.end();
  }
  if (!spec.list) return is_in_range(spec, text);
  const auto parts = parts_of(text);
  return std::all_of(parts.begin(), parts.end(),
                     [&spec](std::string_view part) { return is_in_range(spec, part); });
}

std::string expected_text(const OptionSpec& spec) {
  if (!spec.words.empty()) return fmt::format("one of {}", fmt::join(spec.words, ", "));
  return fmt::format("{} from {} to {}",
                     spec.list      ? "numbers with commas between them, each"
                     : spec.integer ? "an integer"
                                    : "a number",
                     spec.low, spec.high);
}

}  // namespace

OptionSpec number_option(std::string name, double standard, double low, double high,
                         std::string help) {
  return {.name = std::move(name),
          .standard = fmt::format("{}", standard),
          .help = std::move(help),
          .low = low,
          .high = high,
          .words = {}};
}

OptionSpec integer_option(std::string name, int standard, int low, int high, std::string help) {
  OptionSpec spec = number_option(std::move(name), standard, low, high, std::move(help));
  spec.integer = true;
  return spec;
}

OptionSpec list_option(std::string name, double low, double high, std::string help) {
  OptionSpec spec = number_option(std::move(name), 0.0, low, high, std::move(help));
  spec.standard.clear();
  spec.list = true;
  return spec;
}

OptionSpec word_option(std::string name, std::vector<std::string> words, std::string help) {
  assert(!words.empty());
  OptionSpec spec{.name = std::move(name), .standard = {}, .help = std::move(help), .words = {}};
  spec.standard = words.front();
  spec.words = std::move(words);
  return spec;
}

std::string range_text(const OptionSpec& spec) {
  return fmt::format("{}, default {}", expected_text(spec),
                     spec.standard.empty() ? "none" : spec.standard);
}

MethodOptions::MethodOptions(const std::string& method, const std::vector<OptionSpec>& specs,
                             const Given& given) {
  std::vector<std::string> names;
  for (const OptionSpec& spec : specs) {
    values_[spec.name] = spec.standard;
    names.push_back(spec.name);
  }
  for (const auto& [name, value] : given) {
    const auto spec = std::find_if(specs.begin(), specs.end(),
                                   [&name = name](const OptionSpec& s) { return s.name == name; });
    if (spec == specs.end()) {
      throw InputError(
          fmt::format("method {}: option {} found, it has {}", method, name,
                      names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))));
    }
    if (!takes(*spec, value)) {
      throw InputError(fmt::format("method {}, option {}: found \"{}\", expected {}", method, name,
                                   value, expected_text(*spec)));
    }
    values_[name] = value;
  }
}

double MethodOptions::number(const std::string& name) const {
  const std::optional<double> value = number_in(values_.at(name));
  assert(value);
  return *value;
}

int MethodOptions::integer(const std::string& name) const { return static_cast<int>(number(name)); }

const std::string& MethodOptions::word(const std::string& name) const { return values_.at(name); }

std::vector<double> MethodOptions::numbers(const std::string& name) const {
  std::vector<double> found;
  for (const std::string_view part : parts_of(values_.at(name))) {
    found.push_back(number_in(part).value());
  }
  return found;
}

}  // namespace crossloop::pruning
