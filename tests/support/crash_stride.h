#pragma once

#include <cstdint>

namespace test_support {

#if defined(__has_feature)
#if !__has_feature(thread_sanitizer) && !__has_feature(address_sanitizer)
#define STELE_EVERY_CUT 1
#endif
#endif

/// A crash test cuts at every operation where clang builds it plainly; under sanitizers, which are
/// slow, and with the second compiler, which have other things to find, at every fifth.
#ifdef STELE_EVERY_CUT
inline constexpr std::uint64_t kCrashStride = 1;
#else
inline constexpr std::uint64_t kCrashStride = 5;
#endif

}  // namespace test_support
