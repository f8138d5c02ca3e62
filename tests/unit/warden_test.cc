#include <doctest/doctest.h>

#include <string>

#include "warden/warden_codec.h"

namespace {

using base::ErrorCode;

const std::string kId(64, 'b');

warden::Operation an_operation() {
  warden::Operation out;
  out.op = "01HZZZZZZZZZZZZZZZZZZZZZZZ";
  out.epoch = 7;
  out.plan_hash = "abc";
  out.expires = base::wall_from_ms(1'700'000'000'123);
  out.verb = warden::Verb::start;
  out.container = kId;
  out.seen_started_at = "2026-11-20T14:09:16.386629383Z";
  out.grace = base::Millis(1500);
  return out;
}

engine::Container a_container() {
  engine::Container out;
  out.id = kId;
  out.name = "shop";
  out.image = "shop:1";
  out.image_id = "sha256:9";
  out.state = engine::RunState::paused;
  out.oom_killed = true;
  out.exit_code = 3;
  out.pid = 44;
  out.started_at = "s";
  out.finished_at = "f";
  out.health = engine::HealthState::starting;
  out.restart_policy = engine::RestartPolicy::always;
  out.restart_count = 5;
  out.memory_limit_bytes = 1 << 20;
  out.cpu_limit = 0.25;
  out.labels = {{"a", "b\"\n"}};
  return out;
}

TEST_CASE("members, listings and logs survive the way over the socket") {
  const warden::Member member{"svc", a_container()};
  const auto read = warden::parse_member(warden::encode(member));
  REQUIRE(read.ok());
  CHECK(read.value().service == "svc");
  CHECK(read.value().container == member.container);
  const warden::Listing sent{{member}, {"other"}, {member, member}};
  const auto listing = warden::parse_listing(warden::encode(sent));
  REQUIRE(listing.ok());
  CHECK(listing.value().replicas.size() == 2);
  CHECK(listing.value().members.size() == 1);
  CHECK(listing.value().missing == std::vector<std::string>{"other"});
  const std::vector<std::string> lines = {"a", "", "ü"};
  CHECK(warden::parse_log(warden::encode_log(lines)).value() == lines);
}

TEST_CASE("notices survive the way over the stream") {
  engine::Event event;
  event.kind = engine::EventKind::die;
  event.id = kId;
  event.name = "shop";
  event.time_ns = 1'795'183'757'893'745'219;
  event.exit_code = 0;
  engine::Stats stats{kId, base::wall_from_ms(5), 10, 20, 99.5};
  const auto pass = [](const warden::Notice& notice) {
    return warden::parse_notice(warden::encode(notice)).value();
  };
  CHECK(std::holds_alternative<warden::Connected>(pass(warden::Connected{})));
  CHECK(std::get<warden::Lost>(pass(warden::Lost{"gone"})).reason == "gone");
  const auto happened = std::get<warden::Happened>(pass(warden::Happened{"svc", event}));
  CHECK(happened.service == "svc");
  CHECK(happened.event == event);
  CHECK(std::get<warden::Sampled>(pass(warden::Sampled{"svc", stats})).stats == stats);
  CHECK(std::get<warden::Replicated>(pass(warden::Replicated{"svc"})).service == "svc");
}

TEST_CASE("operations, outcomes and errors survive the way over the socket") {
  const auto sent = an_operation();
  const auto read = warden::parse_operation(warden::encode(sent));
  REQUIRE(read.ok());
  CHECK(read.value().op == sent.op);
  CHECK(read.value().epoch == sent.epoch);
  CHECK(read.value().plan_hash == sent.plan_hash);
  CHECK(read.value().expires == sent.expires);
  CHECK(read.value().verb == sent.verb);
  CHECK(read.value().container == sent.container);
  CHECK(read.value().seen_started_at == sent.seen_started_at);
  CHECK(read.value().grace == sent.grace);
  const auto performed =
      warden::parse_performed(warden::encode(warden::Performed{warden::Outcome::superseded, "t"}));
  CHECK(performed.value().outcome == warden::Outcome::superseded);
  CHECK(performed.value().started_at == "t");
  for (const auto code :
       {ErrorCode::not_found, ErrorCode::invalid, ErrorCode::denied, ErrorCode::conflict,
        ErrorCode::unavailable, ErrorCode::timeout, ErrorCode::unknown, ErrorCode::corrupt}) {
    CHECK(warden::parse_error(warden::encode(base::Error{code, "why"})).code == code);
    CHECK(warden::http_status(code) >= 400);
  }
}

TEST_CASE("an operation is read strictly") {
  const std::string good = warden::encode(an_operation());
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string out = good;
    const auto at = out.find(from);
    REQUIRE(at != std::string::npos);
    return out.replace(at, from.size(), to);
  };
  for (const std::string& bad : {std::string(),
                                 std::string("[]"),
                                 std::string("null"),
                                 std::string(R"("restart")"),
                                 good.substr(0, good.size() - 1),
                                 with(R"("start")", R"("exec")"),
                                 with(R"("start")", R"(["start"])"),
                                 with(kId, kId.substr(1)),
                                 with(kId, "shop"),
                                 with(kId, std::string(64, 'B')),
                                 with(R"("epoch":7)", R"("epoch":-1)"),
                                 with(R"("epoch":7)", R"("epoch":"7")"),
                                 with(R"("epoch":7)", R"("epoch":7,"epoch":9)"),
                                 with(R"("epoch":7)", R"("epoch":7,"body":{"Image":"x"})"),
                                 with(R"("grace_ms":1500)", R"("grace_ms":-1)"),
                                 with(R"("grace_ms":1500)", R"("grace_ms":99999999)"),
                                 with(R"("grace_ms":1500)", R"("grace_ms":1.5)"),
                                 with(R"("abc")", R"("")"),
                                 with(R"("abc")", R"("a b")"),
                                 with("01HZ", "01H"),
                                 with("01HZ", "../Z"),
                                 with("2023-", "yesterday"),
                                 with("2026-11-20T14:09:16.386629383Z", "")}) {
    CAPTURE(bad);
    CHECK(warden::parse_operation(bad).error().code == ErrorCode::invalid);
  }
}

