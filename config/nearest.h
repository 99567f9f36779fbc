#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace config {

/// The one of `candidates` that a mistyped `word` was most likely meant to be; "" if none is like
/// it.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

/// ". Did you mean 'node.id'?", or "".
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace config
