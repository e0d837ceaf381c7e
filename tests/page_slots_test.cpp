#include "host/runtime/page_slots.hpp"

#include <gmock/gmock.h>

namespace crossloop::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

PageSlots::Placement place(PageSlots& slots, const std::vector<std::int32_t>& crossbars) {
  return slots.place(crossbars);
}

TEST(PageSlots, KeepEveryCrossbarWhileAllFit) {
  PageSlots slots(4);
  EXPECT_THAT(place(slots, {7, 8, 9}).loads, ElementsAre(0, 1, 2));
  EXPECT_EQ(place(slots, {3}).first, 3);
  for (int batch = 0; batch < 2; ++batch) {
    EXPECT_THAT(place(slots, {7, 8, 9}).loads, IsEmpty());
    const auto last = place(slots, {3});
    EXPECT_EQ(last.first, 3);
    EXPECT_THAT(last.loads, IsEmpty());
  }
  EXPECT_EQ(place(slots, {8, 9}).first, 1) << "in the middle of those there";
}

TEST(PageSlots, BeginAgainWhereTheRestIsTooShort) {
  PageSlots slots(4);
  place(slots, {1, 2, 3});
  const auto second = place(slots, {4, 5});
  EXPECT_EQ(second.first, 0);
  EXPECT_THAT(second.loads, ElementsAre(0, 1));
  const auto third = place(slots, {3, 1});  // 3 is in slot 2 already, 1 no longer anywhere
  EXPECT_EQ(third.first, 2);
  EXPECT_THAT(third.loads, ElementsAre(1));
  EXPECT_THAT(place(slots, {2}).loads, ElementsAre(0));
}

TEST(PageSlots, ForgetWhatWasTakenAway) {
  PageSlots slots(3);
  place(slots, {1, 2, 3});
  slots.empty(1);
  EXPECT_THAT(place(slots, {2}).loads, ElementsAre(0));
  slots.clear();
  EXPECT_THAT(place(slots, {3}).loads, ElementsAre(0));
  slots.put(2, 5);
  EXPECT_EQ(place(slots, {5}).first, 2);
  slots.put(0, 5);
  EXPECT_EQ(place(slots, {5}).first, 0) << "a crossbar is in one slot only";
}

}  // namespace
}  // namespace crossloop::runtime
