#pragma once

#include <coroutine>
#include <optional>
#include <utility>

#include "broker/runtime/task.h"

namespace test_support {

/// A task that was started and belongs to the test: one that never ends (the power went, the disk
/// failed) dies with its owner and leaks nothing.
///
/// Thread: the test's.
template <class T>
class Started {
 public:
  explicit Started(broker::Task<T> task) : driver_(drive(std::move(task), value_)) {
    driver_.await_suspend(std::noop_coroutine()).resume();
  }
  Started(const Started&) = delete;
  Started& operator=(const Started&) = delete;
  ~Started() = default;

  bool done() const { return value_.has_value(); }
  T& value() { return *value_; }

 private:
  static broker::Task<> drive(broker::Task<T> task, std::optional<T>& value) {
    value.emplace(co_await std::move(task));
  }

  std::optional<T> value_;
  broker::Task<> driver_;
};

}  // namespace test_support
