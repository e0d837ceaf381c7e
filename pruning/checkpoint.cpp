#include "pruning/checkpoint.hpp"

#include <array>
#include <cstring>
#include <string>

#include "host/error.hpp"
#include "host/files.hpp"
#include "pruning/penalty.hpp"

namespace crossloop::pruning {

namespace {

// File: the magic, fingerprint (u64), epoch (i32), number of arrays (u64), per array its length
// (u64) and floats, at the end the FNV-1a of all before. Little-endian as the machine.
constexpr std::string_view kMagic = "crossloop training checkpoint 1\n";

template <class T>
void append(std::string& target, const T& value) {
  target.append(reinterpret_cast<const char*>(&value), sizeof value);
}

/// Takes values off the front of a file; empty when it would go beyond the end.
class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  template <class T>
  bool take(T& value) {
    return take_bytes(&value, sizeof value);
  }
  bool take_floats(std::vector<float>& values, std::uint64_t count) {
    if (count > bytes_.size() / sizeof(float)) return false;
    values.resize(count);
    return take_bytes(values.data(), count * sizeof(float));
  }
  bool empty() const { return bytes_.empty(); }

 private:
  bool take_bytes(void* target, std::size_t count) {
    if (count > bytes_.size()) return false;
    if (count > 0) std::memcpy(target, bytes_.data(), count);
    bytes_ = bytes_.subspan(count);
    return true;
  }

  std::span<const std::uint8_t> bytes_;
};

bool parse(Reader reader, Checkpoint& checkpoint) {
  std::uint64_t arrays = 0;
  if (!reader.take(checkpoint.fingerprint) || !reader.take(checkpoint.epoch) ||
      !reader.take(arrays)) {
    return false;
  }
  for (std::uint64_t i = 0; i < arrays; ++i) {
    std::uint64_t count = 0;
    if (!reader.take(count)) return false;
    if (!reader.take_floats(checkpoint.values.emplace_back(), count)) return false;
  }
  return reader.empty() && checkpoint.epoch >= 0;
}

std::uint64_t hash_of(std::span<const std::byte> bytes) {
  Fingerprint hash;
  hash.add_bytes(bytes);
  return hash.value();
}

/// Every number of an operator.
struct OperatorHasher {
  Fingerprint& hash;

  void add(const network::Window& w) const {
    for (const int value : {w.kernel_h, w.kernel_w, w.stride_h, w.stride_w, w.pad_top, w.pad_left,
                            w.pad_bottom, w.pad_right, w.dilation_h, w.dilation_w}) {
      hash.add(value);
    }
    hash.add(w.ceil_mode);
  }
  void add(const std::array<int, 3>& values) const {
    for (const int value : values) hash.add(value);
  }
  void add(const network::Shape& shape) const {
    add(std::array{shape.channels, shape.height, shape.width});
  }

  void operator()(const network::Conv& op) const {
    add(op.window);
    hash.add(op.weight);
    hash.add(op.bias);
    hash.add(op.groups);
  }
  void operator()(const network::Linear& op) const {
    hash.add(op.weight);
    hash.add(op.bias);
  }
  void operator()(const network::BatchNorm& op) const {
    hash.add(op.epsilon);
    for (const auto* values : {&op.gamma, &op.beta, &op.mean, &op.variance}) hash.add(*values);
  }
  void operator()(const network::MaxPool& op) const { add(op.window); }
  void operator()(const network::AveragePool& op) const {
    add(op.window);
    hash.add(op.count_include_pad);
  }
  void operator()(const network::LeakyRelu& op) const { hash.add(op.alpha); }
  void operator()(const network::Clip& op) const {
    hash.add(op.low);
    hash.add(op.high);
  }
  void operator()(const network::HardSigmoid& op) const {
    hash.add(op.alpha);
    hash.add(op.beta);
  }
  void operator()(const network::Softmax& op) const {
    hash.add(op.first_axis);
    hash.add(op.last_axis);
  }
  void operator()(const network::Lrn& op) const {
    hash.add(op.size);
    for (const float value : {op.alpha, op.beta, op.bias}) hash.add(value);
  }
  void operator()(const network::ScaleShift& op) const {
    add(op.shape);
    hash.add(op.factor);
    hash.add(op.offset);
  }
  void operator()(const network::Concat& op) const { hash.add(op.axis); }
  void operator()(const network::Reshape& op) const { add(op.shape); }
  void operator()(const network::Permute& op) const { add(op.axes); }
  void operator()(const network::Pad& op) const {
    add(op.before);
    add(op.after);
    hash.add(op.mode);
    hash.add(op.value);
  }
  void operator()(const network::Slice& op) const {
    add(op.start);
    add(op.step);
    add(op.count);
  }
  void operator()(const network::Quantise& op) const {
    hash.add(op.scale);
    for (const int value : {op.zero_point, op.low, op.high}) hash.add(value);
  }
  template <class Plain>
  void operator()(const Plain&) const {
    static_assert(std::is_empty_v<Plain>, "an operator with parameters needs its own hash");
  }
};

}  // namespace

