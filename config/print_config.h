#pragma once

#include <string>

#include "config/load.h"

namespace config {

struct PrintStyle {
  bool origins = false;        // Behind each setting where it comes from.
  bool documentation = false;  // Above each setting what it is for.
};

/// Every setting with its value, as YAML that load() reads back to the same configuration.
std::string print_config(const LoadedConfig& loaded, PrintStyle style);

}  // namespace config
