#include "host/runtime/crossbar_mvm.hpp"

#include <algorithm>
#include <numeric>
#include <set>
#include <string>

#include "host/compiler/mapping.hpp"
#include "host/error.hpp"

namespace crossloop::runtime {

using compiler::Crossbar;
using compiler::Deployment;
using compiler::Layer;
using compiler::PageTables;

namespace {

const Crossbar& crossbar_at(const Deployment& deployment, std::int32_t id) {
  if (id < 0 || static_cast<std::size_t>(id) >= deployment.crossbars.size()) {
    throw InputError("crossbar " + std::to_string(id) + ": the deployment has crossbars 0 to " +
                     std::to_string(deployment.crossbars.size() - 1));
  }
  return deployment.crossbars[static_cast<std::size_t>(id)];
}

const Layer& layer_of(const Deployment& deployment, const Crossbar& crossbar) {
  return deployment.layers.at(static_cast<std::size_t>(crossbar.layer));
}

/// Vectors in `bytes`; they must be whole.
std::size_t vectors_in(std::span<const std::uint8_t> bytes, int elements, std::int32_t crossbar) {
  const auto length = static_cast<std::size_t>(elements);
  if (bytes.size() % length != 0) {
    throw InputError("crossbar " + std::to_string(crossbar) + ": " + std::to_string(bytes.size()) +
                     " bytes are not whole vectors of " + std::to_string(elements));
  }
  return bytes.size() / length;
}

/// Gives every bit line an accumulator of its own, and nothing but its code.
void keep_columns(PageTables& tables) {
  for (std::size_t j = 0; j < tables.columns.size(); ++j) {
    tables.columns[j].output = static_cast<std::int32_t>(j);
    tables.columns[j].negative = false;
    tables.columns[j].left_shift = 0;
  }
}

/// Numbers the accumulators from 0 in their order, those of unit columns last; returns how many.
int renumber_outputs(PageTables& tables) {
  std::set<std::int32_t> used;
  for (const auto& column : tables.columns) used.insert(column.output);
  for (auto& column : tables.columns) {
    column.output =
        static_cast<std::int32_t>(std::distance(used.begin(), used.find(column.output)));
  }
  return static_cast<int>(used.size());
}

/// Adds the unit terms and leaves out the accumulator of the unit column, the last.
std::vector<std::int32_t> with_unit_terms(const std::vector<std::int32_t>& sums,
                                          const Crossbar& crossbar,
                                          const std::vector<std::int32_t>& accumulators) {
  const std::size_t kept = accumulators.size(), stride = kept + 1;
  std::vector<std::int32_t> values;
  for (std::size_t first = 0; first < sums.size(); first += stride) {
    std::vector<std::int32_t> one(sums.begin() + static_cast<std::ptrdiff_t>(first),
                                  sums.begin() + static_cast<std::ptrdiff_t>(first + kept));
    for (const auto& term : crossbar.unit_terms) {
      const auto place =
          std::lower_bound(accumulators.begin(), accumulators.end(), term.accumulator);
      one.at(static_cast<std::size_t>(place - accumulators.begin())) +=
          term.factor * sums[first + kept];
    }
    values.insert(values.end(), one.begin(), one.end());
  }
  return values;
}

}  // namespace

int mvm_elements(const Deployment& deployment, std::int32_t crossbar, MvmInput input) {
  const Crossbar& here = crossbar_at(deployment, crossbar);
  return input == MvmInput::kWordLines ? here.row_count()
                                       : compiler::vector_inputs(layer_of(deployment, here));
}

std::vector<std::int32_t> accumulators_on(const Deployment& deployment, std::int32_t crossbar) {
  const Crossbar& here = crossbar_at(deployment, crossbar);
  const int own = compiler::accumulators_of(layer_of(deployment, here));
  std::set<std::int32_t> accumulators;
  for (const auto& column : here.tables.columns) {
    if (column.output < own) accumulators.insert(column.output);
  }
  return {accumulators.begin(), accumulators.end()};
}

MvmResult run_crossbar(const Deployment& deployment, Backend& backend, std::int32_t crossbar,
                       std::span<const std::uint8_t> vectors, const MvmOptions& options) {
  const Crossbar& here = crossbar_at(deployment, crossbar);
  Job job;
  job.inputs = mvm_elements(deployment, crossbar, options.input);
  vectors_in(vectors, job.inputs, crossbar);
  job.settings = {deployment.tile.input_bits, options.skip_zero, options.noise_seed};
  job.first_vector = options.first_vector;
  PageTables tables = here.tables;
  if (options.input == MvmInput::kWordLines) std::iota(tables.rows.begin(), tables.rows.end(), 0);
  MvmResult result;
  if (options.output == MvmOutput::kColumns) {
    keep_columns(tables);
    job.outputs = here.column_count();
    result.lines.resize(tables.columns.size());
    std::iota(result.lines.begin(), result.lines.end(), 0);
  } else {
    job.outputs = renumber_outputs(tables);
    result.lines = accumulators_on(deployment, crossbar);
  }
  job.pages = {{crossbar, &tables}};
  JobResult run = backend.run(job, vectors);
  result.counters = run.counters;
  result.cycles = run.cycles;
  const bool unit = static_cast<std::size_t>(job.outputs) > result.lines.size();
  result.values =
      unit ? with_unit_terms(run.accumulators, here, result.lines) : std::move(run.accumulators);
  return result;
}

std::vector<std::int32_t> exact_products(const Deployment& deployment, std::int32_t crossbar,
                                         std::span<const std::uint8_t> vectors, MvmInput input) {
  const Crossbar& here = crossbar_at(deployment, crossbar);
  const Layer& layer = layer_of(deployment, here);
  const int elements = mvm_elements(deployment, crossbar, input);
  const std::size_t count = vectors_in(vectors, elements, crossbar);
  const auto accumulators = accumulators_on(deployment, crossbar);
  std::vector<std::int32_t> products;
  for (std::size_t vector = 0; vector < count; ++vector) {
    const auto x = vectors.subspan(vector * static_cast<std::size_t>(elements),
                                   static_cast<std::size_t>(elements));
    for (const std::int32_t accumulator : accumulators) {
      std::int32_t sum = 0;
      for (std::size_t r = 0; r < here.tables.rows.size(); ++r) {
        const std::int32_t element = here.tables.rows[r];
        const std::size_t place =
            input == MvmInput::kWordLines ? r : static_cast<std::size_t>(element);
        sum += compiler::weight_at(layer, accumulator, element) * x[place];
      }
      products.push_back(sum);
    }
  }
  return products;
}

}  // namespace crossloop::runtime
