#include "github/embedded_users.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace github {
namespace {

constexpr const char* kUsers[][2] = {{"sre-space", "admin"},
                                     {"alice", "maintain"},
                                     {"bob", "write"},
                                     {"carol", "triage"},
                                     {"dave", "read"}};

base::Error failed(const std::string& what, const std::string& path) {
  return {base::ErrorCode::unavailable, what + " " + path + ": " + std::strerror(errno)};
}

// Written aside and linked into place: whoever comes second finds the whole file of the first.
base::Status make(const std::string& path, base::Random& random) {
  const std::string aside = path + "." + std::to_string(getpid());
  const int descriptor = open(aside.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (descriptor < 0) return failed("make", aside);
  std::string text;
  for (const auto& [login, role] : kUsers)
    text += std::string(login) + " " + role + " forge_" + base::make_token(random, 20) + "\n";
  const bool written =
      write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      fsync(descriptor) == 0;
  close(descriptor);
  const bool linked = written && (link(aside.c_str(), path.c_str()) == 0 || errno == EEXIST);
  const auto error = failed("make", path);
  unlink(aside.c_str());
  return linked ? base::Status() : base::Status(error);
}

}  // namespace

base::Result<std::vector<EmbeddedUser>> embedded_users(const std::string& state_dir,
                                                       base::Random& random) {
  const std::string path = state_dir + "/forge-users";
  if (access(path.c_str(), F_OK) != 0) {
    std::error_code ignored;  // What it says is said of the file.
    std::filesystem::create_directories(state_dir, ignored);
    if (auto made = make(path, random); !made) return made.error();
  }
  std::ifstream file(path);
  if (!file) return failed("read", path);
  std::vector<EmbeddedUser> users;
  for (std::string line; std::getline(file, line);) {
    EmbeddedUser user;
    std::istringstream words(line);
    if (words >> user.login >> user.role >> user.token) users.push_back(std::move(user));
  }
  if (users.empty())
    return base::Error{base::ErrorCode::corrupt,
                       "read " + path + ": no user in it; remove the file to have it made anew"};
  return users;
}

}  // namespace github
