#include "chaos/runner.h"

#include <algorithm>
#include <condition_variable>
#include <fstream>
#include <map>
#include <mutex>
#include <sstream>

#include "chaos/chaos_codec.h"
#include "chaos/faults.h"
#include "chaos/host_processes.h"
#include "chaos/leftovers.h"
#include "chaos/memory_look.h"
#include "chaos/web.h"
#include "chaos/witness.h"

namespace chaos {
namespace {

using base::Error;
using base::ErrorCode;
using base::Instant;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr base::Duration kSteadyPatience = seconds(20);  // Besides the soak time.
constexpr base::Duration kConsoleWithin = seconds(5), kSupervisedWithin = seconds(5);
constexpr base::Duration kCalm =
    seconds(3);  // After the last stage: what comes late is still seen.

using Containers = std::map<std::string, engine::Container>;  // By service.

std::vector<ListedProcess> listed_processes(const std::string& state_dir) {
  std::ifstream in(state_dir + "/up.json");
  std::ostringstream text;
  text << in.rdbuf();
  return decode_processes(text.str());
}

// Waits so long, or until the stop is requested.
void pause(base::Duration time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, time, [] { return false; });
}

bool belongs_to(const engine::Container& container, const config::Service& service) {
  const auto equals = service.container.find('=');
  if (equals == std::string::npos) return container.name == service.container;
  const auto label = container.labels.find(service.container.substr(0, equals));
  return label != container.labels.end() && label->second == service.container.substr(equals + 1);
}

std::string service_label(const std::string& service) { return "service: " + service; }

bool has_label(const github::Issue& issue, const std::string& label) {
  return std::find(issue.labels.begin(), issue.labels.end(), label) != issue.labels.end();
}

}  // namespace

struct Runner::Impl {
  Impl(World w, std::vector<Experiment> c) : world(std::move(w)), catalogue(std::move(c)) {}

  World world;
  std::vector<Experiment> catalogue;
  std::map<std::string, std::int64_t> last_issue;  // By "experiment service".

  [[nodiscard]] Instant now() const { return world.clock.now().boot; }
  void say(const std::string& line) const {
    if (world.say) world.say(line);
  }
  [[nodiscard]] const Experiment* find(const std::string& name) const {
    const auto found = std::find_if(catalogue.begin(), catalogue.end(),
                                    [&](const auto& e) { return e.name == name; });
    return found == catalogue.end() ? nullptr : &*found;
  }

  base::Result<Containers> containers() const {
    const auto list = world.engine.list();
    if (!list.ok()) return list.error();
    Containers found;
    for (const auto& service : world.config.services) {
      for (const auto& container : *list) {
        if (belongs_to(container, service)) found.emplace(service.name, container);
      }
    }
    return found;
  }

  // An address of the service, or where its callers would feel it.
  [[nodiscard]] std::string url_of(const config::Service& service) const {
    if (service.health) return service.health->url;
    if (service.path) return service.path->url;
    for (const auto& caller : world.config.services) {
      const auto& needs = caller.depends_on;
      if (!caller.path || std::find(needs.begin(), needs.end(), service.name) == needs.end())
        continue;
      return caller.path->url;
    }
    return "";
  }

  base::Result<std::vector<github::Issue>> incidents() const {
    auto issues = world.github.list_issues({.creator = {}, .label = "incident", .since = {}});
    if (!issues.ok()) return issues.error();
    return std::move(*issues);
  }

  void sweep() const {
    const auto left = noted_fault(world.config.state_dir);
    if (!left) return;
    const auto* experiment = find(left->experiment);
    const auto* service = config::find_service(world.config, left->service);
    const auto all = containers();
    if (experiment == nullptr || service == nullptr || !all.ok()) return;
    const auto container = all->find(service->name);
    if (container == all->end()) return;
    say("undoing what is left of " + left->experiment + " on " + left->service);
    if (auto undone = undo(experiment->undo, {container->second, url_of(*service)}, world.engine);
        undone.ok()) {
      forget_fault(world.config.state_dir);
    }
  }

  [[nodiscard]] std::string unsteady(Steady wanted) const;
  [[nodiscard]] std::string wait_steady(const Experiment& experiment,
                                        const std::stop_token& stop) const;
};

