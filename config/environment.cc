#include "config/environment.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "config/known_names.h"
#include "config/nearest.h"

namespace config {

Layer read_environment(const std::vector<std::string>& environment) {
  constexpr std::string_view kPrefix = "STELE_";
  Layer layer;
  for (const auto& entry : environment) {
    if (!entry.starts_with(kPrefix)) continue;
    const auto equals = std::min(entry.find('='), entry.size());
    const auto name = entry.substr(0, equals);
    const auto known = std::ranges::find(known_names(), name, [](const KnownName& candidate) {
      return environment_name(candidate.name);
    });
    if (known != known_names().end()) {
      layer.settings.push_back(
          {known->name, entry.substr(std::min(equals + 1, entry.size())), name});
      continue;
    }
    std::vector<std::string> candidates;
    for (const auto& candidate : known_names())
      candidates.push_back(environment_name(candidate.name));
    layer.problems.push_back(
        {name, fmt::format("There is no such setting{}", did_you_mean(name, candidates))});
  }
  // The order of an environment means nothing; that of problems should not change by chance.
  std::ranges::sort(layer.settings, {}, &Setting::where);
  std::ranges::sort(layer.problems, {}, &Problem::where);
  return layer;
}

}  // namespace config
