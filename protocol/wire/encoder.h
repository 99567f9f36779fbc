#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
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
    if (count == 0) return;  // `from` may be null.
    if (count > capacity_ - size_) grow(count);
    std::memcpy(bytes_.get() + size_, from, count);
    size_ += count;
  }
  void append_shared(const base::SharedBytes& bytes);
  /// Makes room at `at`, no later than the last reference, for a size that is known only when what
  /// it counts is encoded.
  void insert(std::size_t at, base::BytesView bytes);

  /// All bytes so far, the referenced included.
  std::size_t size() const { return size_ + referenced_; }
  /// Those that are not references, to fill in what was not known when it was appended. Valid until
  /// the next append.
  std::span<std::byte> flat() { return {bytes_.get(), size_}; }

  /// The pieces in order. The buffer is empty afterwards.
  Pieces finish();

 private:
  struct Splice {
    std::size_t at;  // In flat().
    base::SharedBytes bytes;
  };
  void grow(std::size_t count);

  // Shared from the first byte on: a piece keeps it, and it is never copied once more.
  std::shared_ptr<std::byte[]> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
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
