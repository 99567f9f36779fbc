#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <utility>

namespace base {

/// Why an operation on our own machine failed. A client never sees one of these: the broker maps
/// it to a Kafka error code at exactly one place (broker/errors.h).
enum class Fault : std::uint8_t {
  io,           // The operating system refused: errno is in `detail`.
  corruption,   // Bytes on disk or on the wire break their own format.
  full,         // The segment, the disk or a bounded queue has no room.
  closed,       // The object is shutting down.
  missing,      // The file or entry is not there.
  exists,       // It is there already, or in use by somebody else.
  unsupported,  // A newer format, or something this file system cannot do.
  invalid,      // What the operator or caller asked for makes no sense.
  busy,         // No descriptor or memory to open a file with: nothing was changed, try it later.
};

struct Error {
  Fault fault;
  std::string detail;  // One sentence for the operator: what, on which file, at which position.
};

template <class T = void>
using Result = std::expected<T, Error>;

/// True if nothing was changed and the same may succeed later: a reason to wait, not to give up.
constexpr bool may_pass(Fault fault) { return fault == Fault::full || fault == Fault::busy; }

[[nodiscard]] inline std::unexpected<Error> fail(Fault fault, std::string detail) {
  return std::unexpected(Error{fault, std::move(detail)});
}

}  // namespace base

/// `auto x = TRY(f());` takes the value or returns the error to the caller. Plain functions only: a
/// coroutine names the result and tests it.
#define TRY(expression)                                                       \
  __extension__({                                                             \
    auto&& try_result_ = (expression);                                        \
    if (!try_result_) return std::unexpected(std::move(try_result_).error()); \
    *std::move(try_result_);                                                  \
  })
