// A process for the console's tests.
//   serve LEDGER PORT   a console on a ledger; prints its port, ends when its input does
//   open LEDGER ID      appends an incident.opened, as Scout in another process would
//   story LEDGER        appends a day's incidents of every kind: the picture in the README is of it
//   live LEDGER         lets an incident happen in real time
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <thread>

#include "agents/console/console.h"
#include "ledger/sqlite_ledger.h"
#include "tests/support/console_story.h"

namespace {

using namespace incident;  // NOLINT: event names follow.

int fail(const base::Error& error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  return 1;
}

int serve(ledger::Ledger& ledger, const base::Clock& clock, const std::string& path, int port) {
  console::Options options;
  options.port = port;
  options.mode = "auto";
  options.version = "0.1.0";
  options.ledger_path = path;
  options.forge_url = "http://127.0.0.1:7081/sre-space/demo/issues";
  options.services = {{"quote-service", "quote-service"},
                      {"policy-service", "policy-service"},
                      {"user-service", "user-service"},
                      {"web", "web"}};
  auto console = console::Console::start(options, ledger, clock,
                                         base::Logger("console", base::LogLevel::warn));
  if (!console) return fail(console.error());
  std::printf("%d\n", (*console)->port());
  std::fflush(stdout);
  char byte = 0;
  while (::read(STDIN_FILENO, &byte, 1) > 0) {
  }
  return 0;
}

std::vector<ledger::Draft> day(base::WallTime now) {
  std::vector<ledger::Draft> all;
  const auto add = [&](const std::vector<ledger::Draft>& drafts) {
    all.insert(all.end(), drafts.begin(), drafts.end());
  };
  const auto ago = [&](int minutes) { return now - std::chrono::minutes(minutes); };
  add(story::healed(1, ago(190)));
  add(story::healed(2, ago(84)));
  add(story::Teller(3, ago(61), "quote-service")
          .opened(SignalKind::probe_error, "quote-service answers 502 on /quote", 530)
          .at(544, Role::brain, IncidentJoined{4, "it depends on user-service, which is down"})
          .at(9000, Role::scribe, IncidentClosed{"joined"})
          .drafts());
  add(story::Teller(4, ago(61), "user-service")
          .opened(SignalKind::container_died, "user-service died: exit code 139")
          .diagnosed(FailureClass::dependency_down, "It died and takes its callers along.",
                     {story::oom_state()}, 49)
          .planned(Action::restart, 55)
          .acted(Action::restart, 60)
          .proven(310)
          .at(5600, Role::scribe, IncidentClosed{"resolved and proven"})
          .drafts());
  add(story::Teller(5, ago(38), "web")
          .opened(SignalKind::found_stopped, "web was stopped by docker stop")
          .at(60, Role::fixer, StoodDown{"a person stopped the container", "docker stop"})
          .drafts());
  add(story::Teller(6, ago(12), "quote-service")
          .opened(SignalKind::latency_above_bound,
                  "quote-service: /quote slower than 800 ms for 10 s", 10'040)
          .diagnosed(FailureClass::high_latency,
                     "The same latency returned 9 minutes after a restart: another restart would "
                     "only hide it.",
                     {{"E1", "probes", "p50 5.02 s on /quote, 2 ms on /health", {}}}, 10'055)
          .planned(Action::restart, 10'060)
          .at(10'070, Role::fixer,
              PlanRefused{"9f3a61c0", "no_progress", "restart already tried once for this class",
                          false})
          .at(10'080, Role::fixer,
              Escalated{"person", "a restart did not last; somebody must look at the database"})
          .at(10'300, Role::scribe, IssueOpened{6, "http://127.0.0.1:7081/sre-space/demo/issues/6"})
          .drafts());
  story::Teller last(7, now - std::chrono::seconds(3), "policy-service");
  last.opened(SignalKind::container_died, "policy-service died: out of memory (exit code 137)");
  last.at(
      44, Role::memory,
      MemoryRecalled{{{2, 2, "policy-service", "oom", "restart", true, 0.98}}, "restart", 2, 2});
  last.diagnosed(FailureClass::oom, "The kernel killed it at its memory limit of 64 MiB.",
                 {story::oom_state(), story::oom_log()}, 52);
  last.planned(Action::restart, 58).acted(Action::restart, 66);
  last.at(299, Role::scribe, IssueOpened{7, "http://127.0.0.1:7081/sre-space/demo/issues/7"});
  last.at(300, Role::fixer,
          VerificationAsked{"op-7", "policy-service", now, std::chrono::seconds(5)});
  for (int i = 1; i <= 6; ++i)
    last.at(300 + i * 250, Role::scout, VerificationTried{"op-7", i, true, 3, ""});
  add(last.drafts());
  return all;
}

int live(ledger::Ledger& ledger, const base::Clock& clock) {
  const auto begin = clock.now();
  std::int64_t id = 1;
  const auto records = ledger.read(0, 100'000);
  if (!records) return fail(records.error());
  for (const auto& record : *records) id = std::max(id, record.event.incident + 1);
  for (const auto& draft : story::healed(id, begin.wall)) {
    const auto due = draft.event.at - clock.now().wall;
    if (due.count() > 0) std::this_thread::sleep_for(due);
    if (auto done = ledger.append({draft}, 0); !done) return fail(done.error());
  }
  return 0;
}

}  // namespace

int main(int count, char** words) {
  if (count < 3) return 2;
  const std::string verb = words[1], path = words[2], more = count > 3 ? words[3] : "";
  const base::SystemClock clock;
  auto opened = ledger::open_sqlite({path}, clock);
  if (!opened) return fail(opened.error());
  auto& ledger = **opened;
  if (verb == "serve") return serve(ledger, clock, path, std::atoi(more.c_str()));
  if (verb == "live") return live(ledger, clock);
  story::Teller one(std::atoi(more.c_str()), clock.now().wall, "policy-service");
  const auto drafts = verb == "story" ? day(clock.now().wall)
                                      : one.opened(SignalKind::container_died, "it died").drafts();
  const auto done = ledger.append(drafts, 0);
  return done ? 0 : fail(done.error());
}
