#include <filesystem>
#include <string>

#include "host/data/dataset.hpp"
#include "host/data/shapes.hpp"
#include "host/error.hpp"

namespace crossloop::data {
namespace {

// "test" in ASCII, far above any seed a person types, so that the test set is a draw of its own.
constexpr std::uint64_t kTestStream = 0x7465737400000000ULL;

void check_count(const std::string& source, const char* which, int count, int least) {
  if (count >= least) return;
  throw InputError("data " + source + ": " + std::to_string(count) + " " + which +
                   " images asked for, expected at least " + std::to_string(least));
}

DataSplit draw_shapes(const DataOptions& options) {
  check_count("shapes", "train", options.train_images, 1);
  check_count("shapes", "test", options.test_images, 1);
  return {.train = make_shapes(options.seed, options.train_images),
          .test = make_shapes(options.seed ^ kTestStream, options.test_images)};
}

}  // namespace

DataSplit load_data(const std::string& source, const DataOptions& options) {
  if (source == "shapes") return draw_shapes(options);
  throw InputError("data '" + source +
                   "': no such file or folder, expected shapes, a folder with CIFAR-10 (binary "
                   "version) or its .tar.xz, or a folder with the IDX files of MNIST");
}

}  // namespace crossloop::data
