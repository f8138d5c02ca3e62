// The policy server: what it is asked, and that only a clear yes is one.
#include <doctest/doctest.h>

#include "policy/opa_codec.h"

using namespace std::chrono_literals;

TEST_CASE("only a clear yes allows; everything else denies and says why") {
  struct Row {
    int status;
    const char* body;
    bool allow;
    const char* reason;
  };
  const char* kShape =
      "the policy server's result is neither true, false nor {\"allow\", \"reason\"}";
  const char* kNone = "the policy server's answer has no result";
  const Row rows[] = {
      {200, R"({"result": true})", true, ""},
      {200, R"({"result": {"allow": true, "reason": "fine"}})", true, ""},
      {200, R"({"result": false})", false, "the policy server says no"},
      {200, R"({"result": {"allow": false}})", false, "the policy server says no"},
      {200, R"({"result": {"allow": false, "reason": "not on\n a Friday"}})", false,
       "the policy server says no: not on  a Friday"},
      {200, R"({})", false, kNone},  // What OPA says of a rule that is not defined.
      {200, R"([true])", false, kNone},
      {200, R"(true)", false, kNone},
      {200, R"({"result": "true"})", false, kShape},
      {200, R"({"result": 1})", false, kShape},
      {200, R"({"result": null})", false, kShape},
      {200, R"({"result": [true]})", false, kShape},
      {200, R"({"result": {"allow": "true"}})", false, kShape},
      {200, R"({"result": {"reason": "x"}})", false, kShape},
      {200, R"({"result": true, "result": true})", false, "the policy server's answer is no JSON"},
      {200, "", false, "the policy server's answer is no JSON"},
      {200, "<html>", false, "the policy server's answer is no JSON"},
      {500, R"({"result": true})", false, "the policy server answered with status 500"},
      {301, R"({"result": true})", false, "the policy server answered with status 301"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.body);
    const auto opinion = policy::decode_opinion(row.status, row.body);
    CHECK(opinion.allow == row.allow);
    CHECK(opinion.reason == row.reason);
  }
  const auto wordy = policy::decode_opinion(
      200, R"({"result": {"allow": false, "reason": ")" + std::string(5000, 'x') + R"("}})");
  CHECK(wordy.reason.size() < 400);
}

TEST_CASE("the question is one document with plan, action and facts") {
  incident::Incident incident;
  incident.id = 7;
  incident.signal.service = "policy";
  incident.diagnosis.emplace();
  incident.diagnosis->failure = incident::FailureClass::hang;
  incident.diagnosis->confidence = 0.95;
  incident::MenuEntry restart;
  restart.action = incident::Action::restart;
  restart.service = "policy";
  restart.container = "c1";
  restart.risk = "low";
  restart.runbook = "hang";
  incident.plan = incident::PlanMade{"a1b2c3d4", 1, {}, {restart}};
  incident.approvals = {{"a1b2c3d4", "ada"}};
  policy::Facts facts;
  facts.now.wall = base::wall_from_ms(1795182756000);
  facts.mode = config::Mode::automatic;
  facts.service_actions = {facts.now.wall - 2h, facts.now.wall - 5min};
  facts.all_actions = facts.service_actions;
  facts.deployed = facts.now.wall - 20min;
  facts.services = 3;
  facts.red_services = 1;
  facts.host_cpu_percent = 12.5;
  CHECK(policy::encode(policy::question_of(incident, facts)) ==
        R"({"input":{"action":{"container":"c1","name":"restart","risk":"low","runbook":"hang",)"
        R"("service":"policy","tier":1},"facts":{"all_actions_day":2,"all_actions_hour":1,)"
        R"("containers_touched_hour":0,"deployed_ms_ago":1200000,"flap_percent":0,)"
        R"("host_cpu_percent":12.5,"host_memory_percent":null,"mode":"auto",)"
        R"("open_pull_requests":0,"own_restarts":0,"pull_requests_day":0,"red_services":1,)"
        R"("service_actions_day":2,"service_actions_hour":1,"services":3,"stateful":false,)"
        R"("without_cure":0},"incident":{"confidence":0.95,"failure":"hang","number":7,)"
        R"("service":"policy","severity":"high"},"now":"2026-11-20T13:52:36.000Z",)"
        R"("plan":{"approved_by":["ada"],"asked_by":"","hash":"a1b2c3d4"}}})");
}
