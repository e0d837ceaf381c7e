#include "host/runtime/compare.hpp"

#include <chrono>
#include <nlohmann/json.hpp>

#include "host/files.hpp"
#include "host/progress.hpp"
#include "host/runtime/digital_layers.hpp"
#include "host/runtime/gather.hpp"

namespace crossloop::runtime {

using compiler::Deployment;
using compiler::LayerKind;
using compiler::PageTables;

std::string Mismatch::text() const {
  return "layer " + std::to_string(layer) + " (" + layer_name + "), crossbar " +
         std::to_string(crossbar) + ", column " + std::to_string(column) + ", bit " +
         std::to_string(bit) + ", vector " + std::to_string(vector) + ": output " +
         std::to_string(output) + " is " + std::to_string(found) + ", expected " +
         std::to_string(expected);
}

namespace {

/// The tables of a page with one accumulator per column.
PageTables one_output_per_column(const PageTables& own) {
  PageTables tables = own;
  for (std::size_t j = 0; j < tables.columns.size(); ++j) {
    tables.columns[j].output = static_cast<std::int32_t>(j);
    tables.columns[j].negative = false;
  }
  return tables;
}

/// Looks for crossbar, column and bit: one crossbar at a time, one more input bit at a time.
void locate(Mismatch& mismatch, const Job& whole, Backend& device, Backend& reference,
            std::span<const std::uint8_t> input) {
  for (const PageJob& page : whole.pages) {
    const PageTables tables = one_output_per_column(*page.tables);
    Job job = whole;
    job.pages = {{page.crossbar, &tables}};
    job.outputs = static_cast<int>(tables.columns.size());
    job.first_vector = mismatch.vector;
    for (int bits = 1; bits <= whole.settings.input_bits; ++bits) {
      job.settings.input_bits = bits;
      const auto got = device.run(job, input).accumulators;
      const auto expected = reference.run(job, input).accumulators;
      for (std::size_t j = 0; j < got.size(); ++j) {
        if (got[j] == expected[j]) continue;
        mismatch.crossbar = page.crossbar;
        mismatch.column = static_cast<int>(j);
        mismatch.bit = bits - 1;
        return;
      }
    }
  }
}

void write_replay(const Mismatch& mismatch, const Deployment& deployment, const Job& job,
                  Backend& reference, std::span<const std::uint8_t> input,
                  const std::filesystem::path& path) {
  nlohmann::json replay = {{"layer", mismatch.layer},
                           {"layer_name", mismatch.layer_name},
                           {"crossbar", mismatch.crossbar},
                           {"column", mismatch.column},
                           {"bit", mismatch.bit},
                           {"vector", mismatch.vector},
                           {"output", mismatch.output},
                           {"expected", mismatch.expected},
                           {"found", mismatch.found},
                           {"noise_seed", job.settings.seed},
                           {"skip_zero", job.settings.skip_zero},
                           {"input", std::vector<int>(input.begin(), input.end())}};
  if (mismatch.crossbar >= 0) {
    const std::size_t id = static_cast<std::size_t>(mismatch.crossbar);
    const PageTables& tables = deployment.crossbars[id].tables;
    const auto& column = tables.columns[static_cast<std::size_t>(mismatch.column)];
    replay["rows"] = tables.rows;
    replay["setting"] = {{"reference", column.reference}, {"sigma", column.sigma},
                         {"gain", column.gain},           {"offset", column.offset},
                         {"shift", column.shift},         {"bits", column.bits},
                         {"zero_code", column.zero_code}, {"left_shift", column.left_shift},
                         {"negative", column.negative},   {"output", column.output}};
    const auto codes = reference.snapshot(mismatch.crossbar + 1).codes[id];
    std::vector<int> expected_codes;
    for (std::size_t r = 0; r < tables.rows.size(); ++r) {
      expected_codes.push_back(codes[r * static_cast<std::size_t>(deployment.tile.columns) +
                                     static_cast<std::size_t>(mismatch.column)]);
    }
    replay["reference_codes"] = expected_codes;
  }
  write_file(path, replay.dump(1) + "\n");
}

class Comparer {
 public:
  Comparer(const Deployment& deployment, Backend& device, Backend& reference,
           const RunOptions& options, const std::filesystem::path& replay)
      : deployment_(deployment),
        device_(device),
        reference_(reference),
        options_(options),
        replay_(replay) {}

