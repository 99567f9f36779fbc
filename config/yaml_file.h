#pragma once

#include <string>
#include <string_view>

#include "config/setting.h"

namespace config {

/// Reads YAML into settings: nested maps are joined with dots (`node: {id: 1}` is `node.id: 1`),
/// lists of plain values with commas. `listeners` may be a list whose elements are addresses or
/// maps of `name`, `bind` (or `listen`) and `advertise`. `name` is the file's, for places.
/// What YAML or these forms do not allow is a problem; keys and values are not looked at.
Layer read_yaml(const std::string& name, std::string_view text);

}  // namespace config
