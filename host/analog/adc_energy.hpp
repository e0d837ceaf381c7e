// What one conversion costs, and how large the ADC is, by resolution, after four named models.
#pragma once

#include <string>
#include <string_view>

namespace crossloop::analog {

/// They differ by a factor of 9 at 4 bits on ISAAC's ADC: name the model beside every figure.
///
///   linear  E(b) = E_anchor * b / b_anchor. Nag et al., "Newton", IEEE Micro 2018, charge so.
///   saberi  a table in pJ, 4..10 bits: a SAR ADC whose capacitive DAC follows Saberi et al., IEEE
///           TCAS-I 2011, anchored on Kull et al., ISSCC 2013 (3.1 mW, 8 bit, 1.2 GS/s, 32 nm).
///   survey  a table in pJ, 4..10 bits: the lower envelope of Murmann's ADC survey at 32 nm after
///           Andrulis et al., in two rows, up to 100 MS/s and up to 1.28 GS/s.
///   exp2    E(b) = E_anchor * 2^(b - b_anchor): a constant Walden figure of merit.
enum class AdcModel { kLinear, kSaberi, kSurvey, kExp2 };

/// The ADC that a component table describes.
struct AdcAnchor {
  int bits = 8;               ///< resolution of the figures below, 1..12
  double rate_msps = 1280.0;  ///< conversions per second, in millions; > 0
  double energy_pj = 0.0;     ///< per conversion
  double area_um2 = 0.0;
};

/// `linear`, `saberi`, `survey` or `exp2`.
std::string_view adc_model_name(AdcModel model);
/// Where its figures come from, in one line.
std::string_view adc_model_source(AdcModel model);
/// "linear, saberi, survey, exp2".
std::string adc_model_names();
/// The model of that name. Throws InputError listing the names.
AdcModel find_adc_model(std::string_view name);

/// Energy of one conversion in pJ at `bits`, 1..12. `saberi` and `survey` are tables of their own
/// and take nothing but the rate (survey) from the anchor; they hold 4..10 bits, and neither is
/// continued: the regression behind `survey` turns upwards below 4 bits. `survey` takes the row of
/// 1.28 GS/s for every rate above 100 MS/s, which is an upper bound, and refuses rates beyond it.
/// Throws InputError naming model, bits and range.
double adc_energy_pj(AdcModel model, int bits, const AdcAnchor& anchor);

/// Area of one ADC in um2 at `bits`: `saberi` from the table of its source, `linear` and `exp2`
/// scaled from the anchor like their energies. The survey regression used here gives no area, so
/// `survey` takes the anchor's at every resolution. Throws as adc_energy_pj does.
double adc_area_um2(AdcModel model, int bits, const AdcAnchor& anchor);

}  // namespace crossloop::analog
