#pragma once

#include <string>
#include <vector>

#include "protocol/wire/field.h"
#include "protocol/wire/visitor.h"

namespace protocol {

/// One field of a message as it is declared, for comparing with Kafka's own definitions.
struct FieldSchema {
  std::string name;
  /// As Kafka calls it: "int16", "uuid", "string", "bytes" (also for Kafka's "records"), "struct",
  /// or one of these behind "[]".
  std::string type;
  Field field;
  /// Of a new message: a number, a text, "true", "null"; nothing for "", no bytes, an empty list
  /// or a structure, whose own fields have defaults.
  std::string default_value;
  /// The C++ type has a null. Must go with field.nullable.
  bool can_be_null = false;
  /// A tagged field of a new message is not sent. Must hold for every tagged field.
  bool is_unset = false;
  std::vector<FieldSchema> fields;  // Of a structure, or of the structures in a list.
};

/// All fields of a message in all versions, in order of declaration. `message` must be new; it is
/// of no use afterwards.
std::vector<FieldSchema> schema_of(StructRef message);

}  // namespace protocol
