// What the console shows and lets in: words, phases, sentences, views, alerts, keys. All pure.
#include <doctest/doctest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "agents/console/access.h"
#include "agents/console/chronicle.h"
#include "agents/console/containers_codec.h"
#include "agents/console/deploy_codec.h"
#include "agents/console/scaling_codec.h"
#include "agents/console/sentences.h"
#include "agents/console/views_codec.h"
#include "agents/console/webhook_codec.h"
#include "base/hash.h"
#include "base/text.h"
#include "tests/support/console_story.h"
#include "tests/support/samples.h"

namespace console {
namespace {

using nlohmann::json;
using story::Teller;

const auto kFault = base::wall_from_ms(1795182756000);

// A chronicle that has absorbed these, positions counted on.
void tell(Chronicle& chronicle, const std::vector<ledger::Draft>& drafts) {
  auto position = chronicle.position();
  for (const auto& draft : drafts) (void)chronicle.absorb({++position, draft.event});
}
Chronicle told(const std::vector<ledger::Draft>& drafts) {
  Chronicle chronicle;
  tell(chronicle, drafts);
  return chronicle;
}
Teller opened() {
  Teller teller(1, kFault, "policy-service");
  return teller.opened(incident::SignalKind::container_died, "it died");
}
json list_of(const Chronicle& chronicle, int limit = kListDefault) {
  return json::parse(encode_list(chronicle, limit));
}
std::string word_after(const std::vector<ledger::Draft>& drafts) {
  return std::string(to_string(told(drafts).word(1)));
}

}  // namespace

TEST_CASE("words: every state has one that a client of the API may rely on") {
  using namespace incident;  // NOLINT
  const auto planned = opened().planned(Action::restart, 60);
  CHECK(word_after(opened().drafts()) == "RECEIVED");
  CHECK(word_after(Teller(opened()).diagnosed(FailureClass::oom, "", {}, 50).drafts()) ==
        "DIAGNOSING");
  CHECK(word_after(planned.drafts()) == "DIAGNOSING");
  CHECK(
      word_after(Teller(planned).at(70, Role::fixer, ApprovalAsked{"9f3a61c0", kFault}).drafts()) ==
      "DIAGNOSING");
  CHECK(word_after(Teller(planned)
                       .at(70, Role::fixer, ApprovalAsked{"9f3a61c0", kFault})
                       .at(80, Role::person, ApprovalGiven{"9f3a61c0", "ann"})
                       .drafts()) == "APPROVED");
  CHECK(word_after(Teller(planned).acted(Action::restart, 70).drafts()) == "EXECUTING");
  CHECK(word_after(
            Teller(planned)
                .acted(Action::restart, 70)
                .at(400, Role::fixer,
                    VerificationAsked{"op-1", "policy-service", kFault, std::chrono::seconds(5)})
                .drafts()) == "VERIFYING");
  CHECK(word_after(Teller(planned).acted(Action::restart, 70).proven(400).drafts()) == "RESOLVED");
  CHECK(word_after(story::healed(1, kFault)) == "RESOLVED");
  CHECK(word_after(opened().at(90, Role::scout, SelfHealed{"the engine restarted it"}).drafts()) ==
        "RESOLVED");
  CHECK(word_after(opened().at(90, Role::fixer, Escalated{"person", "budget spent"}).drafts()) ==
        "FAILED");
  CHECK(word_after(opened()
                       .at(90, Role::fixer, Escalated{"person", "x"})
                       .at(99, Role::scribe, IncidentClosed{"by ann"})
                       .drafts()) == "FAILED");
  CHECK(word_after(opened().at(90, Role::fixer, StoodDown{"docker stop", "a person"}).drafts()) ==
        "FAILED");
  CHECK(word_after(
            opened()
                .at(90, Role::brain,
                    DiagnosisMade{
                        FailureClass::nothing_wrong, "", 1, Persistence::transient, {}, {}, "", ""})
                .drafts()) == "RESOLVED");
}

TEST_CASE("words: a joined incident has the word of its root") {
  auto chronicle = told(opened().drafts());
  Teller other(2, kFault, "quote-service");
  tell(chronicle,
       other.opened(incident::SignalKind::probe_error, "500")
           .at(60, incident::Role::brain, incident::IncidentJoined{1, "it calls policy-service"})
           .drafts());
  CHECK(chronicle.word(2) == Word::received);
  tell(chronicle, {{{"x", 1, incident::Role::scout, kFault, {}, incident::SelfHealed{""}}, false}});
  CHECK(chronicle.word(2) == Word::resolved);
}

TEST_CASE("words: incidents joined in a circle end as failed instead of turning for ever") {
  Chronicle chronicle;
  for (incident::IncidentId id : {1, 2}) {
    Teller teller(id, kFault, "s" + std::to_string(id));
    tell(chronicle, teller.opened(incident::SignalKind::probe_error, "500")
                        .at(60, incident::Role::brain, incident::IncidentJoined{3 - id, ""})
                        .drafts());
  }
  CHECK(chronicle.word(1) == Word::failed);
}

TEST_CASE("phases: milliseconds from the fault, by the boot clock") {
  const auto chronicle = told(story::healed(1, kFault));
  const json phases = list_of(chronicle)["incidents"][0]["phases_ms"];
  CHECK(phases["detect"] == 41);
  CHECK(phases["diagnose"] == 58);
  CHECK(phases["act"] == 297);
  CHECK(phases["healthy"] == 550);
  CHECK(phases["closed"] == 6900);
  const auto fresh = told(opened().drafts());
  CHECK(list_of(fresh)["incidents"][0]["phases_ms"]["healthy"].is_null());
}

TEST_CASE("phases: an alert from the future and a reboot give no negative times") {
  auto drafts = story::healed(1, kFault);
  std::get<incident::IncidentOpened>(drafts[0].event.what).signal.at =
      kFault + std::chrono::hours(1);
  drafts.back().event.boot = base::instant_from_ms(5);  // Closed after a reboot: UTC measures.
  const auto chronicle = told(drafts);
  const json phases = list_of(chronicle)["incidents"][0]["phases_ms"];
  CHECK(phases["detect"] == 0);
  CHECK(phases["closed"] == 6900 - 41);
}

TEST_CASE("sentences: every kind of event has a clean one-line sentence of its own") {
  std::vector<std::string> seen;
  for (const auto& payload : samples::all()) {
    CAPTURE(incident::name_of(payload));
    incident::Event event;
    event.what = payload;
    const auto text = sentence(event);
    CHECK(text.size() > 8);
    CHECK(text.find('\n') == std::string::npos);
    CHECK(text.find("  ") == std::string::npos);
    CHECK(std::find(seen.begin(), seen.end(), text) == seen.end());
    seen.push_back(text);
  }
}

TEST_CASE("sentences: foreign text is cleaned and cut") {
  incident::Event event;
  event.what = incident::Escalated{"person", "\x1b[31mred\u202e\nnext"};
  CHECK(sentence(event) == "Handed to person: [31mred next");
  event.what = incident::Escalated{"person", std::string(5000, 'x')};
  CHECK(sentence(event).size() <= kSentenceMax);
  CHECK(sentence(event).ends_with("…"));
}

TEST_CASE("list: newest first, all counted, no more than asked for") {
  Chronicle chronicle;
  for (incident::IncidentId id = 1; id <= 3; ++id)
    tell(chronicle, story::healed(id, kFault + std::chrono::seconds(id)));
  const auto all = list_of(chronicle);
  CHECK(all["total"] == 3);
  REQUIRE(all["incidents"].size() == 3);
  const auto& first = all["incidents"][0];
  CHECK(first["id"] == 3);
  CHECK(first["container"] == "policy-service");
  CHECK(first["service"] == "policy-service");
  CHECK(first["status"] == "RESOLVED");
  CHECK(first["state"] == "closed");
  CHECK(first["ended_as"] == "resolved");
  CHECK(first["failure_class"] == "oom");
  CHECK(first["issue"] == 3);
  CHECK(first["url"] == "http://127.0.0.1:7081/sre-space/demo/issues/3");
  CHECK(first["timestamp"] == "2026-11-20T13:52:39.041Z");
  CHECK(first["over_ms"] == 5400);
  CHECK(list_of(chronicle, 1)["incidents"].size() == 1);
  CHECK(list_of(chronicle, 1)["total"] == 3);
}

TEST_CASE("list: an empty ledger is an empty list") {
  CHECK(list_of({})["total"] == 0);
  CHECK(list_of({})["incidents"].empty());
}

TEST_CASE("limit: a number from 1 to 1000") {
  CHECK(*parse_limit("") == kListDefault);
  CHECK(*parse_limit("1") == 1);
  CHECK(*parse_limit("1000") == 1000);
  for (const char* text : {"0", "-1", "1001", "1e3", "ten", " 5", "5 ", "99999999999999999999"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_limit(text).ok());
  }
}

TEST_CASE("incident: everything about it, with an ordered timeline") {
  const auto chronicle = told(story::healed(7, kFault));
  const auto body = encode_incident(chronicle, "7");
  REQUIRE(body.ok());
  const auto found = json::parse(*body);
  CHECK(found["id"] == 7);
  CHECK(found["diagnosis"]["failure"] == "oom");
  const auto& timeline = found["timeline"];
  REQUIRE(timeline.size() == story::healed(7, kFault).size());
  CHECK(timeline[0]["event"] == "incident.opened");
  CHECK(timeline[0]["role"] == "scout");
  CHECK(timeline[0]["status"] == "RECEIVED");
  CHECK(timeline[0]["ts"] == "2026-11-20T13:52:36.041Z");
  CHECK(timeline[0]["at_ms"] == 1795182756041);
  CHECK(timeline[0]["since_fault_ms"] == 41);
  CHECK(timeline.back()["status"] == "RESOLVED");
  for (std::size_t i = 1; i < timeline.size(); ++i)
    CHECK(timeline[i - 1]["position"] < timeline[i]["position"]);
}

TEST_CASE("incident: an unknown id, of whatever text, is not found") {
  const auto chronicle = told(story::healed(7, kFault));
  for (const char* id : {"8", "0", "-7", "7x", "seven", "", "99999999999999999999999", "\x1b[2J"}) {
    CAPTURE(id);
    const auto body = encode_incident(chronicle, id);
    REQUIRE_FALSE(body.ok());
    CHECK(body.error().code == base::ErrorCode::not_found);
    CHECK(body.error().message.find('\x1b') == std::string::npos);
  }
}

TEST_CASE("health: whole, stopped, degraded") {
  Situation situation;
  situation.mode = "auto";
  situation.version = "0.1.0";
  situation.roles = {{"scout", "running", 0}};
  auto chronicle = told(opened().drafts());
  auto health = json::parse(encode_health(chronicle, situation));
  CHECK(health["status"] == "ok");
  CHECK(health["mode"] == "auto");
  CHECK(health["version"] == "0.1.0");
  CHECK(health["ws_clients"] == 0);
  CHECK(health["stop"].is_null());
  CHECK(health["ledger"]["position"] == 1);
  CHECK(health["incidents"]["open"] == 1);
  situation.roles[0].state = "waiting";
  CHECK(json::parse(encode_health(chronicle, situation))["status"] == "degraded");
  situation.roles.clear();
  situation.ledger_error = "read events: locked";
  CHECK(json::parse(encode_health(chronicle, situation))["status"] == "degraded");
  tell(chronicle,
       {{{"s", 0, incident::Role::person, kFault, {}, incident::StopSet{"drill", "ann"}}, false}});
  CHECK(is_stopped(chronicle, situation));
  CHECK(json::parse(encode_health(chronicle, situation))["stop"]["reason"] == "drill");
}

TEST_CASE("overview: each service with its open incident") {
  Situation situation;
  situation.services = {{"policy-service", "policy-service"}, {"user-service", "user"}};
  const auto chronicle = told(opened().drafts());
  const auto services = json::parse(encode_overview(chronicle, situation))["services"];
  REQUIRE(services.size() == 2);
  CHECK(services[0]["incident"] == 1);
  CHECK(services[0]["state"] == "open");
  CHECK(services[1]["incident"].is_null());
  CHECK(services[1]["incidents"] == 0);
}

TEST_CASE("frames: named by what happened, complete in themselves") {
  Chronicle chronicle;
  std::vector<std::string> types;
  std::int64_t position = 0;
  for (const auto& draft : story::healed(1, kFault)) {
    const ledger::Record record{++position, draft.event};
    REQUIRE(chronicle.absorb(record));
    const auto frame = json::parse(encode_frame(chronicle, record));
    CHECK(frame["incident_id"] == 1);
    CHECK(frame["data"]["position"] == position);
    CHECK(frame["data"]["incident"]["id"] == 1);
    CHECK(frame["data"]["entry"]["event"] == incident::name_of(draft.event.what));
    CHECK(frame["timestamp"] == base::format_utc(draft.event.at));
    const auto type = frame["type"].get<std::string>();
    if (types.empty() || types.back() != type) types.push_back(type);
  }
  CHECK(types == std::vector<std::string>{"incident.new", "status.update", "ai.complete",
                                          "status.update", "docker.action", "status.update",
                                          "health.check", "resolved", "status.update"});
  CHECK(frame_type(incident::Escalated{}) == "failed");
}

TEST_CASE("chronicle: a record told twice counts once; one of an unknown incident is not shown") {
  Chronicle chronicle;
  const ledger::Record record{1, opened().drafts()[0].event};
  CHECK(chronicle.absorb(record));
  CHECK_FALSE(chronicle.absorb(record));
  CHECK(chronicle.figures().opened == 1);
  auto stray = record;
  stray.position = 2;
  stray.event.incident = 99;
  stray.event.what = incident::SelfHealed{"?"};
  CHECK_FALSE(chronicle.absorb(stray));
  CHECK(chronicle.position() == 2);
  CHECK(chronicle.figures().self_healed == 0);
}

TEST_CASE("figures: what a healed incident adds") {
  const auto chronicle = told(story::healed(1, kFault));
  const auto& figures = chronicle.figures();
  CHECK(figures.opened == 1);
  CHECK(figures.fixes == 1);
  CHECK(figures.escalations == 0);
  CHECK(figures.signals.at("container_died") == 1);
  CHECK(figures.actions.at({"restart", "done"}) == 1);
  CHECK(figures.recalls_hit == 1);
  CHECK(figures.verifications_passed == 1);
  REQUIRE(figures.phases.at(Phase::healthy).count == 1);
  CHECK(figures.phases.at(Phase::healthy).sum_seconds == doctest::Approx(0.55));
  CHECK(figures.phases.at(Phase::healthy).buckets[3] == 1);  // Up to 1 s.
}

TEST_CASE("figures: no more guards than the limit get a name of their own") {
  auto teller = opened();
  for (int i = 0; i < 100; ++i)
    teller.at(60 + i, incident::Role::fixer,
              incident::PlanRefused{"p", "guard" + std::to_string(i), "", true});
  const auto refusals = told(teller.drafts()).figures().refusals;
  CHECK(refusals.size() == kGuardsMax + 1);
  CHECK(refusals.at("other") == 100 - static_cast<std::int64_t>(kGuardsMax));
}

TEST_CASE("webhook: what is an alert and what is refused, with the reason") {
  const std::string deep = R"({"incident_id":"a","alert_type":"b","x":)" + std::string(80, '[') +
                           std::string(80, ']') + "}";
  struct Row {
    const char* name;
    std::string body;
    int status;
    const char* error;  // Part of the message.
  };
  const std::vector<Row> rows = {
      {"least", R"({"incident_id":"a","alert_type":"b"})", 200, ""},
      {"full",
       R"({"incident_id":"INC-1","container_name":"policy-service","alert_type":"HighMemory","severity":"CRITICAL","logs":"line 1\nline 2\tend\r\n","timestamp":"2026-11-20T13:52:36.123Z"})",
       200, ""},
      {"warning", R"({"incident_id":"a","alert_type":"b","severity":"WARNING"})", 200, ""},
      {"info", R"({"incident_id":"a","alert_type":"b","severity":"INFO"})", 200, ""},
      {"logs as lines", R"({"incident_id":"a","alert_type":"b","logs":["one","two"]})", 200, ""},
      {"nulls for what may be absent",
       R"({"incident_id":"a","alert_type":"b","container_name":null,"severity":null,"logs":null,"timestamp":null})",
       200, ""},
      {"time without zone",
       R"({"incident_id":"a","alert_type":"b","timestamp":"2026-11-20T13:52:36.123456"})", 200, ""},
      {"time with offset",
       R"({"incident_id":"a","alert_type":"b","timestamp":"2026-11-20T14:52:36+01:00"})", 200, ""},
      {"fields we do not know",
       R"({"incident_id":"a","alert_type":"b","labels":{"team":"x","n":[1,2,{"y":null}]}})", 200,
       ""},
      {"other languages", R"({"incident_id":"störung-7","alert_type":"メモリ不足"})", 200, ""},
      {"spaces around", "  {\"incident_id\":\"a\",\"alert_type\":\"b\"}\n", 200, ""},
      {"nothing", "", 400, "empty"},
      {"blanks", " \n\t ", 400, "empty"},
      {"no JSON", "hello", 400, "not JSON"},
      {"a form", "incident_id=a&alert_type=b", 400, "not JSON"},
      {"cut off", R"({"incident_id":"a","alert_type":"b")", 400, "not JSON"},
      {"two values", R"({"incident_id":"a","alert_type":"b"}{})", 400, "not JSON"},
      {"duplicate key", R"({"incident_id":"a","incident_id":"b","alert_type":"c"})", 400,
       "not JSON"},
      {"too deep", deep, 400, "not JSON"},
      {"bad UTF-8", "{\"incident_id\":\"a\xff\",\"alert_type\":\"b\"}", 400, "not JSON"},
      {"raw control character", "{\"incident_id\":\"a\x01\",\"alert_type\":\"b\"}", 400,
       "not JSON"},
      {"a list", R"([{"incident_id":"a","alert_type":"b"}])", 422, "object"},
      {"a number", "7", 422, "object"},
      {"no id", R"({"alert_type":"b"})", 422, "incident_id is missing"},
      {"null id", R"({"incident_id":null,"alert_type":"b"})", 422, "incident_id is missing"},
      {"empty id", R"({"incident_id":"","alert_type":"b"})", 422, "incident_id is empty"},
      {"blank id", R"({"incident_id":"  ","alert_type":"b"})", 422, "incident_id is empty"},
      {"number as id", R"({"incident_id":7,"alert_type":"b"})", 422,
       "incident_id must be a string"},
      {"list as id", R"({"incident_id":["a"],"alert_type":"b"})", 422,
       "incident_id must be a string"},
      {"long id", R"({"alert_type":"b","incident_id":")" + std::string(256, 'x') + "\"}", 422,
       "longer than 255"},
      {"no type", R"({"incident_id":"a"})", 422, "alert_type is missing"},
      {"type as object", R"({"incident_id":"a","alert_type":{}})", 422,
       "alert_type must be a string"},
      {"control in id", R"({"incident_id":"a\u0007","alert_type":"b"})", 422,
       "incident_id contains control"},
      {"NUL in id", R"({"incident_id":"a\u0000b","alert_type":"b"})", 422,
       "incident_id contains control"},
      {"line break in id", R"({"incident_id":"a\nb","alert_type":"b"})", 422,
       "incident_id contains control"},
      {"escape in type", R"({"incident_id":"a","alert_type":"\u001b[31m"})", 422,
       "alert_type contains control"},
      {"bidi override in container",
       R"({"incident_id":"a","alert_type":"b","container_name":"x\u202ey"})", 422,
       "container_name contains control"},
      {"C1 in container", R"({"incident_id":"a","alert_type":"b","container_name":"x\u009by"})",
       422, "container_name contains control"},
      {"number as container", R"({"incident_id":"a","alert_type":"b","container_name":8001})", 422,
       "container_name must be a string"},
      {"severity in lower case", R"({"incident_id":"a","alert_type":"b","severity":"critical"})",
       422, "CRITICAL, WARNING, INFO"},
      {"unknown severity", R"({"incident_id":"a","alert_type":"b","severity":"FATAL"})", 422,
       "CRITICAL, WARNING, INFO"},
      {"number as severity", R"({"incident_id":"a","alert_type":"b","severity":1})", 422,
       "CRITICAL, WARNING, INFO"},
      {"number as logs", R"({"incident_id":"a","alert_type":"b","logs":12})", 422, "logs must be"},
      {"numbers in logs", R"({"incident_id":"a","alert_type":"b","logs":["a",1]})", 422,
       "logs must be"},
      {"escape in logs", R"({"incident_id":"a","alert_type":"b","logs":"\u001b[2J"})", 422,
       "logs contains control"},
      {"NUL deep in a field of the sender",
       R"({"incident_id":"a","alert_type":"b","x":{"y":[{"z":"\u0000"}]}})", 422,
       "x contains control"},
      {"control in a key", R"({"incident_id":"a","alert_type":"b","x":{"\u0008":1}})", 422,
       "x contains control"},
      {"yesterday as time", R"({"incident_id":"a","alert_type":"b","timestamp":"yesterday"})", 422,
       "timestamp must be"},
      {"number as time", R"({"incident_id":"a","alert_type":"b","timestamp":1795182756})", 422,
       "timestamp must be"},
      {"month 13", R"({"incident_id":"a","alert_type":"b","timestamp":"2026-13-20T13:52:36Z"})",
       422, "timestamp must be"},
      {"over 1 MB",
       R"({"incident_id":"a","alert_type":"b","logs":")" + std::string(kWebhookBytesMax, 'x') +
           "\"}",
       413, "1 MB"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const auto verdict = judge_webhook(row.body);
    CHECK(verdict.status == row.status);
    CHECK(verdict.error.find(row.error) != std::string::npos);
    CHECK(verdict.error.empty() == (row.status == 200));
    CHECK(verdict.incident_id.empty() == (row.status != 200));
    for (const char c : verdict.error) CHECK(static_cast<unsigned char>(c) >= 0x20);
  }
}

TEST_CASE("webhook: the answer has the four fields a sender expects") {
  const auto answer = json::parse(encode_received("INC-1"));
  CHECK(answer == json{{"status", "RECEIVED"},
                       {"incident_id", "INC-1"},
                       {"analysis", nullptr},
                       {"error", nullptr}});
}

TEST_CASE("webhook: what can name a delivery") {
  CHECK(is_delivery_id("72d3162e-cc78-11e3-81ab-4c9367dc0958"));
  CHECK_FALSE(is_delivery_id(""));
  CHECK_FALSE(is_delivery_id("a b"));
  CHECK_FALSE(is_delivery_id("a\xc3\xa4"));
  CHECK_FALSE(is_delivery_id(std::string(kDeliveryIdBytesMax + 1, 'x')));
}

TEST_CASE("access: keys, sessions and foreign pages") {
  const std::string key = "a key of 24 characters!!", other = "another key, also long";
  const auto now = kFault;
  const std::string session = make_session(key, now);
  const auto cookie = [](const std::string& value) {
    return http::Pairs{{"Host", "h"}, {"Cookie", "a=b; sre_console=" + value + "; c=d"}};
  };
  struct Row {
    const char* name;
    const char* method;
    http::Pairs headers;
    std::string key;
    Verdict verdict;
  };
  const http::Pairs local{{"Host", "127.0.0.1:7080"}};
  const std::vector<Row> rows = {
      {"no key needed", "GET", local, "", Verdict::allowed},
      {"no key needed, localhost", "POST", {{"Host", "localhost:7080"}}, "", Verdict::allowed},
      {"no key needed, IPv6", "GET", {{"Host", "[::1]:7080"}}, "", Verdict::allowed},
      {"rebound name", "GET", {{"Host", "evil.example:7080"}}, "", Verdict::foreign},
      {"rebound name like ours", "GET", {{"Host", "127.0.0.1.evil.example"}}, "", Verdict::foreign},
      {"post by a foreign page",
       "POST",
       {{"Host", "127.0.0.1:7080"}, {"Origin", "http://evil.example"}},
       "",
       Verdict::foreign},
      {"post by our page",
       "POST",
       {{"Host", "127.0.0.1:7080"}, {"Origin", "http://127.0.0.1:7080"}},
       "",
       Verdict::allowed},
      {"no key given", "GET", {{"Host", "h"}}, key, Verdict::missing},
      {"loopback needs the key as well", "GET", local, key, Verdict::missing},
      {"right", "GET", {{"Host", "h"}, {"x-api-key", key}}, key, Verdict::allowed},
      {"right, posted", "POST", {{"Host", "h"}, {"X-API-Key", key}}, key, Verdict::allowed},
      {"wrong", "GET", {{"Host", "h"}, {"X-API-Key", other}}, key, Verdict::wrong},
      {"a part of it", "GET", {{"Host", "h"}, {"X-API-Key", key.substr(1)}}, key, Verdict::wrong},
      {"empty", "GET", {{"Host", "h"}, {"X-API-Key", ""}}, key, Verdict::missing},
      {"bearer", "GET", {{"Host", "h"}, {"Authorization", "Bearer " + key}}, key, Verdict::allowed},
      {"bearer in lower case",
       "GET",
       {{"Host", "h"}, {"authorization", "bearer " + key}},
       key,
       Verdict::allowed},
      {"wrong bearer",
       "GET",
       {{"Host", "h"}, {"Authorization", "Bearer " + other}},
       key,
       Verdict::wrong},
      {"basic", "GET", {{"Host", "h"}, {"Authorization", "Basic YTpi"}}, key, Verdict::wrong},
      {"wrong key beats a session",
       "GET",
       {{"Host", "h"}, {"X-API-Key", other}, {"Cookie", "sre_console=" + session}},
       key,
       Verdict::wrong},
      {"session reads", "GET", cookie(session), key, Verdict::allowed},
      {"session does not post", "POST", cookie(session), key, Verdict::missing},
      {"session of another key", "GET", cookie(make_session(other, now)), key, Verdict::missing},
      {"session made longer", "GET", cookie("9" + session), key, Verdict::missing},
      {"session that ended", "GET", cookie(make_session(key, now - std::chrono::hours(13))), key,
       Verdict::missing},
      {"session of nothing", "GET", cookie("."), key, Verdict::missing},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    http::Request request;
    request.method = row.method;
    request.headers = row.headers;
    CHECK(judge_access(request, row.key, now) == row.verdict);
  }
}

TEST_CASE("scaling: what is asked for, and what cannot be") {
  struct Row {
    const char* query;
    bool is_up;
    int count;  // -1: an error that says `words`.
    const char* words;
  };
  const std::vector<std::string> one{"shop"}, two{"shop", "cart"};
  const auto asked = [](const std::string& query, bool is_up, const auto& balanced) {
    http::Request request;
    for (const auto part : base::split(query, '&')) {
      const auto at = part.find('=');
      if (at != std::string_view::npos)
        request.query.emplace_back(part.substr(0, at), part.substr(at + 1));
    }
    return parse_scaling(request, is_up, balanced);
  };
  const Row rows[] = {{"", true, 2, ""},
                      {"", false, 0, ""},
                      {"count=3", true, 3, ""},
                      {"count=9", true, 5, ""},
                      {"count=9", false, 5, ""},
                      {"count=1&service=shop", false, 1, ""},
                      {"count=0", true, -1, "count must be a number from 1 to 1000"},
                      {"count=-1", false, -1, "count must be a number from 0 to 1000"},
                      {"count=2.5", true, -1, "count must be"},
                      {"count=1001", true, -1, "count must be"},
                      {"count=99999999999999", true, -1, "count must be"},
                      {"service=cart", true, -1, "what can be scaled: shop"},
                      {"service=shop%203", true, -1, "nothing sends requests"}};
  for (const auto& row : rows) {
    CAPTURE(row.query);
    const auto scaling = asked(row.query, row.is_up, one);
    REQUIRE(scaling.ok() == (row.count >= 0));
    if (scaling.ok()) CHECK(scaling->count == row.count);
    if (scaling.ok()) CHECK(scaling->command() == "/scale shop " + std::to_string(row.count));
    if (!scaling.ok()) CHECK(scaling.error().message.find(row.words) != std::string::npos);
  }
  CHECK(asked("", true, two).error().message ==
        "service must be given; what can be scaled: shop, cart");
  CHECK(asked("service=cart", true, two)->service == "cart");
  CHECK(asked("", true, std::vector<std::string>{}).error().message.ends_with("scaled: none"));
  CHECK(objection_to({"shop", 2, true}, 3).find("POST /scale/down") != std::string::npos);
  CHECK(objection_to({"shop", 2, false}, 1).find("POST /scale/up") != std::string::npos);
  for (const bool is_up : {true, false}) CHECK(objection_to({"shop", 2, is_up}, 2).empty());
}

TEST_CASE("scaling: what came of a wish, at each step of its road") {
  using namespace incident;  // NOLINT
  Book book;
  std::int64_t events = 0;
  const auto tell = [&](Role role, Payload what) {
    Event event;
    event.id = std::to_string(++events);
    event.incident = 1;
    event.role = role;
    event.at = kFault;
    event.what = std::move(what);
    book.absorb(event);
  };
  const auto found = [&] { return fulfilment_of(book, "shop:asked:w1"); };
  CHECK(found().incident == 0);
  IncidentOpened opened;
  opened.signal.kind = SignalKind::asked;
  opened.signal.service = "shop";
  opened.signal.asked = "/scale shop 3";
  opened.signal.asked_by = "console";
  opened.fingerprint = "shop:asked:w1";
  tell(Role::scout, opened);
  CHECK(found().incident == 1);
  CHECK(found().progress == Progress::pending);
  MenuEntry entry;
  entry.action = Action::scale_up;
  entry.service = "shop";
  entry.change = {"replicas", 0, 3};
  tell(Role::brain, PlanMade{"p", 1, kFault, {entry}, "console"});
  ActionIntended intent;
  intent.op = "op";
  intent.plan = "p";
  intent.action = Action::scale_up;
  intent.service = "shop";
  const Scaling scaling{"shop", 3, true};
  const auto told = [&](const std::vector<std::string>& replicas) {
    return json::parse(encode_scaled(scaling, found(), replicas));
  };
  SUBCASE("turned down by a guard") {
    tell(Role::fixer, PlanRefused{"p", "cooldown", "2s of 30s", false});
    CHECK(found().progress == Progress::pending);
    tell(Role::fixer, StoodDown{"The guard cooldown refuses to act: 2s of 30s", "fixer"});
    CHECK(found().progress == Progress::refused);
    CHECK(told({})["error"] == "The guard cooldown refuses to act: 2s of 30s");
    CHECK(told({})["lb_configured"] == false);
    tell(Role::scribe, IncidentClosed{"stood_down"});
    CHECK(found().progress == Progress::refused);
  }
  SUBCASE("done, whatever comes after") {
    tell(Role::fixer, intent);
    CHECK(found().progress == Progress::pending);
    tell(Role::fixer, ActionDone{"op", "t", false});
    CHECK(found().progress == Progress::done);
    CHECK(told({"shop-replica-1"})["replicas"] == json{"shop-replica-1"});
    CHECK(told({})["lb_configured"] == true);
    CHECK_FALSE(told({}).contains("error"));
    tell(Role::fixer, VerificationAsked{"op", "shop", kFault, std::chrono::seconds(5)});
    CHECK(found().progress == Progress::done);
  }
  SUBCASE("it was so already") {
    tell(Role::fixer, intent);
    tell(Role::fixer, ActionDone{"op", "t", true});
    CHECK(found().progress == Progress::unchanged);
  }
  SUBCASE("failed, with its cause") {
    tell(Role::fixer, intent);
    tell(Role::fixer, ActionFailed{"op", "conflict: no room"});
    CHECK(found().progress == Progress::failed);
    CHECK(told({})["error"] == "conflict: no room");
  }
}

TEST_CASE("topology: every part and what it hangs on, no edge into nothing") {
  const auto box = [](const std::string& name, engine::RunState state) {
    engine::Container made;
    made.id = name;
    made.name = name;
    made.state = state;
    made.memory_limit_bytes = 64;
    made.restart_count = 2;
    return made;
  };
  using engine::RunState;
  const warden::Listing listing{{{"shop", box("shop-1", RunState::running)}},
                                {"user"},
                                {{"shop", box("shop-replica-2", RunState::running)},
                                 {"shop", box("shop-replica-1", RunState::running)},
                                 {"shop", box("shop-replica-3", RunState::exited)}}};
  Layout layout;
  layout.services = {{"shop", "shop-1", {"user", "nobody"}}, {"user", "user-1"}};
  layout.balanced = {"shop"};
  layout.roles = {
      {"scout", "running"}, {"warden", "waiting"}, {"console", "running"}, {"forge", "running"}};
  const auto graph = json::parse(encode_topology(layout, listing));
  std::map<std::string, json> nodes;
  for (const auto& node : graph["nodes"]) nodes[node["id"].get<std::string>()] = node;
  std::set<std::string> edges;
  for (const auto& edge : graph["edges"]) {
    const auto from = edge["from"].get<std::string>(), to = edge["to"].get<std::string>();
    CHECK(nodes.contains(from));
    CHECK(nodes.contains(to));
    CHECK(edges.insert(from + " " + to).second);
  }
  const auto is_node = [&](const char* id, const char* type, const char* state) {
    CAPTURE(id);
    REQUIRE(nodes.contains(id));
    CHECK(nodes[id]["type"] == type);
    CHECK(nodes[id]["state"] == state);
  };
  is_node("agent:scout", "agent", "running");
  is_node("agent:warden", "agent", "waiting");
  is_node("dashboard:console", "dashboard", "running");
  is_node("unknown:forge", "unknown", "running");
  is_node("app:shop", "app", "running");
  is_node("app:user", "app", "missing");
  is_node("loadbalancer", "loadbalancer", "configured");
  is_node("replica:shop-replica-1", "replica", "running");
  is_node("replica:shop-replica-3", "replica", "exited");
  for (const char* edge : {"app:shop app:user", "loadbalancer app:shop", "agent:scout app:user",
                           "loadbalancer replica:shop-replica-2", "app:shop replica:shop-replica-1",
                           "dashboard:console agent:warden"})
    CHECK_MESSAGE(edges.contains(edge), edge);
  CHECK(running_replicas(listing, "shop") ==
        std::vector<std::string>{"shop-replica-1", "shop-replica-2"});
  const auto all = json::parse(encode_containers(listing));
  CHECK(all["containers"].size() == 4);
  CHECK(all["containers"][0]["replica_of"] == nullptr);
  CHECK(all["containers"][0]["restart_count"] == 2);
  CHECK(all["containers"][1]["replica_of"] == "shop");
  CHECK(all["missing"] == json{"user"});
  // Without a supervisor the agents are there all the same.
  layout.roles.clear();
  layout.balanced.clear();
  const auto bare = encode_topology(layout, {});
  CHECK(bare.find("agent:fixer") != std::string::npos);
  CHECK(bare.find("loadbalancer") == std::string::npos);
}

TEST_CASE("access: which addresses are loopback") {
  for (const char* yes : {"127.0.0.1", "127.1.2.3", "::1", "localhost"}) CHECK(is_loopback(yes));
  for (const char* no :
       {"0.0.0.0", "::", "10.0.0.1", "", "127.0.0.1.evil", "128.0.0.1", "localhost.evil"})
    CHECK_FALSE(is_loopback(no));
}

}  // namespace console

TEST_CASE("deploys: what may be reported, and what a sender is told") {
  const std::vector<std::string> services = {"policy-service", "quote-service"};
  struct Row {
    std::string name, body;
    int status;
    std::string says;
  };
  const Row rows[] = {
      {"all of it",
       R"({"service":"policy-service","environment":"prod","version":"2.1","commit_sha":"c0ffee1",)"
       R"("status":"succeeded","timestamp":"2026-11-20T13:52:36Z"})",
       200, ""},
      {"what is needed", R"({"service":"policy-service","status":"failed"})", 200, ""},
      {"another field", R"({"service":"policy-service","status":"started","by":"ci"})", 200, ""},
      {"nothing", "", 400, "empty"},
      {"no JSON", "deployed!", 400, "not JSON"},
      {"no object", "[1]", 422, "object"},
      {"no service", R"({"status":"failed"})", 422, "service is missing"},
      {"no such service", R"({"service":"policy-servise","status":"failed"})", 422,
       "did you mean policy-service?"},
      {"no status", R"({"service":"policy-service"})", 422, "started, succeeded, failed"},
      {"another status", R"({"service":"policy-service","status":"done"})", 422, "status"},
      {"no commit", R"({"service":"policy-service","status":"failed","commit_sha":"HEAD"})", 422,
       "commit_sha"},
      {"an option", R"({"service":"policy-service","status":"failed","commit_sha":"--help1"})", 422,
       "commit_sha"},
      {"no time", R"({"service":"policy-service","status":"failed","timestamp":"now"})", 422,
       "timestamp"},
      {"a line break", R"({"service":"policy-service","status":"failed","version":"a\nb"})", 422,
       "version"},
      {"too much", std::string((1 << 20) + 1, ' '), 413, "1 MB"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const auto verdict = console::judge_deploy(row.body, services);
    CHECK(verdict.status == row.status);
    CHECK(verdict.error.find(row.says) != std::string::npos);
  }
}
