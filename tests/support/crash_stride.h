#pragma once

#include <cstdint>

namespace test_support {

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define STELE_TSAN 1
#endif
#endif

/// A crash test cuts at every operation; under TSan, which is slow and learns nothing from a test
/// of one thread, at every fifth.
#ifdef STELE_TSAN
inline constexpr std::uint64_t kCrashStride = 5;
#else
inline constexpr std::uint64_t kCrashStride = 1;
#endif

}  // namespace test_support
