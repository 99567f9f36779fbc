#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace broker {

/// The memory that members of groups may take up with what they say of themselves, and ids that
/// were handed out. Anybody may join with any name and megabytes of metadata, and is remembered for
/// the session that he asks for: without a bound strangers would fill the memory.
///
///     auto share = memory.try_take(bytes);   // Null: too much. Given back by the last copy.
///
/// Thread: any. Copies share one account: that of all partitions of the offsets topic.
class GroupMemory {
 public:
  class Taken;
  using Share = std::shared_ptr<const Taken>;

  explicit GroupMemory(std::size_t bytes_max) : account_(std::make_shared<Account>(bytes_max)) {}

  /// Null if that would be more than there is.
  Share try_take(std::size_t bytes) const;

 private:
  struct Account {
    explicit Account(std::size_t bytes_max) : max(bytes_max) {}
    const std::size_t max;
    std::atomic<std::size_t> used{0};
  };

  std::shared_ptr<Account> account_;
};

/// Some bytes of the account.
class GroupMemory::Taken {
 public:
  Taken(std::shared_ptr<Account> account, std::size_t bytes)
      : account_(std::move(account)), bytes_(bytes) {}
  Taken(const Taken&) = delete;
  Taken& operator=(const Taken&) = delete;
  ~Taken() { account_->used.fetch_sub(bytes_, std::memory_order_relaxed); }

  std::size_t bytes() const { return bytes_; }

 private:
  const std::shared_ptr<Account> account_;
  const std::size_t bytes_;
};

inline GroupMemory::Share GroupMemory::try_take(std::size_t bytes) const {
  if (account_->used.fetch_add(bytes, std::memory_order_relaxed) + bytes > account_->max) {
    account_->used.fetch_sub(bytes, std::memory_order_relaxed);
    return nullptr;
  }
  return std::make_shared<const Taken>(account_, bytes);
}

}  // namespace broker
