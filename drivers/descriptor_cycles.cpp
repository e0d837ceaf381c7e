#include "drivers/descriptor_cycles.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace crossloop::drivers {
namespace {

using Cycle = std::uint64_t;  // counted from the controller's EXECUTE, which is 0

constexpr Cycle kFirstElement = 8;   // im2col has made its products
constexpr Cycle kFirstTake = 10;     // the output unit has read the head of a block of two scales
constexpr Cycle kLeave = 7;          // from a take to the write of its word
constexpr Cycle kTileDrain = 7;      // from the last column to its addition
constexpr std::uint64_t kRound = 4;  // slots of the output unit

bool is_over_tensors(std::uint32_t opcode) {
  return opcode >= static_cast<std::uint32_t>(Opcode::CONVOLVE) &&
         opcode <= static_cast<std::uint32_t>(Opcode::ADD);
}

/// Idle, fetch and check.
std::uint64_t fetch_and_check(std::uint32_t opcode) {
  return 1 + constant::DESCRIPTOR_WORDS + 1 + (is_over_tensors(opcode) ? 19 : 4);
}

/// The output unit on the window port, as others see it: busy in some cycles behind each take.
class OutputPort {
 public:
  /// Elements of an image of `image` elements, packed into words or not.
  OutputPort(bool code_table, bool words, std::uint64_t image)
      : code_table_(code_table), words_(words), image_(image) {}

  /// The next element is taken at `cycle`.
  void take(Cycle cycle) {
    const bool written = words_ || element_ % 4 == 3 || element_ + 1 == image_;
    element_ = element_ + 1 == image_ ? 0 : element_ + 1;
    std::copy(uses_.begin() + 2, uses_.end(), uses_.begin());
    uses_[uses_.size() - 2] = code_table_ ? cycle + kLeave - 1 : 0;
    uses_.back() = written ? cycle + kLeave : 0;
  }

  /// The cycle of the last of `count` accesses of another user, one a cycle from `start` on.
  Cycle last_access(Cycle start, std::uint64_t count) const {
    Cycle last = start + count - 1;
    for (const Cycle use : uses_) {
      if (use >= start && use <= last) ++last;
    }
    return last;
  }

 private:
  bool code_table_, words_;
  std::uint64_t image_;
  std::uint64_t element_ = 0;    // of its image, that is taken next
  std::array<Cycle, 6> uses_{};  // of the last three elements, ascending; 0: none
};

/// What the opcodes over tensors and LAYER have in common.
struct Decoded {
  std::uint32_t opcode, images, out_height, out_width, channels, outputs, taps;
  bool add, code_table, logits;

  explicit Decoded(const DescriptorWords& words) {
    const std::uint32_t mode = words[word::CONVOLVE_MODE], depth = words[word::CONVOLVE_DEPTH];
    opcode = words[0];
    add = opcode == static_cast<std::uint32_t>(Opcode::ADD);
    const std::uint32_t out = words[add ? word::ADD_IN_SIZE : word::CONVOLVE_OUT_SIZE];
    const std::uint32_t kernel = words[word::CONVOLVE_KERNEL];
    images = part::CONVOLVE_MODE_IMAGES.get(mode);
    out_height = part::CONVOLVE_OUT_SIZE_HEIGHT.get(out);
    out_width = part::CONVOLVE_OUT_SIZE_WIDTH.get(out);
    channels = part::CONVOLVE_DEPTH_INPUTS.get(depth);
    outputs = part::CONVOLVE_DEPTH_OUTPUTS.get(depth);
    taps = part::CONVOLVE_KERNEL_HEIGHT.get(kernel) * part::CONVOLVE_KERNEL_WIDTH.get(kernel);
    code_table = part::CONVOLVE_MODE_TABLE.get(mode) != 0;
    logits = part::CONVOLVE_MODE_LOGITS.get(mode) != 0;
  }
  std::uint64_t positions() const { return std::uint64_t{out_height} * out_width; }
};

/// The vectors of a descriptor on its pages, and what they count.
class Pages {
 public:
  Pages(const DescriptorWords& words, const CoreShape& core, const PageRuns& runs, int input_bits,
        bool skip_zero, DescriptorCycles& counted)
      : first_(static_cast<int>(words[word::LAYER_FIRST_PAGE])),
        count_(static_cast<int>(words[word::LAYER_PAGES])),
        input_bits_(input_bits),
        skip_zero_(skip_zero),
        adcs_(core.adcs),
        free_(static_cast<std::size_t>(core.engines)),
        runs_(runs),
        counted_(counted) {}

