// What a network of an experiment is worth, as named figures.
//
//   accuracy              float, all test images of the size (0..1), as all accuracies
//   integers              integer network on ideal tiles, `integer_images`
//   weights_pruned        share of all weights of Conv and Linear that are zero
//   crossbars, crossbars_dense, crossbars_total
//                         placed; of the dense network; placed, with those for partial sums
//   crossbars_saved, crossbars_total_saved
//                         shares of the dense network's
//   adc_bits              proven, mean over the conversions of an image
//   adc_energy_nj         of these, linear in bits; adc_energy_nj.saberi, .survey, .exp2 where the
//                         model has a figure
//   adc_paper, adc_physical
//                         ADC energy of dense tiles over that of these, a weight being one cell,
//                         all convolutions: the countings of Ibrayev et al. 2024
//   adc_bit_lines_paper, adc_bit_lines_physical
//                         the same of the placed crossbars, a bit line being a column
//   latency_us            one image, layer after layer
//   cycles_dense, cycles_sparse, cycles_balanced
//                         of one image on digital lanes of 16 channels, g = 16, 4 multipliers each
//   SCORE.mapped, SCORE.gain, SCORE.statistics
//                         on the modelled chip of a score as mapped; with gains and references;
//                         with batch-norm statistics too
//   SCORE.crossbars, SCORE.weight_error
//                         of that chip; relative root mean square of effective minus target weights
#pragma once

#include <cstdint>
#include <filesystem>

#include "host/analog/device.hpp"
#include "host/compiler/compile.hpp"
#include "host/data/dataset.hpp"
#include "host/experiment/experiment_config.hpp"
#include "host/experiment/result_store.hpp"
#include "host/network/network.hpp"

namespace crossloop::experiment {

struct Images {
  data::Dataset train, test;
};

/// Where things lie.
struct Places {
  std::filesystem::path root;   ///< the folder that holds configs/ and models/
  std::filesystem::path cache;  ///< models and checkpoints, each by the hash of its setting
  std::string version;          ///< of the program, for the results
  int threads = 0;              ///< of trainings and float evaluations; 0: all cores
};

/// A file, or a name of configs/tiles/. Throws InputError listing the names where there is neither.
compiler::TileFormat tile_named(const std::string& name, const analog::Device& device,
                                const std::filesystem::path& root);

/// The first `count` images, or all where there are fewer.
data::Dataset first_images(const data::Dataset& images, int count);

/// All but the scores, for tiles of `tile` (a file, or a name of configs/tiles/). Throws InputError
/// where the network does not compile.
Metrics network_metrics(const network::Network& network, const Experiment& experiment,
                        const std::string& tile, const Images& images, const Places& places);

/// Float accuracy (0..1) on all of the test images.
double float_accuracy(const network::Network& network, const Images& images, const Places& places);

/// The chip of a score and how the compiler maps to it. Throws InputError for a tile, device or
/// pass that is not there.
struct ChipOptions {
  analog::Device device;
  compiler::TileFormat tile;
  compiler::CompileOptions compile;
};
ChipOptions chip_options(const ScoreSpec& score, const std::filesystem::path& root);

/// Those of one score, on chip `seed`. Throws InputError where the network does not compile and
/// CheckFailed where the chip cannot be measured.
Metrics chip_metrics(const network::Network& network, const Experiment& experiment,
                     const ScoreSpec& score, std::uint64_t seed, const Images& images,
                     const std::filesystem::path& root);

}  // namespace crossloop::experiment
