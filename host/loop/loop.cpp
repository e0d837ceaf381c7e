#include "host/loop/loop.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "host/compiler/compile.hpp"
#include "host/compiler/deployment_file.hpp"
#include "host/error.hpp"
#include "host/files.hpp"
#include "host/loop/faulty_cell.hpp"
#include "host/loop/starting_network.hpp"
#include "host/loop/weight_error.hpp"
#include "host/network/onnx_file.hpp"
#include "host/runtime/calibrate.hpp"
#include "host/runtime/compare.hpp"
#include "host/runtime/engine_backend.hpp"
#include "host/runtime/fault_encoding.hpp"
#include "host/runtime/ideal_chip.hpp"
#include "host/runtime/measure.hpp"
#include "pruning/pipeline.hpp"

namespace crossloop::loop {

namespace {

using compiler::Deployment;
using runtime::EngineBackend;

/// One file per stage of the method, its name appended.
constexpr const char* kPruneCheckpoint = "prune.ckpt";

class Loop {
 public:
  Loop(const LoopConfig& config, const BackendFactory& open) : config_(config), open_(open) {}

  Summary run() {
    check();
    clear_results();
    stage("data", [this] { load(); });
    stage("train", [this] { train(); });
    stage("prune", [this] { prune(); });
    stage("compile", [this] { compile(); });
    stage("program", [this] { program(); });
    stage("measure", [this] { measure({}); });
    stage("encode", [this] { encode(); });
    stage("calibrate", [this] { climb_ladder(); });
    stage("finetune", [this] { finetune(); });
    stage("verify", [this] { verify(); });
    write_results();
    return std::move(summary_);
  }

 private:
  /// Everything that can be wrong with the configuration, before hours are spent on it.
  void check() {
    if (config_.inject != Inject::kNone && config_.rtl_images == 0) {
      throw InputError(
          "loop: a fault to inject but no RTL images to find it with (rtl.images = 0)");
    }
    device_ = analog::find_device(config_.device_preset, config_.root);
    const bool local = std::filesystem::exists(config_.tile_file);
    tile_ =
        compiler::read_tile(local ? config_.tile_file : config_.root / config_.tile_file, device_);
    check_starting_network(config_);
    if (config_.rtl_images > 0 || config_.device == "rtl") {
      open_("rtl", tile_, device_, config_.chip_seed);
    }
    require_writable(in_run("summary.json"));
  }

  /// Results of an earlier run must not stand beside those of this one.
  void clear_results() {
    std::vector<std::string> names = {"summary.json", "report.html", "replay.json"};
    if (config_.fresh) {
      for (const char* name : {"train", "batch_norm", "finetune"}) {
        names.push_back(std::string(name) + ".ckpt");
      }
      for (const auto& entry : std::filesystem::directory_iterator(config_.run_folder)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with(kPruneCheckpoint)) names.push_back(name);
      }
    }
    for (const std::string& name : names) std::filesystem::remove(in_run(name));
  }

  template <typename Work>
  void stage(const std::string& name, const Work& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
    summary_.seconds[name] = spent.count();
    spdlog::info("{} done in {:.1f} s", name, spent.count());
  }

  void record(const std::string& name, const std::string& label, double accuracy) {
    summary_.accuracy.push_back({name, label, accuracy});
    spdlog::info("accuracy {}: {:.2f} %", label, 100.0 * accuracy);
  }

  std::filesystem::path in_run(const std::string& name) const { return config_.run_folder / name; }

  pruning::TrainOptions with_checkpoint(pruning::TrainOptions options,
                                        const std::string& name) const {
    options.checkpoint = in_run(name);
    return options;
  }

  void load() {
    auto split = data::load_data(config_.source, config_.data);
    train_ = std::move(split.train);
    if (split.test.count < config_.test_images) {
      throw InputError(fmt::format("data {}: {} test images, expected at least {}", config_.source,
                                   split.test.count, config_.test_images));
    }
    test_ = split.test.slice(0, config_.test_images);
    const int images = std::min(config_.calibration_images, train_.count);
    calibration_ = train_.slice(train_.count - images, images);
    summary_.dataset = train_.name;
    summary_.test_images = test_.count;
  }

