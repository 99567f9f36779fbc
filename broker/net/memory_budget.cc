#include "broker/net/memory_budget.h"

#include <mutex>
#include <utility>
#include <vector>

#include "protocol/base/assert.h"

namespace broker {

struct MemoryBudget::State : std::enable_shared_from_this<State> {
  struct Waiter {
    Ask ask;
    Loop* loop;
    Granted granted;
  };

  /// The right to go beyond the budget; there is one.
  struct Overdraft {
    explicit Overdraft(std::shared_ptr<State> owner) : state(std::move(owner)) {}
    Overdraft(const Overdraft&) = delete;
    Overdraft& operator=(const Overdraft&) = delete;
    ~Overdraft() {
      {
        const std::scoped_lock lock(state->mutex);
        state->overdraft_out = false;
      }
      state->grant_waiting();
    }
    std::shared_ptr<State> state;
  };

  State(std::size_t bytes, std::size_t share) : total(bytes), small_share(share) {}

  std::deque<Waiter>& queue(bool of_large) { return of_large ? large : small; }

  bool fits(const Ask& ask) const {
    if (ask.bytes > total || used > total - ask.bytes) return false;
    return !ask.large || used_large + ask.bytes <= total - small_share;
  }

  Lease take(const Ask& ask, std::shared_ptr<void> overdraft = {}) {
    used += ask.bytes;
    if (ask.large) used_large += ask.bytes;
    Lease lease;
    lease.state_ = shared_from_this();
    lease.bytes_ = ask.bytes;
    lease.large_ = ask.large;
    lease.overdraft_ = std::move(overdraft);
    return lease;
  }

  void give_back(std::size_t bytes, bool of_large) {
    {
      const std::scoped_lock lock(mutex);
      used -= bytes;
      if (of_large) used_large -= bytes;
      if (small.empty() && large.empty()) return;
    }
    grant_waiting();
  }

  void grant_waiting() {
    std::vector<std::pair<Waiter, Lease>> granted;
    {
      const std::scoped_lock lock(mutex);
      for (const bool of_large : {false, true}) {
        auto& waiters = queue(of_large);
        while (!waiters.empty()) {
          const auto& ask = waiters.front().ask;
          std::shared_ptr<void> overdraft;
          if (!fits(ask)) {
            if (overdraft_out || (!ask.begun && used > 0)) break;
            overdraft_out = true;
            overdraft = std::make_shared<Overdraft>(shared_from_this());
          }
          auto lease = take(ask, std::move(overdraft));
          granted.emplace_back(std::move(waiters.front()), std::move(lease));
          waiters.pop_front();
        }
      }
    }
    for (auto& [waiter, lease] : granted) {
      waiter.loop->post([tell = std::move(waiter.granted), given = std::move(lease)]() mutable {
        tell(std::move(given));
      });
    }
  }

  std::mutex mutex;
  const std::size_t total;
  const std::size_t small_share;
  std::size_t used = 0;
  std::size_t used_large = 0;
  bool overdraft_out = false;
  std::deque<Waiter> small;
  std::deque<Waiter> large;
};

MemoryBudget::Lease::Lease(Lease&& other) noexcept
    : state_(std::move(other.state_)),
      bytes_(std::exchange(other.bytes_, 0)),
      large_(other.large_),
      overdraft_(std::move(other.overdraft_)) {}

MemoryBudget::Lease& MemoryBudget::Lease::operator=(Lease&& other) noexcept {
  std::swap(state_, other.state_);
  std::swap(bytes_, other.bytes_);
  std::swap(large_, other.large_);
  std::swap(overdraft_, other.overdraft_);
  return *this;
}

MemoryBudget::Lease::~Lease() {
  if (bytes_ > 0) state_->give_back(bytes_, large_);
}

void MemoryBudget::Lease::merge(Lease other) {
  ASSERT(state_ == other.state_ && large_ == other.large_, "leases of one request are of one kind");
  bytes_ += std::exchange(other.bytes_, 0);
  if (!overdraft_) overdraft_ = std::move(other.overdraft_);
}

MemoryBudget::MemoryBudget(std::size_t bytes, std::size_t small_share)
    : state_(std::make_shared<State>(bytes, small_share)) {
  ASSERT(small_share < bytes, "large requests need some of the budget too");
}

std::optional<MemoryBudget::Lease> MemoryBudget::try_take(const Ask& ask, const Lease* held) {
  const std::scoped_lock lock(state_->mutex);
  if (held != nullptr && held->overdrawn()) return state_->take(ask, held->overdraft_);
  if (!state_->queue(ask.large).empty() || !state_->fits(ask)) return std::nullopt;
  return state_->take(ask);
}

void MemoryBudget::wait(const Ask& ask, Loop& loop, Granted granted) {
  {
    const std::scoped_lock lock(state_->mutex);
    state_->queue(ask.large).push_back({ask, &loop, std::move(granted)});
  }
  // Room may have come since it was refused, and the overdraft may be free.
  state_->grant_waiting();
}

std::size_t MemoryBudget::used() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->used;
}

std::size_t MemoryBudget::waiting() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->small.size() + state_->large.size();
}

}  // namespace broker
