#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace tools {

/// Exit codes of every command (ecosystem.md 1.4).
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kWrongUse = 2;

/// What the command line asked for; returns the exit code of the process.
using Command = std::function<int()>;

// Each adds its subcommand and its options to `app`; when that subcommand is parsed, it sets `run`.
void add_serve(CLI::App& app, Command& run);
void add_ping(CLI::App& app, Command& run);
void add_version(CLI::App& app, Command& run);

}  // namespace tools
