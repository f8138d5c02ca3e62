#include "memory/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace memory {
namespace {

base::Error failed(std::string_view operation, const std::filesystem::path& path, int reason) {
  const auto code = reason == ENOENT ? base::ErrorCode::not_found : base::ErrorCode::unavailable;
  return {code, std::string(operation) + " " + path.string() + ": " + std::strerror(reason)};
}

// A file descriptor closed at the end of its scope.
struct Descriptor {
  int fd;
  explicit Descriptor(int opened) : fd(opened) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

// Zero, or the errno of the write that failed.
int write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

void close_if_open(int fd) {
  if (fd >= 0) ::close(fd);
}

}  // namespace

base::Result<std::string> read_file(const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd < 0) return failed("open", path, errno);
  std::string content;
  std::array<char, 65536> chunk;
  while (true) {
    const ssize_t got = ::read(file.fd, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("read", path, errno);
    if (got == 0) return content;
    content.append(chunk.data(), static_cast<std::size_t>(got));
  }
}

base::Status sync_path(const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd < 0) return failed("open", path, errno);
  if (::fsync(file.fd) != 0) return failed("fsync", path, errno);
  return {};
}

base::Status publish_file(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return failed("rename", to, errno);
  return sync_path(to.parent_path());
}

base::Status replace_file(const std::filesystem::path& path, std::string_view content) {
  std::filesystem::path temporary = path;
  temporary += ".tmp";
  {
    const Descriptor file(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (file.fd < 0) return failed("create", temporary, errno);
    if (const int reason = write_all(file.fd, content); reason != 0)
      return failed("write", temporary, reason);
    if (::fsync(file.fd) != 0) return failed("fsync", temporary, errno);
  }
  return publish_file(temporary, path);
}

base::Result<AppendFile> AppendFile::open(const std::filesystem::path& path, std::size_t length) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return failed("open", path, errno);
  AppendFile file(fd, length);
  if (::ftruncate(fd, static_cast<off_t>(length)) != 0) return failed("truncate", path, errno);
  if (const auto synced = sync_path(path.parent_path()); !synced) return synced.error();
  return file;
}

base::Status AppendFile::append(std::string_view bytes) {
  int reason = write_all(fd_, bytes);
  const bool written = reason == 0;
  if (written && ::fdatasync(fd_) != 0) reason = errno;
  if (reason == 0) {
    length_ += bytes.size();
    return {};
  }
  const bool taken_back = ::ftruncate(fd_, static_cast<off_t>(length_)) == 0;
  // After a failed sync the kernel may have dropped what it could not write: this file is done for.
  if (written || !taken_back) close_if_open(std::exchange(fd_, -1));
  return base::Error{base::ErrorCode::unavailable, std::string("append: ") + std::strerror(reason)};
}

AppendFile::AppendFile(AppendFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), length_(other.length_) {}
AppendFile& AppendFile::operator=(AppendFile&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(length_, other.length_);
  return *this;
}
AppendFile::~AppendFile() { close_if_open(fd_); }

base::Result<DirectoryLock> DirectoryLock::take(const std::filesystem::path& directory) {
  const auto path = directory / "lock";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return failed("open", path, errno);
  DirectoryLock lock(fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) return failed("lock", path, errno);
  return base::Error{base::ErrorCode::conflict,
                     "lock " + path.string() + ": another process writes there"};
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
DirectoryLock& DirectoryLock::operator=(DirectoryLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}
DirectoryLock::~DirectoryLock() { close_if_open(fd_); }

}  // namespace memory
