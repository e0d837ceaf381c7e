#include "host/analog/adc_energy.hpp"

#include <spdlog/fmt/fmt.h>

#include <array>
#include <cmath>

#include "host/error.hpp"

namespace crossloop::analog {
namespace {

constexpr int kLowestTableBits = 4;
constexpr int kHighestTableBits = 10;
using ByBits = std::array<double, kHighestTableBits - kLowestTableBits + 1>;

// The saberi rows stand, with this derivation, beside ISAAC's ADC in the component library of
// Accelergy and CiMLoop (hwcomponents_library, isaac.py).
constexpr ByBits kSaberiPj = {0.79, 0.99, 1.20, 1.42, 1.67, 1.969, 2.379};
constexpr ByBits kSaberiUm2 = {361.04, 476.91, 626.91, 845.18, 1200.0, 1827.91, 3002.01};
// Evaluated from the published regression coefficients at 32 nm.
constexpr ByBits kSurveySlowPj = {0.92, 0.94, 1.06, 1.31, 1.71, 2.34, 3.30};
constexpr ByBits kSurveyFastPj = {0.92, 0.94, 1.06, 1.31, 1.93, 5.52, 16.4};
constexpr double kSurveySlowMsps = 100.0;
constexpr double kSurveyFastMsps = 1280.0;

struct ModelText {
  AdcModel model;
  std::string_view name;
  std::string_view source;
};
constexpr std::array<ModelText, 4> kModels = {{
    {AdcModel::kLinear, "linear",
     "proportional to bits from the component table's ADC (Nag et al., IEEE Micro 2018)"},
    {AdcModel::kSaberi, "saberi",
     "table, SAR after Saberi et al. 2011 anchored on Kull et al., ISSCC 2013"},
    {AdcModel::kSurvey, "survey",
     "table, lower envelope of the Murmann ADC survey at 32 nm (Andrulis et al.)"},
    {AdcModel::kExp2, "exp2",
     "proportional to 2^bits from the component table's ADC (constant Walden figure of merit)"},
}};

const ModelText& text_of(AdcModel model) { return kModels.at(static_cast<std::size_t>(model)); }

void check_bits(AdcModel model, int bits, int low, int high) {
  if (bits >= low && bits <= high) return;
  throw InputError(fmt::format("ADC model {}: found {} bits, expected {} to {}{}",
                               adc_model_name(model), bits, low, high,
                               low == 1 ? "" : ", the resolutions of its table"));
}

double table_entry(AdcModel model, const ByBits& table, int bits) {
  check_bits(model, bits, kLowestTableBits, kHighestTableBits);
  return table[static_cast<std::size_t>(bits - kLowestTableBits)];
}

const ByBits& survey_row(double rate_msps) {
  if (rate_msps > kSurveyFastMsps) {
    throw InputError(fmt::format("ADC model survey: found {} MS/s, expected at most {}", rate_msps,
                                 kSurveyFastMsps));
  }
  return rate_msps <= kSurveySlowMsps ? kSurveySlowPj : kSurveyFastPj;
}

/// How much larger than at the anchor a figure of a normalised model is.
double scale(AdcModel model, int bits, const AdcAnchor& anchor) {
  check_bits(model, bits, 1, 12);
  return model == AdcModel::kLinear ? static_cast<double>(bits) / anchor.bits
                                    : std::ldexp(1.0, bits - anchor.bits);
}

}  // namespace

std::string_view adc_model_name(AdcModel model) { return text_of(model).name; }

std::string_view adc_model_source(AdcModel model) { return text_of(model).source; }

std::string adc_model_names() {
  std::string names;
  for (const ModelText& text : kModels) {
    names += (names.empty() ? "" : ", ") + std::string(text.name);
  }
  return names;
}

AdcModel find_adc_model(std::string_view name) {
  for (const ModelText& text : kModels) {
    if (text.name == name) return text.model;
  }
  throw InputError(
      fmt::format("ADC model '{}': no such model; expected one of {}", name, adc_model_names()));
}

double adc_energy_pj(AdcModel model, int bits, const AdcAnchor& anchor) {
  switch (model) {
    case AdcModel::kSaberi:
      return table_entry(model, kSaberiPj, bits);
    case AdcModel::kSurvey:
      return table_entry(model, survey_row(anchor.rate_msps), bits);
    case AdcModel::kLinear:
    case AdcModel::kExp2:
      break;
  }
  return anchor.energy_pj * scale(model, bits, anchor);
}

double adc_area_um2(AdcModel model, int bits, const AdcAnchor& anchor) {
  switch (model) {
    case AdcModel::kSaberi:
      return table_entry(model, kSaberiUm2, bits);
    case AdcModel::kSurvey:
      check_bits(model, bits, kLowestTableBits, kHighestTableBits);
      return anchor.area_um2;
    case AdcModel::kLinear:
    case AdcModel::kExp2:
      break;
  }
  return anchor.area_um2 * scale(model, bits, anchor);
}

}  // namespace crossloop::analog
