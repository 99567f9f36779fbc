#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <array>

#include "protocol/base/clock.h"
#include "tools/bench/common/descriptor.h"
#include "tools/bench/load/admin.h"
#include "tools/bench/load/loads.h"

namespace bench {
namespace {

/// A child whose output we read; stopped with its owner.
class Child {
 public:
  static base::Result<Child> start(const std::vector<std::string>& command) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail_with_errno("cannot make a pipe");
    Child child;
    child.output_ = Descriptor(ends[0]);
    const Descriptor write_end(ends[1]);
    std::vector<char*> arguments;
    for (const auto& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, write_end.number(), STDOUT_FILENO);
    errno =
        ::posix_spawnp(&child.process_, arguments[0], &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (errno != 0) return fail_with_errno("cannot start " + command.front());
    return child;
  }

  Child(Child&& other) noexcept
      : process_(std::exchange(other.process_, -1)), output_(std::move(other.output_)) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (process_ < 0) return;
    ::kill(process_, SIGTERM);
    ::waitpid(process_, nullptr, 0);
  }

  base::Result<std::string> read() const {
    std::string text(4096, '\0');
    const auto got = ::read(output_.number(), text.data(), text.size());
    if (got <= 0) return base::fail(base::Fault::closed, "the broker ended before it was ready");
    text.resize(static_cast<std::size_t>(got));
    return text;
  }

 private:
  Child() = default;

  pid_t process_ = -1;
  Descriptor output_;
};

}  // namespace

base::Result<Report> run_start(const std::vector<std::string>& command) {
  constexpr std::string_view kReady = "ready on ";
  const base::SystemClock clock;
  const auto begin = clock.monotonic();
  const auto child = TRY(Child::start(command));
  std::string output;
  std::size_t at = std::string::npos;
  while (at == std::string::npos || output.find('\n', at) == std::string::npos) {
    output += TRY(child.read());
    at = output.find(kReady);
  }
  const auto ready = clock.monotonic();
  const auto from = at + kReady.size();
  const auto address =
      TRY(Address::from_text(output.substr(from, output.find_first_of(" \n,", from) - from)));
  Admin admin(TRY(Connection::open(address)));
  TRY(admin.ask_api_versions());
  const auto answered = clock.monotonic();
  const auto ms = [&](base::MonotonicTime time) {
    return std::chrono::duration<double, std::milli>(time - begin).count();
  };
  return Report{{"ready_ms", ms(ready)}, {"first_answer_ms", ms(answered)}};
}

}  // namespace bench
