#include "agents/warden/durable.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

namespace warden {
namespace {

using base::Error;
using base::ErrorCode;

Error failure(const std::string& what) {
  return {ErrorCode::unavailable, what + ": " + std::generic_category().message(errno)};
}

bool write_all(int fd, const std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t size = ::write(fd, text.data() + at, text.size() - at);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return false;
    at += static_cast<std::size_t>(size);
  }
  return ::fsync(fd) == 0;
}

}  // namespace

base::Status write_durably(const std::string& path, const std::string& text, mode_t mode) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
  if (fd < 0) return failure("write " + path);
  base::Status out;
  if (!write_all(fd, text)) out = failure("write " + path);
  ::close(fd);
  return out;
}

base::Status move_durably(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) return failure("rename to " + to);
  const std::string folder = std::filesystem::path(to).parent_path().string();
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return failure("sync " + folder);
  base::Status out;
  if (::fsync(fd) != 0) out = failure("sync " + folder);
  ::close(fd);
  return out;
}

}  // namespace warden
