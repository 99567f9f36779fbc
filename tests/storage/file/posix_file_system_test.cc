#include "storage/file/posix_file_system.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <filesystem>

#include "storage/file/posix_file.h"

using storage::OpenMode;
using storage::PosixFileSystem;

namespace {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "stele-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() { std::filesystem::remove_all(path); }

  std::filesystem::path path;
};

// False on tmpfs before Linux 6.6 and on network file systems: there nothing counts as cached.
bool can_read_without_waiting(const storage::Path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  char byte = 0;
  const iovec into{.iov_base = &byte, .iov_len = 1};
  const bool can = ::preadv2(file, &into, 1, 0, RWF_NOWAIT) >= 0 || errno != EOPNOTSUPP;
  ::close(file);
  return can;
}

std::string text_of(const storage::File& file) {
  std::string text(1 << 20, '\0');
  const auto size = file.read_at(0, std::as_writable_bytes(std::span(text)));
  REQUIRE(size);
  text.resize(*size);
  return text;
}

}  // namespace

TEST_CASE("without a descriptor an open is busy and has done nothing", "[posix]") {
  const TemporaryDirectory here;
  PosixFileSystem files;
  const auto file = files.open(here.path / "open", OpenMode::create_new);
  REQUIRE(file);
  // UBSan looks at an object of a class that it has not seen yet through a pipe: at those of error
  // texts and files now, while it can have one.
  CHECK_FALSE(files.open(here.path / "open", OpenMode::create_new));
  CHECK((*file)->write_at(0, base::as_bytes("x")));
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  const auto opened = files.open(here.path / "new", OpenMode::create_new);
  const auto listed = files.list(here.path);
  const auto synced = files.sync_directory(here.path);
  const auto written = (*file)->write_at(0, base::as_bytes("x"));
  const auto file_synced = (*file)->sync();
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().fault == base::Fault::busy);
  REQUIRE_FALSE(listed);
  CHECK(listed.error().fault == base::Fault::busy);
  REQUIRE_FALSE(synced);
  CHECK(synced.error().fault == base::Fault::busy);
  CHECK(written);
  CHECK(file_synced);
  CHECK(files.list(here.path).value() == std::vector<std::string>{"open"});
}

TEST_CASE("pieces are written one after another, more than one call may take", "[posix]") {
  const TemporaryDirectory here;
  PosixFileSystem files;
  const auto file = files.open(here.path / "a", OpenMode::create_new);
  REQUIRE(file);
  std::string expected = "....";
  std::vector<std::string> texts;
  texts.reserve(2 * IOV_MAX + 3);
  for (int i = 0; i < 2 * IOV_MAX + 3; ++i) texts.push_back(i % 5 == 0 ? "" : std::to_string(i));
  std::vector<base::BytesView> pieces;
  for (const auto& text : texts) {
    pieces.push_back(base::as_bytes(text));
    expected += text;
  }
  REQUIRE((*file)->write_at(0, base::as_bytes("....")));
  REQUIRE((*file)->write_at(4, pieces));
  CHECK(text_of(**file) == expected);
  CHECK((*file)->size() == expected.size());
  CHECK((*file)->sync());
}

TEST_CASE("opening follows its mode, and no symbolic link", "[posix]") {
  const TemporaryDirectory here;
  PosixFileSystem files;
  const auto path = here.path / "a";
  CHECK(files.open(path, OpenMode::read).error().fault == base::Fault::missing);
  CHECK(files.open(path, OpenMode::read_write).error().fault == base::Fault::missing);
  CHECK(files.open(path, OpenMode::create_or_open));
  CHECK(files.open(path, OpenMode::create_new).error().fault == base::Fault::exists);
  CHECK(files.open(here.path, OpenMode::read).error().fault == base::Fault::io);
  std::filesystem::create_symlink(path, here.path / "link");
  CHECK(files.open(here.path / "link", OpenMode::read).error().fault == base::Fault::io);
  std::filesystem::create_directory_symlink(here.path, here.path / "round");
  CHECK(files.is_directory(here.path / "round") == false);

  const auto reader = files.open(path, OpenMode::read);
  REQUIRE(reader);
  const auto written = (*reader)->write_at(0, base::as_bytes("x"));
  REQUIRE_FALSE(written);
  CHECK(written.error().detail.find(path.string()) != std::string::npos);
  CHECK(written.error().detail.find("Bad file descriptor") != std::string::npos);
}

