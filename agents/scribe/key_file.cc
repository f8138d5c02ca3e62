#include "agents/scribe/key_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace scribe {
namespace {

using base::Error;
using base::ErrorCode;

constexpr int kBytes = 32;

Error failed(const std::string& what, const std::string& path) {
  return {ErrorCode::unavailable, what + " " + path + ": " + std::strerror(errno)};
}

base::Result<std::string> read_key(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return failed("read key", path);
  std::string key((std::istreambuf_iterator<char>(file)), {});
  while (key.ends_with('\n')) key.pop_back();
  const bool hex = key.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!hex || key.size() != 2 * kBytes) {
    return Error{ErrorCode::corrupt, "read key " + path + ": not 64 hex digits"};
  }
  return key;
}

// The file appears whole or not at all: written beside, synced, then linked under its name.
base::Status make_key(const std::string& path, const std::string& key) {
  const std::string draft = path + "." + std::to_string(getpid());
  const int file = open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return failed("make key", draft);
  const std::string line = key + "\n";
  const bool kept = write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size()) &&
                    fsync(file) == 0;
  const auto wrong = failed("make key", draft);
  close(file);
  const bool linked = kept && (link(draft.c_str(), path.c_str()) == 0 || errno == EEXIST);
  const auto not_linked = failed("make key", path);
  unlink(draft.c_str());
  if (!kept) return wrong;
  if (!linked) return not_linked;
  return {};
}

}  // namespace

base::Result<std::string> load_or_make_key(const std::string& path, base::Random& random) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    if (auto made = make_key(path, base::make_token(random, kBytes)); !made) return made.error();
  }
  return read_key(path);
}

}  // namespace scribe
