// The broker's operator new: what was given back is kept at hand, by thread and size.
//
// A receive may bring more than a hundred requests, and each is some fifteen small objects until it
// is answered. malloc keeps seven of a size at hand and takes its slow path for all others: a fifth
// of what a small request cost. Blocks come from malloc one by one, so that one that is deleted
// without its size can go straight back to it.

#include <array>
#include <cstddef>
#include <cstdlib>
#include <new>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define STELE_SANITIZED  // They bring their own, and must see every block come and go.
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STELE_SANITIZED
#endif

#ifndef STELE_SANITIZED

namespace {

constexpr std::size_t kStep = 64;
constexpr std::size_t kKinds = 16;
constexpr std::size_t kKept = 256;  // Of each kind: 2 MiB a thread at most.

struct Free {
  Free* next;
};

/// Blocks of one size that nobody uses.
struct List {
  Free* first;
  std::size_t count;
};

/// Zero from the beginning and never destroyed, so that it can be used at any time: a thread that
/// ends leaves a little behind, and ours end with the process.
thread_local constinit std::array<List, kKinds> t_kept{};

std::size_t kind_of(std::size_t bytes) { return bytes == 0 ? 0 : (bytes - 1) / kStep; }

void* from_malloc(std::size_t bytes) {
  void* const block = std::malloc(bytes);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

}  // namespace

void* operator new(std::size_t bytes) {
  const auto kind = kind_of(bytes);
  if (kind >= kKinds) return from_malloc(bytes);
  auto& list = t_kept[kind];
  if (list.first == nullptr) return from_malloc((kind + 1) * kStep);
  auto* const block = list.first;
  list.first = block->next;
  --list.count;
  return block;
}

void operator delete(void* block) noexcept { std::free(block); }

void operator delete(void* block, std::size_t bytes) noexcept {
  const auto kind = kind_of(bytes);
  if (block == nullptr || kind >= kKinds || t_kept[kind].count == kKept) return std::free(block);
  auto& list = t_kept[kind];
  list.first = ::new (block) Free{list.first};
  ++list.count;
}

#endif