warden::Operation a_change(warden::Verb verb) {
  auto out = an_operation();
  out.verb = verb;
  if (verb == warden::Verb::recreate) out.snapshot = std::string(64, 'd');
  if (verb == warden::Verb::set_limits) out.memory_bytes = 1 << 30;
  if (verb == warden::Verb::set_limits) out.cpu = 1.5;
  if (verb == warden::Verb::scale) out.count = 3;
  return out;
}

TEST_CASE("changes survive the way over the socket, each with its own fields") {
  for (const auto verb : {warden::Verb::recreate, warden::Verb::set_limits, warden::Verb::scale}) {
    const auto sent = a_change(verb);
    const auto read = warden::parse_operation(warden::encode(sent));
    REQUIRE(read.ok());
    CHECK(read->verb == sent.verb);
    CHECK(read->snapshot == sent.snapshot);
    CHECK(read->memory_bytes == sent.memory_bytes);
    CHECK(read->cpu == sent.cpu);
    CHECK(read->count == sent.count);
  }
  const auto performed =
      warden::parse_performed(warden::encode(warden::Performed{{}, "t", kId, "hash"}));
  CHECK(performed->container == kId);
  CHECK(performed->snapshot == "hash");
}

TEST_CASE("a change is read strictly") {
  using enum warden::Verb;
  struct Row {
    warden::Verb verb;
    std::string from, to;
  };
  const std::string hash(64, 'd');
  const Row rows[] = {
      {recreate, hash, hash.substr(1)},
      {recreate, hash, std::string(64, 'D')},
      {recreate, hash, "../../etc/passwd"},
      {recreate, "\"" + hash + "\"", R"({"Image":"x"})"},
      {recreate, "\"snapshot\"", "\"body\""},
      {recreate, "\"verb\"", "\"count\":1,\"verb\""},
      {recreate, "\"verb\"", "\"Privileged\":true,\"verb\""},
      {set_limits, "1073741824", "-1"},
      {set_limits, "1073741824", "1.5"},
      {set_limits, "1073741824", "\"1g\""},
      {set_limits, "1073741824", "null"},
      {set_limits, "\"cpu\":1.5", "\"cpu\":-1"},
      {set_limits, "\"cpu\":1.5", "\"cpu\":1e9"},
      {set_limits, "\"cpu\":1.5", "\"cpu\":\"2\""},
      {set_limits, "\"cpu\":1.5,", ""},
      {set_limits, "\"verb\"", "\"snapshot\":\"x\",\"verb\""},
      {scale, "\"count\":3", "\"count\":6"},
      {scale, "\"count\":3", "\"count\":-1"},
      {scale, "\"count\":3", "\"count\":2.5"},
      {scale, "\"count\":3", "\"count\":\"3\""},
      {scale, "\"count\":3,", ""},
      {scale, "\"count\":3", "\"count\":3,\"name\":\"x\""},
      {restart, "\"verb\"", "\"count\":1,\"verb\""},
      {start, "\"verb\"", "\"snapshot\":\"x\",\"verb\""},
  };
  for (const Row& row : rows) {
    std::string text = warden::encode(a_change(row.verb));
    const auto at = text.find(row.from);
    REQUIRE(at != std::string::npos);
    text.replace(at, row.from.size(), row.to);
    CAPTURE(text);
    CHECK(warden::parse_operation(text).error().code == ErrorCode::invalid);
  }
  auto nothing = a_change(set_limits);
  nothing.memory_bytes = 0;
  nothing.cpu = 0;
  CHECK_FALSE(warden::parse_operation(warden::encode(nothing)).ok());
}

TEST_CASE("a replica is one by label and by name") {
  auto container = a_container();
  container.labels = {{"sre-space.replica-of", "shop"}};
  for (const auto& [name, index] : {std::pair{"shop-replica-1", 1},
                                    {"shop-replica-5", 5},
                                    {"shop-replica-6", 0},
                                    {"shop-replica-0", 0},
                                    {"shop", 0},
                                    {"pay-replica-1", 0},
                                    {"shop-replica-1x", 0}}) {
    container.name = name;
    CHECK(warden::replica_index(container) == index);
    const bool is_named = index > 0 || std::string(name) == "pay-replica-1";
    CHECK(warden::replica_named(name).empty() == !is_named);
  }
  container.labels.clear();
  container.name = "shop-replica-1";
  CHECK(warden::replica_index(container) == 0);
  CHECK(warden::replica_named(container.name) == "shop");
  CHECK(warden::replica_named("-replica-1").empty());
}

TEST_CASE("damaged text from the other side is an error") {
  for (const char* bad : {"", "{", "[]", "5", R"({"service":"x"})", R"({"notice":"x"})",
                          R"({"notice":"happened","event":{"kind":"die","id":"short"}})"}) {
    CHECK_FALSE(warden::parse_member(bad).ok());
    CHECK_FALSE(warden::parse_listing(bad).ok());
    CHECK_FALSE(warden::parse_notice(bad).ok());
    CHECK_FALSE(warden::parse_performed(bad).ok());
    CHECK_FALSE(warden::parse_log(bad).ok());
    CHECK(warden::parse_error(bad).code == ErrorCode::invalid);
  }
}

}  // namespace
