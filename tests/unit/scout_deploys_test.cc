// Deploys as the Scout sees and hears of them.
#include "tests/support/scout_scene.h"

using namespace support;
using incident::DeployReported;
using incident::DeploySeen;
using incident::SignalAdded;

namespace {

const char* kReport =
    R"({"service":"a","environment":"prod","version":"2.1","commit_sha":"c0ffee1",)"
    R"("status":"failed","timestamp":"2026-11-20T13:52:36Z"})";

ledger::Delivery delivery(ScoutScene& scene, std::int64_t position, std::string body) {
  return {position, "deploy", "d" + std::to_string(position), std::move(body),
          scene.stage().now.wall};
}

}  // namespace

TEST_CASE("a new container is told with what the warden keeps of it and what its labels say") {
  ScoutScene scene({service("a")});
  scene.begin();
  auto& box = scene.containers["a"];
  box.image_id = "sha256:2";
  box.has_volumes = true;
  box.labels["org.opencontainers.image.revision"] = "c0ffee1";
  box.labels["org.opencontainers.image.version"] = "2.1";
  scene.event("a", EventKind::create);
  scene.run(1s);
  const auto seen = scene.stage().last<DeploySeen>();
  CHECK(seen.snapshot == "made of sha256:2 ");
  CHECK(seen.commit == "c0ffee1");
  CHECK(seen.version == "2.1");
  CHECK(seen.keeps_data);  // It writes to a volume.
}

TEST_CASE("a symptom waits for the word of the deploy before it, but not for ever") {
  for (const auto keeping : {base::Duration(50ms), base::Duration(1h)}) {
    ScoutScene scene({service("a")});
    scene.begin();
    scene.keeping = keeping;
    scene.containers["a"].image_id = "sha256:2";
    scene.event("a", EventKind::create);
    scene.run(20ms);
    scene.die("a", 1);
    scene.run(3s);
    REQUIRE(scene.opened() == 1);
    const auto seen = scene.stage().all<DeploySeen>();
    CHECK(seen.size() == (keeping < 1s ? 2 : 1));
    if (keeping > 1s) continue;
    std::string order;
    for (const auto& record : *scene.ledger.read(0, 1000)) {
      const auto name = incident::name_of(record.event.what);
      if (name == "incident.opened" || name == "deploy.seen") order += std::string(name) + " ";
    }
    CHECK(order == "deploy.seen deploy.seen incident.opened ");
  }
}

TEST_CASE(
    "a report is told once, however often the inbox is read; a failed one opens an incident") {
  ScoutScene scene({service("a")});
  scene.begin();
  for (int reading = 0; reading < 2; ++reading) {
    scene.take_in(delivery(scene, 7, kReport));
    scene.take_in(delivery(scene, 8, R"({"service":"nobody","status":"failed"})"));
    scene.take_in(delivery(scene, 9, "no json"));
    scene.run(1s);
    scene.begin();  // Started again: it reads the inbox from its beginning.
  }
  REQUIRE(scene.stage().all<DeployReported>().size() == 1);
  const auto report = scene.stage().last<DeployReported>();
  CHECK(report.commit == "c0ffee1");
  CHECK(report.version == "2.1");
  CHECK(report.status == "failed");
  REQUIRE(scene.kinds() == "deploy_failed");
  const auto signal = scene.stage().incident(1).signal;
  CHECK(signal.detail == "the deploy of 2.1, commit c0ffee1, failed, says who made it");
  CHECK(signal.confirmed_by.empty());  // One word alone: nothing is done by itself.
  scene.run(10min);
  CHECK(scene.stage().incident(1).state == State::open);  // It does not heal by itself.
}

TEST_CASE("a deploy that failed says nothing of the service, which may be well or sick besides") {
  ScoutScene scene({service("a"), service("b", {"a"})});
  scene.begin();
  scene.take_in(delivery(scene, 7, kReport));
  scene.run(1s);
  REQUIRE(scene.kinds() == "deploy_failed");
  scene.take_in(delivery(scene, 8, std::string(kReport) + " "));  // The same word once more.
  scene.run(1s);
  CHECK(scene.opened() == 1);
  scene.behaviour["a"] = {ProbeResult::error};
  scene.run(3s);
  CHECK(scene.kinds() == "deploy_failed probe_error");  // A trouble of its own.
}

TEST_CASE("reports of another environment are not ours") {
  ScoutScene scene({service("a")});
  scene.config.environment = "staging";
  scene.begin();
  scene.take_in(delivery(scene, 7, kReport));
  scene.run(1s);
  CHECK(scene.stage().all<DeployReported>().empty());
  CHECK(scene.opened() == 0);
}

TEST_CASE("what we changed in place is kept and told again") {
  ScoutScene scene({service("a")});
  scene.begin();
  scene.die("a", 1);
  scene.run(1s);
  scene.plan(1, "a", incident::Action::pull_request);
  incident::ActionIntended intent;
  intent.op = "op1";
  intent.action = incident::Action::pull_request;
  intent.service = "a";
  intent.container = scene.containers["a"].id;
  scene.stage().write(incident::Role::fixer, 1, intent);
  scene.made_with["a"] = "and 96 MiB";
  scene.stage().write(incident::Role::fixer, 1, incident::ActionDone{"op1", "t2"});
  scene.run(1s);
  REQUIRE(scene.stage().all<DeploySeen>().size() == 2);
  CHECK(scene.stage().last<DeploySeen>().snapshot == "made of sha256:1 and 96 MiB");
}

TEST_CASE("what the deployer says is confirmed by another container, or by a failing probe") {
  ScoutScene scene({service("a")});
  scene.begin();
  SUBCASE("another container") {
    scene.containers["a"].image_id = "sha256:2";
    scene.event("a", EventKind::create);
    scene.run(1s);
    scene.take_in(delivery(scene, 7, kReport));
    scene.run(1s);
    CHECK(scene.stage().incident(1).signal.confirmed_by ==
          std::vector<std::string>{"engine: another container since"});
  }
  SUBCASE("but not by one of another version than the report names") {
    scene.containers["a"].image_id = "sha256:2";
    scene.containers["a"].labels["org.opencontainers.image.version"] = "2.0";
    scene.event("a", EventKind::create);
    scene.run(1s);
    scene.take_in(delivery(scene, 7, kReport));
    scene.run(1s);
    CHECK(scene.stage().incident(1).signal.confirmed_by.empty());
  }
  SUBCASE("what fails already has its incident, where it is counted") {
    scene.behaviour["a"] = {ProbeResult::error};
    scene.run(3s);
    REQUIRE(scene.kinds() == "probe_error");
    scene.take_in(delivery(scene, 7, kReport));
    scene.run(1s);
    CHECK(scene.opened() == 1);
    CHECK(scene.stage().last<SignalAdded>().signal.kind == SignalKind::deploy_failed);
  }
}
