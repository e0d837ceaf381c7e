// The options of a pruning method as text, and how a method is found by name.
#include "pruning/method_options.hpp"

#include <gmock/gmock.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "pruning/method.hpp"
#include "tests/input_error.hpp"

namespace crossloop::pruning {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using testing_support::error_of;

using Given = MethodOptions::Given;

const std::vector<OptionSpec>& specs() {
  static const std::vector<OptionSpec> all = {number_option("share", 0.5, 0.0, 1.0, "a share"),
                                              integer_option("count", 3, -1, 9, "a count"),
                                              word_option("scope", {"global", "layer"}, "where"),
                                              list_option("ratios", 0.0, 1.0, "one per layer")};
  return all;
}

MethodOptions options_of(const Given& given) { return {"sample", specs(), given}; }

std::string refusal(const Given& given) {
  return error_of([&] { options_of(given); });
}

TEST(MethodOptions, TakeTheirDefaultsWhereNothingIsGiven) {
  const MethodOptions options = options_of({});
  EXPECT_EQ(options.number("share"), 0.5);
  EXPECT_EQ(options.integer("count"), 3);
  EXPECT_EQ(options.word("scope"), "global");
  EXPECT_THAT(options.numbers("ratios"), IsEmpty());
  EXPECT_THAT(options.values(), ElementsAre(Pair("count", "3"), Pair("ratios", ""),
                                            Pair("scope", "global"), Pair("share", "0.5")));
}

TEST(MethodOptions, TakeWhatIsGivenAndKeepItsText) {
  const MethodOptions options =
      options_of({{"share", "2.5e-1"}, {"count", "-1"}, {"scope", "layer"}, {"ratios", "0,0.5,1"}});
  EXPECT_EQ(options.number("share"), 0.25);
  EXPECT_EQ(options.integer("count"), -1);
  EXPECT_EQ(options.word("scope"), "layer");
  EXPECT_THAT(options.numbers("ratios"), ElementsAre(0.0, 0.5, 1.0));
  EXPECT_THAT(options.values(), Contains(Pair("share", "2.5e-1")));
}

TEST(MethodOptions, TakeBothEndsOfARange) {
  EXPECT_EQ(options_of({{"share", "0"}}).number("share"), 0.0);
  EXPECT_EQ(options_of({{"share", "1"}}).number("share"), 1.0);
  EXPECT_EQ(options_of({{"count", "9"}}).integer("count"), 9);
  EXPECT_THAT(options_of({{"ratios", "1"}}).numbers("ratios"), ElementsAre(1.0));
}

TEST(MethodOptions, NameMethodOptionFoundAndExpectedWhereTheyRefuse) {
  EXPECT_EQ(refusal({{"share", "1.5"}}),
            "method sample, option share: found \"1.5\", expected a number from 0 to 1");
  EXPECT_EQ(refusal({{"count", "10"}}),
            "method sample, option count: found \"10\", expected an integer from -1 to 9");
  EXPECT_EQ(refusal({{"scope", "all"}}),
            "method sample, option scope: found \"all\", expected one of global, layer");
  EXPECT_EQ(refusal({{"ratios", "0.5,2"}}),
            "method sample, option ratios: found \"0.5,2\", expected numbers with commas between "
            "them, each from 0 to 1");
  EXPECT_EQ(refusal({{"speed", "1"}}),
            "method sample: option speed found, it has share, count, scope, ratios");
}

TEST(MethodOptions, SayThatAMethodHasNone) {
  EXPECT_EQ(error_of([] {
              MethodOptions("bare", {}, {{"speed", "1"}});
            }),
            "method bare: option speed found, it has none");
  EXPECT_THAT(MethodOptions("bare", {}, {}).values(), IsEmpty());
}

TEST(MethodOptions, RefuseWhatIsNoNumber) {
  for (const char* text : {"", " ", "half", "0.5x", " 0.5", "0.5 ", "0,5", "nan", "inf", "-0.1"}) {
    EXPECT_THAT(refusal({{"share", text}}), HasSubstr("option share: found")) << text;
  }
}

TEST(MethodOptions, RefuseFractionsAndHugeValuesOfAnInteger) {
  for (const char* text : {"2.5", "-2", "1e10", "1e300", "3,4"}) {
    EXPECT_THAT(refusal({{"count", text}}), HasSubstr("expected an integer")) << text;
  }
}

TEST(MethodOptions, RefuseListsWithAGap) {
  for (const char* text : {",", "0.5,", ",0.5", "0.5,,1", "0.5;1", "0.5, 1"}) {
    EXPECT_THAT(refusal({{"ratios", text}}), HasSubstr("option ratios: found")) << text;
  }
}

TEST(MethodOptions, RefuseWordsThatAreOnlyAlike) {
  for (const char* text : {"", "Layer", "lay", "global,layer"}) {
    EXPECT_THAT(refusal({{"scope", text}}), HasSubstr("one of global, layer")) << text;
  }
}

TEST(RangeText, TellsWhatAnOptionTakesAndItsDefault) {
  EXPECT_EQ(range_text(specs()[0]), "a number from 0 to 1, default 0.5");
  EXPECT_EQ(range_text(specs()[1]), "an integer from -1 to 9, default 3");
  EXPECT_EQ(range_text(specs()[2]), "one of global, layer, default global");
  EXPECT_EQ(range_text(specs()[3]),
            "numbers with commas between them, each from 0 to 1, default none");
}

TEST(FindMethod, FindsEveryMethodByItsName) {
  std::set<std::string> names;
  for (const MethodInfo& info : methods()) {
    EXPECT_EQ(&find_method(info.name), &info);
    EXPECT_TRUE(names.insert(info.name).second) << info.name << " twice";
    EXPECT_FALSE(info.summary.empty()) << info.name;
    EXPECT_FALSE(info.source.empty()) << info.name;
  }
  EXPECT_GE(names.size(), 10U);
}

TEST(FindMethod, ListsAllNamesWhereThereIsNoSuchMethod) {
  const std::string message = error_of([] { find_method("magic"); });
  EXPECT_THAT(message, HasSubstr("pruning method magic: expected one of"));
  for (const MethodInfo& info : methods()) EXPECT_THAT(message, HasSubstr(info.name));
}

/// Every option has a name of its own, a help text, and a default that it takes itself.
TEST(MakeMethod, MakesEveryMethodOfItsDefaults) {
  for (const MethodInfo& info : methods()) {
    Given defaults;
    for (const OptionSpec& spec : info.options) {
      EXPECT_FALSE(spec.help.empty()) << info.name << ", " << spec.name;
      EXPECT_TRUE(defaults.emplace(spec.name, spec.standard).second)
          << info.name << ", " << spec.name << " twice";
    }
    EXPECT_EQ(error_of([&] { MethodOptions(info.name, info.options, defaults); }), "no error");
    const auto method = make_method(info, {});
    ASSERT_NE(method, nullptr) << info.name;
    EXPECT_GE(method->stages(), 1) << info.name;
  }
}

TEST(MakeMethod, HandsItsOptionsOn) {
  const MethodInfo& info = find_method("balanced");
  EXPECT_EQ(make_method(info, {{"schedule", "once"}})->stages(), 1);
  EXPECT_EQ(make_method(info, {{"steps", "4,8"}})->stages(), 3);
}

TEST(MakeMethod, RefusesOptionsOfAnotherMethod) {
  EXPECT_THAT(error_of([] {
                make_method(find_method("unstructured"), {{"group", "4"}});
              }),
              AllOf(HasSubstr("method unstructured: option group found"), HasSubstr("sparsity"),
                    Not(HasSubstr("schedule"))));
}

}  // namespace
}  // namespace crossloop::pruning