  void crossbar_layer(int layer, int first_image, int total, Activations& activations) {
    const auto& here = deployment_.layers[static_cast<std::size_t>(layer)];
    const auto& shape = deployment_.tensors[static_cast<std::size_t>(here.output)].shape;
    const std::size_t sums =
        static_cast<std::size_t>(activations.images) * static_cast<std::size_t>(shape.size());
    std::vector<std::int32_t> got(sums), expected(sums);
    for (int part = 0; part < here.parts; ++part) {
      const Job job = layer_job(deployment_, layer, part, options_, first_image, total);
      const Pair pair = run_both(layer, job, gather_vectors(deployment_, layer, part, activations));
      recombine(deployment_, layer, part, pair.got.accumulators, activations.images, got);
      recombine(deployment_, layer, part, pair.expected.accumulators, activations.images, expected);
    }
    Activations mine = activations;
    finish_crossbar_layer(deployment_, layer, got, mine);
    finish_crossbar_layer(deployment_, layer, expected, activations);
    compare_outputs(layer, activations, mine);
  }

  Comparison& result() { return comparison_; }

 private:
  struct Pair {
    JobResult got, expected;
  };

  Pair run_both(int layer, const Job& job, const std::vector<std::uint8_t>& vectors) {
    Pair pair;
    const auto start = std::chrono::steady_clock::now();
    pair.got = device_.run(job, vectors);
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
    pair.expected = reference_.run(job, vectors);
    comparison_.seconds += spent.count();
    comparison_.counters += pair.got.counters;
    comparison_.cycles += pair.got.cycles;
    comparison_.mismatches += pair.got.counters == pair.expected.counters ? 0 : 1;
    compare_accumulators(layer, job, vectors, pair.expected.accumulators, pair.got.accumulators);
    return pair;
  }

  void compare_accumulators(int layer, const Job& job, std::span<const std::uint8_t> windows,
                            const std::vector<std::int32_t>& expected,
                            const std::vector<std::int32_t>& found) {
    comparison_.integers += static_cast<std::int64_t>(expected.size());
    const std::size_t outputs = static_cast<std::size_t>(job.outputs);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      if (expected[i] == found[i]) continue;
      ++comparison_.mismatches;
      if (comparison_.first) continue;
      Mismatch first;
      first.layer = layer;
      first.layer_name = deployment_.layers[static_cast<std::size_t>(layer)].name;
      first.output = static_cast<std::int32_t>(i % outputs);
      first.vector = job.first_vector + static_cast<std::uint32_t>(i / outputs);
      first.expected = expected[i];
      first.found = found[i];
      const std::size_t inputs = static_cast<std::size_t>(job.inputs);
      const auto input = windows.subspan(i / outputs * inputs, inputs);
      locate(first, job, device_, reference_, input);
      if (!replay_.empty()) write_replay(first, deployment_, job, reference_, input, replay_);
      comparison_.first = first;
    }
  }

  void compare_outputs(int layer, const Activations& expected, const Activations& found) {
    const auto id =
        static_cast<std::size_t>(deployment_.layers[static_cast<std::size_t>(layer)].output);
    const auto count = [this](const auto& a, const auto& b) {
      for (std::size_t i = 0; i < a.size(); ++i) comparison_.mismatches += a[i] == b[i] ? 0 : 1;
      comparison_.integers += static_cast<std::int64_t>(a.size());
    };
    count(expected.tensors[id], found.tensors[id]);
    if (static_cast<std::size_t>(layer) + 1 == deployment_.layers.size()) {
      count(expected.logits, found.logits);
    }
  }

  const Deployment& deployment_;
  Backend& device_;
  Backend& reference_;
  const RunOptions& options_;
  const std::filesystem::path& replay_;
  Comparison comparison_;
};

}  // namespace

Comparison compare_backends(const Deployment& deployment, Backend& device, Backend& reference,
                            const data::Dataset& images, const RunOptions& options,
                            const std::filesystem::path& replay) {
  if (!replay.empty()) require_writable(replay);
  Comparer comparer(deployment, device, reference, options, replay);
  const int total = options.total_images > 0 ? options.total_images : images.count;
  const int layers = static_cast<int>(deployment.layers.size());
  Progress progress("compare " + device.name() + " with " + reference.name(),
                    std::int64_t{images.count} * layers);
  for (int image = 0; image < images.count; ++image) {
    Activations activations = start_batch(deployment, images, image, 1);
    for (int layer = 0; layer < layers; ++layer) {
      if (deployment.layers[static_cast<std::size_t>(layer)].kind == LayerKind::kCrossbar) {
        comparer.crossbar_layer(layer, image, total, activations);
      } else {
        run_digital_layer(deployment, layer, activations);
      }
      progress.update(std::int64_t{image} * layers + layer + 1);
    }
    ++comparer.result().images;
  }
  return comparer.result();
}

}  // namespace crossloop::runtime
