#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "protocol/base/varint.h"
#include "protocol/record/compression.h"

// The structure of records, checked without looking at keys and values: the same walk over plain
// bytes and over a decompressor's pieces. Templates, because this runs for every record produced.

namespace record {

/// Plain records in one run of bytes.
class PlainSource {
 public:
  explicit PlainSource(base::BytesView bytes) : left_(bytes) {}

  bool varint(std::int32_t& value) { return base::take_varint(left_, value); }
  bool varlong(std::int64_t& value) { return base::take_varlong(left_, value); }
  bool skip(std::size_t count) {
    if (count > left_.size()) return false;
    left_ = left_.subspan(count);
    return true;
  }
  /// Bytes taken so far, from an arbitrary beginning.
  std::size_t position() const { return SIZE_MAX - left_.size(); }
  bool at_end() { return left_.empty(); }
  bool too_large() const { return false; }
  const base::Error* error() const { return nullptr; }

 private:
  base::BytesView left_;
};

/// Records that are decompressed on the way, 64 KiB at a time; a key or value longer than that is
/// skipped piece by piece.
class CompressedSource {
 public:
  CompressedSource(std::unique_ptr<Decompressor> from, std::size_t bytes_max)
      : from_(std::move(from)), bytes_max_(bytes_max), buffer_(kPiece) {}

  bool varint(std::int32_t& value) { return refill(kVarlongMax) && take(value); }
  bool varlong(std::int64_t& value) {
    return refill(kVarlongMax) && base::take_varlong(window_, value);
  }
  bool skip(std::size_t count) {
    while (count > window_.size()) {
      count -= window_.size();
      window_ = {};
      if (!refill(1) || window_.empty()) return false;
    }
    window_ = window_.subspan(count);
    return true;
  }
  std::size_t position() const { return total_ - window_.size(); }
  bool at_end() { return refill(1) && window_.empty(); }
  bool too_large() const { return too_large_; }
  const base::Error* error() const { return error_ ? &*error_ : nullptr; }

 private:
  static constexpr std::size_t kPiece = std::size_t{64} << 10;
  static constexpr std::size_t kVarlongMax = 10;

  bool take(std::int32_t& value) { return base::take_varint(window_, value); }

  /// Brings `least` bytes into the window, or all there are. False if decompression failed.
  bool refill(std::size_t least) {
    if (window_.size() >= least || ended_) return !error_ && !too_large_;
    std::copy(window_.begin(), window_.end(), buffer_.begin());
    auto held = window_.size();
    while (held < least && !ended_) {
      const auto got = from_->read(std::span(buffer_).subspan(held));
      if (!got) {
        error_ = got.error();
        return false;
      }
      held += *got;
      total_ += *got;
      ended_ = *got == 0;
      too_large_ = total_ > bytes_max_;
      if (too_large_) return false;
    }
    window_ = base::BytesView(buffer_).first(held);
    return true;
  }

  std::unique_ptr<Decompressor> from_;
  const std::size_t bytes_max_;
  std::vector<std::byte> buffer_;
  base::BytesView window_;
  std::size_t total_ = 0;
  bool ended_ = false;
  bool too_large_ = false;
  std::optional<base::Error> error_;
};

/// Takes a length and as many bytes off; -1, null, only where `nullable`.
template <class Source>
bool skip_bytes(Source& source, bool nullable, bool& null) {
  std::int32_t length = 0;
  if (!source.varint(length)) return false;
  null = length == -1;
  if (null) return nullable;
  return length >= 0 && source.skip(static_cast<std::size_t>(length));
}

template <class Source>
bool skip_headers(Source& source) {
  std::int32_t count = 0;
  if (!source.varint(count) || count < 0) return false;
  bool null = false;
  for (; count > 0; --count) {
    if (!skip_bytes(source, false, null) || !skip_bytes(source, true, null)) return false;
  }
  return true;
}

/// Walks `count` records and tells `judge.record(index, timestamp delta, has key)` of each. What is
/// wrong, or null: lengths, offset deltas other than 0, 1, 2..., bytes left over.
template <class Source, class Judge>
const char* walk_records(Source& source, std::int32_t count, Judge& judge) {
  for (std::int32_t index = 0; index < count; ++index) {
    std::int32_t length = 0;
    if (!source.varint(length) || length < 0) return "a record's length is wrong";
    const auto begin = source.position();
    std::int64_t timestamp_delta = 0;
    std::int32_t offset_delta = 0;
    if (!source.skip(1) || !source.varlong(timestamp_delta) || !source.varint(offset_delta))
      return "a record is cut short";
    if (offset_delta != index) return "the offsets of the records do not follow one another";
    bool no_key = false;
    bool no_value = false;
    if (!skip_bytes(source, true, no_key) || !skip_bytes(source, true, no_value) ||
        !skip_headers(source))
      return "a record's key, value or headers are cut short";
    if (source.position() - begin != static_cast<std::size_t>(length))
      return "a record is not as long as it says";
    judge.record(index, timestamp_delta, !no_key);
  }
  return source.at_end() ? nullptr : "bytes follow the last record";
}

}  // namespace record
