// Which containers belong to which configured service. Read from our configuration alone: a
// container that claims something by its labels is believed only where a selector asks for that
// label. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "engine/engine.h"
#include "warden/warden.h"

namespace warden {

// Beside a container's name while it is being replaced: the one to come, and the one that was.
inline constexpr std::string_view kNextSuffix = ".sre-next";
inline constexpr std::string_view kPreviousSuffix = ".sre-previous";
// `name` without such a suffix.
[[nodiscard]] std::string_view lasting_name(std::string_view name);

class Roster {
 public:
  Roster(std::vector<config::Service> services, std::vector<std::string> excluded);

  // The first service whose selector fits: a name, or "label=value". None for a replica, and none
  // for a container that is to come or was.
  [[nodiscard]] std::optional<std::string> service_of(const engine::Container& container) const;
  // The service that this container is a replica of, when it is configured.
  [[nodiscard]] std::optional<std::string> replicated(const engine::Container& container) const;
  // The same where only the name is known; labels are not looked at.
  [[nodiscard]] std::optional<std::string> service_named(std::string_view container_name) const;
  // Likewise: the service that a container of this name would be a replica of.
  [[nodiscard]] std::optional<std::string> replicated_named(std::string_view container_name) const;
  [[nodiscard]] bool selects_by_label() const;
  [[nodiscard]] bool is_excluded(const engine::Container& container) const;
  [[nodiscard]] bool is_protected(std::string_view service) const;
  // Keeps what is configured; services without any container stand in `missing`.
  [[nodiscard]] Listing pick(const std::vector<engine::Container>& all) const;

 private:
  struct Selector {
    std::string service;
    std::string label;  // Empty: `value` is a name.
    std::string value;
    bool protect = false;
  };
  std::vector<Selector> selectors_;
  std::vector<std::string> excluded_;
};

}  // namespace warden
