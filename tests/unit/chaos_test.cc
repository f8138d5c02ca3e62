// Experiments as data, the choice of a target, and what is read from an incident's thread.
#include <doctest/doctest.h>

#include "chaos/chaos_codec.h"
#include "chaos/experiment_yaml.h"
#include "chaos/host_processes.h"
#include "chaos/thread_view.h"

namespace {

using namespace chaos;

const std::string kOom = R"(name: oom
description: Memory grows.
target: {prefer: policy, where: [health, dependents]}
steady_state: [containers_running, no_open_incident]
fault: {kind: http_until_oom, path: /trigger_memory, every: 20ms, calls: 50}
expect: {class: oom, action: restart, untouched: others}
within: {detect: 5s}
limit: 90s
undo: {kind: http_call, path: /reset}
)";

std::string changed(const std::string& from, const std::string& to) {
  std::string text = kOom;
  return text.replace(text.find(from), from.size(), to);
}

// edge → quote → policy → user; user has no probe of its own.
config::Config shop() {
  config::Config config;
  const config::Probe probe;
  const auto add = [&](const char* name, bool health, bool path, std::vector<std::string> needs) {
    config::Service service;
    service.name = service.container = name;
    if (health) service.health = probe;
    if (path) service.path = probe;
    service.depends_on = std::move(needs);
    config.services.push_back(service);
  };
  add("edge", true, false, {"quote"});
  add("quote", true, true, {"policy"});
  add("policy", true, true, {"user"});
  add("user", false, false, {});
  return config;
}

Experiment needing(std::vector<Trait> where, std::string prefer = "") {
  Experiment experiment;
  experiment.name = "x";
  experiment.target = {std::move(prefer), std::move(where)};
  return experiment;
}

std::string target_of(const Experiment& experiment, const config::Config& config,
                      const std::string& wanted = "") {
  const auto target = choose_target(experiment, config, wanted);
  return target.ok() ? (*target)->name : std::string(base::to_string(target.error().code));
}

github::Comment comment(std::int64_t id, const std::string& body) {
  github::Comment made;
  made.id = id;
  made.body = body;
  made.author = "sre-space";
  return made;
}

github::Comment comment(std::int64_t id, const std::string& op, const std::string& text) {
  return comment(id, "<!-- sre op=" + op + " k=comment h=00 -->\n" + text);
}

Thread whole_thread() {
  Thread thread;
  thread.issue.number = 7;
  thread.issue.state = "closed";
  thread.issue.state_reason = "completed";
  thread.issue.title = "[INCIDENT] policy: died";
  thread.issue.labels = {"incident", "class: oom", "service: policy"};
  thread.issue.body =
      "<!-- sre op=0ISSUE k=issue h=00 -->\n🟢 **Resolved**\n\n| | |\n|---|---|\n| Incident | 12 "
      "|\n"
      "| Service | `policy` |\n\n### Timeline\n\n| phase | at | ms since fault |\n|---|---|---|\n"
      "| fault | 2026-11-20T15:01:40.852Z | 0 |\n| detected | 2026-11-20T15:01:40.952Z | 100 |\n"
      "| planned | 2026-11-20T15:01:40.965Z | 113 |\n| closed | 2026-11-20T15:01:46.683Z | 5831 "
      "|\n";
  thread.comments = {
      comment(1, "01B",
              "📚 **Memory context**\n\n**Seen before, issue #5, restart worked 1 of 1**\n| issue "
              "#5 | a |\n| issue #3 | b |"),
      comment(2, "01C", "🧠 **Brain diagnosis**\n\nMITIGATION: RESTART policy\\-service\n"),
      comment(3, "01D", "🛠 **Fixer action**\n"), comment(4, "01E", "✅ **Verification** passed\n"),
      comment(5, "01F", "📝 **Post-mortem**\n")};
  return thread;
}

}  // namespace

