// Rates of the engine: ResNet-20 on a chip with every error, the test images of CIFAR-10, the share
// of the processor's int8 peak, and the time over the plain reference.
#include <atomic>
#include <thread>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "bench/figures.hpp"
#include "bench/resnet20_chip.hpp"
#include "host/runtime/executor.hpp"
#include "tests/random_layers.hpp"

namespace crossloop::bench {

namespace {

/// Forwards to a backend and adds up what its runs took and what they multiplied.
class TimedBackend : public runtime::Backend {
 public:
  explicit TimedBackend(runtime::Backend& backend) : backend_(backend) {}
  std::string name() const override { return backend_.name(); }
  void program(std::int32_t crossbar, int rows, int columns,
               std::span<const std::uint8_t> levels) override {
    backend_.program(crossbar, rows, columns, levels);
  }
  runtime::JobResult run(const runtime::Job& job, std::span<const std::uint8_t> vectors) override {
    runtime::JobResult result;
    spent += seconds([&] { result = backend_.run(job, vectors); });
    const double count = static_cast<double>(vectors.size()) / job.inputs;
    for (const auto& page : job.pages) {
      multiply_adds += count * job.settings.input_bits *
                       static_cast<double>(page.tables->rows.size() * page.tables->columns.size());
    }
    return result;
  }
  runtime::Snapshot snapshot(std::int32_t crossbars) const override {
    return backend_.snapshot(crossbars);
  }
  void restore(const runtime::Snapshot& snapshot) override { backend_.restore(snapshot); }

  double spent = 0.0;
  double multiply_adds = 0.0;  ///< rows * columns * phases * vectors, nothing skipped

