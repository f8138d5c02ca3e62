// The doctor's pure half: what a finding is and how it is shown.
#include <doctest/doctest.h>

#include <string>

#include "agents/cli/check.h"
#include "agents/cli/local_checks.h"
#include "agents/cli/remote_checks.h"
#include "agents/cli/up_roles.h"

using cli::Check;
using cli::CheckStatus;

namespace {

config::Config with_services(std::vector<std::string> containers) {
  config::Config config;
  for (auto& container : containers) {
    config::Service service;
    service.name = "s-" + container;
    service.container = std::move(container);
    config.services.push_back(std::move(service));
  }
  return config;
}

engine::Container container(std::string name, std::map<std::string, std::string> labels = {}) {
  engine::Container made;
  made.name = std::move(name);
  for (int i = 0; i < 16; ++i) made.id += "4e0a";
  made.state = engine::RunState::running;
  made.labels = std::move(labels);
  return made;
}

}  // namespace

TEST_CASE("findings are shown as a table with hints and a sum") {
  const std::vector<Check> checks = {{"engine", CheckStatus::fail, "no socket", "start Docker"},
                                     {"limits", CheckStatus::warn, "one\ntwo", ""},
                                     {"up", CheckStatus::ok, "running", ""}};
  CHECK(cli::format_checks(checks) ==
        "fail  engine  no socket\n"
        "              → start Docker\n"
        "warn  limits  one\n"
        "              two\n"
        "ok    up      running\n"
        "\n"
        "3 checks: 1 failed, 1 warned\n");
  CHECK(
      cli::encode_checks(checks) ==
      R"({"checks":[{"detail":"no socket","hint":"start Docker","name":"engine","status":"fail"},)"
      R"({"detail":"one\ntwo","hint":"","name":"limits","status":"warn"},)"
      R"({"detail":"running","hint":"","name":"up","status":"ok"}],"ok":false})");
  CHECK(cli::has_failed(checks));
  CHECK_FALSE(cli::has_failed({checks[1], checks[2]}));
}

TEST_CASE("a service without its container is named, with the nearest container") {
  const std::vector<engine::Container> listed = {
      container("policy-service"), container("a1", {{"app", "user"}, {"tier", "back"}})};
  CHECK(cli::check_containers(with_services({"policy-service", "app=user"}), listed) ==
        std::vector<Check>{
            {"container of s-policy-service", CheckStatus::ok,
             "policy-service 4e0a4e0a4e0a running", ""},
            {"container of s-app=user", CheckStatus::ok, "a1 4e0a4e0a4e0a running", ""}});
  const auto checks =
      cli::check_containers(with_services({"polcy-service", "app=quote", "zzz"}), listed);
  REQUIRE(checks.size() == 3);
  CHECK(checks[0].name == "container of s-polcy-service");
  CHECK(checks[0].status == CheckStatus::fail);
  CHECK(checks[0].detail ==
        "the engine has no container polcy-service; did you mean \"policy-service\"?");
  CHECK(checks[1].detail == "the engine has no container app=quote");
  CHECK(checks[2].detail == "the engine has no container zzz");
}

TEST_CASE("a stopped container, and a selector of several, are told") {
  auto stopped = container("b1", {{"app", "b"}});
  stopped.state = engine::RunState::exited;
  const auto one = cli::check_containers(with_services({"b1"}), {stopped});
  REQUIRE(one.size() == 1);
  CHECK(one[0].status == CheckStatus::warn);
  CHECK(one[0].detail == "b1 4e0a4e0a4e0a exited");
  const auto two =
      cli::check_containers(with_services({"app=b"}), {stopped, container("b2", {{"app", "b"}})});
  REQUIRE(two.size() == 1);
  CHECK(two[0].status == CheckStatus::warn);
  CHECK(two[0].detail == "app=b selects several: b1 4e0a4e0a4e0a exited, b2 4e0a4e0a4e0a running");
}

TEST_CASE("each limit looser than its default is a warning of its own") {
  config::Config config;
  CHECK(cli::check_limits(config)[0].status == CheckStatus::ok);
  config.limits.cooldown = std::chrono::seconds(0);
  config.limits.soak = std::chrono::seconds(5);
  const auto checks = cli::check_limits(config);
  REQUIRE(checks.size() == 2);
  CHECK(checks[0].status == CheckStatus::warn);
  CHECK(checks[0].detail == "looser than the default: limits.cooldown: 0ms, default 10min");
  CHECK(checks[1].detail == "looser than the default: limits.soak: 5s, default 5min");
}

TEST_CASE("a bad configuration is one failed finding; notes are warnings") {
  const auto bad = cli::check_config(
      "x.yaml", base::Error{base::ErrorCode::invalid, "x.yaml:3: mode: no\nx.yaml:4: y"});
  REQUIRE(bad.size() == 1);
  CHECK(bad[0].status == CheckStatus::fail);
  CHECK(bad[0].detail == "x.yaml:3: mode: no\nx.yaml:4: y");
  auto config = with_services({"web"});
  config.notes = {"github.token: not given"};
  const auto good = cli::check_config("x.yaml", config);
  REQUIRE(good.size() == 2);
  CHECK(good[0].detail == "x.yaml: 1 service, mode dry_run");
  CHECK(good[1].status == CheckStatus::warn);
}

TEST_CASE("GitHub without a token fails, the embedded forge does not") {
  config::Config config;
  CHECK(cli::check_github(config).status == CheckStatus::ok);
  config.github.repository = "acme/infra";
  CHECK(cli::check_github(config).status == CheckStatus::fail);
  config.github.app = {"7", "12", "/no/such/key.pem", ""};
  const auto keyless = cli::check_github(config);
  CHECK(keyless.status == CheckStatus::fail);
  CHECK(keyless.detail.find("read /no/such/key.pem: No such file") != std::string::npos);
}

TEST_CASE("a host runs the forge only without GitHub and the Scribe only with somewhere to write") {
  config::Config config;
  using Roles = std::vector<std::string>;
  CHECK(cli::roles_of(config) ==
        Roles{"forge", "warden", "scribe", "memory", "brain", "fixer", "console", "scout"});
  config.github.repository = "acme/infra";
  CHECK(cli::roles_of(config) == Roles{"warden", "memory", "brain", "fixer", "console", "scout"});
  config.github.token = "x";
  CHECK(cli::roles_of(config) ==
        Roles{"warden", "scribe", "memory", "brain", "fixer", "console", "scout"});
}

TEST_CASE("the coding agent is told: none, not in this mode, no such program, and all well") {
  config::Config config;
  config.mode = config::Mode::approve;
  CHECK(cli::check_escalation(config).status == CheckStatus::ok);
  config.escalation.agent = config::CodingAgent::command;
  config.escalation.command = {"no-such-coder"};
  CHECK(cli::check_escalation(config).status == CheckStatus::fail);
  config.escalation.command = {"/bin/sh"};
  CHECK(cli::check_escalation(config).status != CheckStatus::fail);
  config.escalation.agent = config::CodingAgent::assign;
  CHECK(cli::check_escalation(config).status == CheckStatus::ok);
  config.mode = config::Mode::dry_run;
  CHECK(cli::check_escalation(config).status == CheckStatus::warn);
}
