#include "engine/engine.h"

#include <doctest/doctest.h>

#include <string>

#include "engine/docker_engine.h"
#include "engine/engine_codec.h"

namespace {

using base::ErrorCode;
using engine::EventKind;
using engine::RunState;

const std::string kId(64, 'a');

std::string inspect_json(const std::string& state, const std::string& host = "{}") {
  return R"({"Id":")" + kId + R"(","Name":"/shop","Image":"sha256:1","RestartCount":2,"State":)" +
         state + R"(,"HostConfig":)" + host +
         R"(,"Config":{"Image":"shop:1","Labels":{"team":"a","n":3}}})";
}

std::string event_json(const std::string& action, const std::string& attributes) {
  return R"({"Type":"container","Action":")" + action + R"(","Actor":{"ID":")" + kId +
         R"(","Attributes":{"name":"shop")" + attributes + R"(}},"timeNano":7})";
}

std::string frame(int stream, const std::string& text) {
  std::string out(8, '\0');
  out[0] = static_cast<char>(stream);
  out[6] = static_cast<char>(text.size() >> 8U);
  out[7] = static_cast<char>(text.size() & 0xffU);
  return out + text;
}

TEST_CASE("names of states, policies and events are those of the engine") {
  CHECK(engine::to_string(engine::RestartPolicy::unless_stopped) == "unless-stopped");
  CHECK(engine::parse_run_state("restarting") == RunState::restarting);
  CHECK(engine::parse_event_kind("health_status") == EventKind::health_status);
  CHECK_FALSE(engine::parse_event_kind("exec_create"));
  CHECK_FALSE(engine::parse_health_state(""));
}

TEST_CASE("a container id is 64 lower-case hex digits and nothing else") {
  CHECK(engine::is_container_id(kId));
  for (const std::string& bad : {std::string(63, 'a'), std::string(65, 'a'), std::string(64, 'A'),
                                 std::string(64, 'g'), std::string()}) {
    CHECK_FALSE(engine::is_container_id(bad));
  }
}

TEST_CASE("container: read from the engine's inspect") {
  const auto read = engine::parse_container(inspect_json(
      R"({"Status":"exited","OOMKilled":true,"ExitCode":137,"Pid":0,"StartedAt":"s","FinishedAt":"f",
          "Health":{"Status":"unhealthy"}})",
      R"({"Memory":33554432,"NanoCpus":500000000,"RestartPolicy":{"Name":"on-failure"}})"));
  REQUIRE(read.ok());
  const auto& c = read.value();
  CHECK(c.name == "shop");
  CHECK(c.state == RunState::exited);
  CHECK(c.oom_killed);
  CHECK(c.exit_code == 137);
  CHECK(c.started_at == "s");
  CHECK(c.health == engine::HealthState::unhealthy);
  CHECK(c.memory_limit_bytes == 33554432);
  CHECK(c.cpu_limit == doctest::Approx(0.5));
  CHECK(c.restart_policy == engine::RestartPolicy::on_failure);
  CHECK(c.restart_count == 2);
  CHECK(c.labels.size() == 1);  // A label that is not text is left out.
  const auto quota = engine::parse_container(
      inspect_json(R"({"Status":"running"})", R"({"CpuQuota":150000,"CpuPeriod":100000})"));
  CHECK(quota.value().cpu_limit == doctest::Approx(1.5));
}

TEST_CASE("damaged answers of the engine are errors, never a container") {
  for (const char* bad : {"", "{", "[]", "null", R"({"Id":"short"})", R"({"Id":5})"}) {
    CHECK(engine::parse_container(bad).error().code == ErrorCode::invalid);
    CHECK(engine::parse_usage(bad).error().code == ErrorCode::invalid);
    CHECK(engine::parse_version(bad).error().code == ErrorCode::invalid);
  }
  CHECK(engine::parse_container_ids("{}").error().code == ErrorCode::invalid);
  CHECK(engine::parse_container_ids(R"([{"Id":"x"}])").error().code == ErrorCode::invalid);
  CHECK(engine::parse_event("nonsense").error().code == ErrorCode::invalid);
}