// Why the wanted state does not hold; empty when it does.
std::string Runner::Impl::unsteady(Steady wanted) const {
  switch (wanted) {
    case Steady::containers_running: {
      const auto all = containers();
      if (!all.ok()) return all.error().message;
      for (const auto& service : world.config.services) {
        const auto found = all->find(service.name);
        if (found == all->end()) return "no container of " + service.name;
        if (found->second.state != engine::RunState::running) return service.name + " does not run";
      }
      return "";
    }
    case Steady::probes_good:
      for (const auto& service : world.config.services) {
        for (const auto* probe : {&service.health, &service.path}) {
          if (!*probe) continue;
          const auto answer = web_get((*probe)->url, (*probe)->timeout);
          if (!answer.ok()) return service.name + ": " + answer.error().message;
          if (answer->status >= 400) {
            return (*probe)->url + " answers " + std::to_string(answer->status);
          }
        }
      }
      return "";
    case Steady::no_open_incident: {
      const auto issues = incidents();
      if (!issues.ok()) return issues.error().message;
      for (const auto& issue : *issues) {
        if (issue.state == "open") return "issue #" + std::to_string(issue.number) + " is open";
      }
      return "";
    }
  }
  return "";
}

std::string Runner::Impl::wait_steady(const Experiment& experiment,
                                      const std::stop_token& stop) const {
  const auto end = now() + kSteadyPatience + world.config.limits.soak;
  while (true) {
    std::string why;
    for (const auto wanted : experiment.steady_state) {
      if (why.empty()) why = unsteady(wanted);
    }
    if (why.empty() || now() >= end || stop.stop_requested()) return why;
    pause(world.poll, stop);
  }
}

namespace {

// One run of one experiment on one service.
class Trial {
 public:
  Trial(const World& world, const Experiment& experiment, const config::Service& service,
        Patient patient, Containers before, std::vector<github::Issue> known, std::stop_token stop)
      : world_(world),
        experiment_(experiment),
        service_(service),
        patient_(std::move(patient)),
        before_(std::move(before)),
        stop_(std::move(stop)),
        witness_(world.engine, world.clock) {
    for (const auto& issue : known) newest_known_ = std::max(newest_known_, issue.number);
    result_.scenario = experiment.name;
    result_.service = service.name;
    result_.container = patient_.container.name;
  }

  // `precedent`: the issue of the run before on the same service, 0 for none.
  Result run(std::int64_t precedent) {
    if (stages(precedent)) {
      pause(kCalm, stop_);
      read_back();
    }
    fill();
    result_.ok = result_.missing_stage.empty() && result_.broken.empty();
    if (!result_.broken.empty() && result_.reason.empty()) result_.reason = result_.broken.front();
    return result_;
  }

 private:
  [[nodiscard]] Instant now() const { return world_.clock.now().boot; }
  void say(const std::string& line) const {
    if (world_.say) world_.say(line);
  }
  bool miss(const char* stage, std::string reason) {
    result_.missing_stage = stage;
    result_.reason = std::move(reason);
    return false;
  }

  bool stages(std::int64_t precedent) {
    if (!break_it()) return false;
    const Within& within = experiment_.within;
    return await(
               "detect", within.detect, [&] { return thread_.issue.number > 0; },
               "no issue of " + service_.name) &&
           await(
               "diagnose", within.diagnose, [&] { return reading_.has_diagnosis; },
               "no diagnosis in the issue") &&
           await(
               "act", within.act, [&] { return was_restarted(); },
               "the engine shows no new start") &&
           await(
               "healthy", within.healthy, [&] { return witness_.healthy_at().has_value(); },
               "no good answer after the start") &&
           await(
               "close", within.close,
               [&] { return reading_.is_closed && reading_.has_postmortem && reading_.has_proof; },
               "the issue is not closed with proof and post-mortem") &&
           await(
               "recall", within.recall, [&] { return is_recalled(precedent); },
               "the memory does not recall it") &&
           await(
               "console", kConsoleWithin, [&] { return console_lists_it(); },
               "the console does not list it") &&
           await(
               "supervised", kSupervisedWithin, [&] { return all_roles_run(); },
               "not all processes of sre-space run");
  }

  bool break_it() {
    if (!witness_.wait_connected(seconds(5)))
      return miss("steady_state", "the engine's events cannot be followed");
    witness_.watch(patient_.container.id, heal_url());
    if (auto noted = note_fault(world_.config.state_dir, {experiment_.name, service_.name});
        !noted) {
      return miss("inject", noted.error().message);
    }
    const auto at = inject(experiment_.fault, patient_, witness_, world_.clock, stop_);
    if (!at.ok()) return miss("inject", at.error().message);
    fault_at_ = *at;
    ends_ = now() + experiment_.limit + world_.config.limits.soak;
    say(experiment_.name + ": " + service_.name + " is broken at " + base::format_utc(fault_at_));
    return true;
  }

  // The path shows a cured latency, health everything else.
  [[nodiscard]] std::string heal_url() const {
    const bool is_slow = experiment_.fault.kind == FaultKind::http_call && service_.path;
    return is_slow ? service_.path->url : patient_.url;
  }

