// Measures what a chip's cells really compute, through the ordinary read-out path: DAC, array, ADC.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "host/compiler/deployment.hpp"
#include "host/runtime/backend.hpp"

namespace crossloop::runtime {

struct MeasureOptions {
  int repeats = 8;        ///< reads of each cell to begin with; dithered
  int max_repeats = 128;  ///< doubled up to this until max_standard_error holds
  /// A page is measured when no cell's standard error is above this, in code units.
  double max_standard_error = 0.5;
  /// Reads of a page with no word line driven, in each repeat: their mean, which is the ADC's
  /// offset and whatever stands on its columns, is taken off the others. 0: an offset counts as
  /// cells.
  int offset_reads = 0;
  std::uint32_t noise_seed = 1;
  std::uint32_t epoch = 0;  ///< of the first repeat; each repeat takes the next
};

/// One crossbar as measured: estimates of its effective conductance codes q, [rows][columns].
struct MeasuredPage {
  int rows = 0;
  int columns = 0;
  std::vector<float> codes;
  double largest_standard_error = 0.0;  ///< of a cell, code units
  int repeats = 0;
  bool s_matrix = false;  ///< read with S-matrix patterns instead of single word lines
  std::int64_t vectors = 0;
};

/// By crossbar id; empty where not measured.
struct Measurement {
  std::vector<MeasuredPage> pages;
  std::int64_t page_count = 0;
  std::int64_t vectors = 0;
  std::int64_t column_reads = 0;
  std::int64_t cycles = 0;
  double max_standard_error = 0.0;
};

/// Measures crossbar `id` at unit gain and the smallest ADC shift at which no column clips: one
/// clipped read voids the column and raises its shift. Repeat i of n is dithered by
/// ((i + 1/2)/n - 1/2) of a step. Begins with one word line at a time; where that misses the bound,
/// goes on with more repeats, of S-matrix patterns if the noise and the cells found so far promise
/// a smaller error (noise and step variance through the decoder). The standard error of a cell is
/// that of the repeats plus the quantisation variance step^2/12 over n, carried through the
/// decoder. Throws InputError for more reads in a repeat than there are vector numbers for,
/// CheckFailed naming the crossbar if the bound is not met at max_repeats, or if a
/// column clips at the largest shift.
MeasuredPage measure_crossbar(const compiler::Deployment& deployment, Backend& backend,
                              std::int32_t id, const MeasureOptions& options,
                              JobResult* totals = nullptr);

/// Measures the listed crossbars (all where empty) into `measurement`, replacing what it held.
void measure(const compiler::Deployment& deployment, Backend& backend,
             std::span<const std::int32_t> crossbars, const MeasureOptions& options,
             Measurement& measurement);

/// The measurement an ideal chip would give: nominal codes.
Measurement nominal_measurement(const compiler::Deployment& deployment);

/// Effective weights of a crossbar layer in units of w_q, [N][K]: what the measured cells make of
/// it with the gains and references of the deployment's tables.
std::vector<float> effective_weights(const compiler::Deployment& deployment, int layer,
                                     const Measurement& measurement);

/// Root mean square of measured minus target weight over that of the target, all layers, in units
/// of w_q.
double relative_weight_error(const compiler::Deployment& deployment,
                             const Measurement& measurement);

/// Measurement file (.h5, docs/formats.md): `crossbars/ID/codes` (float32, rows x columns) with
/// standard error and repeats as attributes. Atomic. Throws InputError if it cannot be written.
void write_measurement(const Measurement& measurement, const std::filesystem::path& path);

/// Reads it back and checks it against the deployment it belongs to. Throws InputError naming file,
/// data set, found and expected.
Measurement read_measurement(const compiler::Deployment& deployment,
                             const std::filesystem::path& path);

}  // namespace crossloop::runtime
