#include "agents/fixer/history.h"

#include <algorithm>

namespace fixer {
namespace {

using namespace incident;  // NOLINT: the domain's words are this file's words.

constexpr base::Millis kKept = std::chrono::hours(25);

template <class T>
const T* as(const Event& event) {
  return std::get_if<T>(&event.what);
}

// The name of an image without registry, folder, tag and digest.
std::string bare_image(const std::string& image) {
  std::string name = image.substr(0, image.find('@'));
  const auto slash = name.rfind('/');
  if (slash != std::string::npos) name.erase(0, slash + 1);
  return name.substr(0, name.find(':'));
}

}  // namespace

void History::absorb(const Event& event) {
  deploys_.absorb(event);
  absorb_action(event);
  absorb_trouble(event);
}

History::Action* History::find(const std::string& op) {
  const auto found = std::find_if(actions_.rbegin(), actions_.rend(),
                                  [&](const auto& action) { return action.op == op; });
  return found == actions_.rend() ? nullptr : &*found;
}

void History::absorb_action(const Event& event) {
  if (const auto* intended = as<ActionIntended>(event)) {
    for (auto& before : actions_)
      before.is_judged = before.is_judged || before.incident == event.incident;
    actions_.push_back({intended->op, intended->service, intended->container, event.incident,
                        intended->action, event.at});
    if (intended->change.field == "replicas")
      scaling_[intended->op] = {intended->service, static_cast<int>(intended->change.to)};
  }
  const auto* done = as<ActionDone>(event);
  if (done != nullptr) {
    if (const auto scaled = scaling_.extract(done->op); !scaled.empty())
      replicas_[scaled.mapped().first] = scaled.mapped().second;
  }
  const auto* failed = as<ActionFailed>(event);
  if (failed != nullptr) {
    if (auto* action = find(failed->op)) action->is_void = true;
  }
  const auto* passed = as<VerificationPassed>(event);
  if (passed != nullptr) {
    if (auto* action = find(passed->op)) action->is_cured = true;
  }
  const bool ends = as<Escalated>(event) != nullptr || as<StoodDown>(event) != nullptr ||
                    as<IncidentClosed>(event) != nullptr ||
                    as<VerificationFailed>(event) != nullptr;
  if (!ends) return;
  for (auto& action : actions_)
    action.is_judged = action.is_judged || action.incident == event.incident;
}

policy::RedSpan* History::trouble(IncidentId id) {
  const auto whose = whose_.find(id);
  if (whose == whose_.end()) return nullptr;
  Troubles& troubles = troubles_[whose->second];
  const auto found = std::find(troubles.incidents.begin(), troubles.incidents.end(), id);
  return &troubles.spans[static_cast<std::size_t>(found - troubles.incidents.begin())];
}

void History::forget(const std::function<bool(const policy::RedSpan&)>& is_old) {
  for (auto& [service, troubles] : troubles_) {
    for (std::size_t i = troubles.spans.size(); i-- > 0;) {
      if (!is_old(troubles.spans[i])) continue;
      whose_.erase(troubles.incidents[i]);
      troubles.incidents.erase(troubles.incidents.begin() + static_cast<std::ptrdiff_t>(i));
      troubles.spans.erase(troubles.spans.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
}

// Joined ones follow from another's trouble; what a person stood down was none, or was wanted.
void History::absorb_trouble(const Event& event) {
  const auto id = event.incident;
  if (const auto* opened = as<IncidentOpened>(event)) {
    if (is_word(opened->signal)) return;
    if (!whose_.try_emplace(id, opened->signal.service).second) return;
    Troubles& troubles = troubles_[opened->signal.service];
    troubles.incidents.push_back(id);
    troubles.spans.push_back({event.at, {}});
  }
  policy::RedSpan* span = trouble(id);
  if (span == nullptr) return;
  if (as<IncidentJoined>(event) != nullptr || as<StoodDown>(event) != nullptr)
    return forget([&](const auto& other) { return &other == span; });
  const auto* tried = as<VerificationTried>(event);
  const bool well = (tried != nullptr && tried->ok) || as<VerificationPassed>(event) != nullptr ||
                    as<SelfHealed>(event) != nullptr || as<IncidentClosed>(event) != nullptr;
  if (well && !span->to) span->to = event.at;
  if (as<VerificationFailed>(event) != nullptr || as<IncidentReopened>(event) != nullptr)
    span->to.reset();
}

void History::prune(base::WallTime now) {
  std::erase_if(actions_, [&](const auto& action) { return now - action.at > kKept; });
  forget([&](const auto& span) { return span.to && now - *span.to > kKept; });
}

const std::vector<policy::RedSpan>& History::troubles(const std::string& service) const {
  static const std::vector<policy::RedSpan> kNone;
  const auto found = troubles_.find(service);
  return found == troubles_.end() ? kNone : found->second.spans;
}

std::optional<base::WallTime> History::deployed(const std::string& service) const {
  const auto* latest = deploys_.latest(service);
  return latest == nullptr ? std::nullopt : std::optional(latest->at);
}

std::string History::image(const std::string& service) const {
  const auto* version = deploys_.running(service);
  return version == nullptr ? "" : bare_image(version->image);
}

bool History::keeps_data(const std::string& service) const {
  const auto* version = deploys_.running(service);
  return version != nullptr && version->keeps_data;
}

int History::replicas(const std::string& service) const {
  const auto found = replicas_.find(service);
  return found == replicas_.end() ? 0 : found->second;
}

int History::fruitless(const std::string& service, incident::Action action) const {
  int count = 0;
  for (auto at = actions_.rbegin(); at != actions_.rend(); ++at) {
    if (at->service != service || at->is_void) continue;
    if (at->is_cured || at->action != action) break;
    count += at->is_judged ? 1 : 0;
  }
  return count;
}

}  // namespace fixer
