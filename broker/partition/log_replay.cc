#include "broker/partition/log_replay.h"

#include <vector>

#include <fmt/format.h>

#include "protocol/record/record_reader.h"

namespace broker {
namespace {

constexpr std::size_t kReadBytes = 4 << 20;

}  // namespace

base::Result<> replay_log(
    const storage::LogView& log,
    const std::function<base::Result<>(const record::BatchHeader&, base::BytesView)>& visit) {
  auto offset = log.start_offset();
  std::vector<std::byte> bytes;
  while (offset < log.high_watermark()) {
    const auto slice = TRY(log.read(offset, kReadBytes, true));
    bytes.resize(slice.bytes.view.size());
    bytes.resize(TRY(slice.file->read_at(slice.position, bytes)));
    const auto before = offset;
    base::Result<> outcome;
    record::each_batch(bytes, [&](const record::BatchHeader& header, base::BytesView batch) {
      outcome = visit(header, batch);
      offset = header.next_offset();
      return outcome.has_value();
    });
    if (!outcome) return outcome;
    if (offset == before)
      return base::fail(base::Fault::corruption,
                        fmt::format("there is no whole batch at offset {}", offset));
  }
  return {};
}

}  // namespace broker
