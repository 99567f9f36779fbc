#include "broker/net/port_owner.h"

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <system_error>

#include <fmt/format.h>

namespace broker {
namespace {

namespace fs = std::filesystem;

/// The sockets that listen on the port, named as /proc/PID/fd names them: "socket:[12345]".
std::set<std::string> listening_sockets(std::uint16_t port) {
  std::set<std::string> sockets;
  const auto suffix = fmt::format(":{:04X}", port);
  for (const auto* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream lines(table);
    for (std::string line; std::getline(lines, line);) {
      // sl local_address rem_address st queues timer retransmits uid timeout inode
      std::istringstream fields(line);
      std::string number, local, remote, state, skipped, inode;
      fields >> number >> local >> remote >> state;
      for (int i = 0; i < 5; ++i) fields >> skipped;
      fields >> inode;
      constexpr std::string_view kListening = "0A";
      if (state == kListening && local.ends_with(suffix))
        sockets.insert(fmt::format("socket:[{}]", inode));
    }
  }
  return sockets;
}

bool has_one_of(const fs::path& process, const std::set<std::string>& sockets) {
  std::error_code denied;
  for (fs::directory_iterator fd(process / "fd", denied), end; !denied && fd != end;
       fd.increment(denied)) {
    std::error_code gone;
    if (sockets.contains(fs::read_symlink(fd->path(), gone).string())) return true;
  }
  return false;
}

}  // namespace

std::string port_owner(std::uint16_t port) {
  const auto sockets = listening_sockets(port);
  if (sockets.empty()) return "";
  std::error_code failed;
  for (fs::directory_iterator entry("/proc", failed), end; !failed && entry != end;
       entry.increment(failed)) {
    const auto name = entry->path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (!has_one_of(entry->path(), sockets)) continue;
    std::ifstream comm(entry->path() / "comm");
    std::string command;
    std::getline(comm, command);
    return fmt::format("process {} ({})", name, command);
  }
  return "";
}

}  // namespace broker