TEST_CASE("names come and go, and directories list them in order", "[posix]") {
  const TemporaryDirectory here;
  PosixFileSystem files;
  const auto sub = here.path / "sub";
  REQUIRE(files.create_directory(sub));
  CHECK(files.create_directory(sub).error().fault == base::Fault::exists);
  REQUIRE(files.open(sub / "b", OpenMode::create_new));
  REQUIRE(files.open(sub / "a", OpenMode::create_new));
  REQUIRE(files.rename(sub / "b", sub / "c"));
  CHECK(files.list(sub) == std::vector<std::string>{"a", "c"});
  CHECK(files.exists(sub / "b") == false);
  CHECK(files.exists(sub / "c") == true);
  CHECK(files.is_directory(sub) == true);
  CHECK(files.is_directory(sub / "c") == false);
  CHECK_FALSE(files.remove(sub));
  REQUIRE(files.remove(sub / "a"));
  REQUIRE(files.remove(sub / "c"));
  CHECK(files.sync_directory(sub));
  REQUIRE(files.remove(sub));
  CHECK(files.list(sub).error().fault == base::Fault::missing);
  CHECK(files.remove(sub).error().fault == base::Fault::missing);
  const auto space = files.space(here.path);
  REQUIRE(space);
  CHECK(space->capacity >= space->available);
}

TEST_CASE("a reserved file has its size, reads zeros, and can be cut", "[posix]") {
  const TemporaryDirectory here;
  PosixFileSystem files;
  const auto file = files.open(here.path / "a", OpenMode::create_new);
  REQUIRE(file);
  const auto reserved = (*file)->allocate(64 << 10);
  if (!reserved && reserved.error().fault == base::Fault::unsupported) return;
  REQUIRE(reserved);
  CHECK((*file)->size() == 64 * 1024);
  REQUIRE((*file)->truncate(5));
  CHECK(text_of(**file) == std::string(5, '\0'));
}

TEST_CASE("a mapping sees later writes and outlives its file object", "[posix]") {
  const TemporaryDirectory here;
  PosixFileSystem files;
  auto file = files.open(here.path / "a", OpenMode::create_new);
  REQUIRE(file);
  CHECK((*file)->map(1).error().fault == base::Fault::invalid);
  REQUIRE((*file)->truncate(4096));
  const auto mapping = (*file)->map(4096);
  REQUIRE(mapping);
  REQUIRE((*file)->write_at(10, base::as_bytes("hello")));
  file->reset();
  CHECK(base::as_text(mapping->view.subspan(10, 5)) == "hello");
}

TEST_CASE("what was just written is in the page cache, by either way to ask", "[posix]") {
  const TemporaryDirectory here;
  for (const bool use_cachestat : {true, false}) {
    CAPTURE(use_cachestat);
    PosixFileSystem files({.use_cachestat = use_cachestat});
    const auto file = files.open(here.path / "a", OpenMode::create_or_open);
    REQUIRE(file);
    const std::string text(1 << 20, 'x');
    REQUIRE((*file)->write_at(0, base::as_bytes(text)));
    if (!use_cachestat && !can_read_without_waiting(here.path / "a")) continue;
    (*file)->start_writeback();
    REQUIRE((*file)->sync());
    CHECK((*file)->resident(0, text.size()));
    CHECK((*file)->resident(text.size() - 10, 5000));
    CHECK((*file)->resident(4095, 2));
    // Whether the kernel drops pages is its own affair (tmpfs never does); the data stays.
    REQUIRE((*file)->drop_cache());
    CHECK(text_of(**file) == text);
  }
}

TEST_CASE("pages that nobody has read are not in the page cache", "[posix]") {
  if (!storage::kernel_has_cachestat()) return;
  const TemporaryDirectory here;
  PosixFileSystem files;
  const auto file = files.open(here.path / "a", OpenMode::create_new);
  REQUIRE(file);
  REQUIRE((*file)->truncate(1 << 20));
  CHECK_FALSE((*file)->resident(0, 1 << 20));
  CHECK((*file)->resident(1 << 20, 4096));  // Nothing is there.
}

TEST_CASE("a lock is for one owner, names its holder and goes with it", "[posix]") {
  const TemporaryDirectory here;
  PosixFileSystem files;
  const auto path = here.path / ".lock";
  auto first = files.lock(path);
  REQUIRE(first);
  const auto second = files.lock(path);
  REQUIRE_FALSE(second);
  CHECK(second.error().fault == base::Fault::exists);
  CHECK(second.error().detail.find("process " + std::to_string(::getpid())) != std::string::npos);
  first->reset();
  CHECK(files.lock(path));
}
