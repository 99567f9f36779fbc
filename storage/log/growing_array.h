#pragma once

#include <cstddef>
#include <memory>
#include <span>

namespace storage {

/// A list that one thread appends to while others read what was there when they took a snapshot:
/// elements never move under a reader, since growing copies to a new block and leaves the old one
/// to its readers.
///
/// Thread: push_back() and snapshot() one; a Snapshot any, once it was handed over.
template <class T>
class GrowingArray {
 public:
  struct Snapshot {
    std::shared_ptr<const T[]> block;
    std::size_t size = 0;
    std::span<const T> items() const { return {block.get(), size}; }
  };

  void push_back(const T& item) {
    if (size_ == capacity_) grow();
    block_.get()[size_++] = item;
  }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const T& back() const { return block_.get()[size_ - 1]; }
  std::span<const T> items() const { return {block_.get(), size_}; }
  Snapshot snapshot() const { return {block_, size_}; }

 private:
  void grow() {
    constexpr std::size_t kFirst = 16;
    const auto capacity = capacity_ == 0 ? kFirst : 2 * capacity_;
    const std::shared_ptr<T[]> block(new T[capacity]());
    for (std::size_t i = 0; i < size_; ++i) block.get()[i] = block_.get()[i];
    block_ = block;
    capacity_ = capacity;
  }

  std::shared_ptr<T[]> block_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace storage