  /// Cycles from the gathering of the first page, or with `gathered` from the wait for it to end,
  /// to the end of the last tile's work; with `ahead` to that of the gathering of the first page
  /// for the next vector, if it is later. Those in which a tile works come off the stalled ones.
  std::uint64_t run(std::uint64_t vector, bool gathered = false, bool ahead = false) {
    std::uint64_t start = 0, first_gather = 0, over = 0, counted_to = 0;
    std::fill(free_.begin(), free_.end(), 0);
    for (int page = first_; page < first_ + count_; ++page) {
      const PageRun run = runs_(vector, page);
      const std::uint64_t gather = gather_cycles(run);
      std::uint64_t& free = free_[static_cast<std::size_t>(page) % free_.size()];
      if (page > first_) {  // gathered while tiles work
        start = std::max(start + 1 + gather, free) + kTurn;
      } else {
        start = gathered ? 1 : gather + kTurn;
        first_gather = gather;
      }
      const TileCycles tile = tile_cycles(run, input_bits_, skip_zero_, adcs_);
      free = start + tile.busy;
      over = std::max(over, start + tile.active);
      if (over > counted_to) counted_.stalled -= over - std::max(start, counted_to);
      counted_to = over;
      count(run);
    }
    return std::max(over, ahead ? start + 1 + first_gather : 0) + kTurn;
  }

 private:
  static constexpr std::uint64_t kTurn = 2;  // from a unit's last busy cycle to the next state's

  /// In which the walk over the row table is busy.
  static std::uint64_t gather_cycles(const PageRun& run) {
    return static_cast<std::uint64_t>((run.rows + 1) / 2 + run.split_pairs + 1);
  }

  void count(const PageRun& run) {
    counted_.column_reads += static_cast<std::uint64_t>(run.columns * input_bits_);
    for (int t = 0; skip_zero_ && t < input_bits_; ++t) {
      counted_.skipped += (run.phases >> t & 1) == 0 ? 1 : 0;
    }
  }

