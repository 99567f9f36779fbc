#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "broker/topics/config_decisions.h"

namespace broker {

/// What became of each change, in order: the answers of AlterConfigs and IncrementalAlterConfigs
/// are of one form.
template <class Response>
Response answer_of(std::vector<ConfigChange> changes, std::vector<ConfigDecision> decisions) {
  Response response;
  response.responses.reserve(changes.size());
  for (std::size_t i = 0; i < changes.size(); ++i) {
    auto& answer = response.responses.emplace_back();
    answer.resource_type = changes[i].resource_type;
    answer.resource_name = std::move(changes[i].resource_name);
    answer.error_code = decisions[i].error;
    answer.error_message = std::move(decisions[i].message);
  }
  return response;
}

}  // namespace broker