  void train() {
    StartingNetwork start = starting_network(config_, train_, log_epoch);
    network_ = std::move(start.network);
    summary_.origin = start.origin;
    summary_.network = network_.name;
    record("float", "float", pruning::evaluate(network_, test_));
  }

  void prune() {
    if (!config_.prune_method.empty()) {
      pruning::PipelineOptions options;
      options.tile = {.rows = tile_.rows, .outputs = tile_.weights_per_row()};
      options.penalised = with_checkpoint(config_.prune_penalised, kPruneCheckpoint);
      options.finetuning = with_checkpoint(config_.prune, kPruneCheckpoint);
      const pruning::MethodInfo& info = pruning::find_method(config_.prune_method);
      zeros_ =
          pruning::run_method(network_, train_, info,
                              {info.name, info.options, config_.prune_options}, options, log_epoch);
    }
    network::write_onnx(network_, in_run("pruned.onnx"));
    record("pruned", "pruned, float", pruning::evaluate(network_, test_));
  }

  void compile() {
    deployment_ = compiler::compile(network_, tile_, device_, calibration_,
                                    {.placement = {}, .activations = config_.activations});
    runtime::calibrate_ideal(deployment_, calibration_, config_.range);
    compiler::write_deployment(deployment_, in_run("deployment.xbar"));
    const auto count = deployment_.count();
    summary_.crossbars_dense = count.dense;
    summary_.crossbars_pruned = count.pruned;
    summary_.cells = deployment_.cell_count();
    for (int layer = 0; layer < static_cast<int>(deployment_.layers.size()); ++layer) {
      const auto one = deployment_.count(layer);
      if (one.dense == 0) continue;
      summary_.layers.push_back(
          {deployment_.layers[static_cast<std::size_t>(layer)].name, one.dense, one.pruned});
    }
    const analog::Device ideal = analog::find_device("ideal", config_.root);
    record("quantized", "quantized, ideal tiles",
           runtime::ideal_accuracy(deployment_, ideal, test_));
  }

  double accuracy_on(const Deployment& deployment, runtime::Backend& backend) const {
    return runtime::accuracy_of(
        runtime::run_images(deployment, backend, test_, run_options(test_.count)), test_);
  }

  /// Accuracy of the chip as it stands, by the engine on a snapshot of its cells.
  double accuracy_of_chip(const Deployment& deployment) { return accuracy_on(deployment, *twin_); }

  /// Each purpose reads the chip with noise of its own.
  enum class Purpose : std::uint32_t { kTest = 0, kMeasure = 1, kCalibrate = 2, kVerify = 3 };
  std::uint32_t noise_seed(Purpose purpose) const {
    return config_.noise_seed + 0x9E3779B9U * static_cast<std::uint32_t>(purpose);
  }

  runtime::RunOptions run_options(int images, Purpose purpose = Purpose::kTest) const {
    runtime::RunOptions options;
    options.noise_seed = noise_seed(purpose);
    options.total_images = images;
    return options;
  }

  void program() {
    chip_ = open_(config_.device, tile_, device_, config_.chip_seed);
    program_all(*chip_, deployment_);
    twin_ = std::make_unique<EngineBackend>(tile_, device_, config_.chip_seed);
    copy_to_twin();
    record("mapped", "mapped as it is", accuracy_of_chip(deployment_));
  }

  void copy_to_twin() {
    twin_->restore(chip_->snapshot(static_cast<std::int32_t>(deployment_.crossbars.size())));
  }

  void measure(std::span<const std::int32_t> crossbars) {
    config_.measure.noise_seed = noise_seed(Purpose::kMeasure);
    runtime::measure(deployment_, *chip_, crossbars, config_.measure, measurement_);
    config_measured_epochs();
    runtime::write_measurement(measurement_, in_run("measurement.h5"));
    if (crossbars.empty())
      summary_.weight_error = runtime::relative_weight_error(deployment_, measurement_);
  }

