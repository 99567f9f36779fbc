#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/big_endian.h"
#include "protocol/base/random.h"
#include "storage/file/checkpoint_file.h"
#include "storage/log/log_files.h"
#include "tests/support/log_host.h"
#include "tests/support/sim_file_system.h"

namespace test_support {

using Values = std::vector<std::string>;

/// The n-th batch of a test: the n-th of an idempotent producer too, about 180 bytes, with a time
/// that tells its number.
inline Wish wish_of(int n) {
  return {.name = "b" + std::to_string(n),
          .timestamp = kNow + n,
          .value_size = 100,
          .producer_id = 7,
          .producer_epoch = 0,
          .base_sequence = n};
}

/// A log of small batches, five to a segment, each with an index entry, and what a stop can do to
/// its files.
struct RecoveryBench {
  explicit RecoveryBench(const config::LogConfig& config = {.index_interval_bytes = 0,
                                                            .segment_bytes = 1000})
      : host(disk, config) {
    start();
  }

  void start() {
    const auto started = host.start();
    INFO((started ? std::string() : started.error().detail));
    REQUIRE(started);
  }
  /// The next `count` batches, one append each.
  void write_unsynced(int count) {
    for (int i = 0; i < count; ++i) {
      const auto appended = host.append({wish_of(static_cast<int>(written.size()))});
      REQUIRE(appended);
      REQUIRE(appended->front().verdict == storage::AppendVerdict::appended);
      written.push_back("b" + std::to_string(written.size()) + "-0");
    }
  }
  void write(int count) {
    write_unsynced(count);
    REQUIRE(host.sync());
  }
  void crash(test::SimFileSystem::Loss loss) {
    host.forget();
    base::Random random(1);
    disk.crash(random, loss);
  }

  std::vector<std::byte> batch(int n) const { return batch_bytes(wish_of(n)); }
  std::size_t batch_size() const { return batch(0).size(); }
  static void stamp(std::vector<std::byte>& batch, base::Offset offset, base::LeaderEpoch epoch) {
    base::store_big_endian(batch.data(), offset);
    base::store_big_endian(batch.data() + 12, epoch);
  }

  static std::string file_name(base::Offset offset, std::string_view suffix = storage::kLogSuffix) {
    return storage::file_name(offset, suffix);
  }
  std::shared_ptr<storage::File> open(const std::string& name) {
    auto file = disk.open(host.path() / name, storage::OpenMode::read_write);
    REQUIRE(file);
    return *std::move(file);
  }
  bool exists(const std::string& name) { return disk.exists(host.path() / name).value(); }
  std::vector<std::byte> content(const std::string& name) {
    auto bytes = storage::read_file(disk, host.path() / name);
    REQUIRE(bytes);
    return *std::move(bytes);
  }
  std::uint64_t size_of(base::Offset segment) { return open(file_name(segment))->size().value(); }
  void overwrite(base::Offset segment, std::uint64_t at, base::BytesView bytes) {
    REQUIRE(open(file_name(segment))->write_at(at, bytes));
  }
  void damage(base::Offset segment, std::uint64_t at) {
    disk.damage(host.path() / file_name(segment), at);
  }
  void cut(base::Offset segment, std::uint64_t size) {
    REQUIRE(open(file_name(segment))->truncate(size));
  }
  void remove(base::Offset segment, std::string_view suffix) {
    REQUIRE(disk.remove(host.path() / file_name(segment, suffix)));
  }

  void fill_disk() {
    const auto space = disk.space("/data").value();
    disk.set_capacity(space.capacity - space.available);
  }

  void spoil_indexes(std::string_view state) {
    const auto names = disk.list(host.path());
    REQUIRE(names);
    for (const auto& name : *names) {
      if (!name.ends_with("index")) continue;
      const auto file = open(name);
      const auto size = file->size().value();
      if (state == "missing") REQUIRE(disk.remove(host.path() / name));
      if (state == "empty") REQUIRE(file->truncate(0));
      if (state == "short") REQUIRE(file->truncate(size / 2 / 24 * 24));
      if (state == "odd") REQUIRE(file->truncate(size + 1));
      if (state == "padded") REQUIRE(file->truncate(size + 240));
      if (state == "garbage") {
        const std::vector<std::byte> bytes(240, std::byte{0xd3});
        REQUIRE(file->write_at(0, bytes));
      }
    }
  }

  test::SimFileSystem disk;
  LogHost host;
  Values written;
};

}  // namespace test_support
