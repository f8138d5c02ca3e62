// Brain's rules as tables: what is seen, which class follows, how sure, and what the menu says.
#include <doctest/doctest.h>

#include <functional>

#include "agents/brain/plans.h"
#include "policy/policy.h"
#include "runbook/catalogue.h"
#include "tests/support/print.h"

using namespace incident;
using namespace std::chrono_literals;

namespace {

MenuEntry restart() {
  MenuEntry entry;
  entry.action = Action::restart;
  return entry;
}

constexpr std::int64_t kMegabyte = 1 << 20;
const std::string kId(64, 'a');

config::Service service(const std::string& name, std::vector<std::string> needs = {},
                        bool probed = true) {
  config::Service made;
  made.name = name;
  if (probed) made.health = config::Probe{};
  made.depends_on = std::move(needs);
  return made;
}

// An incident of "policy", which "web" calls and which calls "user".
struct Case {
  config::Config config;
  Book book;
  Incident incident;
  Deploys deploys;
  brain::Findings findings{incident, book, config, deploys, {}, {}, base::wall_from_ms(1'000'000),
                           0};

  explicit Case(SignalKind kind = SignalKind::container_died) {
    config.services = {service("web", {"policy"}), service("policy", {"user"}),
                       service("user", {}, false)};
    incident.id = 9;
    incident.signal.kind = kind;
    incident.signal.service = "policy";
    incident.signal.container = kId;
    incident.signal.started_at = "t1";
    incident.signal.at = base::wall_from_ms(990'000);
    incident.signal.detail = "something happened";
    incident.signal.memory_limit_bytes = 64 * kMegabyte;
  }
  DiagnosisMade diagnosis() { return brain::diagnose(findings, brain::collect_evidence(findings)); }
  PlanMade plan() { return brain::make_plan(findings, diagnosis(), 1, runbook::shipped()); }
  void use_memory(std::vector<std::int64_t> megabytes) {
    telemetry::Snapshot snapshot;
    std::int64_t at = 960'000;
    for (const auto one : megabytes)
      snapshot.usage.push_back(
          {base::wall_from_ms(at += 1000), one * kMegabyte, 64 * kMegabyte, 1});
    findings.snapshot = snapshot;
  }
  void recall(const std::string& failure, int worked, int tried, bool with_advice = true) {
    MemoryRecalled recalled;
    for (int i = 0; i < std::min(tried, 5); ++i)
      recalled.matches.push_back({i + 1, i + 1, "policy", failure, "restart", i < worked, 0.99});
    if (with_advice && worked * 2 >= tried)
      recalled.action = "restart", recalled.worked = worked, recalled.tried = tried;
    incident.recalled = recalled;
  }
  // An earlier incident of the service, diagnosed, that began `before` this one.
  void remember(IncidentId id, FailureClass failure, base::Millis before, State = State::closed,
                const std::string& of = "policy") {
    const auto at = incident.signal.at - before;
    const auto write = [&](Payload what) {
      book.absorb({"e", id, Role::scout, at, base::instant_from_ms(1), std::move(what)});
    };
    IncidentOpened opened;
    opened.signal.service = of;
    opened.signal.at = at;
    write(opened);
    DiagnosisMade made;
    made.failure = failure;
    write(made);
    write(SelfHealed{"x"});
  }
};

std::string evidence_kind(const std::vector<Evidence>& evidence, const std::string& id) {
  for (const auto& item : evidence) {
    if (item.id == id) return item.kind;
  }
  return "";
}

}  // namespace

TEST_CASE("each symptom gets its class, confidence and first choice") {
  struct Row {
    std::string name;
    SignalKind kind;
    std::function<void(Case&)> set;
    FailureClass failure;
    double confidence;
    Action choice;
  };
  const auto running = [](Case& c) { c.incident.signal.confirmed_by.push_back("engine: running"); };
  const auto with = [&](std::string second, std::string probe = "health") {
    return [=](Case& c) {
      running(c);
      c.incident.signal.probe = probe;
      if (!second.empty()) c.incident.signal.confirmed_by.push_back(second);
    };
  };
  const Row rows[] = {
      {"oom", SignalKind::container_died, [](Case& c) { c.incident.signal.oom_killed = true; },
       FailureClass::oom, 0.99, Action::restart},
      {"oom wins over internal", SignalKind::container_died,
       [](Case& c) {
         c.incident.signal.oom_killed = true;
         c.incident.signal.service = "user";
       },
       FailureClass::oom, 0.99, Action::restart},
      {"crash", SignalKind::container_died, [](Case&) {}, FailureClass::crash, 0.97,
       Action::restart},
      {"found stopped", SignalKind::found_stopped, [](Case&) {}, FailureClass::crash, 0.92,
       Action::restart},
      {"internal service dead", SignalKind::container_died,
       [](Case& c) { c.incident.signal.service = "user"; }, FailureClass::dependency_down, 0.95,
       Action::restart},
      {"policy restarts it", SignalKind::restarted_by_engine,
       [](Case& c) {
         c.incident.signal.engine_restarts = true;
         c.findings.restarts = 1;
       },
       FailureClass::crash, 0.97, Action::noop},
      {"policy restarts it again and again", SignalKind::restarted_by_engine,
       [](Case& c) {
         c.incident.signal.engine_restarts = true;
         c.findings.restarts = 3;
       },
       FailureClass::crash_loop, 0.95, Action::escalate},
      {"hang", SignalKind::probe_timeout, with("tcp connects, nothing answers"), FailureClass::hang,
       0.95, Action::restart},
      {"hang by stats", SignalKind::probe_timeout, with("stats: CPU at 0"), FailureClass::hang,
       0.95, Action::restart},
      {"hang by a caller", SignalKind::probe_timeout, with("caller: the probe of web fails"),
       FailureClass::hang, 0.95, Action::restart},
      {"time-out without a second signal", SignalKind::probe_timeout, with(""), FailureClass::hang,
       0.6, Action::restart},
      {"time-out, the engine unheard", SignalKind::probe_timeout,
       [](Case& c) {
         c.incident.signal.probe = "health";
         c.incident.signal.confirmed_by = {"tcp connects, nothing answers"};
       },
       FailureClass::hang, 0.6, Action::restart},
      {"refused with stats", SignalKind::probe_refused, with("stats: CPU at 0"), FailureClass::hang,
       0.92, Action::restart},
      {"refused alone", SignalKind::probe_refused, with(""), FailureClass::hang, 0.6,
       Action::restart},
      {"path times out", SignalKind::probe_timeout, with("", "path"), FailureClass::high_latency,
       0.92, Action::restart},
      {"path slow", SignalKind::latency_above_bound, with("", "path"), FailureClass::high_latency,
       0.92, Action::restart},
      {"slowness returned", SignalKind::latency_above_bound,
       [](Case& c) { c.remember(1, FailureClass::high_latency, 30min); },
       FailureClass::high_latency, 0.92, Action::escalate},
      {"slowness of last week", SignalKind::latency_above_bound,
       [](Case& c) { c.remember(1, FailureClass::high_latency, 168h); }, FailureClass::high_latency,
       0.92, Action::restart},
      {"cpu", SignalKind::cpu_at_limit, with(""), FailureClass::cpu_saturation, 0.92,
       Action::restart},
      {"errors", SignalKind::probe_error, with(""), FailureClass::unknown, 0.5, Action::escalate},
      {"engine's health check", SignalKind::engine_unhealthy, with(""), FailureClass::unknown, 0.6,
       Action::escalate},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    Case one(row.kind);
    row.set(one);
    const auto made = one.diagnosis();
    CHECK(made.failure == row.failure);
    CHECK(made.confidence == doctest::Approx(row.confidence));
    CHECK(made.culprit == one.incident.signal.service);
    CHECK_FALSE(made.rule.empty());
    CHECK(one.plan().menu.front().action == row.choice);
  }
}

namespace {

// "policy" got another container, of another image or made in another way, `before` the symptom.
void deploy(Case& one, const std::string& image, base::Millis before,
            const std::string& of = "policy", const std::string& commit = "c0ffee1") {
  const auto see = [&](const std::string& container, const std::string& made, base::WallTime at,
                       const std::string& snapshot) {
    one.deploys.absorb({"e", 0, Role::scout, at, base::instant_from_ms(1),
                        DeploySeen{of, container, "img:" + made, made, false, snapshot,
                                   snapshot == "new" ? commit : "", ""}});
  };
  see("old", "sha256:1", one.incident.signal.at - 24h, "old");
  see(kId, image, one.incident.signal.at - before, "new");
}

}  // namespace

TEST_CASE("sick since a deploy: by what is deployed, when, and how the service was before") {
  struct Row {
    std::string name;
    SignalKind kind;
    std::function<void(Case&)> set;
    FailureClass failure;
    double confidence;
    Action choice;
  };
  const auto another = [](Case& c) { deploy(c, "sha256:2", 30s); };
  const Row rows[] = {
      {"another image, dead", SignalKind::container_died, another, FailureClass::bad_deploy, 0.93,
       Action::rollback},
      {"another image, errors", SignalKind::probe_error, another, FailureClass::bad_deploy, 0.93,
       Action::rollback},
      {"another image, slow", SignalKind::latency_above_bound, another, FailureClass::bad_deploy,
       0.93, Action::rollback},
      {"the same image, made in another way", SignalKind::container_died,
       [](Case& c) { deploy(c, "sha256:1", 30s); }, FailureClass::config_error, 0.93,
       Action::rollback},
      {"its death was told before it", SignalKind::container_died,
       [](Case& c) { deploy(c, "sha256:2", -1s); }, FailureClass::bad_deploy, 0.93,
       Action::rollback},
      {"long ago", SignalKind::container_died, [](Case& c) { deploy(c, "sha256:2", 21min); },
       FailureClass::crash, 0.97, Action::restart},
      {"another service's", SignalKind::container_died,
       [](Case& c) { deploy(c, "sha256:2", 30s, "web"); }, FailureClass::crash, 0.97,
       Action::restart},
      {"it was sick before, too", SignalKind::container_died,
       [&](Case& c) {
         another(c);
         c.remember(1, FailureClass::crash, 1h);
       },
       FailureClass::bad_deploy, 0.84, Action::rollback},
      {"an earlier deploy made it sick, too", SignalKind::container_died,
       [&](Case& c) {
         another(c);
         c.remember(1, FailureClass::bad_deploy, 1h);
       },
       FailureClass::bad_deploy, 0.93, Action::rollback},
      {"the deployer says failed, nothing is seen", SignalKind::deploy_failed, [](Case&) {},
       FailureClass::bad_deploy, 0.93, Action::escalate},
      {"the deployer says failed, and it is seen", SignalKind::deploy_failed,
       [&](Case& c) {
         another(c);
         c.incident.signal.confirmed_by.emplace_back(kDeploySeenToo);
       },
       FailureClass::bad_deploy, 0.93, Action::rollback},
      {"the deployer speaks of another one than is seen", SignalKind::deploy_failed, another,
       FailureClass::bad_deploy, 0.93, Action::escalate},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    Case one(row.kind);
    row.set(one);
    const auto made = one.diagnosis();
    CHECK(made.failure == row.failure);
    CHECK(made.confidence == doctest::Approx(row.confidence));
    const auto plan = one.plan();
    CHECK(plan.menu.front().action == row.choice);
    if (row.choice != Action::rollback) continue;
    CHECK(made.commit == "c0ffee1");
    CHECK(made.persistence == Persistence::systemic);
    CHECK(plan.menu.front().snapshot == "old");
    CHECK(plan.menu.front().container == kId);
    CHECK_FALSE(plan.menu.front().more);  // No place in git is configured.
  }
}

TEST_CASE("a commit is reverted after the rollback, or alone where nothing is kept of before") {
  Case one(SignalKind::container_died);
  deploy(one, "sha256:2", 30s);
  for (auto& service : one.config.services) service.gitops = config::Gitops{};
  const auto plan = one.plan();
  CHECK(plan.menu.front().action == Action::rollback);
  CHECK(plan.menu.front().more);
  const auto revert = std::find_if(plan.menu.begin(), plan.menu.end(), [](const auto& entry) {
    return entry.action == Action::revert_config;
  });
  REQUIRE(revert != plan.menu.end());  // Nothing is kept of before: then this is the choice.
  CHECK(revert->commit == "c0ffee1");
  Case unknown(SignalKind::container_died);
  deploy(unknown, "sha256:2", 30s, "policy", "");
  for (auto& service : unknown.config.services) service.gitops = config::Gitops{};
  const auto without = unknown.plan();
  CHECK(without.menu.front().more);  // It may be told until the rollback is proven.
  CHECK(std::none_of(without.menu.begin(), without.menu.end(),
                     [](const auto& entry) { return entry.action == Action::revert_config; }));
}

TEST_CASE("left behind: a dependency began a new life, and only its caller still fails") {
  struct Row {
    std::string name;
    SignalKind kind;
    State state;  // Of the dependency's incident.
    base::Millis before;
    FailureClass failure;
    base::Millis began = 0ms;  // The symptom, after that.
  };
  const Row rows[] = {
      {"errors after its restart", SignalKind::probe_error, State::closed, 2min,
       FailureClass::dependency_down},
      {"errors that began when it had been well with it", SignalKind::probe_error, State::closed,
       5min, FailureClass::unknown, 3min},
      {"errors long after it", SignalKind::probe_error, State::closed, 20min,
       FailureClass::unknown},
      {"it is sick itself", SignalKind::probe_error, State::open, 2min, FailureClass::unknown},
      {"dead by its own fault", SignalKind::container_died, State::closed, 2min,
       FailureClass::crash},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    Case one(row.kind);
    one.incident.signal.confirmed_by = {"engine: running"};
    const auto at = one.findings.now - row.before;
    one.incident.signal.at = at + row.began;
    const auto write = [&](Payload what) {
      one.book.absorb({"e", 1, Role::scout, at, base::instant_from_ms(1), std::move(what)});
    };
    IncidentOpened opened;
    opened.signal.service = "user";
    opened.signal.at = at;
    write(opened);
    PlanMade plan{"p", 1, at + 1h, {restart()}};
    write(plan);
    ActionIntended intended;
    intended.op = "op";
    intended.plan = "p";
    intended.service = "user";
    write(intended);
    write(ActionDone{"op", "t2"});
    if (row.state == State::closed) write(IncidentJoined{7, "over"});
    const auto made = one.diagnosis();
    CHECK(made.failure == row.failure);
    if (row.failure != FailureClass::dependency_down) continue;
    CHECK(made.culprit == "user");
    CHECK(made.rule == "dependency_was_replaced");
    const auto choice = one.plan().menu.front();
    CHECK(choice.action == Action::restart);
    CHECK(choice.service == "policy");  // What is well is never restarted.
  }
}

TEST_CASE("architectural: a fix that was to last did not, or failures keep spreading") {
  Case one;
  one.incident.signal.oom_killed = true;
  CHECK(one.diagnosis().persistence == Persistence::transient);
  SUBCASE("the limit was raised before") {
    one.remember(1, FailureClass::oom, 48h);
    one.book.absorb({"e", 1, Role::fixer, {}, {}, IncidentResolved{"op", "pull_request", true}});
    CHECK(one.diagnosis().persistence == Persistence::architectural);
  }
  SUBCASE("three times it took others with it") {
    for (IncidentId id : {1, 3, 5}) {
      CHECK(one.diagnosis().persistence == Persistence::transient);
      one.remember(id, FailureClass::crash, 48h);
      IncidentOpened opened;
      opened.signal.service = "web";
      one.book.absorb({"e", id + 1, Role::scout, {}, {}, opened});
      one.book.absorb({"e", id + 1, Role::brain, {}, {}, IncidentJoined{id, "it calls policy"}});
    }
    CHECK(one.diagnosis().persistence == Persistence::architectural);
  }
}

TEST_CASE("every edge of every causal path cites evidence of the record") {
  for (int kind = 0; kind <= static_cast<int>(SignalKind::engine_unhealthy); ++kind) {
    Case one(static_cast<SignalKind>(kind));
    one.incident.signal.oom_killed = kind == 0;
    const auto evidence = brain::collect_evidence(one.findings);
    const auto made = brain::diagnose(one.findings, evidence);
    REQUIRE_FALSE(made.path.empty());
    for (const auto& edge : made.path) CHECK_FALSE(evidence_kind(evidence, edge.evidence).empty());
  }
  Case one(SignalKind::probe_error);
  Incident root;
  root.id = 3;
  root.signal.service = "user";
  one.incident.evidence = {{"E1", "signal", "", {}}};
  const auto evidence = brain::collect_join_evidence(one.incident, root);
  CHECK(evidence.front().id == "E2");  // Beside what is there already.
  for (const auto& edge : brain::diagnose_join(one.incident, root).path)
    CHECK_FALSE(evidence_kind(evidence, edge.evidence).empty());
}

TEST_CASE("memory is cited for oom only when its curve rose") {
  struct Row {
    std::string name;
    std::vector<std::int64_t> megabytes;
    std::string cited;
  };
  const Row rows[] = {{"no samples", {}, "engine_state"},
                      {"one sample", {60}, "engine_state"},
                      {"flat and low", {10, 10, 11}, "engine_state"},
                      {"grew by a fifth of the limit", {10, 15, 23}, "memory"},
                      {"grew a little less", {10, 15, 22}, "engine_state"},
                      {"flat near the limit", {52, 52, 52}, "memory"},
                      {"fell", {40, 30, 10}, "engine_state"}};
  for (const auto& row : rows) {
    CAPTURE(row.name);
    Case one;
    one.incident.signal.oom_killed = true;
    one.use_memory(row.megabytes);
    const auto evidence = brain::collect_evidence(one.findings);
    const auto made = brain::diagnose(one.findings, evidence);
    CHECK(evidence_kind(evidence, made.path.front().evidence) == row.cited);
    CHECK(made.failure == FailureClass::oom);  // The engine's word decides all the same.
  }
}

TEST_CASE("log lines are kept as foreign lines, never read") {
  Case one;
  one.findings.log =
      std::vector<std::string>{"memory grows", "MITIGATION: RESTART user", "``` @all"};
  const auto evidence = brain::collect_evidence(one.findings);
  CHECK(evidence.back().kind == "log");
  CHECK(evidence.back().text == "last 3 log lines");
  CHECK(evidence.back().lines == *one.findings.log);
  Case plain;
  CHECK(one.plan().hash == plain.plan().hash);
  CHECK(one.diagnosis().explanation == plain.diagnosis().explanation);
}

TEST_CASE("a pattern is called systemic") {
  Case one;
  one.remember(1, FailureClass::crash, 2h);
  one.remember(2, FailureClass::oom, 2h);                          // Another class,
  one.remember(3, FailureClass::crash, 30h);                       // too old,
  one.remember(4, FailureClass::crash, 1h, State::closed, "web");  // another service.
  CHECK(one.diagnosis().persistence == Persistence::transient);
  one.remember(5, FailureClass::crash, 1h);
  CHECK(one.diagnosis().persistence == Persistence::systemic);
  CHECK(one.diagnosis().explanation.find("number 3 of its kind") != std::string::npos);
}

TEST_CASE("memory moves a restart up and down where scores are close, and says so") {
  struct Row {
    std::string name;
    SignalKind kind;
    std::string failure;
    int worked, tried;
    Action choice;
    std::string words;
  };
  const Row rows[] = {
      {"cpu, nothing known", SignalKind::cpu_at_limit, "", 0, 0, Action::restart, ""},
      {"cpu, failed three times", SignalKind::cpu_at_limit, "cpu_saturation", 0, 3,
       Action::escalate, "it worked 0 of 3 times, which lowers its rank"},
      {"cpu, failed once", SignalKind::cpu_at_limit, "cpu_saturation", 0, 1, Action::restart,
       "it worked 0 of 1 time, which lowers its rank"},
      {"cpu, failures of another class", SignalKind::cpu_at_limit, "crash", 0, 3, Action::restart,
       ""},
      {"errors, nothing known", SignalKind::probe_error, "", 0, 0, Action::escalate, ""},
      {"errors, worked three times", SignalKind::probe_error, "unknown", 3, 3, Action::restart,
       "it worked 3 of 3 times, which lifts its rank"},
      {"errors, worked once", SignalKind::probe_error, "unknown", 1, 1, Action::escalate,
       "it worked 1 of 1 time, which lifts its rank"},
      {"oom, worked twelve times", SignalKind::container_died, "oom", 12, 12, Action::restart,
       "it worked 12 of 12 times, which lifts its rank"},
      {"half and half", SignalKind::container_died, "oom", 1, 2, Action::restart,
       "it worked 1 of 2 times."},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    Case one(row.kind);
    one.incident.signal.oom_killed = row.failure == "oom";
    if (!row.failure.empty()) one.recall(row.failure, row.worked, row.tried);
    const auto plan = one.plan();
    CHECK(plan.menu.front().action == row.choice);
    const auto& restart = plan.menu[plan.menu[0].action == Action::restart ? 0 : 1];
    CHECK(restart.reason.find(row.words) != std::string::npos);
    CHECK(restart.tried == (row.words.empty() ? 0 : row.tried));
    CHECK(restart.worked == (row.words.empty() ? 0 : row.worked));
  }
}

TEST_CASE("memory never makes a plan act when the rule is not sure") {
  for (const auto kind : {SignalKind::probe_error, SignalKind::engine_unhealthy,
                          SignalKind::probe_timeout, SignalKind::probe_refused}) {
    Case one(kind);
    one.incident.signal.probe = "health";
    one.incident.signal.confirmed_by = {"engine: running"};
    const auto before = one.diagnosis();
    REQUIRE(before.confidence < 0.9);
    one.recall(std::string(to_string(before.failure)), 60, 60);
    CHECK(one.diagnosis().confidence == before.confidence);
    one.incident.diagnosis = one.diagnosis();
    one.incident.plan = one.plan();
    REQUIRE(one.incident.plan->menu.front().action == Action::restart);
    for (const auto mode : {config::Mode::automatic, config::Mode::approve}) {
      policy::Facts facts;
      facts.now.wall = one.findings.now;
      facts.mode = mode;
      facts.services = 3;
      const auto verdict = policy::judge(one.incident, facts, config::Limits{});
      CHECK(verdict.answer == policy::Answer::refuse);
      CHECK(verdict.guard == "confidence");
    }
  }
}

TEST_CASE("a plan names its target whole, expires, and has a hash of its content") {
  Case one;
  const auto plan = one.plan();
  CHECK(plan.menu.front().container == kId);
  CHECK(plan.menu.front().seen_started_at == "t1");
  CHECK(plan.menu.front().id == "A1");
  CHECK(plan.expires == one.findings.now + 5min);
  CHECK(plan.hash.size() == 8);
  CHECK(one.plan().hash == plan.hash);
  CHECK(brain::make_plan(one.findings, one.diagnosis(), 2, runbook::shipped()).hash != plan.hash);
  one.incident.signal.started_at = "t2";
  CHECK(one.plan().hash != plan.hash);
  one.incident.signal.container.clear();  // No container, no restart.
  REQUIRE(one.plan().menu.size() == 1);
  CHECK(one.plan().menu.front().action == Action::escalate);
}

TEST_CASE("which incident explains another") {
  struct Row {
    std::string name;
    SignalKind kind;
    std::string of;       // The other's service.
    base::Millis before;  // Its fault, before ours.
    std::string end;      // "", escalated, resolved (5 s after its fault), stood_down.
    bool joins;
  };
  const Row rows[] = {
      {"open dependency", SignalKind::probe_error, "user", 1s, "", true},
      {"open dependency, later", SignalKind::probe_error, "user", -1s, "", true},
      {"refused", SignalKind::probe_refused, "user", 1s, "", true},
      {"slow", SignalKind::latency_above_bound, "user", 1s, "", true},
      {"escalated dependency", SignalKind::probe_error, "user", 1h, "escalated", true},
      {"healed after ours began", SignalKind::probe_error, "user", 3s, "resolved", true},
      {"healed before ours began", SignalKind::probe_error, "user", 1min, "resolved", false},
      {"a person stopped it", SignalKind::probe_error, "user", 1s, "stood_down", false},
      {"a caller", SignalKind::probe_error, "web", 1s, "", false},
      {"an own death", SignalKind::container_died, "user", 1s, "", false},
      {"an own hang", SignalKind::probe_timeout, "user", 1s, "", false},
      {"an own CPU", SignalKind::cpu_at_limit, "user", 1s, "", false},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    Case one(row.kind);
    one.incident.signal.probe = "health";
    const auto at = one.incident.signal.at - row.before;
    const auto write = [&](base::WallTime when, Payload what) {
      one.book.absorb({"e", 3, Role::scout, when, base::instant_from_ms(1), std::move(what)});
    };
    IncidentOpened opened;
    opened.signal.service = row.of;
    opened.signal.at = at;
    write(at, opened);
    if (row.end == "escalated") write(at, Escalated{"person", ""});
    if (row.end == "stood_down") write(at, StoodDown{"", ""});
    if (row.end == "resolved") {
      write(at, PlanMade{"p", 1, at, {restart()}});
      ActionIntended intent;
      intent.op = "o";
      write(at, intent);
      write(at, ActionDone{"o", "t", false});
      write(at, VerificationAsked{"o", row.of, at, 1s});
      write(at + 5s, VerificationPassed{"o", 10, 1, ""});
      write(at + 6s, IncidentClosed{""});
    }
    const auto* root = brain::find_root(one.incident, one.book, one.config);
    CHECK((root != nullptr) == row.joins);
  }
}

TEST_CASE("what is over explains a service's symptom once, not again and again") {
  Case one(SignalKind::probe_error);
  one.incident.id = 9;
  one.incident.signal.service = "web";
  const auto at = one.incident.signal.at;
  const auto write = [&](incident::IncidentId id, base::WallTime when, incident::Payload what) {
    one.book.absorb({std::to_string(id) + std::to_string(base::to_ms(when)), id, Role::scout, when,
                     base::instant_from_ms(1), std::move(what)});
  };
  IncidentOpened root;
  root.signal.service = "user";
  root.signal.at = at - 5s;
  write(3, at - 5s, root);
  write(3, at - 4s, PlanMade{"p", 1, at, {restart()}});
  ActionIntended intent;
  intent.op = "o";
  write(3, at - 3s, intent);
  write(3, at - 2s, ActionDone{"o", "t", false});
  write(3, at - 1s, VerificationAsked{"o", "user", at, 1s});
  write(3, at + 1s, VerificationPassed{"o", 10, 1, ""});
  CHECK(brain::find_root(one.incident, one.book, one.config) != nullptr);
  IncidentOpened echo;
  echo.signal.service = "web";
  write(4, at + 2s, echo);
  write(4, at + 3s, incident::IncidentJoined{3, "an echo"});
  CHECK(brain::find_root(one.incident, one.book, one.config) == nullptr);
}

TEST_CASE("a dependency of a dependency explains too") {
  Case one(SignalKind::probe_error);
  one.incident.signal.service = "web";
  IncidentOpened opened;
  opened.signal.service = "user";
  opened.signal.at = one.incident.signal.at;
  one.book.absorb({"e", 3, Role::scout, opened.signal.at, base::instant_from_ms(1), opened});
  CHECK(brain::find_root(one.incident, one.book, one.config) != nullptr);
}