  // Looks until `came`, each time at the forge anew. The deadline counts from the stage before.
  template <class Came>
  bool await(const char* stage, base::Duration within, Came came, const std::string& otherwise) {
    const auto end = std::min(now() + within, ends_);
    while (true) {
      look();
      if (came()) {
        say(experiment_.name + ": " + stage);
        return true;
      }
      if (stop_.stop_requested()) return miss(stage, "interrupted");
      if (now() >= end)
        return miss(stage, trouble_.empty() ? otherwise : otherwise + ": " + trouble_);
      pause(world_.poll, stop_);
    }
  }

  void look() {
    trouble_.clear();
    if (thread_.issue.number == 0) {
      find_issue();
    } else if (auto issue = world_.github.get_issue(thread_.issue.number); issue.ok()) {
      thread_.issue = std::move(*issue);
    } else {
      trouble_ = issue.error().message;
    }
    if (thread_.issue.number == 0 || !trouble_.empty()) return;
    auto comments = world_.github.list_comments(thread_.issue.number);
    if (!comments.ok()) {
      trouble_ = comments.error().message;
      return;
    }
    thread_.comments = std::move(*comments);
    reading_ = read_thread(thread_);
    if (world_.follow) world_.follow(thread_);
  }

  base::Result<std::vector<github::Issue>> new_issues() {
    auto issues = world_.github.list_issues({.creator = {}, .label = "incident", .since = {}});
    if (!issues.ok()) return issues.error();
    std::erase_if(*issues, [&](const auto& issue) { return issue.number <= newest_known_; });
    return std::move(*issues);
  }

  void find_issue() {
    auto issues = new_issues();
    if (!issues.ok()) {
      trouble_ = issues.error().message;
      return;
    }
    for (auto& issue : *issues) {
      if (has_label(issue, service_label(service_.name))) thread_.issue = std::move(issue);
    }
  }

  bool was_restarted() {
    const auto state = world_.engine.inspect(patient_.container.id);
    if (!state.ok()) {
      trouble_ = state.error().message;
      return false;
    }
    return state->state == engine::RunState::running && state->id == patient_.container.id &&
           state->started_at != patient_.container.started_at &&
           witness_.count(state->id, engine::EventKind::start) > 0;
  }

  bool is_recalled(std::int64_t precedent) {
    const auto& before = reading_.seen_before;
    if (precedent > 0 && std::find(before.begin(), before.end(), precedent) == before.end()) {
      trouble_ = "the thread does not name issue #" + std::to_string(precedent);
      return false;
    }
    const auto remembered =
        look_up(world_.config.state_dir, reading_.incident, world_.clock.now().wall);
    if (!remembered.ok()) {
      trouble_ = remembered.error().message;
      return false;
    }
    result_.recalled = remembered->proven && remembered->comes_back &&
                       remembered->failure_class == experiment_.expect.failure_class &&
                       remembered->action == experiment_.expect.action;
    return result_.recalled;
  }

  bool console_lists_it() {
    // With a key set, only its holder may ask.
    if (!world_.config.console_key.empty()) return true;
    const std::string url = "http://" + world_.config.console_address + ":" +
                            std::to_string(world_.config.console_port) + "/incidents";
    const auto answer = web_get(url, seconds(2));
    if (!answer.ok()) trouble_ = answer.error().message;
    return answer.ok() && answer->status == 200 && lists_issue(answer->body, thread_.issue.number);
  }

  // What the outage did not need may have stopped too. Roles that were started without `up` leave
  // no list.
  bool all_roles_run() {
    for (const auto& [role, pid] : listed_processes(world_.config.state_dir)) {
      const char state = state_of_process(pid);
      if (state != 0 && state != 'T' && state != 'Z') continue;
      trouble_ = role + (state == 'T' ? " is stopped" : " does not run");
      return false;
    }
    return true;
  }

  void expect(bool holds, std::string otherwise) {
    if (!holds) result_.broken.push_back(std::move(otherwise));
  }

