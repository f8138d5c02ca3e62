// The few file operations the memory needs, each durable when it returns. Adapter.
// Errors: not_found; unavailable (the system call's reason; the old content still stands).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace memory {

[[nodiscard]] base::Result<std::string> read_file(const std::filesystem::path& path);
// Forces a file that another library wrote, or a directory's entries, to disk.
[[nodiscard]] base::Status sync_path(const std::filesystem::path& path);
// Replaces `path` in one step: readers see the old or the new content, never a part.
[[nodiscard]] base::Status replace_file(const std::filesystem::path& path,
                                        std::string_view content);
// Renames and forces the directory entry to disk.
[[nodiscard]] base::Status publish_file(const std::filesystem::path& from,
                                        const std::filesystem::path& to);

// An open file that only grows. Not thread-safe. Closes itself.
class AppendFile {
 public:
  // Opens or creates `path` and cuts it to `length` bytes.
  [[nodiscard]] static base::Result<AppendFile> open(const std::filesystem::path& path,
                                                     std::size_t length);
  // Writes all of `bytes` and forces them to disk, or else takes back what was written. After a
  // failed sync every later call fails too: the file must be opened and read again.
  [[nodiscard]] base::Status append(std::string_view bytes);

  AppendFile(AppendFile&& other) noexcept;
  AppendFile& operator=(AppendFile&& other) noexcept;
  ~AppendFile();

 private:
  AppendFile(int fd, std::size_t length) : fd_(fd), length_(length) {}
  int fd_;
  std::size_t length_;
};

// Held by the one process that writes into a directory; the kernel lets it go when that process
// ends.
class DirectoryLock {
 public:
  // Errors: conflict (another holder lives); unavailable.
  [[nodiscard]] static base::Result<DirectoryLock> take(const std::filesystem::path& directory);

  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&& other) noexcept;
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace memory
