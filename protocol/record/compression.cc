#include "protocol/record/compression.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>

#include "protocol/record/xerial_snappy.h"

namespace record {
namespace {

using base::BytesView;
using base::Fault;
using base::Result;
using Bytes = std::vector<std::byte>;

constexpr std::array<std::string_view, 5> kNames{"none", "gzip", "snappy", "lz4", "zstd"};

std::unexpected<base::Error> broken(std::string_view codec, std::string_view why) {
  return base::fail(Fault::corruption, fmt::format("{} data is broken: {}", codec, why));
}

class Plain final : public Decompressor {
 public:
  explicit Plain(BytesView in) : in_(in) {}
  Result<std::size_t> read(std::span<std::byte> out) override {
    const auto size = std::min(out.size(), in_.size());
    std::copy_n(in_.begin(), size, out.begin());
    in_ = in_.subspan(size);
    return size;
  }

 private:
  BytesView in_;
};

class Gunzip final : public Decompressor {
 public:
  explicit Gunzip(BytesView in) {
    stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(in.data()));
    stream_.avail_in = static_cast<uInt>(in.size());
  }
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;
  ~Gunzip() override { inflateEnd(&stream_); }

  bool begin() {
    constexpr int kGzipWrapper = 15 + 16;
    return inflateInit2(&stream_, kGzipWrapper) == Z_OK;
  }

  Result<std::size_t> read(std::span<std::byte> out) override {
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    while (stream_.avail_out > 0 && !ended_) {
      const auto code = inflate(&stream_, Z_NO_FLUSH);
      if (code == Z_STREAM_END) {
        // Members may follow one another (RFC 1952); what follows must be one.
        ended_ = stream_.avail_in == 0;
        if (!ended_) inflateReset(&stream_);
      } else if (code != Z_OK) {
        return broken("gzip", code == Z_BUF_ERROR ? "it ends too early" : zError(code));
      }
    }
    return out.size() - stream_.avail_out;
  }

 private:
  z_stream stream_{};
  bool ended_ = false;
};

class Unlz4 final : public Decompressor {
 public:
  explicit Unlz4(BytesView in) : in_(in) {}
  Unlz4(const Unlz4&) = delete;
  Unlz4& operator=(const Unlz4&) = delete;
  ~Unlz4() override { LZ4F_freeDecompressionContext(context_); }

  bool begin() {
    return LZ4F_isError(LZ4F_createDecompressionContext(&context_, LZ4F_VERSION)) == 0;
  }

  Result<std::size_t> read(std::span<std::byte> out) override {
    std::size_t filled = 0;
    while (filled < out.size() && !ended_) {
      std::size_t produced = out.size() - filled;
      std::size_t consumed = in_.size();
      const auto hint =
          LZ4F_decompress(context_, out.data() + filled, &produced, in_.data(), &consumed, nullptr);
      if (LZ4F_isError(hint) != 0) return broken("lz4", LZ4F_getErrorName(hint));
      in_ = in_.subspan(consumed);
      filled += produced;
      ended_ = hint == 0;
      if (!ended_ && produced == 0 && consumed == 0) return broken("lz4", "it ends too early");
    }
    if (ended_ && !in_.empty()) return broken("lz4", "bytes follow its end");
    return filled;
  }

 private:
  BytesView in_;
  LZ4F_dctx* context_ = nullptr;
  bool ended_ = false;
};

class Unzstd final : public Decompressor {
 public:
  explicit Unzstd(BytesView in) : in_{in.data(), in.size(), 0}, context_(ZSTD_createDCtx()) {}
  Unzstd(const Unzstd&) = delete;
  Unzstd& operator=(const Unzstd&) = delete;
  ~Unzstd() override { ZSTD_freeDCtx(context_); }

  bool begin() {
    // 128 MiB, Kafka's own limit: its Java client asks for as much at level 22, however small the
    // batch (zstd-jni does not say how much will come). Pages are touched as data fills them.
    constexpr int kWindowLogMax = 27;
    return context_ != nullptr &&
           ZSTD_isError(ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, kWindowLogMax)) == 0;
  }

  Result<std::size_t> read(std::span<std::byte> out) override {
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    // Several frames may follow one another; the input's end must be a frame's end.
    while (to.pos < to.size && !(in_frame_ == 0 && in_.pos == in_.size)) {
      const auto before = std::pair(to.pos, in_.pos);
      in_frame_ = ZSTD_decompressStream(context_, &to, &in_);
      if (ZSTD_isError(in_frame_) != 0) return broken("zstd", ZSTD_getErrorName(in_frame_));
      if (before == std::pair(to.pos, in_.pos)) return broken("zstd", "it ends too early");
    }
    return to.pos;
  }

 private:
  ZSTD_inBuffer in_;
  ZSTD_DCtx* context_;
  std::size_t in_frame_ = 1;  // What ZSTD_decompressStream still expects; 0 between frames.
};

template <class D>
Result<std::unique_ptr<Decompressor>> begin(BytesView compressed) {
  auto decompressor = std::make_unique<D>(compressed);
  if (!decompressor->begin()) return base::fail(Fault::full, "no memory to decompress");
  return decompressor;
}

}  // namespace

std::string_view name_of(Codec codec) { return kNames[static_cast<std::size_t>(codec)]; }

Result<std::unique_ptr<Decompressor>> Decompressor::open(Codec codec, BytesView compressed) {
  switch (codec) {
    case Codec::none:
      return std::make_unique<Plain>(compressed);
    case Codec::gzip:
      return begin<Gunzip>(compressed);
    case Codec::snappy:
      return open_snappy(compressed);
    case Codec::lz4:
      return begin<Unlz4>(compressed);
    case Codec::zstd:
      return begin<Unzstd>(compressed);
  }
  return base::fail(Fault::unsupported, "an unknown codec");
}

Result<Bytes> decompress(Codec codec, BytesView compressed, std::size_t bytes_max) {
  const auto decompressor = TRY(Decompressor::open(codec, compressed));
  Bytes out;
  std::array<std::byte, std::size_t{16} << 10> piece;
  for (;;) {
    const auto size = TRY(decompressor->read(piece));
    if (size == 0) return out;
    if (out.size() + size > bytes_max)
      return base::fail(Fault::full,
                        fmt::format("the data is larger than {} bytes decompressed", bytes_max));
    out.insert(out.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(size));
  }
}

}  // namespace record
