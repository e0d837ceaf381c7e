// What a run of the loop found, as a table for people and JSON for machines.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/runtime/compare.hpp"
#include "host/runtime/measure.hpp"

namespace crossloop::loop {

/// One rung of the recovery ladder and the accuracy it reached (0..1).
struct Rung {
  std::string name;   ///< key in the JSON
  std::string label;  ///< for people
  double accuracy = 0.0;
};

struct LayerCount {
  std::string name;
  int dense = 0;
  int pruned = 0;
};

struct Summary {
  std::string name, dataset, network, device, run_on, tile;
  std::string origin;            ///< of the float network, see StartingNetwork
  std::string command, version;  ///< as LoopConfig has them
  int test_images = 0;
  std::map<std::string, std::uint64_t> seeds;
  std::vector<Rung> accuracy;  ///< float, pruned, quantized, mapped, ..., recovered
  int crossbars_dense = 0, crossbars_pruned = 0;
  std::vector<LayerCount> layers;
  runtime::Comparison rtl;
  std::int64_t measured_pages = 0, measured_vectors = 0;
  double max_standard_error = 0.0;
  std::int64_t reprogrammed_crossbars = 0, reprogrammed_cells = 0, cells = 0;
  std::int64_t saturated_cells = 0;  ///< codes at the upper limit, whole tiles, at the end
  std::int64_t stuck_cells = 0;      ///< found by measuring
  std::string inject;                ///< the fault that was planted, empty: none
  double weight_error = 0.0;  ///< rms of measured minus target weight over rms target, as mapped
  std::string snapshot_hash;
  std::map<std::string, double> seconds;  ///< by stage

  double accuracy_of(const std::string& rung) const;  ///< throws InputError if absent
  nlohmann::json json() const;
  std::string table() const;
};

}  // namespace crossloop::loop
