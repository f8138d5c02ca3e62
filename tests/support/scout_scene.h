// A small world for Scout in virtual time: services, their containers and how they answer probes.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "agents/scout/scout.h"
#include "tests/support/print.h"
#include "tests/support/role_stage.h"

namespace support {

using namespace std::chrono_literals;
using engine::EventKind;
using engine::RunState;
using incident::SignalKind;
using incident::State;
using telemetry::ProbeResult;

struct Behaviour {
  ProbeResult result = ProbeResult::ok;
  base::Duration latency = 2ms;
};

inline config::Probe probe_settings() {
  config::Probe probe;
  probe.url = "http://127.0.0.1:8001/health";
  probe.every = 250ms;
  probe.timeout = 1s;
  probe.fails = 2;
  return probe;
}

inline config::Service service(const std::string& name, std::vector<std::string> needs = {}) {
  config::Service made;
  made.name = name;
  made.container = name + "-1";
  made.health = probe_settings();
  made.depends_on = std::move(needs);
  return made;
}

class ScoutScene {
 public:
  using Stage = RoleStage<scout::Scout>;

  explicit ScoutScene(std::vector<config::Service> services) {
    config.services = std::move(services);
    config.limits.soak = 5s;
    for (const auto& one : config.services) containers[one.name] = running(one.name);
  }

  config::Config config;
  fakes::MemoryLedger ledger;
  std::map<std::string, engine::Container> containers;  // By service; the engine's truth.
  std::vector<warden::Member> replicas;
  std::map<std::string, Behaviour> behaviour;           // By "service" or "service/path".
  bool engine_answers = true;
  base::Duration inspecting = 95ms;
  base::Duration keeping = 5ms;
  std::map<std::string, std::string> made_with;  // By service: of its configuration.

  scout::Scout& scout() { return *scout_; }
  Stage& stage() {
    REQUIRE(stage_);
    return *stage_;
  }
  // Starts Scout, or starts it again on the same log, and hears the engine.
  void begin(bool connect = true) {
    const auto now =
        stage_ ? stage_->now
               : base::Now{base::wall_from_ms(1795182756000), base::instant_from_ms(5'000'000)};
    scout_.emplace(config, random_);
    stage_.emplace(*scout_, ledger, &scout::key_of);
    stage_->now = now;
    stage_->on_request = [this](const std::string& key, const scout::Request& request) {
      serve(key, request);
    };
    if (connect) hear(warden::Connected{});
    stage_->run(1s);
  }
  void run(base::Duration duration) { stage().run(duration); }

  void hear(warden::Notice notice) { stage().news(std::move(notice)); }
  void event(const std::string& name, EventKind kind, std::optional<int> exit_code = {},
             std::string signal = "") {
    engine::Event happened;
    happened.kind = kind;
    happened.id = containers[name].id;
    happened.name = containers[name].name;
    happened.time_ns = base::to_ms(stage().now.wall) * 1'000'000;
    happened.exit_code = exit_code;
    happened.signal = std::move(signal);
    hear(warden::Happened{name, happened});
  }
  void die(const std::string& name, int exit_code, bool oom = false) {
    set_ended(name, exit_code, oom);
    event(name, EventKind::die, exit_code);
  }
  void set_ended(const std::string& name, int exit_code, bool oom = false,
                 RunState state = RunState::exited) {
    containers[name].state = state;
    containers[name].exit_code = exit_code;
    containers[name].oom_killed = oom;
  }
  void set_started(const std::string& name) {
    containers[name].state = RunState::running;
    containers[name].exit_code = 0;
    containers[name].oom_killed = false;
    containers[name].started_at = "life " + std::to_string(++lives_);
  }
  void start(const std::string& name) {
    set_started(name);
    event(name, EventKind::start);
  }
  void sample(const std::string& name, double cpu_percent, std::int64_t memory = 10 << 20) {
    hear(warden::Sampled{name,
                         {containers[name].id, stage().now.wall, memory, 64 << 20, cpu_percent}});
  }
  // Samples every `every` for `duration`.
  void use_cpu(const std::string& name, double cpu_percent, base::Duration duration,
               base::Duration every = 1s) {
    for (base::Duration passed{0}; passed < duration; passed += every) {
      sample(name, cpu_percent);
      run(every);
    }
  }
  void alert(const std::string& subject, base::Duration age = 0s) {
    ledger::Delivery delivery;
    delivery.source = "webhook";
    delivery.body = R"({"service":")" + subject + R"("})";
    delivery.received = stage().now.wall - std::chrono::duration_cast<base::Millis>(age);
    scout_->absorb(delivery, stage().now);
  }

  void take_in(const ledger::Delivery& delivery) { scout_->absorb(delivery, stage().now); }