  int first_, count_, input_bits_;
  bool skip_zero_;
  int adcs_;
  std::vector<std::uint64_t> free_;  // from when on each tile is
  const PageRuns& runs_;
  DescriptorCycles& counted_;
};

std::uint64_t layer_wait(const DescriptorWords& words, Pages& pages) {
  const std::uint64_t outputs = words[word::LAYER_OUTPUTS], vectors = words[word::LAYER_VECTORS];
  std::uint64_t cycles = outputs + 4 + vectors * outputs;
  for (std::uint64_t vector = 0; vector < vectors; ++vector) {
    cycles += pages.run(vector, vector > 0, vector + 1 < vectors);
  }
  return cycles;
}

std::uint64_t convolve_wait(const DescriptorWords& words, Pages& pages) {
  const Decoded shape(words);
  const std::uint32_t mode = words[word::CONVOLVE_MODE];
  const bool store = part::CONVOLVE_MODE_STORE_SUMS.get(mode) != 0;
  const std::uint64_t outputs = shape.outputs;
  const std::uint64_t sums = part::CONVOLVE_MODE_ADD_SUMS.get(mode) != 0 ? outputs : 0;
  const std::uint64_t reads = std::uint64_t{shape.taps} * shape.channels + sums;
  OutputPort port(shape.code_table, shape.logits, shape.positions() * outputs);
  Cycle at = outputs + 2;  // of the sequencer's BEGIN
  for (std::uint64_t vector = 0; vector < shape.images * shape.positions(); ++vector) {
    at = port.last_access(std::max(at + 1, kFirstElement), reads) + 1;
    at += pages.run(vector);
    if (store) {
      at += outputs;
      continue;
    }
    for (std::uint64_t output = 0; output < outputs; ++output) port.take(at + kRound * output);
    at += kRound * (outputs - 1) + 1;
  }
  return store ? at + 1 : at + kLeave;
}

/// ADD and pools. A result is complete with its last read, which waits for the one before to be
/// taken; it is there to be taken two cycles later, and the next result is read from then on.
std::uint64_t digital_wait(const DescriptorWords& words) {
  const Decoded shape(words);
  const std::uint64_t reads = shape.add ? 2 : shape.taps;
  const std::uint64_t image = shape.positions() * shape.channels;
  OutputPort port(shape.code_table, shape.logits, image);
  Cycle start = kFirstElement;
  Cycle taken = 0;
  for (std::uint64_t result = 0; result < shape.images * image; ++result) {
    start = std::max(port.last_access(start, reads), taken + 1) + 2;
    if (result == 0) {
      taken = std::max(start, kFirstTake);
    } else if (start <= taken + kRound) {
      taken += kRound;
    } else {  // the round that lets the element before leave goes by without one
      taken = std::max(start, taken + 2 * kRound);
    }
    port.take(taken);
  }
  return taken + kLeave + 1;
}

std::uint64_t moved_words(const DescriptorWords& words, const PageGeometry& page) {
  switch (static_cast<Opcode>(words[0])) {
    case Opcode::LOAD_PAGE:
    case Opcode::STORE_PAGE:
    case Opcode::PROGRAM:
      return static_cast<std::uint64_t>(page.image_words());
    case Opcode::LOAD_TABLE:
      return static_cast<std::uint64_t>(page.table_words());
    case Opcode::LOAD_INL:
      return words[word::LOAD_INL_ENABLE] != 0 ? constant::INL_WORDS : 0;
    default:
      return 0;
  }
}

/// Settings, cells and statistics, a word or a state a cycle.
std::uint64_t write_wait(const DescriptorWords& words, const WrittenCells& written) {
  const std::uint64_t cells =
      std::uint64_t{words[word::WRITE_VERIFY_ROWS]} * words[word::WRITE_VERIFY_COLUMNS];
  return 1 + constant::PULSE_WORDS + 1 + 2 * cells + 10 * written.selected + 5 * written.pulses +
         constant::WRITTEN_WORDS;
}

std::uint64_t wait_cycles(const DescriptorWords& words, const CoreShape& core, const PageRuns& runs,
                          const WrittenCells& written, DescriptorCycles& counted) {
  const auto opcode = static_cast<Opcode>(words[0]);
  const std::uint32_t mode = words[word::CONVOLVE_MODE];
  if (opcode == Opcode::LAYER) {
    const bool skip = (words[word::LAYER_FLAGS] >> constant::FLAG_SKIP_ZERO & 1) != 0;
    Pages pages(words, core, runs, static_cast<int>(words[word::LAYER_INPUT_BITS]), skip, counted);
    return layer_wait(words, pages);
  }
  if (opcode == Opcode::CONVOLVE) {
    Pages pages(words, core, runs, static_cast<int>(part::CONVOLVE_MODE_INPUT_BITS.get(mode)),
                part::CONVOLVE_MODE_SKIP_ZERO.get(mode) != 0, counted);
    return convolve_wait(words, pages);
  }
  if (is_over_tensors(words[0])) return digital_wait(words);
  if (opcode == Opcode::WRITE_VERIFY) return write_wait(words, written);
  const std::uint64_t moved = moved_words(words, core.page);
  return moved == 0 ? 1 : moved + 2;
}

}  // namespace

DescriptorCycles& DescriptorCycles::operator+=(const DescriptorCycles& other) {
  busy += other.busy;
  stalled += other.stalled;
  column_reads += other.column_reads;
  skipped += other.skipped;
  return *this;
}

DescriptorCycles DescriptorCycles::operator-(const DescriptorCycles& earlier) const {
  return {busy - earlier.busy, stalled - earlier.stalled, column_reads - earlier.column_reads,
          skipped - earlier.skipped};
}

TileCycles tile_cycles(const PageRun& run, int input_bits, bool skip_zero, int adcs) {
  const auto turns = static_cast<std::uint64_t>((run.columns + adcs - 1) / adcs);
  std::uint64_t cycles = 0, drain = 0;
  for (int t = 0; t < input_bits; ++t) {
    const bool skipped = skip_zero && (run.phases >> t & 1) == 0;
    cycles += skipped ? 1 : turns + (t == 0 ? 1 : 0);
    drain = !skipped ? kTileDrain : drain > 0 ? drain - 1 : 0;
  }
  return {.busy = cycles + (drain == kTileDrain ? 1 : 0), .active = cycles + drain};
}

DescriptorCycles descriptor_cycles(const DescriptorWords& words, const CoreShape& core,
                                   const PageRuns& runs, const WrittenCells& written) {
  DescriptorCycles cycles;
  cycles.busy = fetch_and_check(words[0]) + 1 + wait_cycles(words, core, runs, written, cycles) + 1;
  cycles.stalled += cycles.busy;
  return cycles;
}

DescriptorCycles refused_cycles(const DescriptorWords& words) {
  const std::uint64_t cycles = fetch_and_check(words[0]);
  return {.busy = cycles, .stalled = cycles};
}

}  // namespace crossloop::drivers
