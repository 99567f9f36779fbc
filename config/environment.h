#pragma once

#include <string>
#include <vector>

#include "config/setting.h"

namespace config {

/// The settings among "NAME=value" texts: those that begin with STELE_. One that is none is a
/// problem, for a mistyped name must not pass unseen.
Layer read_environment(const std::vector<std::string>& environment);

}  // namespace config
