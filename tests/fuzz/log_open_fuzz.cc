#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/assert.h"
#include "protocol/base/big_endian.h"
#include "protocol/record/record_reader.h"
#include "storage/file/checkpoint_file.h"
#include "storage/log/log.h"
#include "storage/log/log_files.h"
#include "tests/support/sim_file_system.h"

/// Bytes as the files of a partition, and recovery over them: it must come to an end, what it
/// serves from a log of which nothing was trusted must be whole batches in order, and a second
/// recovery must find the same. The input is a list of files: kind, size (2 bytes), content. In
/// segments every chain of batches gets its checksums and offsets put right, else nothing would
/// ever get beyond the first.

namespace {

using record::BatchHeader;
using storage::Log;
using storage::LogOpening;
using storage::Path;

const Path kDirectory = "/log";

class Input {
 public:
  explicit Input(base::BytesView bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  std::uint8_t byte() {
    if (bytes_.empty()) return 0;
    const auto value = std::to_integer<std::uint8_t>(bytes_.front());
    bytes_ = bytes_.subspan(1);
    return value;
  }
  base::BytesView take(std::size_t size) {
    const auto taken = bytes_.first(std::min(size, bytes_.size()));
    bytes_ = bytes_.subspan(taken.size());
    return taken;
  }

 private:
  base::BytesView bytes_;
};

/// Makes a chain of batches of the bytes, as far as their lengths allow; a header with odd
/// attributes stays as it is, so that there is damage too.
void mend_batches(std::vector<std::byte>& segment, base::Offset offset) {
  for (std::size_t at = 0; at + BatchHeader::kSize <= segment.size();) {
    auto header = *BatchHeader::read(base::BytesView(segment).subspan(at));
    const auto left = segment.size() - at;
    const auto size = BatchHeader::kSize + static_cast<std::size_t>(header.batch_length & 0xff);
    if (size > left) return;
    if ((header.crc & 0xff) != 0) {
      header.magic = BatchHeader::kMagic;
      header.base_offset = offset;
      header.last_offset_delta &= 0xff;
      header.leader_epoch &= 0x1;
    }
    header.batch_length = static_cast<std::int32_t>(size - BatchHeader::kLengthEnd);
    const auto records =
        base::BytesView(segment).subspan(at + BatchHeader::kSize, size - BatchHeader::kSize);
    if ((header.crc & 0xff) != 1) header.crc = record::batch_crc(header, records);
    const auto head = header.to_bytes();
    std::copy(head.begin(), head.end(), segment.begin() + static_cast<std::ptrdiff_t>(at));
    offset += header.last_offset_delta + 1;
    at += size;
  }
}

void make_files(test::SimFileSystem& disk, Input& input) {
  constexpr std::array<std::string_view, 5> kSuffixes = {
      storage::kLogSuffix, storage::kIndexSuffix, storage::kTimeIndexSuffix,
      storage::kSnapshotSuffix, storage::kChecksumSuffix};
  for (int files = 0; !input.empty() && files < 12; ++files) {
    const auto kind = input.byte();
    // A log begins at 0; anything else is refused at once.
    const auto offset = files == 0 ? 0 : static_cast<base::Offset>(input.byte() % 16);
    const auto size = static_cast<std::size_t>(input.byte()) << (kind >> 6U);
    const auto taken = input.take(size);
    std::vector<std::byte> content(taken.begin(), taken.end());
    auto name = storage::file_name(offset, kSuffixes[kind % kSuffixes.size()]);
    if (kind % 8 == 7) name = storage::kLeaderEpochFile;
    if (name.ends_with(storage::kLogSuffix)) mend_batches(content, offset);
    ASSERT(storage::replace_file(disk, kDirectory / name, content).has_value(),
           "the simulated disk takes it");
  }
}

/// The offsets and bytes of everything that can be read, up to the first damage.
std::vector<std::byte> read_all(const storage::LogView& view, bool trusted) {
  std::vector<std::byte> all;
  auto offset = view.start_offset();
  while (offset < view.high_watermark()) {
    const auto slice = view.read(offset, 300, true);
    if (!slice) {
      ASSERT(trusted, "what was verified can be read");
      return all;
    }
    if (slice->bytes.view.empty()) return all;
    const auto before = offset;
    record::each_batch(slice->bytes.view, [&](const BatchHeader& header, base::BytesView batch) {
      if (!trusted) {
        ASSERT(header.base_offset >= offset, "batches are served in order");
        ASSERT(record::checksum_matches(header, batch), "what is served is whole");
      }
      offset = header.next_offset();
      all.insert(all.end(), batch.begin(), batch.end());
      return true;
    });
    ASSERT(trusted || offset > before, "a reader moves on");
    if (offset <= before) return all;
  }
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input({reinterpret_cast<const std::byte*>(data), size});
  test::SimFileSystem disk;
  static_cast<void>(disk.create_directory(kDirectory));
  const config::LogConfig config{.index_interval_bytes = input.byte() % 4 == 0 ? 0 : 256};
  const auto mode = input.byte();
  const LogOpening opening{.clean = mode % 4 == 0,
                           .recovery_point = mode % 2 == 0 ? input.byte() % 64 : 0,
                           .now = 1'700'000'000'000};
  make_files(disk, input);
  const bool trusted = opening.clean || opening.recovery_point > 0;

  storage::RecoveryReport report;
  const auto log = Log::open(disk, kDirectory, config, opening, report);
  if (!log) return 0;
  const auto view = (*log)->view();
  const auto served = read_all(*view, trusted);
  static_cast<void>(view->find_max_timestamp());
  static_cast<void>(view->find_time(1000));
  if (trusted) return 0;

  storage::RecoveryReport second;
  const auto again = Log::open(disk, kDirectory, config, opening, second);
  ASSERT(again.has_value(), "what was recovered can be recovered");
  ASSERT(second.bytes_cut == 0, "a second recovery finds nothing to cut");
  ASSERT(read_all(*(*again)->view(), false) == served, "...and serves the same");
  return 0;
}