  // What must hold besides the stages, once all has become quiet.
  void read_back() {
    look();
    const auto& wanted = experiment_.expect;
    const auto& id = patient_.container.id;
    expect(reading_.failure_class == wanted.failure_class,
           "class " + reading_.failure_class + ", expected " + wanted.failure_class);
    expect(reading_.action == wanted.action,
           "action " + reading_.action + ", expected " + wanted.action);
    expect(reading_.action_target == service_.name,
           "the action aims at " + reading_.action_target + ", expected " + service_.name);
    for (const auto& what : reading_.doubled) expect(false, what + " stands twice");
    const auto issues = new_issues();
    result_.incidents = issues.ok() ? static_cast<int>(issues->size()) : 0;
    expect(result_.incidents == wanted.incidents, std::to_string(result_.incidents) +
                                                      " new issues, expected " +
                                                      std::to_string(wanted.incidents));
    result_.restarts = witness_.count(id, engine::EventKind::start);
    expect(
        result_.restarts == wanted.restarts,
        std::to_string(result_.restarts) + " starts, expected " + std::to_string(wanted.restarts));
    expect(witness_.gaps() == 0, "the engine's event stream broke: something may have been missed");
    if (wanted.others_untouched) check_others();
    const auto answer = web_get(heal_url(), seconds(2));
    const bool is_healthy = answer.ok() && answer->status < 400;
    expect(is_healthy, service_.name + " is not healthy at the end");
    result_.resolved = is_healthy && reading_.is_closed && reading_.has_proof &&
                       reading_.has_postmortem && has_label(thread_.issue, "Status: AI-Resolved");
    expect(result_.resolved, "the issue is not labelled as resolved");
  }

  void check_others() {
    for (const auto& [name, was] : before_) {
      if (was.id == patient_.container.id) continue;
      const auto is = world_.engine.inspect(was.id);
      expect(is.ok() && is->started_at == was.started_at &&
                 witness_.count(was.id, engine::EventKind::kill) == 0,
             name + " was touched");
    }
  }

  void fill() {
    result_.issue = thread_.issue.number;
    result_.failure_class = reading_.failure_class;
    result_.action = reading_.action;
    result_.seen_before = reading_.seen_before;
    if (fault_at_ == base::WallTime{}) return;
    const auto since =
        [&](const std::optional<base::WallTime>& time) -> std::optional<std::int64_t> {
      if (!time) return std::nullopt;
      return (*time - fault_at_).count();
    };
    // The engine's own clock and our own probe where they can tell, the card for the rest.
    result_.phases.act = since(witness_.first(patient_.container.id, engine::EventKind::start));
    result_.phases.healthy = since(witness_.healthy_at());
    result_.phases.detect = since(reading_.detected);
    result_.phases.diagnose = since(reading_.planned);
    result_.phases.closed = since(reading_.closed);
  }

  const World& world_;
  const Experiment& experiment_;
  const config::Service& service_;
  const Patient patient_;
  const Containers before_;
  const std::stop_token stop_;
  std::int64_t newest_known_ = 0;
  Result result_;
  base::WallTime fault_at_{};
  Instant ends_{};
  Thread thread_;
  Reading reading_;
  std::string trouble_;  // Why the last look showed less than it should.
  Witness witness_;
};

Result failed(const Experiment& experiment, const std::string& service, const char* stage,
              const std::string& reason) {
  Result result;
  result.scenario = experiment.name;
  result.service = service;
  result.missing_stage = stage;
  result.reason = reason;
  return result;
}

}  // namespace

Runner::Runner(World world, std::vector<Experiment> catalogue)
    : impl_(std::make_unique<Impl>(std::move(world), std::move(catalogue))) {}
Runner::~Runner() = default;

base::Result<Result> Runner::run(const std::string& name, const std::string& service,
                                 std::stop_token stop) {
  const auto* experiment = impl_->find(name);
  if (experiment == nullptr) return Error{ErrorCode::not_found, "no experiment is named " + name};
  const auto target = choose_target(*experiment, impl_->world.config, service);
  if (!target.ok()) return failed(*experiment, service, "steady_state", target.error().message);
  const config::Service& chosen = **target;
  impl_->sweep();
  if (const auto why = impl_->wait_steady(*experiment, stop); !why.empty()) {
    return failed(*experiment, chosen.name, "steady_state", why);
  }
  auto before = impl_->containers();
  auto known = impl_->incidents();
  if (!before.ok() || !known.ok() || before->count(chosen.name) == 0) {
    return failed(*experiment, chosen.name, "steady_state",
                  "engine or forge stopped answering, or the container went");
  }
  const Patient patient{before->at(chosen.name), impl_->url_of(chosen)};
  if (auto possible = check_fault(experiment->fault, patient); !possible) {
    return failed(*experiment, chosen.name, "steady_state", possible.error().message);
  }
  auto& precedent = impl_->last_issue[name + " " + chosen.name];
  auto result =
      Trial(impl_->world, *experiment, chosen, patient, std::move(*before), std::move(*known), stop)
          .run(precedent);
  if (auto undone = undo(experiment->undo, patient, impl_->world.engine); undone.ok()) {
    forget_fault(impl_->world.config.state_dir);
  } else {
    impl_->say(undone.error().message + "; the next run tries again");
  }
  if (result.ok) precedent = result.issue;
  return result;
}

}  // namespace chaos
