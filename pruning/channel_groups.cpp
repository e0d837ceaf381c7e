#include "pruning/channel_groups.hpp"

#include <algorithm>
#include <cassert>
#include <map>
#include <numeric>
#include <span>
#include <utility>
#include <variant>

namespace crossloop::pruning {

namespace {

using network::Node;
using network::Shape;

constexpr int kConstant = -1;   ///< a channel that holds a constant, such as padding
constexpr int kImmovable = -2;  ///< one that no filter of its own makes, such as those of the image

/// What is known of one channel of a value.
struct Trace {
  int id = kImmovable;  ///< of the output channel it comes from
  bool silent = true;   ///< whether it is 0 once that has vanished
};
using Traces = std::vector<Trace>;

/// Disjoint sets of output channels, with what is fixed.
class Sets {
 public:
  int add() {
    parent_.push_back(static_cast<int>(parent_.size()));
    fixed_by_.emplace_back();
    return parent_.back();
  }

  int root(int id) const {
    while (parent_[static_cast<std::size_t>(id)] != id) id = parent_[static_cast<std::size_t>(id)];
    return id;
  }

  void fix(int id, const std::string& reason) {
    if (id < 0) return;
    std::string& held = fixed_by_[static_cast<std::size_t>(root(id))];
    if (held.empty()) held = reason;
  }

  /// Both vanish together; where one cannot vanish at all, neither can the other.
  int unite(int a, int b, const std::string& reason) {
    if (a == kConstant) return b;
    if (b == kConstant) return a;
    if (a == kImmovable || b == kImmovable) {
      fix(std::max(a, b), reason);
      return std::max(a, b);
    }
    const int first = std::min(root(a), root(b));
    const int second = std::max(root(a), root(b));
    parent_[static_cast<std::size_t>(second)] = first;
    fix(first, fixed_by(second));
    return first;
  }

  const std::string& fixed_by(int id) const { return fixed_by_[static_cast<std::size_t>(id)]; }
  int size() const { return static_cast<int>(parent_.size()); }

 private:
  std::vector<int> parent_;
  std::vector<std::string> fixed_by_;  ///< by root
};

/// Follows every channel from the filter that makes it to all that reads it.
class Tracer {
 public:
  Tracer(const network::Network& net, GroupedConv grouped)
      : net_(net), grouped_(grouped), shapes_(network::infer_shapes(net)) {
    trace_input(net.input_name);
    for (const network::ExtraInput& extra : net.extra_inputs) trace_input(extra.name);
    for (node_ = 0; node_ < net.nodes.size(); ++node_) {
      const Node& node = net.nodes[node_];
      traces_[node.output] = std::visit([this](const auto& op) { return follow(op); }, node.op);
    }
    for (const Trace& trace : traces_.at(net.output_name)) {
      sets_.fix(trace.id, "it is an output of the network");
    }
  }

  std::vector<ChannelGroup> groups() const {
    std::map<int, ChannelGroup> by_root;
    const auto group_of = [&](int id) -> ChannelGroup& { return by_root[sets_.root(id)]; };
    for (int id = 0; id < sets_.size(); ++id) {
      group_of(id).producers.push_back(producers_[static_cast<std::size_t>(id)]);
    }
    for (const auto& [id, norm] : norms_) group_of(id).norms.push_back(norm);
    for (const auto& [id, block] : columns_) group_of(id).columns.push_back(block);
    std::vector<ChannelGroup> groups;
    for (auto& [root, group] : by_root) {
      group.fixed_by = sets_.fixed_by(root);
      groups.push_back(std::move(group));
    }
    return groups;
  }

 private:
  void trace_input(const std::string& value) {
    traces_[value].assign(static_cast<std::size_t>(shapes_.at(value).channels), Trace{});
  }

  const Node& node() const { return net_.nodes[node_]; }
  const Traces& input(std::size_t index = 0) const { return traces_.at(node().inputs[index]); }
  const Shape& input_shape() const { return shapes_.at(node().inputs[0]); }
  std::string reason(const std::string& what) const {
    return "node " + node().name + " (" + network::operator_name(node()) + ") " + what;
  }

  /// A channel of its own for each filter of this node.
  Traces produce(int outputs) {
    Traces made;
    for (int o = 0; o < outputs; ++o) {
      made.push_back({sets_.add(), true});
      producers_.push_back({node_, o});
    }
    return made;
  }

  void read(int id, const WeightBlock& block) {
    if (id >= 0) columns_.emplace_back(id, block);
  }

  /// The same channel of every group of a convolution vanishes together.
  void tie(const Traces& traces, int groups) {
    const std::size_t each = traces.size() / static_cast<std::size_t>(groups);
    for (std::size_t i = each; i < traces.size(); ++i) {
      sets_.unite(traces[i % each].id, traces[i].id, reason("ties it to a channel that stays"));
    }
  }

