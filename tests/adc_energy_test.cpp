#include "host/analog/adc_energy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <vector>

#include "host/analog/adc_accounting.hpp"
#include "host/error.hpp"

namespace crossloop::analog {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr AdcAnchor kAnchor = {
    .bits = 8, .rate_msps = 1280.0, .energy_pj = 2.0, .area_um2 = 1000.0};
constexpr AdcModel kAllModels[] = {AdcModel::kLinear, AdcModel::kSaberi, AdcModel::kSurvey,
                                   AdcModel::kExp2};

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

double energy(AdcModel model, int bits) { return adc_energy_pj(model, bits, kAnchor); }

TEST(AdcEnergy, NormalisedModelsStandOnTheAnchor) {
  EXPECT_DOUBLE_EQ(energy(AdcModel::kLinear, 8), 2.0);
  EXPECT_DOUBLE_EQ(energy(AdcModel::kLinear, 1), 0.25);
  EXPECT_DOUBLE_EQ(energy(AdcModel::kLinear, 12), 3.0);
  EXPECT_DOUBLE_EQ(energy(AdcModel::kExp2, 8), 2.0);
  EXPECT_DOUBLE_EQ(energy(AdcModel::kExp2, 4), 0.125);
  EXPECT_DOUBLE_EQ(energy(AdcModel::kExp2, 12), 32.0);
  const AdcAnchor six = {.bits = 6, .rate_msps = 1280.0, .energy_pj = 3.0, .area_um2 = 600.0};
  EXPECT_DOUBLE_EQ(adc_energy_pj(AdcModel::kLinear, 8, six), 4.0);
  EXPECT_DOUBLE_EQ(adc_energy_pj(AdcModel::kExp2, 8, six), 12.0);
}

TEST(AdcEnergy, TablesAreAbsolute) {
  EXPECT_DOUBLE_EQ(energy(AdcModel::kSaberi, 4), 0.79);
  EXPECT_DOUBLE_EQ(energy(AdcModel::kSaberi, 8), 1.67);
  EXPECT_DOUBLE_EQ(energy(AdcModel::kSaberi, 10), 2.379);
  EXPECT_DOUBLE_EQ(energy(AdcModel::kSurvey, 4), 0.92);
  EXPECT_DOUBLE_EQ(energy(AdcModel::kSurvey, 10), 16.4);
}

TEST(AdcEnergy, SurveyDependsOnTheRate) {
  AdcAnchor adc = kAnchor;
  adc.rate_msps = 100.0;
  EXPECT_DOUBLE_EQ(adc_energy_pj(AdcModel::kSurvey, 8, adc), 1.71);
  adc.rate_msps = 101.0;
  EXPECT_DOUBLE_EQ(adc_energy_pj(AdcModel::kSurvey, 8, adc), 1.93);
  adc.rate_msps = 1281.0;
  EXPECT_THAT(error_of([&] { adc_energy_pj(AdcModel::kSurvey, 8, adc); }),
              AllOf(HasSubstr("survey"), HasSubstr("1281 MS/s"), HasSubstr("at most 1280")));
  EXPECT_DOUBLE_EQ(adc_energy_pj(AdcModel::kSaberi, 8, adc), 1.67);
}

TEST(AdcEnergy, RisesWithEveryBit) {
  for (const AdcModel model : kAllModels) {
    for (int bits = 5; bits <= 10; ++bits) {
      EXPECT_GT(energy(model, bits), energy(model, bits - 1)) << adc_model_name(model) << bits;
      EXPECT_GE(adc_area_um2(model, bits, kAnchor), adc_area_um2(model, bits - 1, kAnchor));
    }
  }
}

TEST(AdcEnergy, NothingIsExtrapolated) {
  for (const AdcModel model : {AdcModel::kSaberi, AdcModel::kSurvey}) {
    for (const int bits : {-1, 0, 1, 3, 11, 12}) {
      const auto message =
          AllOf(HasSubstr(std::string(adc_model_name(model))),
                HasSubstr("found " + std::to_string(bits) + " bits"), HasSubstr("4 to 10"));
      EXPECT_THAT(error_of([&] { energy(model, bits); }), message);
      EXPECT_THAT(error_of([&] { adc_area_um2(model, bits, kAnchor); }), message);
    }
  }
  for (const AdcModel model : {AdcModel::kLinear, AdcModel::kExp2}) {
    EXPECT_THAT(error_of([&] { energy(model, 0); }), HasSubstr("expected 1 to 12"));
    EXPECT_THAT(error_of([&] { energy(model, 13); }), HasSubstr("expected 1 to 12"));
  }
}

TEST(AdcEnergy, AreaFollowsTheModel) {
  EXPECT_DOUBLE_EQ(adc_area_um2(AdcModel::kLinear, 4, kAnchor), 500.0);
  EXPECT_DOUBLE_EQ(adc_area_um2(AdcModel::kExp2, 10, kAnchor), 4000.0);
  EXPECT_DOUBLE_EQ(adc_area_um2(AdcModel::kSaberi, 8, kAnchor), 1200.0);
  EXPECT_DOUBLE_EQ(adc_area_um2(AdcModel::kSurvey, 5, kAnchor), 1000.0);
}

TEST(AdcEnergy, ModelsAreFoundByName) {
  for (const AdcModel model : kAllModels) {
    EXPECT_EQ(find_adc_model(adc_model_name(model)), model);
    EXPECT_FALSE(adc_model_source(model).empty());
  }
  EXPECT_THAT(error_of([] { find_adc_model("walden"); }),
              AllOf(HasSubstr("'walden'"), HasSubstr("linear, saberi, survey, exp2")));
}

// Tile histograms at the levels 0, 1/2, 3/4, .. in the released logs of Ibrayev et al. 2024.
const std::vector<std::int64_t> kCifar32 = {61, 646, 827, 86, 767, 5481, 1134};
const std::vector<std::int64_t> kImageNet64 = {6, 1964, 757, 0, 0, 0, 0, 0};

double improvement(const std::vector<std::int64_t>& tiles, int size, AdcAccounting accounting,
                   AdcModel model) {
  return adc_energy_improvement(tiles, size, accounting, model, kAnchor);
}

TEST(AdcAccounting, ReproducesThePublishedImprovements) {
  constexpr double kRounding = 0.005;  // of a figure given to two decimals
  EXPECT_NEAR(improvement(kCifar32, 32, AdcAccounting::kPaper, AdcModel::kLinear), 7.13, kRounding);
  EXPECT_NEAR(improvement(kImageNet64, 64, AdcAccounting::kPaper, AdcModel::kLinear), 1.27,
              kRounding);
  EXPECT_DOUBLE_EQ(improvement(kCifar32, 32, AdcAccounting::kPaper, AdcModel::kLinear),
                   9002.0 * 5.0 / 6309.0);
}

TEST(AdcAccounting, OtherModelsAndModesGiveOtherImprovements) {
  constexpr double kRounding = 0.005;
  EXPECT_NEAR(improvement(kCifar32, 32, AdcAccounting::kPhysical, AdcModel::kLinear), 3.81,
              kRounding);
  EXPECT_NEAR(improvement(kCifar32, 32, AdcAccounting::kPaper, AdcModel::kExp2), 10.97, kRounding);
  EXPECT_NEAR(improvement(kImageNet64, 64, AdcAccounting::kPaper, AdcModel::kExp2), 2.32,
              kRounding);
  // 7, 6 and 5 bits, which the tables hold.
  EXPECT_DOUBLE_EQ(improvement(kImageNet64, 64, AdcAccounting::kPhysical, AdcModel::kSaberi),
                   2727 * 1.42 / (6 * 1.42 + 1964 * 1.20 + 757 * 0.99));
}

TEST(AdcAccounting, DenseTilesSaveNothingAndEmptyOnesAll) {
  EXPECT_DOUBLE_EQ(improvement({5, 0, 0, 0}, 4, AdcAccounting::kPaper, AdcModel::kLinear), 1.0);
  EXPECT_DOUBLE_EQ(improvement({5, 0, 0, 0}, 4, AdcAccounting::kPhysical, AdcModel::kExp2), 1.0);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(improvement({0, 0, 0, 5}, 4, AdcAccounting::kPhysical, AdcModel::kLinear), kInfinity);
  EXPECT_EQ(improvement({0, 0, 5, 0}, 4, AdcAccounting::kPaper, AdcModel::kLinear), kInfinity);
  EXPECT_DOUBLE_EQ(improvement({0, 0, 5, 0}, 4, AdcAccounting::kPhysical, AdcModel::kLinear), 3.0);
}

TEST(AdcAccounting, RefusesWhatItCannotCount) {
  const auto refusal = [](const std::vector<std::int64_t>& tiles, int size, AdcModel model) {
    return error_of([&] { improvement(tiles, size, AdcAccounting::kPaper, model); });
  };
  EXPECT_THAT(refusal({1, 2, 3}, 48, AdcModel::kLinear), HasSubstr("power of two"));
  EXPECT_THAT(refusal({1, 2, 3}, 32, AdcModel::kLinear),
              AllOf(HasSubstr("3 levels"), HasSubstr("expected 7")));
  EXPECT_THAT(refusal({1, -2, 3, 0}, 4, AdcModel::kLinear), HasSubstr("count of -2"));
  EXPECT_THAT(refusal({0, 0, 0, 0}, 4, AdcModel::kLinear), HasSubstr("no tile"));
  EXPECT_THAT(refusal(kCifar32, 32, AdcModel::kSaberi),
              AllOf(HasSubstr("saberi"), HasSubstr("found 3 bits")));
}

}  // namespace
}  // namespace crossloop::analog
