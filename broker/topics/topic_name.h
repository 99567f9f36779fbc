#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace broker {

/// Why this cannot be a topic's name, in Kafka's words; nothing if it can. Source: Kafka's Topic
/// class: 1 to 249 of [a-zA-Z0-9._-], neither "." nor "..".
std::optional<std::string> problem_with_topic_name(std::string_view name);

/// The name as metrics would show it, where '.' and '_' look alike: two topics that differ in
/// nothing else collide (Kafka's Topic.unifyCollisionChars).
std::string collision_key(std::string_view name);

/// Topics that belong to the broker: clients may read them, only the broker writes.
bool is_internal_topic(std::string_view name);

}  // namespace broker