  /// A later measurement draws fresh noise.
  void config_measured_epochs() {
    config_.measure.epoch += static_cast<std::uint32_t>(config_.measure.max_repeats);
  }

  Deployment calibrated(const Deployment& from, bool gain, bool statistics) {
    Deployment deployment = from;
    runtime::CalibrationOptions calibration;
    calibration.gain = gain;
    calibration.statistics = statistics;
    calibration.range = config_.range;
    runtime::calibrate(deployment, *twin_, measurement_, calibration_, calibration,
                       run_options(calibration_.count, Purpose::kCalibrate));
    return deployment;
  }

  /// The cheapest rung: the free cells of a weight take back what its stuck cells add.
  void encode() {
    stuck_ = runtime::find_stuck_cells(deployment_, measurement_);
    summary_.stuck_cells = stuck_.count;
    const auto before = deployment_.crossbars;
    runtime::encode_around_faults(deployment_, stuck_);
    program_changes(before);
    record("encoded", "stuck cells encoded around", accuracy_of_chip(deployment_));
  }

  void climb_ladder() {
    record("adc_range", "ADC ranges from measured sums",
           accuracy_of_chip(calibrated(deployment_, false, false)));
    record("gain", "+ gain and reference per column",
           accuracy_of_chip(calibrated(deployment_, true, false)));
    calibrated_ = calibrated(deployment_, true, true);
    record("statistics", "+ batch-norm statistics", accuracy_of_chip(calibrated_));
  }

  pruning::FinetuneConstraints constraints() const {
    pruning::FinetuneConstraints constraints;
    constraints.masks = zeros_.weights;
    constraints.channels = zeros_.channels;
    constraints.clamp_to_scale = true;
    constraints.weight_bits = tile_.weight_bits;
    constraints.weight_error = weight_errors(network_, calibrated_, measurement_);
    constraints.hold_gamma_sign = true;
    return constraints;
  }

  /// Batch norm first: it moves no cell. Then the weights, of which only substantial changes are
  /// kept: every cell that is programmed again draws a new error.
  void finetune() {
    if (config_.batch_norm_epochs > 0) {
      auto options = with_checkpoint(config_.finetune, "batch_norm.ckpt");
      options.epochs = config_.batch_norm_epochs;
      auto held = constraints();
      held.freeze_weights = true;
      pruning::finetune(network_, train_, options, held, log_epoch);
      adopt_network();
      record("batch_norm", "+ batch-norm parameters", accuracy_of_chip(calibrated_));
    }
    if (config_.finetune.epochs > 0) {
      const network::Network before = network_;
      pruning::finetune(network_, train_, with_checkpoint(config_.finetune, "finetune.ckpt"),
                        constraints(), log_epoch);
      undo_small_changes(network_, before, deployment_, config_.min_change);
      adopt_network();
    }
    record("recovered", "recovered (+ weights)", accuracy_of_chip(calibrated_));
    network::write_onnx(network_, in_run("recovered.onnx"));
    compiler::write_deployment(calibrated_, in_run("deployment.xbar"));
  }

  /// Only cells whose level changed are programmed again; their pages are measured again, since a
  /// moved cell changes its neighbours' wire loss.
  void program_changes(const std::vector<compiler::Crossbar>& before) {
    std::vector<std::int32_t> changed;
    for (std::size_t id = 0; id < before.size(); ++id) {
      const auto& levels = deployment_.crossbars[id].levels;
      if (levels == before[id].levels) continue;
      changed.push_back(static_cast<std::int32_t>(id));
      for (std::size_t i = 0; i < levels.size(); ++i) {
        summary_.reprogrammed_cells += levels[i] != before[id].levels[i] ? 1 : 0;
      }
    }
    if (changed.empty()) return;
    summary_.reprogrammed_crossbars += static_cast<std::int64_t>(changed.size());
    program_some(*chip_, deployment_, changed);
    copy_to_twin();
    measure(changed);
  }

