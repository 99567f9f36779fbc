#include "broker/runtime/timer_heap.h"

#include <limits>
#include <utility>

namespace broker {
namespace {

constexpr auto kNotInHeap = std::numeric_limits<std::size_t>::max();

}  // namespace

class TimerHeap::Entry final : public TimerHandle {
 public:
  Entry(TimerHeap& owner, base::MonotonicTime time, std::uint64_t number, Job call)
      : heap(&owner), when(time), order(number), job(std::move(call)) {}
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;
  ~Entry() override {
    if (heap != nullptr && index != kNotInHeap) heap->remove(*this);
  }

  TimerHeap* heap;
  base::MonotonicTime when;
  std::uint64_t order;
  Job job;
  std::size_t index = kNotInHeap;
};

TimerHeap::~TimerHeap() {
  for (auto* entry : heap_) entry->heap = nullptr;
}

std::unique_ptr<TimerHandle> TimerHeap::add(base::MonotonicTime when, Job job) {
  auto entry = std::make_unique<Entry>(*this, when, added_++, std::move(job));
  heap_.push_back(entry.get());
  entry->index = heap_.size() - 1;
  sift_up(entry->index);
  return entry;
}

std::optional<base::MonotonicTime> TimerHeap::earliest() const {
  if (heap_.empty()) return std::nullopt;
  return heap_.front()->when;
}

void TimerHeap::run_due(base::MonotonicTime now) {
  const auto first_new = added_;
  while (!heap_.empty() && heap_.front()->when <= now && heap_.front()->order < first_new) {
    auto& entry = *heap_.front();
    remove(entry);
    // The job may destroy its own handle.
    auto job = std::move(entry.job);
    job();
  }
}

bool TimerHeap::before(const Entry& a, const Entry& b) const {
  return a.when != b.when ? a.when < b.when : a.order < b.order;
}

void TimerHeap::place(std::size_t index, Entry* entry) {
  heap_[index] = entry;
  entry->index = index;
}

void TimerHeap::sift_up(std::size_t index) {
  auto* const entry = heap_[index];
  while (index > 0) {
    const auto parent = (index - 1) / 2;
    if (!before(*entry, *heap_[parent])) break;
    place(index, heap_[parent]);
    index = parent;
  }
  place(index, entry);
}

void TimerHeap::sift_down(std::size_t index) {
  auto* const entry = heap_[index];
  for (;;) {
    auto child = 2 * index + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && before(*heap_[child + 1], *heap_[child])) ++child;
    if (!before(*heap_[child], *entry)) break;
    place(index, heap_[child]);
    index = child;
  }
  place(index, entry);
}

void TimerHeap::remove(Entry& entry) {
  const auto index = std::exchange(entry.index, kNotInHeap);
  auto* const last = heap_.back();
  heap_.pop_back();
  if (last == &entry) return;
  place(index, last);
  sift_up(index);
  sift_down(last->index);
}

}  // namespace broker
