// Files that are on the disk when the call returns. Errors: unavailable, with the system's reason.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.h"

namespace warden {

[[nodiscard]] base::Status write_durably(const std::string& path, const std::string& text,
                                         mode_t mode);
// Puts `from` in the place of `to`, in the same folder, and syncs the folder.
[[nodiscard]] base::Status move_durably(const std::string& from, const std::string& to);

}  // namespace warden
