#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/wire/field.h"
#include "protocol/wire/visitor.h"

namespace tests {

/// A message whose type has been forgotten.
struct AnyMessage {
  std::shared_ptr<void> object;
  protocol::StructRef ref;
  bool (*equal)(const void*, const void*);

  friend bool operator==(const AnyMessage& a, const AnyMessage& b) {
    return a.equal == b.equal && a.equal(a.object.get(), b.object.get());
  }
};

/// A kind of message that Stele knows.
struct MessageType {
  enum class Kind {
    request,
    response,
    record,  // Of the metadata.
    data     // Keys and values of __consumer_offsets, and what members of a group tell each other.
  };

  std::string name;  // As Kafka calls it: "FetchRequest".
  Kind kind;
  protocol::ApiSpec api;
  AnyMessage (*make)();
  /// Structures in it that show fewer or more fields than they have members.
  std::vector<std::string> incomplete;
};

/// All requests, responses, metadata records and other data. Tests that run over this list cover a
/// new message from the day it is added; the conformance test compares the list with
/// protocol/messages/*.h.
std::span<const MessageType> all_messages();

const MessageType& message_named(std::string_view name);

/// Calls `visit(type, version)` for each version of each message.
template <class Visit>
void for_each_version(Visit visit) {
  for (const auto& type : all_messages()) {
    for (int v = type.api.valid.first; v <= type.api.valid.last; ++v)
      visit(type, static_cast<protocol::ApiVersion>(v));
  }
}

}  // namespace tests