void Fingerprint::add_bytes(std::span<const std::byte> bytes) {
  for (const std::byte byte : bytes) {
    hash_ = (hash_ ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001b3ULL;
  }
}

void Fingerprint::add(std::string_view text) {
  add(text.size());
  add_bytes(std::as_bytes(std::span(text)));
}

std::uint64_t fingerprint_of(const network::Network& network, const data::Dataset& images,
                             const TrainOptions& options, const FinetuneConstraints& constraints) {
  Fingerprint hash;
  hash.add(network.normalisation.mean);
  hash.add(network.normalisation.std);
  for (const network::Node& node : network.nodes) {
    hash.add(node.name);
    for (const std::string& input : node.inputs) hash.add(input);
    hash.add(node.op.index());
    std::visit(OperatorHasher{hash}, node.op);
    hash.add(node.weight_scale);
  }
  hash.add(images.pixels);
  hash.add(images.labels);

  for (const int value : {options.epochs, options.batch}) hash.add(value);
  for (const double value :
       {options.learning_rate, options.momentum, options.weight_decay, options.label_smoothing}) {
    hash.add(value);
  }
  hash.add(options.augment);
  hash.add(options.flip);
  hash.add(options.seed);
  hash.add(options.schedule);
  hash.add(options.warmup_epochs);
  hash.add(options.milestones);
  hash.add(options.step_factor);
  hash.add(options.cutout);
  const Execution execution = resolve_execution(options);
  hash.add(execution.precision);
  hash.add(execution.accelerator);

  for (const auto& [name, mask] : constraints.masks) {
    hash.add(name);
    hash.add(mask);
  }
  for (const auto& [name, mask] : constraints.channels) {
    hash.add(name);
    hash.add(mask);
  }
  if (constraints.penalty != nullptr) hash.add(constraints.penalty->text());
  for (const auto& [name, error] : constraints.weight_error) {
    hash.add(name);
    hash.add(error);
  }
  for (const auto& [name, noise] : constraints.output_noise) {
    hash.add(name);
    hash.add(noise);
  }
  for (const auto& [name, limit] : constraints.weight_limit) {
    hash.add(name);
    hash.add(limit);
  }
  hash.add(constraints.dynamic_scale);
  hash.add(constraints.clamp_to_scale);
  hash.add(constraints.weight_bits);
  hash.add(constraints.hold_gamma_sign);
  hash.add(constraints.freeze_batch_norm);
  if (constraints.freeze_weights) hash.add(true);
  return hash.value();
}

void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint) {
  std::string content(kMagic);
  append(content, checkpoint.fingerprint);
  append(content, checkpoint.epoch);
  append(content, std::uint64_t{checkpoint.values.size()});
  for (const std::vector<float>& values : checkpoint.values) {
    append(content, std::uint64_t{values.size()});
    content.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
  }
  append(content, hash_of(std::as_bytes(std::span(content))));
  write_file(path, content);
}

std::optional<Checkpoint> read_checkpoint(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  const std::vector<std::uint8_t> content = read_file(path);
  const std::span<const std::uint8_t> bytes(content);
  if (bytes.size() < kMagic.size() ||
      std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) != 0) {
    throw InputError(path.string() + ": is not a training checkpoint; it was left as it is");
  }
  Checkpoint checkpoint;
  std::uint64_t stored = 0;
  const bool complete = bytes.size() >= kMagic.size() + sizeof stored;
  if (complete) std::memcpy(&stored, bytes.data() + bytes.size() - sizeof stored, sizeof stored);
  if (!complete || stored != hash_of(std::as_bytes(bytes.first(bytes.size() - sizeof stored))) ||
      !parse(Reader(bytes.subspan(kMagic.size(), bytes.size() - kMagic.size() - sizeof stored)),
             checkpoint)) {
    throw InputError(path.string() + ": damaged training checkpoint; remove it to start afresh");
  }
  return checkpoint;
}

}  // namespace crossloop::pruning
