// The warden as a role sees it: over the unix socket made for that role.
#pragma once

#include <string>
#include <vector>

#include "engine/http_client.h"
#include "warden/warden.h"

namespace warden {

struct SocketWardenOptions {
  base::Duration reads =
      std::chrono::seconds(8);  // Above the warden's own deadline for the engine.
  base::Duration effects = std::chrono::seconds(80);  // Likewise; the grace comes on top.
  // The stream brings something every 2 s; after so long a silence the warden counts as gone.
  base::Duration quiet_max = std::chrono::seconds(10);
};

// Nothing is sent before the first call; a warden that is not there yet is `unavailable`.
class SocketWarden final : public Warden {
 public:
  explicit SocketWarden(const std::string& socket_path, SocketWardenOptions options = {});

  base::Result<Listing> list() override;
  base::Result<Member> inspect(const engine::ContainerId& id) override;
  base::Result<std::vector<std::string>> log_tail(const engine::ContainerId& id,
                                                  int lines) override;
  base::Result<std::string> keep(const engine::ContainerId& id) override;
  base::Status follow(const std::function<bool(const Notice&)>& receive,
                      std::stop_token stop) override;
  base::Result<Performed> perform(const Operation& operation) override;

 private:
  base::Result<std::string> read(const std::string& target);

  const SocketWardenOptions options_;
  engine::HttpClient http_;
};

}  // namespace warden
