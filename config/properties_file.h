#pragma once

#include <string>
#include <string_view>

#include "config/setting.h"

namespace config {

/// Reads text in the format of Java's .properties files: `server.properties` of Kafka. `name` is
/// the file's, for places. Of several lines for one key the last one holds, as in Kafka; a problem
/// is only what the format does not allow. Source: java.util.Properties.load.
Layer read_properties(const std::string& name, std::string_view text);

}  // namespace config
