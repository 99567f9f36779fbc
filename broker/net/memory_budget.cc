#include "broker/net/memory_budget.h"

#include <array>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "protocol/base/assert.h"

namespace broker {
namespace {

constexpr std::size_t kSizes = 4;

}  // namespace

struct MemoryBudget::State : std::enable_shared_from_this<State> {
  struct Waiter {
    Ask ask;
    Loop* loop;
    Granted granted;
  };
  /// Those of one size.
  struct Queue {
    std::deque<Waiter> begun;
    std::deque<Waiter> others;

    bool empty() const { return begun.empty() && others.empty(); }
    std::deque<Waiter>& next() { return begun.empty() ? others : begun; }
    std::deque<Waiter>& of(const Ask& ask) { return ask.begun ? begun : others; }
    bool comes_before(const Ask& ask) const { return ask.begun ? !begun.empty() : !empty(); }
  };
  using Queues = std::array<Queue, kSizes>;

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

  State(std::size_t bytes, std::size_t set_aside)
      : total(bytes), set_aside_from{bytes / 2, 0, set_aside / 2, set_aside} {}

  Queue& queue_of(const Ask& ask) { return queues[static_cast<std::size_t>(ask.size)]; }

  std::size_t used_by(std::size_t first, std::size_t end) const {
    std::size_t sum = 0;
    for (auto i = first; i < end; ++i) sum += used[i];
    return sum;
  }

  bool fits(const Ask& ask) const {
    const auto size = static_cast<std::size_t>(ask.size);
    if (used_by(0, kSizes) + ask.bytes > total - set_aside_from[size]) return false;
    // While larger ones wait, room for them must grow.
    for (auto i = size + 1; i < kSizes; ++i)
      if (!queues[i].empty() && used_by(0, i) + ask.bytes > set_aside_from[i]) return false;
    return true;
  }

  Lease take(const Ask& ask, std::shared_ptr<void> overdraft = {}) {
    used[static_cast<std::size_t>(ask.size)] += ask.bytes;
    Lease lease;
    lease.state_ = shared_from_this();
    lease.bytes_ = ask.bytes;
    lease.size_ = ask.size;
    lease.overdraft_ = std::move(overdraft);
    return lease;
  }

  void give_back(std::size_t bytes, Size size) {
    {
      const std::scoped_lock lock(mutex);
      used[static_cast<std::size_t>(size)] -= bytes;
      if (nobody_waits()) return;
    }
    grant_waiting();
  }

  bool nobody_waits() const {
    for (const auto& queue : queues)
      if (!queue.empty()) return false;
    return true;
  }

  void grant_waiting() {
    std::vector<std::pair<Waiter, Lease>> granted;
    {
      const std::scoped_lock lock(mutex);
      for (auto& queue : queues) {
        while (!queue.empty()) {
          auto& next = queue.next();
          const auto& ask = next.front().ask;
          std::shared_ptr<void> overdraft;
          if (!fits(ask)) {
            if (overdraft_out || (!ask.begun && used_by(0, kSizes) > 0)) break;
            overdraft_out = true;
            overdraft = std::make_shared<Overdraft>(shared_from_this());
          }
          auto lease = take(ask, std::move(overdraft));
          granted.emplace_back(std::move(next.front()), std::move(lease));
          next.pop_front();
        }
      }
    }
    for (auto& [waiter, lease] : granted) {
      waiter.loop->post([tell = std::move(waiter.granted), given = std::move(lease)]() mutable {
        tell(std::move(given));
      });
    }
  }

  mutable std::mutex mutex;
  const std::size_t total;
  const std::array<std::size_t, kSizes> set_aside_from;  // What a size must leave free.
  std::array<std::size_t, kSizes> used{};
  bool overdraft_out = false;
  Queues queues;
};

MemoryBudget::Lease::Lease(Lease&& other) noexcept
    : state_(std::move(other.state_)),
      bytes_(std::exchange(other.bytes_, 0)),
      size_(other.size_),
      overdraft_(std::move(other.overdraft_)) {}

MemoryBudget::Lease& MemoryBudget::Lease::operator=(Lease&& other) noexcept {
  std::swap(state_, other.state_);
  std::swap(bytes_, other.bytes_);
  std::swap(size_, other.size_);
  std::swap(overdraft_, other.overdraft_);
  return *this;
}

MemoryBudget::Lease::~Lease() {
  if (bytes_ > 0) state_->give_back(bytes_, size_);
}

void MemoryBudget::Lease::set_size(Size size) {
  if (!state_ || size == size_) return;
  {
    const std::scoped_lock lock(state_->mutex);
    state_->used[static_cast<std::size_t>(std::exchange(size_, size))] -= bytes_;
    state_->used[static_cast<std::size_t>(size)] += bytes_;
    if (state_->nobody_waits()) return;
  }
  state_->grant_waiting();
}

void MemoryBudget::Lease::merge(Lease other) {
  ASSERT(state_ == other.state_ && size_ == other.size_, "leases of one request are of one size");
  bytes_ += std::exchange(other.bytes_, 0);
  if (!overdraft_) overdraft_ = std::move(other.overdraft_);
}

MemoryBudget::MemoryBudget(std::size_t bytes, std::size_t set_aside)
    : state_(std::make_shared<State>(bytes, set_aside)) {
  ASSERT(set_aside < bytes, "large requests need some of the budget too");
}

MemoryBudget::~MemoryBudget() {
  // Leases may outlive us, and the loops of those who wait may not.
  State::Queues dropped;
  const std::scoped_lock lock(state_->mutex);
  std::swap(dropped, state_->queues);
}

std::optional<MemoryBudget::Lease> MemoryBudget::try_take(const Ask& ask, const Lease* held) {
  const std::scoped_lock lock(state_->mutex);
  if (held != nullptr && held->overdrawn()) return state_->take(ask, held->overdraft_);
  if (state_->queue_of(ask).comes_before(ask) || !state_->fits(ask)) return std::nullopt;
  return state_->take(ask);
}

void MemoryBudget::wait(const Ask& ask, Loop& loop, Granted granted) {
  {
    const std::scoped_lock lock(state_->mutex);
    state_->queue_of(ask).of(ask).push_back({ask, &loop, std::move(granted)});
  }
  // Room may have come since it was refused, and the overdraft may be free.
  state_->grant_waiting();
}

std::size_t MemoryBudget::used() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->used_by(0, kSizes);
}

std::size_t MemoryBudget::waiting() const {
  const std::scoped_lock lock(state_->mutex);
  std::size_t sum = 0;
  for (const auto& queue : state_->queues) sum += queue.begun.size() + queue.others.size();
  return sum;
}

}  // namespace broker
