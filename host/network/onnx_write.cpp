#include <onnx/checker.h>
#include <spdlog/fmt/fmt.h>

#include <limits>

#include "host/error.hpp"
#include "host/files.hpp"
#include "host/network/onnx_export.hpp"
#include "host/network/onnx_file.hpp"
#include "host/network/onnx_metadata.hpp"

namespace crossloop::network {

namespace {

constexpr int kIrVersion = 7;  // the one of opsets 13 and 14, so that older tools read it

}  // namespace

void write_onnx(const Network& network, const std::filesystem::path& path) {
  onnx::ModelProto model;
  model.set_ir_version(kIrVersion);
  model.set_producer_name(kProducer);
  OnnxExporter exporter(network, *model.mutable_graph());
  exporter.run();
  model.add_opset_import()->set_version(exporter.opset());
  write_metadata(network, model);
  if (model.ByteSizeLong() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw InputError(path.string() + ": the model is larger than 2 GiB, which ONNX does not allow");
  }
  try {
    onnx::checker::check_model(model);
  } catch (const std::exception& error) {
    throw InputError(fmt::format("{}: network {} makes no valid ONNX model: {}", path.string(),
                                 network.name, error.what()));
  }
  write_file(path, model.SerializeAsString());
}

}  // namespace crossloop::network
