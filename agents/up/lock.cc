#include "agents/up/lock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/text.h"

namespace up {
namespace {

struct flock whole_file(short kind) {
  struct flock lock = {};
  lock.l_type = kind;
  lock.l_whence = SEEK_SET;
  return lock;
}

std::string path_of(const std::string& state_dir) { return state_dir + "/up.lock"; }

base::Error cannot_write(const std::string& state_dir, int why) {
  return {base::ErrorCode::denied,
          "state folder " + state_dir + " cannot be written: " + std::strerror(why)};
}

std::string holder(int fd) {
  char text[32] = {};
  const auto length = ::pread(fd, text, sizeof text - 1, 0);
  const auto pid =
      base::trim(std::string_view(text, length > 0 ? static_cast<std::size_t>(length) : 0));
  return pid.empty() ? "" : " (process " + std::string(pid) + ")";
}

}  // namespace

base::Result<StateLock> StateLock::take(const std::string& state_dir) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(state_dir, error);
  if (error) return cannot_write(state_dir, error.value());
  if (made) ::chmod(state_dir.c_str(), 0700);
  const int fd = ::open(path_of(state_dir).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return cannot_write(state_dir, errno);
  StateLock taken(fd);
  // An open-file-description lock: unlike flock(2)'s it can be asked for without being taken.
  auto lock = whole_file(F_WRLCK);
  if (::fcntl(fd, F_OFD_SETLK, &lock) != 0) {
    return base::Error{base::ErrorCode::conflict, "another sre-space up" + holder(fd) +
                                                      " already runs on state folder " + state_dir};
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, pid.data(), pid.size(), 0) < 0) {
    return cannot_write(state_dir, errno);
  }
  return taken;
}

bool StateLock::is_held(const std::string& state_dir) {
  const int fd = ::open(path_of(state_dir).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  auto lock = whole_file(F_RDLCK);
  const bool held = ::fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  ::close(fd);
  return held;
}

StateLock::~StateLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace up
