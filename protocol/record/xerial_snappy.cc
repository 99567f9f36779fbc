#include "protocol/record/xerial_snappy.h"

#include <algorithm>
#include <array>
#include <utility>

#include <snappy.h>

#include "protocol/base/big_endian.h"

namespace record {
namespace {

using base::BytesView;
using base::Fault;
using base::Result;

constexpr std::array<std::byte, 8> kMagic{std::byte{0x82}, std::byte{'S'}, std::byte{'N'},
                                          std::byte{'A'},  std::byte{'P'}, std::byte{'P'},
                                          std::byte{'Y'},  std::byte{0}};
constexpr std::size_t kHeaderSize = kMagic.size() + 8;
constexpr std::size_t kBlock = std::size_t{32} << 10;
constexpr std::size_t kBlockMax = std::size_t{64} << 20;

std::unexpected<base::Error> broken(const char* why) {
  return base::fail(Fault::corruption, std::string("snappy data is broken: ") + why);
}

const char* chars(BytesView bytes) { return reinterpret_cast<const char*>(bytes.data()); }

class Unsnappy final : public Decompressor {
 public:
  explicit Unsnappy(BytesView in) : in_(in), framed_(skip_header()) {}

  Result<std::size_t> read(std::span<std::byte> out) override {
    std::size_t filled = 0;
    while (filled < out.size()) {
      if (at_ == plain_.size()) {
        if (framed_) skip_header();  // Streams may follow one another.
        if (in_.empty()) break;
        TRY(next_block());
        continue;
      }
      const auto size = std::min(out.size() - filled, plain_.size() - at_);
      std::copy_n(plain_.begin() + static_cast<std::ptrdiff_t>(at_), size,
                  out.begin() + static_cast<std::ptrdiff_t>(filled));
      at_ += size;
      filled += size;
    }
    return filled;
  }

 private:
  bool skip_header() {
    if (in_.size() < kHeaderSize || !std::ranges::equal(in_.first(kMagic.size()), kMagic))
      return false;
    in_ = in_.subspan(kHeaderSize);
    return true;
  }

  Result<> next_block() {
    auto block = std::exchange(in_, {});
    if (framed_) {
      if (block.size() < 4) return broken("a block's size is cut short");
      const auto size = base::load_big_endian<std::int32_t>(block.data());
      const auto rest = block.subspan(4);
      if (size < 0 || static_cast<std::size_t>(size) > rest.size())
        return broken("a block is cut short");
      block = rest.first(static_cast<std::size_t>(size));
      in_ = rest.subspan(static_cast<std::size_t>(size));
    }
    std::size_t plain_size = 0;
    if (!snappy::GetUncompressedLength(chars(block), block.size(), &plain_size))
      return broken("a block has no length");
    // The claim is checked before anything is allocated for it.
    if (plain_size > kBlockMax || plain_size / 32 > block.size())
      return broken("a block claims more than it can hold");
    plain_.resize(plain_size);
    at_ = 0;
    if (!snappy::RawUncompress(chars(block), block.size(), reinterpret_cast<char*>(plain_.data())))
      return broken("a block does not decompress");
    return {};
  }

  BytesView in_;
  bool framed_;
  std::vector<std::byte> plain_;
  std::size_t at_ = 0;
};

}  // namespace

void append_xerial_header(std::vector<std::byte>& out) {
  const auto at = out.size();
  out.resize(at + kHeaderSize);
  std::ranges::copy(kMagic, out.begin() + static_cast<std::ptrdiff_t>(at));
  base::store_big_endian<std::int32_t>(out.data() + at + kMagic.size(), 1);
  base::store_big_endian<std::int32_t>(out.data() + at + kMagic.size() + 4, 1);
}

void append_xerial_blocks(BytesView plain, std::vector<std::byte>& out) {
  for (; !plain.empty(); plain = plain.subspan(std::min(kBlock, plain.size()))) {
    const auto block = plain.first(std::min(kBlock, plain.size()));
    const auto at = out.size();
    out.resize(at + 4 + snappy::MaxCompressedLength(block.size()));
    std::size_t size = 0;
    snappy::RawCompress(chars(block), block.size(), reinterpret_cast<char*>(out.data() + at + 4),
                        &size);
    base::store_big_endian(out.data() + at, static_cast<std::int32_t>(size));
    out.resize(at + 4 + size);
  }
}

Result<std::unique_ptr<Decompressor>> open_snappy(BytesView compressed) {
  return std::make_unique<Unsnappy>(compressed);
}

}  // namespace record
