#pragma once

#include <span>
#include <string_view>

#include "broker/handlers/request_context.h"
#include "broker/net/request_handler.h"
#include "broker/runtime/task.h"
#include "protocol/base/bytes.h"
#include "protocol/wire/field.h"

namespace broker {

/// An API this broker answers: what it is called on the wire, and how a body becomes an answer.
struct Api {
  protocol::ApiSpec spec;
  std::string_view name;
  protocol::Versions served;      // What works.
  protocol::Versions advertised;  // What ApiVersions says.
  Task<Answer> (*answer)(RequestContext& context, std::int32_t correlation_id,
                         base::SharedBytes body);
};

/// All of them, in order of key. Dispatch and ApiVersions are made from this list, and there is no
/// other.
std::span<const Api> all_apis();

/// Null if we do not know that API at all.
const Api* find_api(std::int16_t key);

}  // namespace broker
