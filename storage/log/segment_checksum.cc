#include "storage/log/segment_checksum.h"

#include <cstring>
#include <memory>

#include <fmt/format.h>
#include <xxhash.h>

#include "protocol/base/big_endian.h"
#include "protocol/base/crc32c.h"
#include "storage/log/batch_scanner.h"

namespace storage {
namespace {

using base::Fault;
using base::load_big_endian;
using base::store_big_endian;
using record::BatchHeader;

constexpr std::string_view kMagic = "STCS";
constexpr std::int16_t kVersion = 1;
constexpr std::size_t kVersionAt = 4;
constexpr std::size_t kBytesAt = 6;
constexpr std::size_t kXxh3At = 14;
constexpr std::size_t kCountAt = 30;
constexpr std::size_t kHeadersAt = 34;
constexpr std::size_t kCrcSize = 4;

}  // namespace

std::vector<std::byte> SegmentChecksum::to_bytes() const {
  std::vector<std::byte> out(kHeadersAt + (headers.size() + 1) * kCrcSize);
  std::memcpy(out.data(), kMagic.data(), kMagic.size());
  store_big_endian(out.data() + kVersionAt, kVersion);
  store_big_endian(out.data() + kBytesAt, bytes);
  std::memcpy(out.data() + kXxh3At, xxh3.data(), xxh3.size());
  store_big_endian(out.data() + kCountAt, static_cast<std::uint32_t>(headers.size()));
  auto* at = out.data() + kHeadersAt;
  for (const auto crc : headers) {
    store_big_endian(at, crc);
    at += kCrcSize;
  }
  store_big_endian(at, base::crc32c(base::BytesView(out.data(), at)));
  return out;
}

base::Result<SegmentChecksum> SegmentChecksum::parse(base::BytesView bytes) {
  if (bytes.size() < kHeadersAt + kCrcSize || base::as_text(bytes.first(kMagic.size())) != kMagic)
    return base::fail(Fault::corruption, "segment checksum: this is no such file");
  const auto version = load_big_endian<std::int16_t>(bytes.data() + kVersionAt);
  if (version != kVersion)
    return base::fail(Fault::unsupported,
                      fmt::format("segment checksum: version {}, and this program reads {} only",
                                  version, kVersion));
  const auto crc_at = bytes.size() - kCrcSize;
  const auto count = load_big_endian<std::uint32_t>(bytes.data() + kCountAt);
  if (crc_at - kHeadersAt != count * kCrcSize ||
      load_big_endian<std::uint32_t>(bytes.data() + crc_at) != base::crc32c(bytes.first(crc_at)))
    return base::fail(Fault::corruption, "segment checksum: it does not match itself");

  SegmentChecksum sum{.bytes = load_big_endian<std::uint64_t>(bytes.data() + kBytesAt)};
  std::memcpy(sum.xxh3.data(), bytes.data() + kXxh3At, sum.xxh3.size());
  sum.headers.reserve(count);
  for (auto at = kHeadersAt; at < crc_at; at += kCrcSize)
    sum.headers.push_back(load_big_endian<std::uint32_t>(bytes.data() + at));
  return sum;
}

base::Result<std::uint64_t> SegmentChecksum::segment_bytes(const File& checksum_file) {
  std::array<std::byte, sizeof(std::uint64_t)> length{};
  if (TRY(checksum_file.read_at(kBytesAt, length)) != length.size())
    return base::fail(Fault::corruption, "segment checksum: shorter than its head");
  return load_big_endian<std::uint64_t>(length.data());
}

base::Result<SegmentChecksum> SegmentChecksum::of(const File& file, base::Offset base_offset,
                                                  std::uint64_t bytes) {
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(),
                                                                       &XXH3_freeState);
  XXH3_128bits_reset(state.get());
  SegmentChecksum sum{.bytes = bytes};
  BatchScanner scanner(file, base_offset, {.end = bytes}, BatchScanner::kWholeBatches);
  while (TRY(scanner.next_header())) {
    const auto batch = TRY(scanner.batch());
    XXH3_128bits_update(state.get(), batch.data(), batch.size());
    sum.headers.push_back(base::crc32c(batch.first(BatchHeader::kSize)));
  }
  if (scanner.next_position() != bytes)
    return base::fail(Fault::corruption,
                      fmt::format("no whole batch begins at position {}", scanner.next_position()));
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state.get()));
  std::memcpy(sum.xxh3.data(), canonical.digest, sum.xxh3.size());
  return sum;
}

}  // namespace storage
