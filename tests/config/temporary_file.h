#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace tests {

/// A file with this text, as long as it lives. Its name ends with `name`.
class TemporaryFile {
 public:
  TemporaryFile(std::string_view name, std::string_view text) {
    static int count = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("stele-" + std::to_string(::getpid()) + "-" + std::to_string(++count) + "-" +
             std::string(name));
    std::ofstream(path_, std::ios::binary) << text;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace tests
