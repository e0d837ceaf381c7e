// What a Network carries beyond its graph, as metadata_props of an ONNX model. For the .cpp files
// of this room only.
//
//   crossloop.entries       how many entries follow this one; shows a file cut between two of them
//   crossloop.layout        NHWC where the graph turns its input from NHWC to NCHW, else absent
//   crossloop.mean, .std    input normalisation, comma separated
//   crossloop.scale.NODE    weight scales of a node, comma separated
//   crossloop.KEY           Network::metadata[KEY]
//   any other key           Network::foreign_metadata[key]
#pragma once

#include <onnx/onnx_pb.h>

#include <string>

#include "host/network/network.hpp"

namespace crossloop::network {

inline constexpr const char* kProducer = "crossloop";

/// Throws InputError for a key of `network.metadata` that is one of the above.
void write_metadata(const Network& network, onnx::ModelProto& model);

/// Throws InputError naming file and key.
void read_metadata(const std::string& file, const onnx::ModelProto& model, Network& network);

}  // namespace crossloop::network