  // What the other roles would write to bring the incident to verification after a restart.
  void treat(incident::IncidentId id, const std::string& name, const std::string& op = "op1") {
    intend(id, name, op);
    start(name);
    finish(id, name, op);
  }
  void plan(incident::IncidentId id, const std::string& name,
            incident::Action action = incident::Action::restart) {
    incident::MenuEntry entry;
    entry.action = action;
    entry.service = name;
    incident::DiagnosisMade made;
    made.failure = incident::FailureClass::crash;
    made.confidence = 0.97;
    stage().write(incident::Role::brain, id, made);
    stage().write(incident::Role::brain, id,
                  incident::PlanMade{"abcd0123", 1, stage().now.wall + 5min, {entry}});
  }
  void intend(incident::IncidentId id, const std::string& name, const std::string& op = "op1") {
    plan(id, name);
    incident::ActionIntended intent;
    intent.op = op;
    intent.service = name;
    intent.container = containers[name].id;
    stage().write(incident::Role::fixer, id, intent);
    stage().step();
  }
  void finish(incident::IncidentId id, const std::string& name, const std::string& op = "op1") {
    stage().write(incident::Role::fixer, id,
                  incident::ActionDone{op, containers[name].started_at, false});
    ask_proof(id, name, op);
  }
  void ask_proof(incident::IncidentId id, const std::string& name, const std::string& op) {
    stage().write(incident::Role::fixer, id,
                  incident::VerificationAsked{op, name, stage().now.wall, config.limits.soak});
    stage().step();
  }

  [[nodiscard]] std::size_t opened() { return stage().all<incident::IncidentOpened>().size(); }
  [[nodiscard]] std::string kinds() {
    std::string text;
    for (const auto& one : stage().all<incident::IncidentOpened>())
      text += (text.empty() ? "" : " ") + std::string(incident::to_string(one.signal.kind));
    return text;
  }
  [[nodiscard]] int probes(const std::string& name, const std::string& probe = "health") {
    int count = 0;
    for (const auto& one : stage().sent<scout::StartProbe>())
      count += one.service == name && one.probe == probe ? 1 : 0;
    return count;
  }

 private:
  engine::Container running(const std::string& name) {
    engine::Container made;
    made.id = std::string(63, 'a') + static_cast<char>('0' + containers.size() % 10);
    made.name = name + "-1";
    made.image = "demo:1";
    made.image_id = "sha256:1";
    made.state = RunState::running;
    made.started_at = "life " + std::to_string(++lives_);
    made.memory_limit_bytes = 64 << 20;
    made.cpu_limit = 0.5;
    return made;
  }

  void serve(const std::string& key, const scout::Request& request) {
    if (const auto* probe = std::get_if<scout::StartProbe>(&request))
      return serve_probe(key, *probe);
    if (const auto* inspect = std::get_if<scout::Inspect>(&request)) {
      const auto service = inspect->service;
      stage().in(inspecting, [this, key, service] {
        stage().answer(key, scout::Inspected{service, containers[service].id, member(service)});
      });
      return;
    }
    if (const auto* keep = std::get_if<scout::Keep>(&request)) {
      const auto& box = containers[keep->service];
      const std::string snapshot = "made of " + box.image_id + " " + made_with[keep->service];
      return stage().in(keeping, [this, key, asked = *keep, snapshot] {
        stage().answer(key, scout::Kept{asked.service, asked.id, snapshot});
      });
    }
    stage().in(5ms, [this, key] {
      if (!engine_answers)
        return stage().answer(key,
                              scout::Listed{base::Error{base::ErrorCode::unavailable, "list"}});
      warden::Listing listing;
      for (const auto& [name, container] : containers) listing.members.push_back({name, container});
      for (const auto& one : config.services) {
        if (!containers.contains(one.name)) listing.missing.push_back(one.name);
      }
      listing.replicas = replicas;
      stage().answer(key, scout::Listed{listing});
    });
  }
  base::Result<warden::Member> member(const std::string& name) {
    if (!engine_answers) return base::Error{base::ErrorCode::unavailable, "inspect"};
    return warden::Member{name, containers[name]};
  }
  void serve_probe(const std::string& key, const scout::StartProbe& probe) {
    auto how =
        behaviour[probe.probe == "health" ? probe.service : probe.service + "/" + probe.probe];
    const auto box = containers.find(probe.service);
    if (box == containers.end() || box->second.state != RunState::running)
      how = {ProbeResult::refused, 1ms};
    if (how.result == ProbeResult::timeout) how.latency = probe.timeout;
    telemetry::ProbeSample sample;
    sample.at = stage().now.wall;
    sample.probe = probe.probe;
    sample.result = how.result;
    sample.connected = how.result != ProbeResult::refused;
    sample.status = how.result == ProbeResult::ok      ? 200
                    : how.result == ProbeResult::error ? 503
                                                       : 0;
    sample.latency_ms = base::to_ms(how.latency);
    stage().in(how.latency, [this, key, probe, sample] {
      stage().answer(key, scout::Probed{probe.service, probe.number, sample});
    });
  }

  base::SeededRandom random_{1};
  std::optional<scout::Scout> scout_;
  std::optional<Stage> stage_;
  int lives_ = 0;
};

}  // namespace support
