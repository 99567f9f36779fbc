#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "broker/runtime/loop.h"

namespace broker {

/// How many bytes of requests may be in memory at once, for the whole broker. Whoever is refused
/// stops reading its socket and is told, in order of arrival, when there is room.
///
///     if (auto lease = budget.try_take(ask)) ...   // Given back by its destructor.
///     else budget.wait(ask, loop, [](MemoryBudget::Lease lease) { ... });
///
/// What is set aside for smaller requests stays free of larger ones, so that many large ones cannot
/// keep them out; and while larger ones wait, smaller ones keep to as much, so that the reverse
/// does not happen either. Bytes of a size that is not known yet get half of the budget at most:
/// whoever is refused those can receive a little without (FrameReader), and learns the size.
///
/// A request that has begun holds memory while it waits for more, so it goes before those that have
/// not; and as a full budget of half requests could wait for ever, one of them at a time may
/// overdraw until it is done. What is used stays below the budget and what one connection may have
/// in flight.
///
/// Thread: any. A core but for the lock: it posts to loops, and never waits.
class MemoryBudget {
  struct State;

 public:
  /// How large a request is: half of what is set aside is for small ones alone, the other half for
  /// medium ones too.
  enum class Size : std::uint8_t {
    unknown,
    small,
    medium,
    large
  };

  struct Ask {
    std::size_t bytes = 0;
    Size size = Size::small;
    bool begun = false;  // The same request holds memory already.
  };

  /// Bytes taken from the budget.
  ///
  /// Thread: any, one at a time. May outlive the budget.
  class Lease {
   public:
    Lease() = default;
    Lease(Lease&& other) noexcept;
    Lease& operator=(Lease&& other) noexcept;
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease();

    std::size_t bytes() const { return bytes_; }
    bool overdrawn() const { return overdraft_ != nullptr; }
    Size size() const { return size_; }
    /// What it is for has become known. Always possible: the bytes are there already.
    void set_size(Size size);
    /// Makes both one. They are of one size.
    void merge(Lease other);

   private:
    friend class MemoryBudget;
    std::shared_ptr<State> state_;
    std::size_t bytes_ = 0;
    Size size_ = Size::small;
    std::shared_ptr<void> overdraft_;  // Shared by the leases of one request; ends with the last.
  };

  using Granted = std::move_only_function<void(Lease)>;

  /// `set_aside` of the `bytes` is out of reach for large asks.
  MemoryBudget(std::size_t bytes, std::size_t set_aside);
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;
  /// Who still waits is never told.
  ~MemoryBudget();

  /// Nothing when there is no room, or others of its kind have waited longer. `held` is the lease
  /// of the same request, if there is one: an overdraft passes on from it.
  std::optional<Lease> try_take(const Ask& ask, const Lease* held = nullptr);
  /// `granted` is called on `loop`, never inside the call. `loop` outlives the waiting.
  void wait(const Ask& ask, Loop& loop, Granted granted);

  std::size_t used() const;
  std::size_t waiting() const;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace broker
