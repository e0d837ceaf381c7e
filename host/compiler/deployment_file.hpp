// Deployment files (.xbar): HDF5, documented in docs/formats.md, readable with h5py.
#pragma once

#include <filesystem>

#include "host/compiler/deployment.hpp"

namespace crossloop::compiler {

inline constexpr int kDeploymentVersion = 3;

/// Writes atomically.
void write_deployment(const Deployment& deployment, const std::filesystem::path& path);

/// Reads and validates. Throws InputError naming file, dataset, found and expected: not HDF5,
/// truncated, another format version, missing or misshapen dataset, index or value out of range.
Deployment read_deployment(const std::filesystem::path& path);

/// Throws InputError for the first inconsistency (indices, ranges, shapes); read_deployment calls
/// it.
void validate(const Deployment& deployment);

}  // namespace crossloop::compiler