  Traces follow(const network::Conv& conv) {
    const Traces in = input();
    const int taps = conv.window.kernel_h * conv.window.kernel_w;
    const int ins = conv.in_channels / conv.groups;
    const int outs = conv.out_channels / conv.groups;
    for (int c = 0; c < conv.in_channels; ++c) {
      read(in[static_cast<std::size_t>(c)].id, {node_, c / ins * outs, outs, c % ins * taps, taps});
    }
    const Traces made = produce(conv.out_channels);
    if (ins == 1 && conv.groups > 1) {  // depthwise: a filter of a channel that is gone is idle
      for (int o = 0; o < conv.out_channels; ++o) {
        const int id = in[static_cast<std::size_t>(o / outs)].id;
        if (id >= 0) sets_.unite(id, made[static_cast<std::size_t>(o)].id, {});
      }
    } else if (conv.groups > 1 && grouped_ == GroupedConv::kEqual) {
      tie(in, conv.groups);
      tie(made, conv.groups);
    }
    return made;
  }

  Traces follow(const network::Linear& linear) {
    for (int k = 0; k < linear.in_features; ++k) {
      read(input()[static_cast<std::size_t>(k)].id, {node_, 0, linear.out_features, k, 1});
    }
    return produce(linear.out_features);
  }

  Traces follow(const network::BatchNorm& /*norm*/) {
    Traces made = input();
    for (std::size_t c = 0; c < made.size(); ++c) {
      if (made[c].id < 0) continue;
      norms_.emplace_back(made[c].id, Channel{node_, static_cast<int>(c)});
      made[c].silent = true;
    }
    return made;
  }

  /// Operators that take each channel by itself; `keeps_zero`: f(0) == 0.
  Traces elementwise(bool keeps_zero) const {
    Traces made = input();
    for (Trace& trace : made) trace.silent = trace.silent && keeps_zero;
    return made;
  }
  Traces follow(const network::Relu& /*op*/) { return elementwise(true); }
  Traces follow(const network::LeakyRelu& /*op*/) { return elementwise(true); }
  Traces follow(const network::HardSwish& /*op*/) { return elementwise(true); }
  Traces follow(const network::Sigmoid& /*op*/) { return elementwise(false); }
  Traces follow(const network::HardSigmoid& op) { return elementwise(op.beta <= 0.0F); }
  Traces follow(const network::Clip& op) { return elementwise(op.low <= 0.0F && op.high >= 0.0F); }
  Traces follow(const network::Quantise& /*op*/) { return elementwise(true); }
  Traces follow(const network::MaxPool& /*op*/) { return elementwise(true); }
  Traces follow(const network::AveragePool& /*op*/) { return elementwise(true); }
  Traces follow(const network::GlobalAveragePool& /*op*/) { return elementwise(true); }
  Traces follow(const network::GlobalMaxPool& /*op*/) { return elementwise(true); }

  Traces follow(const network::ScaleShift& op) {
    Traces made = input();
    const std::size_t pixels = op.offset.size() / static_cast<std::size_t>(op.shape.channels);
    for (std::size_t c = 0; c < made.size(); ++c) {
      const auto first =
          op.offset.begin() + static_cast<std::ptrdiff_t>(op.shape.channels == 1 ? 0 : c * pixels);
      made[c].silent =
          made[c].silent && std::all_of(first, first + static_cast<std::ptrdiff_t>(pixels),
                                        [](float offset) { return offset == 0.0F; });
    }
    return made;
  }

  /// All channels of the input stay; nothing behind belongs to them alone.
  Traces mix(int channels) {
    for (const Trace& trace : input()) sets_.fix(trace.id, reason("mixes it with others"));
    return Traces(static_cast<std::size_t>(channels), Trace{});
  }
  int output_channels() const { return shapes_.at(node().output).channels; }

  Traces follow(const network::Softmax& op) {
    return op.first_axis == 1 ? mix(output_channels()) : elementwise(false);
  }

  /// A channel that is 0 adds nothing to the sums of its neighbours.
  Traces follow(const network::Lrn& /*op*/) {
    for (const Trace& trace : input()) {
      if (!trace.silent) sets_.fix(trace.id, reason("sees more than 0 of it"));
    }
    return input();
  }

  /// `silent`: of the result, from those of both operands.
  template <class Silent>
  Traces join(const Traces& a, const Traces& b, Silent silent) {
    Traces made;
    for (std::size_t c = 0; c < a.size(); ++c) {
      const int id = sets_.unite(a[c].id, b[c].id, reason("joins it with one that stays"));
      made.push_back({id, silent(a[c].silent, b[c].silent)});
    }
    return made;
  }
  Traces follow(const network::Add& /*op*/) {
    return join(input(0), input(1), std::logical_and<>());
  }
  Traces follow(const network::Multiply& /*op*/) {
    return join(input(0), input(1), std::logical_or<>());
  }

