// The console's answers as JSON text. Pure. Format: docs/formats/console-api.md.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agents/console/chronicle.h"
#include "base/result.h"

namespace console {

// One process of this host, as its supervisor tells it.
struct RoleState {
  std::string role;
  std::string state;  // "running", "waiting" (for its next start) or "stopped".
  int restarts = 0;
};

// A configured service, as far as the console shows it.
struct ServiceName {
  std::string name;
  std::string container;
  std::vector<std::string> depends_on{};  // Names of services.
};

// What stands besides the incidents themselves.
struct Situation {
  std::string mode, version, forge_url;
  std::vector<ServiceName> services;
  std::vector<RoleState> roles;  // Empty: not known.
  bool has_stop_file = false;
  std::size_t websocket_clients = 0;
  std::optional<std::string> ledger_error;  // Set while the ledger cannot be read.
  base::WallTime now;
};

// True while the ledger or the stop file says stop; the reason is empty for the file.
[[nodiscard]] bool is_stopped(const Chronicle& chronicle, const Situation& situation);

[[nodiscard]] std::string encode_health(const Chronicle& chronicle, const Situation& situation);
[[nodiscard]] std::string encode_overview(const Chronicle& chronicle, const Situation& situation);

inline constexpr int kListDefault = 100;
inline constexpr int kListMax = 1000;
// The number in `?limit=`; kListDefault for an empty text. Errors: invalid (not 1 to kListMax).
[[nodiscard]] base::Result<int> parse_limit(std::string_view text);
// The newest `limit` incidents, newest first; `total` counts all.
[[nodiscard]] std::string encode_list(const Chronicle& chronicle, int limit);
// The whole incident with its timeline. Errors: not_found (`id` is any text).
[[nodiscard]] base::Result<std::string> encode_incident(const Chronicle& chronicle,
                                                        std::string_view id);

// The frame that tells `record`, which the chronicle has just absorbed.
[[nodiscard]] std::string encode_frame(const Chronicle& chronicle, const ledger::Record& record);
[[nodiscard]] std::string encode_heartbeat(const Chronicle& chronicle, const Situation& situation);

}  // namespace console
