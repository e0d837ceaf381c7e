#include "host/network/onnx_metadata.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "host/error.hpp"

namespace crossloop::network {

namespace {

constexpr std::string_view kPrefix = "crossloop.";
constexpr std::string_view kScalePrefix = "scale.";

/// Shortest decimals that read back to the same floats.
std::string join_floats(const std::vector<float>& values) {
  std::string text;
  for (const float value : values) fmt::format_to(std::back_inserter(text), "{},", value);
  if (!text.empty()) text.pop_back();
  return text;
}

/// std::nullopt unless `text` is finite numbers between commas.
std::optional<std::vector<float>> split_floats(std::string_view text) {
  std::vector<float> values;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (true) {
    float value = 0.0F;
    const auto [stop, failure] = std::from_chars(at, end, value);
    if (failure != std::errc{} || !std::isfinite(value)) return std::nullopt;
    values.push_back(value);
    if (stop == end) return values;
    if (*stop != ',') return std::nullopt;
    at = stop + 1;
  }
}

bool is_reserved(std::string_view key) {
  return key == "entries" || key == "layout" || key == "mean" || key == "std" ||
         key.starts_with(kScalePrefix);
}

std::string layout_name(const Network& network) {
  return network.input_layout == InputLayout::kNhwc ? "NHWC" : "NCHW";
}

/// The graph says how its input lies; the entry must agree.
void check_layout(const std::string& file, const std::string& value, const Network& network) {
  if (value == layout_name(network)) return;
  throw InputError(fmt::format("{}: metadata crossloop.layout is \"{}\", its graph reads {}", file,
                               value, layout_name(network)));
}

void read_entry(const std::string& file, const std::string& key, const std::string& value,
                Network& network) {
  if (key == "entries") return;
  if (key == "layout") return check_layout(file, value, network);
  if (!is_reserved(key)) {
    network.metadata[key] = value;
    return;
  }
  const auto floats = split_floats(value);
  if (!floats) {
    throw InputError(
        fmt::format("{}: metadata crossloop.{} is \"{}\", expected finite numbers "
                    "between commas",
                    file, key, value));
  }
  if (key == "mean") {
    network.normalisation.mean = *floats;
  } else if (key == "std") {
    network.normalisation.std = *floats;
  } else {
    network.node(key.substr(kScalePrefix.size())).weight_scale = *floats;
  }
}

/// A model cut between two entries still parses; the count tells.
void check_count(const std::string& file, const onnx::ModelProto& model) {
  if (model.producer_name() != kProducer) return;
  const auto& entries = model.metadata_props();
  const auto found = std::find_if(entries.begin(), entries.end(), [](const auto& each) {
    return each.key() == "crossloop.entries";
  });
  const int following = entries.size() - 1;
  int expected = std::numeric_limits<int>::max();
  if (found != entries.end()) {
    const std::string& text = found->value();
    std::from_chars(text.data(), text.data() + text.size(), expected);
  }
  if (following < expected) {
    throw InputError(fmt::format(
        "{}: {} metadata entries after crossloop.entries, expected {}: "
        "the file is truncated, or a tool dropped them",
        file, std::max(following, 0), found == entries.end() ? "that entry" : found->value()));
  }
}

}  // namespace

void write_metadata(const Network& network, onnx::ModelProto& model) {
  std::vector<std::pair<std::string, std::string>> entries;
  const auto add = [&](const std::string& key, const std::vector<float>& values) {
    if (!values.empty()) entries.emplace_back(key, join_floats(values));
  };
  if (network.input_layout == InputLayout::kNhwc) {
    entries.emplace_back("layout", layout_name(network));
  }
  add("mean", network.normalisation.mean);
  add("std", network.normalisation.std);
  for (const Node& node : network.nodes) {
    add(std::string(kScalePrefix) + node.name, node.weight_scale);
  }
  for (const auto& [key, value] : network.metadata) {
    if (is_reserved(key)) {
      throw InputError(fmt::format("network {}: metadata key {} is reserved", network.name, key));
    }
    entries.emplace_back(key, value);
  }
  const std::size_t following = entries.size() + network.foreign_metadata.size();
  entries.insert(entries.begin(), {"entries", std::to_string(following)});
  for (auto& [key, value] : entries) key.insert(0, kPrefix);
  entries.insert(entries.end(), network.foreign_metadata.begin(), network.foreign_metadata.end());
  for (const auto& [key, value] : entries) {
    auto& entry = *model.add_metadata_props();
    entry.set_key(key);
    entry.set_value(value);
  }
}

void read_metadata(const std::string& file, const onnx::ModelProto& model, Network& network) {
  check_count(file, model);
  try {
    for (const auto& entry : model.metadata_props()) {
      if (entry.key().starts_with(kPrefix)) {
        read_entry(file, entry.key().substr(kPrefix.size()), entry.value(), network);
      } else {
        network.foreign_metadata[entry.key()] = entry.value();
      }
    }
    infer_shapes(network);  // the sizes of what came in
  } catch (const InputError& error) {
    const std::string why = error.what();
    if (why.starts_with(file)) throw;
    throw InputError(fmt::format("{}: metadata: {}", file, why));
  }
}

}  // namespace crossloop::network
