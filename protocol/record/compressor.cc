#include "protocol/record/compressor.h"

#include <algorithm>
#include <array>
#include <utility>

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

/// What one call into a library may put out at a time.
constexpr std::size_t kPiece = std::size_t{64} << 10;

void append(Bytes& out, BytesView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

class Copy final : public Compressor {
 public:
  Result<> write(BytesView plain, Bytes& out) override {
    append(out, plain);
    return {};
  }
  Result<> finish(Bytes& /*out*/) override { return {}; }
};

class Gzip final : public Compressor {
 public:
  Gzip() = default;
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;
  ~Gzip() override { deflateEnd(&stream_); }

  bool begin(std::optional<int> level) {
    constexpr int kGzipWrapper = 15 + 16;
    constexpr int kMemoryLevel = 8;
    return deflateInit2(&stream_, level.value_or(Z_DEFAULT_COMPRESSION), Z_DEFLATED, kGzipWrapper,
                        kMemoryLevel, Z_DEFAULT_STRATEGY) == Z_OK;
  }

  Result<> write(BytesView plain, Bytes& out) override {
    // zlib's input is not const, though it never writes to it.
    stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(plain.data()));
    stream_.avail_in = static_cast<uInt>(plain.size());
    return run(Z_NO_FLUSH, out);
  }
  Result<> finish(Bytes& out) override { return run(Z_FINISH, out); }

 private:
  Result<> run(int flush, Bytes& out) {
    std::array<std::byte, kPiece> piece;
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(piece.data());
      stream_.avail_out = static_cast<uInt>(piece.size());
      if (deflate(&stream_, flush) == Z_STREAM_ERROR)
        return base::fail(Fault::full, "gzip could not go on");
      append(out, BytesView(piece).first(piece.size() - stream_.avail_out));
    } while (stream_.avail_out == 0);  // Filled to the brim: there may be more.
    return {};
  }

  z_stream stream_{};
};

class Snappy final : public Compressor {
 public:
  Result<> write(BytesView plain, Bytes& out) override {
    put_header(out);
    append_xerial_blocks(plain, out);
    return {};
  }
  Result<> finish(Bytes& out) override {
    put_header(out);
    return {};
  }

 private:
  void put_header(Bytes& out) {
    if (!std::exchange(begun_, true)) append_xerial_header(out);
  }

  bool begun_ = false;
};

class Lz4 final : public Compressor {
 public:
  Lz4() = default;
  Lz4(const Lz4&) = delete;
  Lz4& operator=(const Lz4&) = delete;
  ~Lz4() override { LZ4F_freeCompressionContext(context_); }

  bool begin(std::optional<int> level) {
    // What Kafka's Java client writes and every client reads: independent blocks of 64 KiB.
    preferences_.frameInfo.blockSizeID = LZ4F_max64KB;
    preferences_.frameInfo.blockMode = LZ4F_blockIndependent;
    preferences_.compressionLevel = level.value_or(0);
    return LZ4F_isError(LZ4F_createCompressionContext(&context_, LZ4F_VERSION)) == 0;
  }

  Result<> write(BytesView plain, Bytes& out) override {
    TRY(put_header(out));
    for (; !plain.empty(); plain = plain.subspan(std::min(kPiece, plain.size()))) {
      const auto part = plain.first(std::min(kPiece, plain.size()));
      TRY(put(out, LZ4F_compressBound(part.size(), &preferences_),
              [&](std::byte* to, std::size_t room) {
                return LZ4F_compressUpdate(context_, to, room, part.data(), part.size(), nullptr);
              }));
    }
    return {};
  }
  Result<> finish(Bytes& out) override {
    TRY(put_header(out));
    return put(out, LZ4F_compressBound(0, &preferences_), [&](std::byte* to, std::size_t room) {
      return LZ4F_compressEnd(context_, to, room, nullptr);
    });
  }

 private:
  Result<> put_header(Bytes& out) {
    if (std::exchange(begun_, true)) return {};
    return put(out, LZ4F_HEADER_SIZE_MAX, [&](std::byte* to, std::size_t room) {
      return LZ4F_compressBegin(context_, to, room, &preferences_);
    });
  }

  template <class Call>
  static Result<> put(Bytes& out, std::size_t room, const Call& call) {
    const auto at = out.size();
    out.resize(at + room);
    const auto size = call(out.data() + at, room);
    if (LZ4F_isError(size) != 0) return base::fail(Fault::full, LZ4F_getErrorName(size));
    out.resize(at + size);
    return {};
  }

  LZ4F_preferences_t preferences_{};
  LZ4F_cctx* context_ = nullptr;
  bool begun_ = false;
};

class Zstd final : public Compressor {
 public:
  Zstd() : context_(ZSTD_createCCtx()) {}
  Zstd(const Zstd&) = delete;
  Zstd& operator=(const Zstd&) = delete;
  ~Zstd() override { ZSTD_freeCCtx(context_); }

  bool begin(std::optional<int> level) {
    return context_ != nullptr &&
           ZSTD_isError(ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel,
                                               level.value_or(ZSTD_CLEVEL_DEFAULT))) == 0;
  }

  Result<> write(BytesView plain, Bytes& out) override {
    ZSTD_inBuffer in{plain.data(), plain.size(), 0};
    while (in.pos < in.size) {
      if (const auto left = step(in, ZSTD_e_continue, out); !left)
        return std::unexpected(left.error());
    }
    return {};
  }
  Result<> finish(Bytes& out) override {
    for (;;) {
      ZSTD_inBuffer none{nullptr, 0, 0};
      if (TRY(step(none, ZSTD_e_end, out)) == 0) return {};
    }
  }

 private:
  /// What is left to be put out.
  Result<std::size_t> step(ZSTD_inBuffer& in, ZSTD_EndDirective how, Bytes& out) {
    std::array<std::byte, kPiece> piece;
    ZSTD_outBuffer to{piece.data(), piece.size(), 0};
    const auto left = ZSTD_compressStream2(context_, &to, &in, how);
    if (ZSTD_isError(left) != 0) return base::fail(Fault::full, ZSTD_getErrorName(left));
    append(out, BytesView(piece).first(to.pos));
    return left;
  }

  ZSTD_CCtx* context_;
};

template <class C>
Result<std::unique_ptr<Compressor>> begin(std::optional<int> level) {
  auto compressor = std::make_unique<C>();
  if (!compressor->begin(level)) return base::fail(Fault::full, "no memory to compress");
  return compressor;
}

}  // namespace

Result<std::unique_ptr<Compressor>> Compressor::open(Codec codec, std::optional<int> level) {
  switch (codec) {
    case Codec::none:
      return std::make_unique<Copy>();
    case Codec::gzip:
      return begin<Gzip>(level);
    case Codec::snappy:
      return std::make_unique<Snappy>();
    case Codec::lz4:
      return begin<Lz4>(level);
    case Codec::zstd:
      return begin<Zstd>(level);
  }
  return base::fail(Fault::unsupported, "an unknown codec");
}

Result<Bytes> compress(Codec codec, BytesView plain, std::optional<int> level) {
  const auto compressor = TRY(Compressor::open(codec, level));
  Bytes out;
  TRY(compressor->write(plain, out));
  TRY(compressor->finish(out));
  return out;
}

}  // namespace record