  void adopt_network() {
    const auto before = deployment_.crossbars;
    compiler::update_weights(deployment_, network_);
    compiler::update_activation_ranges(deployment_, network_, calibration_, config_.activations);
    runtime::encode_around_faults(deployment_, stuck_);
    program_changes(before);
    calibrated_ = calibrated(deployment_, true, true);
  }

  void verify() {
    const std::int32_t crossbars = static_cast<std::int32_t>(calibrated_.crossbars.size());
    const runtime::Snapshot snapshot = chip_->snapshot(crossbars);
    summary_.snapshot_hash = fmt::format("{:016x}", snapshot.hash());
    summary_.saturated_cells = snapshot.count(tile_.code.code_limit());
    if (config_.rtl_images == 0) return;
    const bool on_rtl = config_.device == "rtl";
    auto other = on_rtl ? nullptr : open_("rtl", tile_, device_, config_.chip_seed);
    runtime::Backend& rtl = on_rtl ? *chip_ : *other;
    rtl.restore(config_.inject == Inject::kRtlCell
                    ? with_faulty_cell(snapshot, calibrated_, test_.slice(0, 1), config_.noise_seed)
                    : snapshot);
    EngineBackend engine(
        tile_, device_, config_.chip_seed,
        {.fault = config_.inject == Inject::kEngineAdcRounding ? engine::Fault::kAdcTruncates
                                                               : engine::Fault::kNone});
    engine.restore(snapshot);
    summary_.rtl =
        compare_backends(calibrated_, rtl, engine, test_.slice(0, config_.rtl_images),
                         run_options(test_.count, Purpose::kVerify), in_run("replay.json"));
  }

  void write_results() {
    summary_.name = config_.name;
    if (config_.inject == Inject::kRtlCell) summary_.inject = "rtl-cell";
    if (config_.inject == Inject::kEngineAdcRounding) summary_.inject = "engine-adc-rounding";
    summary_.command = config_.command;
    summary_.version = config_.version;
    summary_.device = device_.name;
    summary_.run_on = config_.device;
    summary_.tile =
        fmt::format("{}x{}, {} bits per cell", tile_.rows, tile_.columns, tile_.code.cell_bits);
    summary_.seeds = {{"training", config_.seed},
                      {"data", config_.data.seed},
                      {"chip", config_.chip_seed},
                      {"noise", config_.noise_seed}};
    summary_.measured_pages = measurement_.page_count;
    summary_.measured_vectors = measurement_.vectors;
    summary_.max_standard_error = measurement_.max_standard_error;
    write_file(in_run("summary.json"), summary_.json().dump(1) + "\n");
  }

  static void log_epoch(const pruning::EpochReport& report) {
    spdlog::info("epoch {}: loss {:.4f}, training accuracy {:.2f} %, {:.1f} s", report.epoch,
                 report.loss, 100.0 * report.train_accuracy, report.seconds);
  }

  LoopConfig config_;
  const BackendFactory& open_;
  Summary summary_;
  data::Dataset train_, test_, calibration_;
  network::Network network_;
  pruning::HeldZeros zeros_;
  analog::Device device_;
  compiler::TileFormat tile_;
  Deployment deployment_;  // as compiled and, later, with fine-tuned weights
  Deployment calibrated_;  // the same at the top of the ladder
  std::unique_ptr<runtime::Backend> chip_;
  std::unique_ptr<EngineBackend> twin_;
  runtime::Measurement measurement_;
  runtime::StuckCells stuck_;
};

}  // namespace

Summary run_loop(const LoopConfig& config, const BackendFactory& open) {
  return Loop(config, open).run();
}

void require_match(const Summary& summary, const std::filesystem::path& run_folder) {
  if (summary.rtl.mismatches == 0) return;
  const std::string first = summary.rtl.first
                                ? fmt::format("{}; replay file: {}", summary.rtl.first->text(),
                                              (run_folder / "replay.json").string())
                                : std::string("only the counters");
  throw CheckFailed(fmt::format("RTL and engine differ in {} of {} integers; first: {}",
                                summary.rtl.mismatches, summary.rtl.integers, first));
}

}  // namespace crossloop::loop
