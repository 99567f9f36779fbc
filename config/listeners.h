#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/listener_config.h"
#include "config/setting.h"

namespace config {

/// What all sources together say about listeners.
struct ListenerSettings {
  std::vector<ListenerSetting> listeners;
  std::optional<Setting> advertised;        // advertised.listeners: one address for each name.
  std::optional<Setting> protocol_map;      // listener.security.protocol.map
  std::optional<Setting> controller_names;  // controller.listener.names
};

/// "A://x:1,B://y:2" to one for each element.
std::vector<ListenerSetting> split_listeners(const Setting& text);

/// The listeners that are meant. Those of Kafka's controllers are left out with a note. Everything
/// that cannot be or contradicts is added to `problems`.
std::vector<ListenerConfig> make_listeners(const ListenerSettings& settings,
                                           std::vector<Problem>& problems,
                                           std::vector<std::string>& notes);

}  // namespace config
