#include "chaos/leftovers.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace chaos {
namespace {

std::string path_in(const std::string& state_dir) { return state_dir + "/chaos-fault"; }

}  // namespace

base::Status note_fault(const std::string& state_dir, const Leftover& fault) {
  const std::string path = path_in(state_dir);
  const std::string text = fault.experiment + " " + fault.service + "\n";
  const int file = ::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  const bool written =
      file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::fsync(file) == 0;
  const std::string why = std::strerror(errno);
  if (file >= 0) ::close(file);
  if (written) return {};
  return base::Error{base::ErrorCode::unavailable, "write " + path + ": " + why};
}

std::optional<Leftover> noted_fault(const std::string& state_dir) {
  std::ifstream in(path_in(state_dir));
  Leftover fault;
  if (in >> fault.experiment >> fault.service) return fault;
  return std::nullopt;
}

void forget_fault(const std::string& state_dir) { ::unlink(path_in(state_dir).c_str()); }

}  // namespace chaos
