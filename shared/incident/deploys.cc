#include "incident/deploys.h"

#include <algorithm>
#include <utility>

namespace incident {
namespace {

constexpr base::Millis kSameDeploy = std::chrono::minutes(15);  // A report and its container.
constexpr std::size_t kKept = 8;

void name_it(Deploys::Version& version, const DeployReported& report) {
  if (version.commit.empty()) version.commit = report.commit;
  if (version.version.empty()) version.version = report.version;
  version.reported = report.commit;
}

DeployReported named_as(const Deploys::Version& version) {
  DeployReported names;
  names.commit = version.reported.empty() ? version.commit : version.reported;
  names.version = version.version;
  return names;
}

bool is_near(base::WallTime a, base::WallTime b) { return (a < b ? b - a : a - b) <= kSameDeploy; }

// Made anew in the same way: nothing was deployed.
bool is_made_alike(const Deploys::Version& a, const Deploys::Version& b) {
  return !a.snapshot.empty() && a.snapshot == b.snapshot;
}

void keep(std::deque<Deploys::Deploy>& deploys, Deploys::Deploy deploy) {
  deploys.push_back(std::move(deploy));
  if (deploys.size() > kKept) deploys.pop_front();
}

}  // namespace

void Deploys::absorb(const Event& event) {
  if (const auto* seen = std::get_if<DeploySeen>(&event.what)) return saw(*seen, event.at);
  if (const auto* report = std::get_if<DeployReported>(&event.what))
    return heard(*report, event.at);
  if (const auto* intended = std::get_if<ActionIntended>(&event.what))
    targets_[intended->op] = intended->container;
  if (const auto* failed = std::get_if<ActionFailed>(&event.what)) targets_.erase(failed->op);
  const auto* done = std::get_if<ActionDone>(&event.what);
  if (done == nullptr) return;
  const auto target = targets_.find(done->op);
  if (target == targets_.end()) return;
  if (!done->container.empty() && done->container != target->second) made(done->container);
  targets_.erase(target);
}

void Deploys::saw(const DeploySeen& seen, base::WallTime at) {
  Known& known = services_[seen.service];
  Version now{seen.container, seen.image,   seen.image_id,   seen.snapshot,
              seen.commit,    seen.version, seen.keeps_data, at};
  const Version before = std::exchange(known.running, now);
  const bool is_first = !std::exchange(known.is_seen, true);
  // The same one told again: only how it is made has become another, by us.
  if (!is_first && before.container == now.container && before.image_id == now.image_id) {
    name_it(known.running, named_as(before));
    known.running.reported = before.reported;
    known.running.since = before.since;
    return;
  }
  if (is_first || made_.contains(seen.container)) return;
  if (is_made_alike(before, now)) {
    if (!known.deploys.empty() && known.deploys.back().after.container == before.container)
      known.deploys.back().after.container = now.container;
    return;
  }
  const bool is_announced = !known.announced.service.empty() && is_near(known.announced_at, at);
  if (is_announced) name_it(known.running, std::exchange(known.announced, {}));
  // What was reported before it was seen is the same deploy.
  if (!known.deploys.empty() && !known.deploys.back().is_seen &&
      is_near(known.deploys.back().at, at)) {
    name_it(known.running, named_as(known.deploys.back().after));
    known.deploys.pop_back();
  }
  keep(known.deploys, {before, known.running, at, true});
}

void Deploys::heard(const DeployReported& report, base::WallTime at) {
  if (report.status == "failed") return;
  Known& known = services_[report.service];
  if (report.status != "succeeded") {  // What it brings is still to be seen.
    known.announced = report;
    known.announced_at = at;
    return;
  }
  const bool another_is_to_come = !known.announced.service.empty() &&
                                  is_near(known.announced_at, at) &&
                                  known.announced.commit != report.commit;
  if (!known.deploys.empty() && is_near(known.deploys.back().at, at) && !another_is_to_come) {
    Version& after = known.deploys.back().after;
    if (after.reported.empty() || after.reported == report.commit) {
      name_it(after, report);
      if (known.running.container == after.container) name_it(known.running, report);
      return;
    }
  }
  Version after = known.running;
  after.commit = after.reported = report.commit;
  after.version = report.version;
  keep(known.deploys, {std::exchange(known.running, after), after, at, false});
}

// The Scout may have seen the new container before its maker's word came.
void Deploys::made(const std::string& container) {
  made_.insert(container);
  for (auto& [service, known] : services_) {
    std::erase_if(known.deploys,
                  [&](const auto& deploy) { return deploy.after.container == container; });
  }
}

const Deploys::Version* Deploys::running(const std::string& service) const {
  const auto found = services_.find(service);
  return found == services_.end() || !found->second.is_seen ? nullptr : &found->second.running;
}

const Deploys::Deploy* Deploys::latest(const std::string& service) const {
  const auto found = services_.find(service);
  if (found == services_.end() || found->second.deploys.empty()) return nullptr;
  const Deploy& last = found->second.deploys.back();
  return last.after.container == found->second.running.container ? &last : nullptr;
}

const Deploys::Deploy* Deploys::of(const std::string& service, const std::string& container) const {
  const auto found = services_.find(service);
  if (found == services_.end()) return nullptr;
  const auto& deploys = found->second.deploys;
  const auto deploy = std::find_if(deploys.rbegin(), deploys.rend(), [&](const auto& one) {
    return one.is_seen && one.after.container == container;
  });
  return deploy == deploys.rend() ? nullptr : &*deploy;
}

}  // namespace incident
