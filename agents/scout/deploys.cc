// What Scout sees and hears of deploys: containers it did not know, whose making the warden keeps
// before they are told of, and the word of whoever deploys.
#include "agents/scout/deploy_codec.h"
#include "agents/scout/scout.h"

namespace scout {
namespace {

using incident::Signal;
using incident::SignalKind;

constexpr base::Duration kKeptWithin =
    std::chrono::seconds(5);  // Then a new version is told without its snapshot.
constexpr base::Duration kKeepRetry = std::chrono::milliseconds(200);
constexpr base::Millis kReportFresh = std::chrono::minutes(20);  // An older failure is no news.

// It may be the deploy that the report speaks of: neither names another version or commit.
bool is_of(const incident::Deploys::Deploy& deploy, const incident::DeployReported& report) {
  const auto agree = [](const std::string& a, const std::string& b) {
    return a.empty() || b.empty() || a.starts_with(b) || b.starts_with(a);
  };
  return agree(deploy.after.commit, report.commit) && agree(deploy.after.version, report.version);
}

std::string report_id(const ledger::Delivery& delivery) {
  return "deploy-" + std::to_string(delivery.position);
}

}  // namespace

void Scout::follow_deploy(const incident::Event& event) {
  // What was changed in place is made in another way from now on.
  const auto* done = std::get_if<incident::ActionDone>(&event.what);
  const auto* incident = done == nullptr ? nullptr : book_.find(event.incident);
  const auto* attempt = incident == nullptr ? nullptr : incident::find_attempt(*incident, done->op);
  if (attempt != nullptr && attempt->intent.action == incident::Action::pull_request)
    changed_.insert(attempt->intent.service);
  if (std::holds_alternative<incident::DeployReported>(event.what)) {
    reports_.erase(event.id);
    reported_.insert(event.id);
  }
  const auto* seen = std::get_if<incident::DeploySeen>(&event.what);
  const auto* before = seen == nullptr ? nullptr : deploys_.running(seen->service);
  if (before != nullptr && before->image_id != seen->image_id)
    image_changed_[seen->service] = event.at;
  if (seen != nullptr) changed_.erase(seen->service);
  deploys_.absorb(event);
}

// Told once, however often the inbox is read from its beginning.
void Scout::hear_of_deploy(const ledger::Delivery& delivery) {
  const auto id = report_id(delivery);
  if (reported_.contains(id)) return;
  auto report = decode_deploy(delivery.body);
  if (!report || !watches_.contains(report->service)) return;
  if (report->environment != config_.environment) return;
  if (report->at == base::WallTime{}) report->at = delivery.received;
  reports_.insert_or_assign(id, Report{*std::move(report), delivery.received});
}

void Scout::decide_reports(const role::View& view, Output& output) {
  for (const auto& [id, report] : reports_) {
    role::Drafter drafter(book_, incident::Role::scout, random_, view.now);
    drafter.add_as(id, 0, report.told);
    const bool is_news =
        report.told.status == "failed" && view.now.wall - report.received < kReportFresh;
    if (is_news) add_failed_deploy(report.told, view, drafter);
    output.units.push_back({drafter.take(), {}, {}});
  }
}

// The word of whoever deploys is one signal; a container that took another's place lately is the
// second one. What already fails is told where it is told.
void Scout::add_failed_deploy(const incident::DeployReported& report, const role::View& view,
                              role::Drafter& drafter) {
  const Watch& watch = watches_.at(report.service);
  auto signal = signal_of(watch, SignalKind::deploy_failed, view.now);
  signal.detail = "the deploy" + (report.version.empty() ? "" : " of " + report.version) +
                  (report.commit.empty() ? "" : ", commit " + report.commit.substr(0, 12)) +
                  ", failed, says who made it";
  const auto* deploy = deploys_.latest(report.service);
  if (deploy != nullptr && deploy->is_seen && view.now.wall - deploy->at < kReportFresh &&
      is_of(*deploy, report))
    signal.confirmed_by.emplace_back(incident::kDeploySeenToo);
  if (watch.failing(view.now) != nullptr) signal.confirmed_by.emplace_back("its own probe fails");
  const auto* open = home_of(signal);
  for (const auto id : book_.live()) {  // One word of it is enough.
    const auto* other = book_.find(id);
    const bool is_same = other->signal.kind == SignalKind::deploy_failed &&
                         other->signal.service == report.service && incident::goes_on(other->state);
    if (open == nullptr && is_same) open = other;
  }
  if (open != nullptr) {
    drafter.add(open->id, incident::SignalAdded{signal, 1});
    return;
  }
  drafter.add(opening_++, incident::IncidentOpened{signal, incident::Severity::high,
                                                   report.service + ":deploy_failed", ""});
}

bool Scout::is_new_version(const Watch& watch) const {
  if (!watch.container) return false;
  const auto* known = deploys_.running(watch.service().name);
  return known == nullptr || changed_.contains(watch.service().name) ||
         known->container != watch.container->id || known->image_id != watch.container->image_id;
}

void Scout::kept(const Kept& answer, base::Now now) {
  const auto found = keeping_.find(answer.service);
  if (found == keeping_.end() || found->second.container != answer.id) return;
  const bool passes =
      !answer.snapshot && answer.snapshot.error().code != base::ErrorCode::not_found;
  if (passes && now.boot - found->second.since < kKeptWithin)
    found->second.again = now.boot + kKeepRetry;
  else
    found->second.snapshot = answer.snapshot ? *answer.snapshot : "";
}

// What is new is told once the warden has kept how it is made, or cannot.
void Scout::decide_deploys(const role::View& view, Output& output) {
  for (const auto& [name, watch] : watches_) {
    if (!is_new_version(watch)) {
      keeping_.erase(name);
      continue;
    }
    const auto& container = *watch.container;
    Keeping& keeping = keeping_[name];
    if (keeping.container != container.id) keeping = {container.id, view.now.boot, {}, {}};
    if (!keeping.snapshot) {
      if (view.now.boot >= keeping.again)
        output.ask(Keep{name, container.id});
      else
        output.wake_by(keeping.again);
      continue;
    }
    const auto label = [&](const char* key) {
      const auto found = container.labels.find(key);
      return found == container.labels.end() ? std::string() : found->second;
    };
    const bool is_protected =
        container.labels.contains("sre.protect") && label("sre.protect") != "false";
    incident::DeploySeen seen{name, container.id, container.image, container.image_id,
                              is_protected || container.has_volumes};
    seen.snapshot = *keeping.snapshot;
    seen.commit = label("org.opencontainers.image.revision");
    seen.version = label("org.opencontainers.image.version");
    role::Drafter drafter(book_, incident::Role::scout, random_, view.now);
    output.units.push_back({drafter.add(0, std::move(seen)).take(), {}, {}});
  }
}

}  // namespace scout
