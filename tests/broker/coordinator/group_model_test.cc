#include "tests/broker/coordinator/group_model.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "tests/support/crash_stride.h"

namespace {

std::uint64_t number_of(const char* variable, std::uint64_t usual) {
  const auto* said = std::getenv(variable);
  return said == nullptr ? usual : std::stoull(said);
}

}  // namespace

// STELE_GROUP_NIGHTS=1000000 for a long run, STELE_GROUP_SEED=n for the one that went wrong.
TEST_CASE("whatever happens to a group, what was answered stays true", "[groups][model]") {
  constexpr std::uint64_t kUsual = 100'000 / test_support::kCrashStride;
  const auto only = number_of("STELE_GROUP_SEED", 0);
  const auto nights = only > 0 ? 1 : number_of("STELE_GROUP_NIGHTS", kUsual);
  for (std::uint64_t n = 0; n < nights; ++n) {
    const auto seed = only > 0 ? only : n + 1;
    broker_tests::GroupModel model(seed);
    model.live(150);
    if (model.wrong()) FAIL("STELE_GROUP_SEED=" << seed << ": " << *model.wrong());
  }
}
