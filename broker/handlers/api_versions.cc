#include <algorithm>
#include <string_view>

#include "broker/handlers/handlers.h"
#include "broker/handlers/registry.h"
#include "protocol/messages/api_versions.h"

namespace broker {
namespace {

using protocol::ApiVersionsRequest;
using protocol::ApiVersionsResponse;
using protocol::ErrorCode;

constexpr protocol::ApiVersion kFirstWithSoftware = 3;

bool is_letter_or_digit(char c) {
  return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') || ('0' <= c && c <= '9');
}

/// KIP-511: letters, digits, '-' and '.', not beginning or ending with the latter two.
bool is_software_text(std::string_view text) {
  if (text.empty() || !is_letter_or_digit(text.front()) || !is_letter_or_digit(text.back()))
    return false;
  return std::ranges::all_of(text,
                             [](char c) { return is_letter_or_digit(c) || c == '-' || c == '.'; });
}

void list(const Api& api, ApiVersionsResponse& response) {
  auto& entry = response.api_keys.emplace_back();
  entry.api_key = api.spec.key;
  entry.min_version = api.advertised.first;
  entry.max_version = api.advertised.last;
}

}  // namespace

/// ApiVersions (18). An unsupported version is answered in v0 with error 35 and this API's own
/// range, so that the client can ask again (KIP-511).
Task<ApiVersionsResponse> handle(RequestContext& context, ApiVersionsRequest request) {
  ApiVersionsResponse response;
  if (context.version_refused) {
    response.error_code = ErrorCode::unsupported_version;
    list(*find_api(ApiVersionsRequest::api.key), response);
    co_return response;
  }
  if (context.version >= kFirstWithSoftware &&
      !(is_software_text(request.client_software_name) &&
        is_software_text(request.client_software_version))) {
    response.error_code = ErrorCode::invalid_request;
    co_return response;
  }
  for (const auto& api : all_apis()) list(api, response);
  co_return response;
}

}  // namespace broker
