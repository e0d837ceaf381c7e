#include "host/report/assets.hpp"

#include <cstddef>

// The assembler takes the bytes as they are: no generator, no limit on the length of a literal.
#define EMBED(symbol, file)               \
  asm(".pushsection .rodata\n"            \
      ".global " #symbol                  \
      "_begin\n"                          \
      ".global " #symbol "_end\n" #symbol \
      "_begin:\n"                         \
      ".incbin \"" file                   \
      "\"\n"                              \
      "" #symbol                          \
      "_end:\n"                           \
      ".popsection\n");                   \
  extern "C" {                            \
  extern const char symbol##_begin[];     \
  extern const char symbol##_end[];       \
  }

EMBED(crossloop_report_template, TEMPLATE_FILE)
EMBED(crossloop_report_chart_js, CHART_JS_FILE)

namespace crossloop::report {
namespace {

std::string_view between(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

}  // namespace

std::string_view page_template() {
  return between(crossloop_report_template_begin, crossloop_report_template_end);
}

std::string_view chart_js() {
  return between(crossloop_report_chart_js_begin, crossloop_report_chart_js_end);
}

}  // namespace crossloop::report
