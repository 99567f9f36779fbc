#pragma once

#include <cstddef>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/wire/field.h"
#include "protocol/wire/visitor.h"

namespace protocol {

/// A message on its way to a socket: small encoded pieces, and between them large byte fields by
/// reference, so that log bytes are never copied.
using Pieces = std::vector<base::SharedBytes>;

/// Where a message is encoded to: bytes one after another, with references spliced in.
///
/// Thread: one at a time.
class EncodeBuffer {
 public:
  /// Byte fields from this size on are referenced and not copied.
  static constexpr std::size_t kReferenceFrom = 4096;

  void append(const void* from, std::size_t count) {
    const auto* bytes = static_cast<const std::byte*>(from);
    flat_.insert(flat_.end(), bytes, bytes + count);
  }
  void append_shared(const base::SharedBytes& bytes);

  /// All bytes so far, the referenced included.
  std::size_t size() const { return flat_.size() + referenced_; }
  std::vector<std::byte>& flat() { return flat_; }
  bool has_references() const { return !splices_.empty(); }

  /// The pieces in order. The buffer is empty afterwards.
  Pieces finish();

 private:
  struct Splice {
    std::size_t at;  // In flat_.
    base::SharedBytes bytes;
  };
  std::vector<std::byte> flat_;
  std::vector<Splice> splices_;
  std::size_t referenced_ = 0;
};

/// Appends the message as `version` of `api` has it. Encoding does not change the message. A null
/// in a version that has none is a bug of ours and stops the process. A text of more than kTextMax
/// bytes is cut.
void encode(StructRef message, const ApiSpec& api, ApiVersion version, EncodeBuffer& out);

/// The same in one flat run of bytes, for tools, tests and stored records.
std::vector<std::byte> encode(StructRef message, const ApiSpec& api, ApiVersion version);

}  // namespace protocol