TEST_CASE("an experiment is read with its numbers") {
  const auto experiment = parse_experiment(kOom, "oom.yaml");
  REQUIRE(experiment.ok());
  CHECK(experiment->name == "oom");
  CHECK(experiment->fault.kind == FaultKind::http_until_oom);
  CHECK(experiment->fault.path == "/trigger_memory");
  CHECK(experiment->fault.calls == 50);
  CHECK(experiment->expect.failure_class == "oom");
  CHECK(experiment->expect.incidents == 1);
  CHECK(experiment->within.detect == std::chrono::seconds(5));
  CHECK(experiment->limit == std::chrono::seconds(90));
  CHECK(experiment->undo.kind == UndoKind::http_call);
}

TEST_CASE("a mistake in an experiment is told with file, line and field") {
  const auto told = [](const std::string& text) {
    const auto experiment = parse_experiment(text, "oom.yaml");
    return experiment.ok() ? std::string("accepted") : experiment.error().message;
  };
  const auto names = [&](const std::string& text, const char* what) {
    CHECK_MESSAGE(told(text).find(what) != std::string::npos, told(text));
  };
  names(changed("limit: 90s", "limits: 90s"),
        "oom.yaml:8: limits: unknown field; did you mean \"limit\"?");
  names(changed("limit: 90s", "limits: 90s"), "limit: is missing");
  names(changed("http_until_oom", "http_until_boom"),
        "oom.yaml:5: fault.kind: unknown word \"http_until_boom\"");
  names(changed(", path: /trigger_memory", ""), "fault.path: is missing");
  names(changed("/trigger_memory", "trigger"), "fault.path: must start with /");
  names(changed("health, dependents", "health, heart"), "target.where: unknown word \"heart\"");
  names(changed("no_open_incident", "sunny"), "steady_state: unknown word \"sunny\"");
  names(changed("untouched: others", "untouched: me"), "expect.untouched: must be others or any");
  names(changed("class: oom, ", ""), "expect.class: is missing");
  names(changed("limit: 90s", "limit: -1"), "limit:");
  names(changed("{kind: http_call, path: /reset}", "{kind: start_container, path: /x}"),
        "undo.path: has no meaning");
  names("[", "oom.yaml:");
  names("", "oom.yaml");
}

TEST_CASE("the target is the preferred service, else the first with what is needed") {
  const auto config = shop();
  CHECK(target_of(needing({Trait::health}), config) == "edge");
  CHECK(target_of(needing({Trait::health}, "policy"), config) == "policy");
  CHECK(target_of(needing({Trait::health, Trait::dependents}), config) == "quote");
  CHECK(target_of(needing({Trait::path, Trait::dependencies}, "user"), config) == "quote");
  CHECK(target_of(needing({Trait::internal, Trait::dependents}), config) == "user");
  CHECK(target_of(needing({Trait::health}), config, "policy") == "policy");
  CHECK(target_of(needing({Trait::health}), config, "nobody") == "not_found");
  CHECK(target_of(needing({Trait::internal, Trait::path}), config) == "not_found");
}

TEST_CASE("a protected service is not broken") {
  auto config = shop();
  config.services[0].protect = config.services[2].protect = true;
  CHECK(target_of(needing({Trait::health}), config) == "quote");
  CHECK(target_of(needing({Trait::health}, "policy"), config) == "denied");
  CHECK(target_of(needing({Trait::health}), config, "policy") == "denied");
}

TEST_CASE("no signal goes to a container that does not run, nor to the first process of the host") {
  engine::Container container;
  for (const int pid : {0, 1, -1}) {
    container.pid = pid;
    CHECK(signal_container(container, 0, false).error().code == base::ErrorCode::not_found);
  }
}

