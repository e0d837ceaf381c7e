#include "host/runtime/device_backend.hpp"

#include <algorithm>
#include <functional>

#include "host/error.hpp"

namespace crossloop::runtime {

namespace {

drivers::ColumnEntry entry_of(const compiler::ColumnSetting& column) {
  return {.gain = column.gain,
          .sigma = column.sigma,
          .offset = column.offset,
          .reference = column.reference,
          .output = column.output,
          .shift = column.shift,
          .bits = column.bits,
          .left_shift = column.left_shift,
          .negative = column.negative,
          .zero_code = column.zero_code};
}

std::string size_text(int rows, int columns, int bits) {
  return std::to_string(rows) + " x " + std::to_string(columns) + " with " + std::to_string(bits) +
         "-bit codes";
}

}  // namespace

JobResult spent_between(const drivers::Statistics& before, const drivers::Statistics& after) {
  JobResult result;
  const auto delta = [](std::uint64_t a, std::uint64_t b) {
    return static_cast<std::int64_t>(b - a);
  };
  result.counters = {
      delta(before.column_reads, after.column_reads), delta(before.conversions, after.conversions),
      delta(before.clipped_low, after.clipped_low), delta(before.clipped_high, after.clipped_high)};
  result.cycles = delta(before.cycles_busy, after.cycles_busy);
  return result;
}

DeviceBackend::DeviceBackend(std::string name, std::unique_ptr<drivers::Transport> transport,
                             const compiler::TileFormat& tile, drivers::WaitLimits limits)
    : name_(std::move(name)),
      transport_(std::move(transport)),
      tile_(tile),
      device_(*transport_, limits),
      slots_(device_.info().pages),
      tables_(static_cast<std::size_t>(device_.info().pages)) {
  const auto& geometry = device_.info().geometry;
  if (geometry.rows != tile.rows || geometry.columns != tile.columns ||
      geometry.code_bits != tile.code.bits) {
    throw InputError("device " + name_ + ": pages of " +
                     size_text(geometry.rows, geometry.columns, geometry.code_bits) +
                     ", the deployment needs " +
                     size_text(tile.rows, tile.columns, tile.code.bits));
  }
}

void DeviceBackend::program(std::int32_t crossbar, int rows, int columns,
                            std::span<const std::uint8_t> levels) {
  std::vector<std::uint16_t> codes;
  for (const std::uint8_t level : padded_levels(crossbar, rows, columns, levels, tile_)) {
    codes.push_back(static_cast<std::uint16_t>(tile_.code.nominal(level)));
  }
  const auto& geometry = device_.info().geometry;
  constexpr int kSlot = 0;
  slots_.put(kSlot, crossbar);  // and no slot has its old cells
  slots_.empty(kSlot);
  device_.program(kSlot, drivers::pack_codes(codes, tile_.rows, tile_.columns, geometry));
  device_.commit(kSlot, static_cast<std::uint32_t>(crossbar));
  images_[crossbar] = device_.store_page(kSlot);
  slots_.put(kSlot, crossbar);
}

void DeviceBackend::check_image(std::int32_t crossbar) const {
  if (!images_.contains(crossbar)) {
    throw InputError("crossbar " + std::to_string(crossbar) + ": never programmed");
  }
}

int DeviceBackend::load(std::span<const PageJob> pages) {
  std::vector<std::int32_t> crossbars;
  for (const PageJob& page : pages) {
    check_image(page.crossbar);
    crossbars.push_back(page.crossbar);
  }
  const PageSlots::Placement placement = slots_.place(crossbars);
  try {
    for (const std::size_t i : placement.loads) {
      device_.load_page(placement.first + static_cast<int>(i), images_.at(crossbars[i]));
    }
    for (std::size_t i = 0; i < pages.size(); ++i) {
      load_tables(placement.first + static_cast<int>(i), pages[i]);
    }
  } catch (...) {
    forget_pages();
    throw;
  }
  return placement.first;
}

void DeviceBackend::load_tables(int slot, const PageJob& page) {
  std::vector<drivers::ColumnEntry> columns;
  for (const auto& column : page.tables->columns) columns.push_back(entry_of(column));
  LoadedTable wanted{page.crossbar,
                     drivers::pack_table(page.tables->rows, columns, device_.info().geometry)};
  LoadedTable& loaded = tables_[static_cast<std::size_t>(slot)];
  if (loaded == wanted) return;
  loaded = {};
  device_.load_table(slot, wanted.table, static_cast<std::uint32_t>(page.crossbar));
  loaded = std::move(wanted);
}

void DeviceBackend::forget_pages() {
  slots_.clear();
  std::fill(tables_.begin(), tables_.end(), LoadedTable{});
}

JobResult DeviceBackend::run(const Job& job, std::span<const std::uint8_t> vectors) {
  if (job.inputs < 1 || vectors.size() % static_cast<std::size_t>(job.inputs) != 0) {
    throw InputError("job: " + std::to_string(vectors.size()) + " bytes are not whole vectors of " +
                     std::to_string(job.inputs));
  }
  for (const PageJob& page : job.pages) check_image(page.crossbar);
  const auto slots = static_cast<std::size_t>(slots_.count());
  const drivers::Statistics before = device_.statistics();
  std::vector<std::int32_t> accumulators(
      vectors.size() / static_cast<std::size_t>(job.inputs) * static_cast<std::size_t>(job.outputs),
      0);
  for (std::size_t first = 0; first < job.pages.size(); first += slots) {
    const std::size_t count = std::min(slots, job.pages.size() - first);
    const int first_page = load(std::span(job.pages).subspan(first, count));
    const drivers::LayerDescriptor layer{.first_page = first_page,
                                         .pages = static_cast<int>(count),
                                         .inputs = job.inputs,
                                         .outputs = job.outputs,
                                         .input_bits = job.settings.input_bits,
                                         .skip_zero = job.settings.skip_zero,
                                         .seed = job.settings.seed,
                                         .first_vector = job.first_vector};
    const auto part = device_.run_layer(layer, vectors);
    std::transform(part.begin(), part.end(), accumulators.begin(), accumulators.begin(),
                   std::plus<>());
  }
  JobResult result = spent_between(before, device_.statistics());
  result.accumulators = std::move(accumulators);
  return result;
}

Snapshot DeviceBackend::snapshot(std::int32_t crossbars) const {
  Snapshot snapshot;
  snapshot.codes.resize(static_cast<std::size_t>(crossbars));
  for (const auto& [id, image] : images_) {
    if (id >= crossbars) continue;
    snapshot.codes[static_cast<std::size_t>(id)] =
        drivers::unpack_codes(image, tile_.rows, tile_.columns, device_.info().geometry);
  }
  return snapshot;
}

void DeviceBackend::restore(const Snapshot& snapshot) {
  forget_pages();
  for (std::size_t id = 0; id < snapshot.codes.size(); ++id) {
    if (snapshot.codes[id].empty()) continue;
    images_[static_cast<std::int32_t>(id)] =
        drivers::pack_codes(snapshot.codes[id], tile_.rows, tile_.columns, device_.info().geometry);
  }
}

}  // namespace crossloop::runtime
