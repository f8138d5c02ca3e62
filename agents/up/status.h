// What `up` says about its roles in <state>/up.json, for the doctor and the console. Plain values;
// the JSON is in status_codec.cc, the page docs/formats/up.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace up {

struct RoleStatus {
  std::string role;
  int pid = 0;            // 0 while it is not running.
  int restarts = 0;       // Since `up` started.
  base::WallTime since;   // Of the last change.
  std::string state;      // "running", "waiting" (for its next start) or "stopped".
  std::string last_exit;  // "exit code 1" or "signal 9"; empty when it never ended.

  bool operator==(const RoleStatus&) const = default;
};

struct Status {
  int pid = 0;  // Of `up`.
  base::WallTime since;
  std::vector<RoleStatus> roles;  // In their order of start.

  bool operator==(const Status&) const = default;
};

[[nodiscard]] std::string encode_status(const Status& status);
// Errors: invalid.
[[nodiscard]] base::Result<Status> decode_status(std::string_view text);

}  // namespace up
