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
  const auto listing = warden::parse_listing(warden::encode(warden::Listing{{member}, {"other"}}));
  REQUIRE(listing.ok());
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
                                 with("2023-", "yesterday"),
                                 with("2026-11-20T14:09:16.386629383Z", "")}) {
    CAPTURE(bad);
    CHECK(warden::parse_operation(bad).error().code == ErrorCode::invalid);
  }
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