TEST_CASE("a whole thread tells the road of its incident") {
  const auto reading = read_thread(whole_thread());
  CHECK(reading.incident == 12);
  CHECK(reading.failure_class == "oom");
  CHECK(reading.action == "restart");
  CHECK(reading.action_target == "policy-service");
  CHECK(reading.has_recall);
  CHECK(reading.has_diagnosis);
  CHECK(reading.has_action);
  CHECK(reading.has_proof);
  CHECK(reading.has_postmortem);
  CHECK(reading.is_closed);
  CHECK(reading.seen_before == std::vector<std::int64_t>{5, 3});
  CHECK(reading.doubled.empty());
  REQUIRE(reading.detected);
  CHECK((*reading.planned - *reading.detected).count() == 13);
  CHECK_FALSE(reading.healthy);
}

TEST_CASE("what stands twice is named") {
  auto thread = whole_thread();
  thread.comments.push_back(comment(6, "01D", "🛠 **Fixer action**\n"));
  thread.comments.push_back(comment(7, "01G", "📝 **Post-mortem**\n"));
  CHECK(read_thread(thread).doubled == std::vector<std::string>{"operation 01D", "comment 📝"});
}

TEST_CASE("a person's words are not taken for the product's") {
  Thread thread;
  thread.comments = {comment(1, "🧠 looks like\nMITIGATION: RESTART all")};
  const auto reading = read_thread(thread);
  CHECK(reading.action.empty());
  CHECK_FALSE(reading.has_diagnosis);
}

TEST_CASE("the view shows each thing once, and of an edit what is new") {
  ThreadView view(false);
  auto thread = whole_thread();
  thread.issue.state = "open";
  const auto first = view.update(thread);
  CHECK(first.find("#7 [INCIDENT] policy: died") != std::string::npos);
  CHECK(first.find("Incident           12") != std::string::npos);
  CHECK(first.find("detected · 2026") != std::string::npos);
  CHECK(first.find("MITIGATION: RESTART policy-service") != std::string::npos);
  CHECK(first.find("<!--") == std::string::npos);
  CHECK(view.update(thread).empty());
  thread.comments[2].body += "| Outcome | proven |\n";
  thread.issue.labels.emplace_back("Learning: Indexed");
  const auto second = view.update(thread);
  CHECK(second.find("+[Learning: Indexed]") != std::string::npos);
  CHECK(second.find("Outcome            proven") != std::string::npos);
  thread.issue.state = "closed";
  CHECK(view.update(thread).find("#7 closed as completed") != std::string::npos);
}

TEST_CASE("foreign text cannot steer the terminal") {
  CHECK(plain_lines("a\033[2Jb\u202Ec") == "a[2Jbc\n");
}

TEST_CASE("results become one line of JSON, with null for what was not seen") {
  Result result;
  result.scenario = "oom";
  result.missing_stage = "diagnose";
  result.phases.detect = 100;
  const auto text = encode_results({result});
  CHECK(text.find("\"missing_stage\":\"diagnose\"") != std::string::npos);
  CHECK(text.find("\"detect\":100") != std::string::npos);
  CHECK(text.find("\"healthy\":null") != std::string::npos);
  CHECK(text.find('\n') == std::string::npos);
  CHECK(encode_results({}).find("\"ok\":false") != std::string::npos);
}

TEST_CASE("the supervisor's file lists every process") {
  const auto listed = decode_processes(
      R"({"pid":411,"roles":[{"role":"scout","pid":431},{"role":"brain","pid":0},7]})");
  REQUIRE(listed.size() == 3);
  CHECK(listed[0].role == "up");
  CHECK(listed[0].pid == 411);
  CHECK(listed[2].role == "brain");
  CHECK(listed[2].pid == 0);
  for (const char* damaged : {"", "[]", "{", "7"}) CHECK(decode_processes(damaged).empty());
}

TEST_CASE("the console's list is searched for an issue, whatever it answers") {
  CHECK(lists_issue(R"({"incidents":[{"issue":null},{"issue":7}]})", 7));
  CHECK_FALSE(lists_issue(R"({"incidents":[{"issue":8},3]})", 7));
  for (const char* damaged : {"", "[]", "{", "{\"incidents\":7}"})
    CHECK_FALSE(lists_issue(damaged, 7));
}