  Traces follow(const network::Concat& op) {
    Traces made = input(0);
    for (std::size_t i = 1; i < node().inputs.size(); ++i) {
      const Traces& more = input(i);
      if (op.axis == 1) {
        made.insert(made.end(), more.begin(), more.end());
      } else {
        made = join(made, more, std::logical_and<>());
      }
    }
    return made;
  }

  Traces follow(const network::Flatten& /*op*/) { return regroup(output_channels()); }
  Traces follow(const network::Reshape& op) { return regroup(op.shape.channels); }

  /// The same values in order, in `channels` blocks of one size. Blocks of one former channel stay
  /// that channel's.
  Traces regroup(int channels) {
    const Traces in = input();
    const int pixels = input_shape().height * input_shape().width;
    const int block = input_shape().size() / channels;
    Traces made;
    for (int c = 0; c < channels; ++c) {
      const int first = c * block / pixels, last = ((c + 1) * block - 1) / pixels;
      made.push_back(in[static_cast<std::size_t>(first)]);
      if (first == last) continue;
      made.back() = Trace{};
      for (int i = first; i <= last; ++i) {
        sets_.fix(in[static_cast<std::size_t>(i)].id, reason("mixes it with others"));
      }
    }
    return made;
  }

  Traces follow(const network::Permute& op) {
    return op.axes[0] == 1 ? input() : mix(output_channels());
  }

  Traces follow(const network::Pad& op) {
    const bool constant = op.mode == network::Pad::Mode::kConstant;
    const bool zero = !constant || op.value == 0.0F;
    const bool grows = op.before[0] > 0 || op.after[0] > 0;
    if (grows && !constant) return mix(output_channels());
    const bool frames = op.before[1] + op.before[2] + op.after[1] + op.after[2] > 0;
    Traces made = elementwise(zero || !frames);
    const Trace filling{kConstant, zero};
    made.insert(made.begin(), static_cast<std::size_t>(op.before[0]), filling);
    made.insert(made.end(), static_cast<std::size_t>(op.after[0]), filling);
    return made;
  }

  Traces follow(const network::Slice& op) {
    Traces made;
    for (int i = 0; i < op.count[0]; ++i) {
      made.push_back(input()[static_cast<std::size_t>(op.start[0] + i * op.step[0])]);
    }
    return made;
  }

  const network::Network& net_;
  GroupedConv grouped_;
  std::map<std::string, Shape> shapes_;
  std::map<std::string, Traces> traces_;
  std::size_t node_ = 0;  ///< the one looked at
  Sets sets_;
  std::vector<Channel> producers_;  ///< by id
  std::vector<std::pair<int, Channel>> norms_;
  std::vector<std::pair<int, WeightBlock>> columns_;
};

std::vector<std::uint8_t>& mask_of(Masks& masks, const std::string& name, std::size_t size) {
  std::vector<std::uint8_t>& mask = masks[name];
  if (mask.empty()) mask.assign(size, 1);
  assert(mask.size() == size);
  return mask;
}

void clear_block(const network::Network& net, const WeightBlock& block, Masks& weights) {
  const PrunableLayer layer = layer_of(net, block.node);
  const auto inputs = static_cast<std::size_t>(layer.inputs);
  std::vector<std::uint8_t>& mask =
      mask_of(weights, layer.name, inputs * static_cast<std::size_t>(layer.outputs));
  for (int o = block.first_output; o < block.first_output + block.outputs; ++o) {
    const auto first =
        mask.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(o) * inputs +
                                                   static_cast<std::size_t>(block.first_input));
    std::fill(first, first + block.inputs, std::uint8_t{0});
  }
}

}  // namespace

std::vector<ChannelGroup> channel_groups(const network::Network& network, GroupedConv grouped) {
  return Tracer(network, grouped).groups();
}

void add_vanished(const network::Network& network, const ChannelGroup& group,
                  Selection& selection) {
  assert(group.may_vanish());
  const auto silence = [&](const Channel& channel, int channels) {
    mask_of(selection.channels, network.nodes[channel.node].name,
            static_cast<std::size_t>(channels))[static_cast<std::size_t>(channel.index)] = 0;
  };
  for (const Channel& producer : group.producers) {
    const PrunableLayer layer = layer_of(network, producer.node);
    clear_block(network, {producer.node, producer.index, 1, 0, layer.inputs}, selection.weights);
    silence(producer, layer.outputs);
  }
  for (const Channel& norm : group.norms) {
    const auto& op = std::get<network::BatchNorm>(network.nodes[norm.node].op);
    silence(norm, static_cast<int>(op.gamma.size()));
  }
  for (const WeightBlock& block : group.columns) clear_block(network, block, selection.weights);
}

}  // namespace crossloop::pruning
