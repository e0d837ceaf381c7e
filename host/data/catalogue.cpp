#include "host/data/catalogue.hpp"

#include <algorithm>
#include <cstdlib>

#include "host/error.hpp"

namespace crossloop::data {

namespace fs = std::filesystem;

std::span<const RemoteSet> catalogue() {
  static const std::vector<RemoteSet> kSets = {
      {"cifar10",
       "https://www.cs.toronto.edu/~kriz",
       {{"cifar-10-binary.tar.gz",
         "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"}}},
      {"cifar100",
       "https://www.cs.toronto.edu/~kriz",
       {{"cifar-100-binary.tar.gz",
         "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec"}}},
      {"mnist",
       "https://ossci-datasets.s3.amazonaws.com/mnist",
       {{"train-images-idx3-ubyte.gz",
         "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"},
        {"train-labels-idx1-ubyte.gz",
         "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"},
        {"t10k-images-idx3-ubyte.gz",
         "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"},
        {"t10k-labels-idx1-ubyte.gz",
         "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"}}},
      {"fashion-mnist",
       "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
       {{"train-images-idx3-ubyte.gz",
         "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"},
        {"train-labels-idx1-ubyte.gz",
         "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"},
        {"t10k-images-idx3-ubyte.gz",
         "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"},
        {"t10k-labels-idx1-ubyte.gz",
         "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"}}}};
  return kSets;
}

const RemoteSet* find_remote_set(std::string_view name) {
  const auto sets = catalogue();
  const auto found = std::find_if(sets.begin(), sets.end(),
                                  [name](const RemoteSet& set) { return set.name == name; });
  return found == sets.end() ? nullptr : &*found;
}

fs::path default_folder(std::string_view name) {
  const auto variable = [](const char* key) {
    const char* value = std::getenv(key);
    return fs::path(value != nullptr ? value : "");
  };
  if (const fs::path root = variable("CROSSLOOP_DATA"); !root.empty()) return root / name;
  fs::path cache = variable("XDG_CACHE_HOME");
  if (cache.empty()) {
    const fs::path home = variable("HOME");
    if (home.empty()) {
      throw InputError("data '" + std::string(name) +
                       "': neither CROSSLOOP_DATA nor HOME is set, so there is no folder for it");
    }
    cache = home / ".cache";
  }
  return cache / "crossloop" / "data" / name;
}

}  // namespace crossloop::data