 private:
  runtime::Backend& backend_;
};

#if defined(__x86_64__)
constexpr int kChains = 12;
constexpr int kSteps = 1 << 20;

/// int8 multiply-adds of one thread that does nothing else.
[[gnu::target("avx512f,avx512vnni")]] double vnni_work() {
  __m512i sums[kChains];
  for (int i = 0; i < kChains; ++i) sums[i] = _mm512_set1_epi32(i);
  __m512i a = _mm512_set1_epi8(1);
  __m512i b = _mm512_set1_epi8(2);
  for (int step = 0; step < kSteps; ++step) {
    for (int i = 0; i < kChains; ++i) {
      sums[i] = _mm512_dpbusd_epi32(sums[i], a, b);
      asm volatile("" : "+v"(sums[i]));
    }
  }
  return 64.0 * kChains * kSteps;
}

[[gnu::target("avx2")]] double avx2_work() {
  __m256i sums[kChains];
  for (int i = 0; i < kChains; ++i) sums[i] = _mm256_set1_epi16(static_cast<short>(i));
  for (int step = 0; step < kSteps; ++step) {
    for (int i = 0; i < kChains; ++i) {
      sums[i] = _mm256_maddubs_epi16(sums[i], _mm256_set1_epi8(1));
      asm volatile("" : "+x"(sums[i]));
    }
  }
  return 32.0 * kChains * kSteps;
}
#endif

/// int8 multiply-adds a second of all threads together; 0 where this program knows no instruction.
double peak_rate() {
#if defined(__x86_64__)
  double (*work)() = __builtin_cpu_supports("avx512vnni") ? vnni_work
                     : __builtin_cpu_supports("avx2")     ? avx2_work
                                                          : nullptr;
  if (work == nullptr) return 0.0;
  double best = 0.0;
  for (int round = 0; round < 5; ++round) {
    std::atomic<double> done = 0.0;
    const double spent = seconds([&] {
      std::vector<std::jthread> threads;
      for (int thread = 0; thread < kEngineThreads; ++thread) {
        threads.emplace_back([&] {
          for (int i = 0; i < 4; ++i) done += work();
        });
      }
    });
    best = std::max(best, done / spent);
  }
  return best;
#else
  return 0.0;
#endif
}

/// Median seconds of `images` through the chip.
double median_run(const Resnet20Chip& chip, const data::Dataset& images, int runs) {
  std::vector<double> spent;
  runtime::run_images(chip.deployment, *chip.backend, images.slice(0, 64), {});  // warms up
  for (int run = 0; run < runs; ++run) {
    spent.push_back(
        seconds([&] { runtime::run_images(chip.deployment, *chip.backend, images, {}); }));
  }
  return median(spent);
}

std::map<std::string, Figure> measure_images_per_second() {
  constexpr int kImages = 512;
  const data::Dataset images = cifar10_images(kImages);
  const Resnet20Chip chip = resnet20_chip(2, true, images);
  return {{"engine.resnet20_images_per_second",
           {kImages / median_run(chip, images, 5), "1/s", 80.0, Better::kLarger}}};
}

std::map<std::string, Figure> measure_cifar10() {
  const data::Dataset images = cifar10_images(10'000);
  const Resnet20Chip chip = resnet20_chip(4, false, images);
  return {{"engine.cifar10_seconds", {median_run(chip, images, 1), "s", 120.0, Better::kSmaller}}};
}

std::map<std::string, Figure> measure_peak_fraction() {
  const data::Dataset images = cifar10_images(256);
  const Resnet20Chip chip = resnet20_chip(4, false, images);
  TimedBackend timed(*chip.backend);
  std::vector<double> fractions;
  runtime::run_images(chip.deployment, timed, images.slice(0, 64), {});
  for (int round = 0; round < 5; ++round) {
    const double peak = peak_rate();
    timed.spent = timed.multiply_adds = 0.0;
    runtime::run_images(chip.deployment, timed, images, {});
    fractions.push_back(peak > 0.0 ? timed.multiply_adds / timed.spent / peak : 0.0);
  }
  return {{"engine.peak_fraction", {median(fractions), "ratio", 0.0, Better::kLarger}}};
}

/// A layer of four 128 x 128 pages as compiled, with read noise, on all threads.
std::map<std::string, Figure> measure_speedup() {
  std::mt19937 rng(1);
  testing_support::RandomPageOptions options{.rows = 128, .columns = 128, .inputs = 512};
  options.outputs = 16;
  std::vector<testing_support::RandomPage> pages;
  engine::Job job;
  job.inputs = options.inputs;
  job.outputs = options.outputs;
  engine::Engine engine({.threads = kEngineThreads});
  for (int page = 0; page < 4; ++page) {
    pages.push_back(testing_support::random_page(options, rng));
    testing_support::compiled_columns(pages.back(), options.outputs, rng);
    for (auto& column : pages.back().tables.columns) column.sigma = 40, column.bits = 8;
    engine.load(page, options.rows, options.columns, pages.back().codes);
  }
  for (int page = 0; page < 4; ++page) {
    job.pages.push_back({page, &pages[static_cast<std::size_t>(page)].tables});
  }
  constexpr std::size_t kVectors = 8192, kReferenceVectors = 16;
  std::vector<std::uint8_t> vectors(kVectors * static_cast<std::size_t>(options.inputs));
  for (auto& byte : vectors) byte = static_cast<std::uint8_t>(rng() % 2 == 0 ? 0 : rng() % 256);
  const std::span few(vectors.data(), kReferenceVectors * static_cast<std::size_t>(job.inputs));
  std::vector<double> ratios;
  for (int round = 0; round < 5; ++round) {
    const double plain = seconds([&] { testing_support::reference_run(pages, job, few); });
    const double fast = seconds([&] { engine.run(job, vectors); });
    ratios.push_back(plain / kReferenceVectors / (fast / kVectors));
  }
  return {{"engine.speedup_over_reference", {median(ratios), "ratio", 0.0, Better::kLarger}}};
}

}  // namespace

std::vector<Benchmark> engine_rates() {
  return {{{"engine.resnet20_images_per_second"}, measure_images_per_second},
          {{"engine.cifar10_seconds"}, measure_cifar10},
          {{"engine.peak_fraction"}, measure_peak_fraction},
          {{"engine.speedup_over_reference"}, measure_speedup}};
}

}  // namespace crossloop::bench
