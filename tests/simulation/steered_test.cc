// People steer from the issue, through all roles: what they ask for is done once, whichever role
// dies after whichever event.
#include <doctest/doctest.h>

#include <iostream>

#include "tests/simulation/checks.h"

namespace {

using namespace simulation;
using namespace std::chrono_literals;

constexpr const char* kSick = "policy-service";

struct Words {
  base::Duration after;
  const char* login;
  const char* line;
};

// One person after the other, each once the issue is there.
class Day {
 public:
  Day(config::Mode mode, std::vector<Words> words, const std::optional<Kill>& kill = {})
      : simulation_(with(mode), 11), words_(std::move(words)) {
    simulation_.hear_people(1s);
    simulation_.world().github.set_right("alice", github::Right::maintain);
    simulation_.world().github.set_right("carol", github::Right::triage);
    if (kill) simulation_.kill_once(*kill);
    simulation_.run_for(3s);
    before_ = simulation_.head();
    simulation_.world().strike(kSick, Fault::crash);
    for (const auto& one : words_) {
      simulation_.at(one.after, [this, one] { say(one); });
    }
    simulation_.run_for(words_.back().after + 5s);
    if (!simulation_.run_until_quiet(6s, 180s)) broken_.emplace_back("it never comes to rest");
    for (auto& line : broken_at_end(simulation_)) broken_.push_back(std::move(line));
    if (std::getenv("SRE_LOG") != nullptr) print_log(simulation_, std::cout);
    for (const auto& record : simulation_.ledger().all()) book_.absorb(record.event);
  }

  [[nodiscard]] std::vector<std::string> broken() const { return broken_; }
  [[nodiscard]] std::string ending() const {
    for (const auto& [id, entry] : book_.entries()) {
      if (entry.incident.signal.service == kSick)
        return std::string(incident::to_string(scribe::road_end(entry)));
    }
    return "none";
  }
  template <class T>
  [[nodiscard]] std::vector<T> all() {
    std::vector<T> found;
    for (const auto& record : simulation_.ledger().all()) {
      if (const auto* what = std::get_if<T>(&record.event.what)) found.push_back(*what);
    }
    return found;
  }
  Simulation& simulation() { return simulation_; }
  [[nodiscard]] std::int64_t before() const { return before_; }

 private:
  static config::Config with(config::Mode mode) {
    auto config = demo_config();
    config.mode = mode;
    return config;
  }
  void say(const Words& words) {
    const auto issues = simulation_.world().github.list_issues({"", "service: policy-service", {}});
    if (!issues.ok() || issues->empty()) return simulation_.at(1s, [this, words] { say(words); });
    simulation_.world().github.say(words.login, issues->front().number, words.line);
  }

  Simulation simulation_;
  std::vector<Words> words_;
  std::vector<std::string> broken_;
  incident::Book book_;
  std::int64_t before_ = 0;
};

}  // namespace

TEST_CASE("/restart: done once and proven, whichever role dies after whichever event") {
  const std::vector<Words> words = {{5s, "carol", "/restart policy-service"},
                                    {7s, "alice", "/restart policy-service"}};
  Day undisturbed(config::Mode::approve, words);
  INFO(join(undisturbed.broken()));
  REQUIRE(undisturbed.broken().empty());
  REQUIRE(undisturbed.ending() == "resolved");
  REQUIRE(undisturbed.simulation().world().starts().size() == 1);
  CHECK(undisturbed.all<incident::ApprovalGiven>().empty());  // The words themselves were it.
  CHECK(undisturbed.all<incident::PlanMade>().back().asked_by == "alice");
  int runs = 0, failures = 0, role_number = 0;
  for (const auto* role : kRoles) {
    ++role_number;
    for (const auto after : undisturbed.simulation().seams()) {
      if (after <= undisturbed.before() || failures > 5) continue;
      Day day(config::Mode::approve, words, Kill{role, after, (after + role_number) % 2 == 0});
      auto found = day.broken();
      const auto starts = day.simulation().world().starts().size();
      if (starts != 1) found.push_back(std::to_string(starts) + " restarts");
      if (day.ending() != "resolved") found.push_back("ends as " + day.ending());
      ++runs;
      if (found.empty()) continue;
      ++failures;
      FAIL_CHECK(std::string(role) << " killed after event " << after << join(found));
    }
  }
  std::cout << runs << " runs with a kill\n";
}

TEST_CASE("/escalate hands it over, and only /restart begins anything after that") {
  Day day(config::Mode::approve, {{5s, "carol", "/escalate"},
                                  {9s, "alice", "/resume"},
                                  {13s, "alice", "/restart policy-service"}});
  INFO(join(day.broken()));
  CHECK(day.broken().empty());
  REQUIRE(day.all<incident::Escalated>().size() == 1);
  CHECK(day.all<incident::Escalated>()[0].to == "carol");
  CHECK(day.ending() == "resolved");
  CHECK(day.simulation().world().starts().size() == 1);
}

TEST_CASE("/restart of a dependency proves nothing while the incident's own service is sick") {
  Day day(config::Mode::approve, {{5s, "alice", "/restart user-service"}});
  INFO(join(day.broken()));
  REQUIRE(day.simulation().world().starts().size() == 1);
  CHECK(day.all<incident::VerificationPassed>().empty());
  CHECK(day.all<incident::VerificationFailed>().size() == 1);
  CHECK(day.ending() == "escalated");
}

TEST_CASE("/dry-run: the guards' word, and nothing done before /resume") {
  const std::vector<Words> words = {{4s, "carol", "/dry-run"},
                                    {7s, "alice", "/restart policy-service"}};
  Day held(config::Mode::approve, words);
  INFO(join(held.broken()));
  REQUIRE(held.all<incident::PlanJudged>().size() == 1);
  CHECK(held.all<incident::PlanJudged>()[0].entries.at(0).answer == "ask");
  CHECK(held.simulation().world().starts().empty());
  auto more = words;
  more.push_back({10s, "alice", "/resume"});
  more.push_back({13s, "alice", "/restart policy-service"});
  Day resumed(config::Mode::approve, more);
  INFO(join(resumed.broken()));
  CHECK(resumed.broken().empty());
  CHECK(resumed.simulation().world().starts().size() == 1);
  CHECK(resumed.ending() == "resolved");
}

TEST_CASE("in mode observe and dry_run what a person asks for is refused, with the reason") {
  for (const auto mode : {config::Mode::observe, config::Mode::dry_run}) {
    Day day(mode, {{5s, "alice", "/restart policy-service"}});
    CHECK(day.simulation().world().starts().empty());
    const auto refused = day.all<incident::PlanRefused>();
    REQUIRE(refused.size() == 2);  // That of the rules, and that of the person.
    CHECK(refused[1].guard == "mode");
    CHECK(refused[1].plan == day.all<incident::PlanMade>().back().hash);
    CHECK(day.all<incident::Escalated>().back().to == "alice");
  }
}
