#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/broker/coordinator/group_story.h"
#include "tests/support/scenario.h"

TEST_CASE("stories of groups", "[groups]") {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator("tests/broker/coordinator/stories"))
    paths.push_back(entry.path().string());
  std::ranges::sort(paths);
  REQUIRE_FALSE(paths.empty());
  for (const auto& path : paths) {
    broker_tests::GroupStory story;
    test_support::play_story(
        path, [&story](const test_support::Command& command) { return story.execute(command); });
  }
}
