// The closed loop: train, prune, compile, program, measure, calibrate, fine-tune, verify.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "host/loop/loop_config.hpp"
#include "host/loop/summary.hpp"
#include "host/runtime/backend.hpp"

namespace crossloop::loop {

/// Opens a device by name ("rtl", "engine") with a chip of this device and seed behind it. The
/// caller supplies it, so that this room knows no simulator.
using BackendFactory = std::function<std::unique_ptr<runtime::Backend>(
    const std::string& name, const compiler::TileFormat& tile, const analog::Device& device,
    std::uint64_t chip_seed)>;

/// Runs the whole loop and leaves in config.run_folder: float.onnx, pruned.onnx, recovered.onnx,
/// deployment.xbar, measurement.h5, summary.json, checkpoints, and on a mismatch replay.json. Every
/// stage that trains resumes from its checkpoint. Throws what the rooms throw; a mismatch between
/// RTL and engine is in the summary.
Summary run_loop(const LoopConfig& config, const BackendFactory& open);

/// Throws CheckFailed with the first mismatch and the replay file if RTL and engine differ.
void require_match(const Summary& summary, const std::filesystem::path& run_folder);

}  // namespace crossloop::loop
