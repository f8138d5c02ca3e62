// How long a container is sick: faults healed by sre-space against the same faults healed by hand
// at the same moment, in turns, with one observer. Run by bench/mttr; docs/formats/bench.md says
// what the numbers are.
#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "base/id.h"
#include "bench/child.h"
#include "bench/observer.h"
#include "bench/report_codec.h"
#include "bench/stage.h"
#include "bench/tap.h"
#include "engine/http_client.h"

namespace {

using namespace std::chrono_literals;
using base::Error;
using base::ErrorCode;
using base::Instant;

constexpr base::Duration kHealthyWithin = 30s;
constexpr base::Duration kOverWithin = 30s;  // Soak, post-mortem, memory, closing.
constexpr base::Duration kSettled = 1500ms;  // After a restart by hand Scout looks again for 1 s.
constexpr base::Duration kLookEvery = 250ms;
constexpr std::uint64_t kPhases = 250'000'000;  // Of faults against probes, in ns.
constexpr int kMemoryCallsMax = 100;

enum class By { us, cli, api };

double ms(base::Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

struct Times {
  std::vector<double> detect, decide, intend, act, healthy;
};

class Bench {
 public:
  Bench(const bench::StageOptions& options, bench::Service service, bench::Tap& tap,
        const bench::Child& roles, std::string config)
      : options_(options),
        service_(std::move(service)),
        tap_(tap),
        roles_(roles),
        config_(std::move(config)),
        engine_(options.engine),
        api_(options.engine),
        observer_(options.engine, service_.name, service_.port) {}

  bench::ClassReport play(const std::string& fault, int count, bool by_hand) {
    bench::ClassReport report;
    report.name = fault;
    report.bound_factor = fault == "hang" ? 1.2 : 1.1;
    report.bound_plus_ms = fault == "hang" ? 1500 : 0;
    Times times;
    std::vector<double> cli, api;
    for (int round = 0; round < count; ++round) {
      keep(heal_by_us(fault, times), report);
      if (by_hand) keep(heal_by_hand(fault, By::api, api), report);
      if (by_hand) keep(heal_by_hand(fault, By::cli, cli), report);
      std::fprintf(stderr, "%s %d/%d: ours %.0f ms, api %.0f ms, cli %.0f ms\n", fault.c_str(),
                   round + 1, count, times.healthy.empty() ? 0 : times.healthy.back(),
                   api.empty() ? 0 : api.back(), cli.empty() ? 0 : cli.back());
    }
    report.detect = bench::spread_of(times.detect);
    report.decide = bench::spread_of(times.decide);
    report.intend = bench::spread_of(times.intend);
    report.act = bench::spread_of(times.act);
    report.healthy = bench::spread_of(times.healthy);
    report.cli = bench::spread_of(cli);
    report.api = bench::spread_of(api);
    return report;
  }

  [[nodiscard]] std::vector<bench::WaitReport> waits() const {
    return {{"event_to_inspect", bench::spread_of(to_inspect_), 25, 100},
            {"inspect_answer_to_engine_call", bench::spread_of(to_call_), 15, 50}};
  }

  [[nodiscard]] std::vector<bench::StepReport> path() const {
    std::vector<bench::StepReport> steps;
    for (const auto& [name, times] : path_) steps.push_back({name, bench::spread_of(times)});
    steps.push_back({"by hand: fault to engine says start", bench::spread_of(by_hand_to_start_)});
    steps.push_back({"by hand: healthy", bench::spread_of(by_hand_to_healthy_)});
    return steps;
  }

 private:
  static void keep(const base::Status& done, bench::ClassReport& report) {
    if (done.ok()) return;
    ++report.lost;
    report.complaints.push_back(done.error().message);
    std::fprintf(stderr, "%s: %s\n", report.name.c_str(), done.error().message.c_str());
  }

  // ---- Faults ----

  // Breaks the service and answers when: before the signal is sent; for oom when the kernel has
  // ended the process.
  base::Result<Instant> break_it(const std::string& fault) {
    // At any moment between two probes, not at one that our own looks have led to.
    bench::pause(base::Duration(static_cast<std::int64_t>(random_.next() % kPhases)));
    const auto container = engine_.inspect(service_.container);
    if (!container) return container.error();
    if (container->pid <= 1)
      return Error{ErrorCode::unavailable, "break: the container does not run"};
    if (fault == "oom") return exhaust(container->pid);
    const Instant at = now();
    if (::kill(container->pid, fault == "hang" ? SIGSTOP : SIGKILL) == 0) return at;
    return Error{ErrorCode::denied, "break: the process cannot be signalled"};
  }

  base::Result<Instant> exhaust(pid_t pid) {
    const bench::Exit ended(pid);
    const std::jthread caller([&](const std::stop_token& stop) {
      for (int i = 0; i < kMemoryCallsMax && !stop.stop_requested(); ++i) {
        if (!bench::ask(service_.port, "POST", "/trigger_memory", 5s)) return;
      }
    });
    if (!ended.wait_for(20s)) return Error{ErrorCode::timeout, "break: memory does not run out"};
    return now();
  }

  // ---- Healing ----

  base::Status heal_by_us(const std::string& fault, Times& times) {
    const auto before = last_incident();
    if (!before) return before.error();
    (void)tap_.take();
    const auto fault_at = break_it(fault);
    if (!fault_at) return fault_at.error();
    const auto healthy = observer_.healthy_after(*fault_at, now() + kHealthyWithin);
    const auto over = wait_until_over(*before);
    if (!healthy) return healthy.error();
    if (!over) return over.error();
    const auto& view = over.value();
    if (view.failure != fault) return Error{ErrorCode::invalid, "taken for " + view.failure};
    for (const char* name : {"incident.opened", "plan.made", "action.intended", "action.done"}) {
      if (!view.reached.contains(name))
        return Error{ErrorCode::invalid, std::string("without ") + name};
    }
    const auto since = [&](const char* name) {
      return static_cast<double>(view.reached.at(name)) - ms(fault_at->time_since_epoch());
    };
    times.detect.push_back(since("incident.opened"));
    times.decide.push_back(since("plan.made"));
    times.intend.push_back(since("action.intended"));
    times.act.push_back(since("action.done"));
    times.healthy.push_back(ms(*healthy - *fault_at));
    if (fault != "hang") note_waits(*fault_at, *healthy, view);
    return {};
  }

  // What passed between the engine's word and ours, as the tap saw it, and the steps between.
  void note_waits(Instant fault_at, Instant healthy, const bench::IncidentView& view) {
    const auto died = when(engine::EventKind::die, fault_at);
    const auto heard = when(engine::EventKind::die, fault_at, &bench::Seen::heard);
    const auto started = when(engine::EventKind::start, fault_at);
    if (!died || !heard || !started) return;
    const std::string own = "/containers/" + service_.container + "/";
    std::vector<bench::Call> inspections;
    std::optional<bench::Call> effect;
    for (const auto& call : tap_.take()) {
      if (call.sent < *died || call.sent > healthy || call.request.find(own) == std::string::npos)
        continue;
      if (call.request.starts_with("POST ") && !effect) effect = call;
      if (call.request.ends_with("/json") && !effect) inspections.push_back(call);
    }
    if (!effect || inspections.size() < 2 || !inspections.front().answered ||
        !inspections.back().answered)
      return;
    const auto confirmed = *inspections.front().answered;
    to_inspect_.push_back(ms(inspections.front().sent - *died));
    to_call_.push_back(ms(effect->sent - confirmed));
    const auto at = [&](const char* name) { return base::instant_from_ms(view.reached.at(name)); };
    const std::pair<const char*, Instant> path[] = {
        {"engine says die", *died},
        {"the observer hears it", *heard},
        {"inspect sent", inspections.front().sent},
        {"inspect answered", confirmed},
        {"incident.opened", at("incident.opened")},
        {"plan.made", at("plan.made")},
        {"action.intended", at("action.intended")},
        {"warden's inspect sent", inspections.back().sent},
        {"warden's inspect answered", *inspections.back().answered},
        {"engine called", effect->sent},
        {"engine says start", *started},
        {"healthy", healthy}};
    Instant before = fault_at;
    for (std::size_t i = 0; i < std::size(path); ++i) {
      if (path_.size() <= i) path_.push_back({path[i].first, {}});
      path_[i].second.push_back(ms(path[i].second - before));
      before = path[i].second;
    }
  }

  std::optional<Instant> when(engine::EventKind kind, Instant since,
                              Instant bench::Seen::* time = &bench::Seen::happened) {
    for (const auto& seen : observer_.seen_since(since)) {
      if (seen.event.kind == kind) return seen.*time;
    }
    return std::nullopt;
  }

  // Our roles stand still meanwhile, so that nobody else probes or heals.
  base::Status heal_by_hand(const std::string& fault, By by, std::vector<double>& healthy) {
    const auto before = last_incident();
    if (!before) return before.error();
    roles_.freeze();
    const auto healed = restart_by_hand(fault, by);
    roles_.thaw();
    bench::pause(kSettled);
    if (!healed) return healed.error();
    healthy.push_back(*healed);
    const auto after = last_incident();
    if (!after) return after.error();
    if (*after != *before) {
      (void)wait_until_over(*before);
      return Error{ErrorCode::conflict, "a restart by hand became an incident"};
    }
    return {};
  }

  base::Result<double> restart_by_hand(const std::string& fault, By by) {
    const auto fault_at = break_it(fault);
    if (!fault_at) return fault_at.error();
    std::jthread hand;
    if (by == By::cli) {
      hand = std::jthread([&] {
        (void)bench::run(
            {"docker", "--host", options_.engine, "restart", "-t", "0", service_.name});
      });
    } else {
      hand = std::jthread([&] {
        (void)api_.effect({.method = "POST",
                           .target = "/containers/" + service_.container + "/restart?t=0",
                           .deadline = 30s});
      });
    }
    const auto healthy = observer_.healthy_after(*fault_at, now() + kHealthyWithin);
    if (!healthy) return healthy.error();
    if (const auto started = when(engine::EventKind::start, *fault_at);
        started && fault != "hang") {
      by_hand_to_start_.push_back(ms(*started - *fault_at));
      by_hand_to_healthy_.push_back(ms(*healthy - *started));
    }
    return ms(*healthy - *fault_at);
  }

  // ---- The ledger, by the command line ----

  base::Result<std::int64_t> last_incident() const {
    auto listed = incidents();
    if (!listed) return listed.error();
    return listed->empty() ? 0 : listed->back().id;
  }

  base::Result<std::vector<bench::IncidentLine>> incidents() const {
    const auto text =
        bench::run({options_.program, "incidents", "list", "--json", "--config", config_});
    return text ? bench::parse_incidents(*text) : text.error();
  }

  // The one incident after `before`, once it is closed.
  base::Result<bench::IncidentView> wait_until_over(std::int64_t before) const {
    const Instant end = now() + kOverWithin;
    while (now() < end) {
      const auto listed = incidents();
      if (!listed) return listed.error();
      if (!listed->empty() && listed->back().id > before && listed->back().state == "closed") {
        if (listed->back().id != before + 1)
          return Error{ErrorCode::conflict, "more than one incident"};
        const auto text = bench::run({options_.program, "incidents", "show",
                                      std::to_string(before + 1), "--json", "--config", config_});
        return text ? bench::parse_incident(*text) : text.error();
      }
      bench::pause(kLookEvery);
    }
    return Error{ErrorCode::timeout, "the incident is not closed in time"};
  }

  [[nodiscard]] Instant now() const { return clock_.now().boot; }

  const bench::StageOptions& options_;
  const bench::Service service_;
  bench::Tap& tap_;
  const bench::Child& roles_;
  const std::string config_;
  const base::SystemClock clock_{};
  base::SystemRandom random_;
  engine::DockerEngine engine_;
  engine::HttpClient api_;
  bench::Observer observer_;
  std::vector<double> to_inspect_, to_call_, by_hand_to_start_, by_hand_to_healthy_;
  std::vector<std::pair<std::string, std::vector<double>>> path_;
};

base::Result<bench::MttrReport> measure(const bench::StageOptions& options,
                                        const std::vector<std::string>& others) {
  const std::string faults = bench::option(others, "--only", "crash,oom,hang");
  const int rounds = std::atoi(bench::option(others, "--faults", "10").c_str());
  const bool by_hand = bench::option(others, "--by-hand", "yes") == "yes";
  const std::string tapped = options.folder + "/tap.sock";
  auto tap = bench::Tap::open(tapped, options.engine.substr(sizeof "unix://" - 1));
  if (!tap) return tap.error();
  bench::Containers containers(options);
  const auto service = containers.add("mttr-" + options.run);
  if (!service) return service.error();
  const auto config =
      bench::write_config(options.folder + "/mttr", "unix://" + tapped,
                          {{service->name, service->name,
                            "http://127.0.0.1:" + std::to_string(service->port) + "/health"}});
  if (!config) return config.error();
  const auto roles = bench::start_roles(options, *config);
  if (!roles) return roles.error();
  bench::pause(3s);  // All roles watch, nothing is cold.
  Bench bench(options, *service, **tap, *roles, *config);
  bench::MttrReport report;
  for (const char* fault : {"crash", "oom", "hang"}) {
    if (faults.find(fault) != std::string::npos)
      report.classes.push_back(bench.play(fault, rounds, by_hand));
  }
  if (faults != "hang") report.waits = bench.waits();
  report.path = bench.path();
  return report;
}

}  // namespace

int main(int count, char** words) {
  return bench::run_on_stage("bench-mttr", count, words, measure);
}
