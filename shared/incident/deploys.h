// Which version of each service runs, which ran before, and who brought it: a fold of what the
// Scout saw, of what deployers said, and of the containers that we made ourselves, which are no
// deploys. Pure.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>

#include "incident/event.h"

namespace incident {

class Deploys {
 public:
  struct Version {
    std::string container, image, image_id;
    std::string snapshot;         // The warden's hash of how it is made; empty: not kept.
    std::string commit, version;  // Empty: not known.
    bool keeps_data = false;
    base::WallTime since;
    std::string reported = {};  // Commit, by who deployed it; `commit` may be that of the image.
  };
  // Another version, of somebody else's making, took the place of a known one.
  struct Deploy {
    Version before, after;
    base::WallTime at;
    bool is_seen = true;  // False: it was reported, and the container is the one of before.
  };

  void absorb(const Event& event);

  // nullptr: no container of it was seen yet.
  [[nodiscard]] const Version* running(const std::string& service) const;
  // The one that brought what runs now; nullptr: none is known.
  [[nodiscard]] const Deploy* latest(const std::string& service) const;
  // The one that brought that container, whether it runs still or not; nullptr: none.
  [[nodiscard]] const Deploy* of(const std::string& service, const std::string& container) const;

 private:
  struct Known {
    bool is_seen = false;  // Else it was only spoken of.
    Version running;
    std::deque<Deploy> deploys;  // The newest last; the last few.
    DeployReported announced;    // The latest report that nothing seen was matched with.
    base::WallTime announced_at;
  };
  void saw(const DeploySeen& seen, base::WallTime at);
  void heard(const DeployReported& report, base::WallTime at);
  void made(const std::string& container);

  std::map<std::string, Known> services_;
  std::map<std::string, std::string> targets_;  // Open operations: the container they began with.
  std::set<std::string> made_;                  // Containers that we made.
};

}  // namespace incident