TEST_CASE("events: what each kind carries") {
  const auto die = engine::parse_event(event_json("die", R"(,"exitCode":"137")")).value();
  REQUIRE(die);
  CHECK(die->kind == EventKind::die);
  CHECK(die->exit_code == 137);
  CHECK(die->name == "shop");
  CHECK(die->time_ns == 7);
  const auto kill = engine::parse_event(event_json("kill", R"(,"signal":"15")")).value();
  CHECK(kill->signal == "15");
  const auto health = engine::parse_event(event_json("health_status: unhealthy", "")).value();
  CHECK(health->kind == EventKind::health_status);
  CHECK(health->health == engine::HealthState::unhealthy);
  CHECK_FALSE(engine::parse_event(event_json("exec_create: sh -c x", "")).value());
  CHECK_FALSE(engine::parse_event(R"({"Type":"network","Action":"create"})").value());
}

TEST_CASE("usage: page cache that can be dropped does not count") {
  const auto v1 = engine::parse_usage(
      R"({"memory_stats":{"usage":1000,"limit":5000,"stats":{"inactive_file":1,"total_inactive_file":300}},
          "cpu_stats":{"cpu_usage":{"total_usage":42}}})");
  CHECK(v1.value().memory_bytes == 700);
  CHECK(v1.value().memory_limit_bytes == 5000);
  CHECK(v1.value().cpu_ns == 42);
  const auto v2 =
      engine::parse_usage(R"({"memory_stats":{"usage":10,"stats":{"inactive_file":30}}})");
  CHECK(v2.value().memory_bytes == 0);
}

TEST_CASE("log: frames are joined, terminals read as they are, poison is harmless") {
  using Lines = std::vector<std::string>;
  CHECK(engine::parse_log("", 5) == Lines{});
  CHECK(engine::parse_log(frame(1, "a\nb\n") + frame(2, "err\n"), 5) == Lines{"a", "b", "err"});
  CHECK(engine::parse_log(frame(1, "a\nb\nc\n"), 2) == Lines{"b", "c"});
  CHECK(engine::parse_log("plain\r\nof a terminal\n", 5).size() == 2);
  // A frame cut short by the end of the answer.
  CHECK(engine::parse_log(frame(1, "whole\n") + frame(1, "cut short").substr(0, 11), 5) ==
        Lines{"whole", "cut"});
  const auto poison = engine::parse_log(frame(1, std::string("x\0\x1b[31m\xff", 8)), 5);
  REQUIRE(poison.size() == 1);
  CHECK(poison[0].find('\0') == std::string::npos);
  CHECK(poison[0].find('\x1b') == std::string::npos);
  CHECK(engine::parse_log(std::string(100'000, 'x'), 5)[0].size() <= 4096);
}

TEST_CASE("API version: the engine's newest, within what we speak") {
  CHECK(engine::choose_api("1.41").value() == "1.41");
  CHECK(engine::choose_api("1.52").value() == "1.44");
  CHECK(engine::choose_api("1.24").value() == "1.24");
  for (const char* bad : {"1.23", "", "2.0", "1.x", "1.", "1.41/../.."}) {
    CHECK(engine::choose_api(bad).error().code == ErrorCode::invalid);
  }
}

TEST_CASE("breaker: refuses after three time-outs in a row, but for one call a while") {
  engine::Breaker breaker;
  const auto pause = std::chrono::hours(1);
  breaker.timed_out(pause);
  breaker.timed_out(pause);
  CHECK(breaker.allows());
  breaker.answered();
  for (int i = 0; i < 3; ++i) breaker.timed_out(pause);
  CHECK_FALSE(breaker.allows());
  breaker.timed_out(base::Duration(0));
  CHECK(breaker.allows());        // One looks ...
  CHECK_FALSE(breaker.allows());  // ... the next waits for what it finds.
  breaker.answered();
  CHECK(breaker.allows());
}

TEST_CASE("addresses and names that cannot be are refused before anything is sent") {
  for (const char* host : {"", "unix://", "unix://relative", "http://x", "tcp://x", "tcp://:1",
                           "tcp://x:99999", "tcp://x:1z"}) {
    engine::DockerEngine docker(host);
    CHECK(docker.version().error().code == ErrorCode::invalid);
  }
  engine::DockerEngine docker("unix:///nonexistent/docker.sock");
  for (const char* name : {"", "a/b", "../x", "a?b", "a b", ".x", "a\r\nb", "a%2fb"}) {
    CHECK(docker.inspect(name).error().code == ErrorCode::invalid);
    CHECK(docker.start(name).error().code == ErrorCode::invalid);
    CHECK(docker.log_tail(name, 1).error().code == ErrorCode::invalid);
  }
  CHECK(docker.inspect("good").error().code == ErrorCode::unavailable);
  CHECK(docker.start(kId).error().code == ErrorCode::unavailable);
}

}  // namespace
