#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "protocol/record/batch_header.h"

namespace record {

/// One record to be put into a batch. Views must live until add() returns.
struct NewRecord {
  base::Timestamp timestamp = -1;
  std::optional<base::BytesView> key;
  std::optional<base::BytesView> value;
  std::vector<std::pair<std::string_view, std::optional<base::BytesView>>> headers;
  /// The offset delta to store; nothing: the next. Compaction keeps gaps.
  std::optional<std::int32_t> offset_delta;
};

/// Makes a v2 batch: for internal topics, tools and tests.
class BatchBuilder {
 public:
  explicit BatchBuilder(Codec codec = Codec::none, std::optional<int> level = std::nullopt)
      : codec_(codec), level_(level) {}

  void add(const NewRecord& record);
  int count() const { return count_; }
  /// Uncompressed bytes of the records so far.
  std::size_t plain_size() const { return records_.size(); }

  /// The finished batch. Fields of `like` that a builder cannot know are taken over: base offset,
  /// leader epoch, attributes except codec, producer fields. The builder is empty afterwards.
  base::Result<std::vector<std::byte>> finish(const BatchHeader& like = {});

 private:
  Codec codec_;
  std::optional<int> level_;
  std::vector<std::byte> records_;
  int count_ = 0;
  std::int32_t last_delta_ = -1;
  base::Timestamp base_timestamp_ = -1;
  base::Timestamp max_timestamp_ = -1;
};

}  // namespace record
