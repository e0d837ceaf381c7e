#include "host/analog/converter.hpp"

namespace crossloop::analog {

Converter read_converter(ConfigTable table) {
  table.finish();
  return {};
}

}  // namespace crossloop::analog
