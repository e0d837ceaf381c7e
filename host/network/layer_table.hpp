// What `crossloop inspect` shows of a Network.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "host/network/network.hpp"

namespace crossloop::network {

/// One line per node: number, name, operator, input and output shape, kernel and stride ("g4"
/// behind them for 4 groups), weights, multiply-accumulates of one image, sparsity (share of zero
/// weights in percent); then the totals. Throws InputError as infer_shapes() does.
std::string layer_table(const Network& network);

/// The same for machines: {"name", "input_shape", "nodes": [{"name", "operator", "inputs",
/// "input_shape", "output_shape", "kernel", "stride", "groups", "weights", "nonzero_weights",
/// "macs", "sparsity"}], "parameters", "weights", "nonzero_weights", "macs", "sparsity",
/// "metadata"}. Sparsity is 0..1 and 0 where there is no weight; kernel, stride and groups only
/// where a window slides.
nlohmann::json layer_table_json(const Network& network);

}  // namespace crossloop::network
