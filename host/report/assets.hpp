// The two files every report page is made of, compiled into the program.
#pragma once

#include <string_view>

namespace crossloop::report {

std::string_view page_template();  ///< host/report/template.html
std::string_view chart_js();       ///< Chart.js, minified, with its licence line

}  // namespace crossloop::report
