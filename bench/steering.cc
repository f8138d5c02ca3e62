// How soon a person's word counts, and how soon a decision becomes a merged pull request: from the
// comment `/approve` on the embedded forge, whose webhook tells the console, to the engine's call;
// from the decision for a pull request to its merge. Run by bench/steering; docs/formats/bench.md
// says what the numbers are.
#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "base/id.h"
#include "bench/child.h"
#include "bench/observer.h"
#include "bench/report_codec.h"
#include "bench/stage.h"
#include "bench/tap.h"
#include "engine/docker_engine.h"
#include "github/embedded_users.h"
#include "github/rest_github.h"

namespace {

using namespace std::chrono_literals;
using base::Error;
using base::ErrorCode;
using base::Instant;

constexpr const char* kRepository = "sre-space/demo";
constexpr const char* kFile = "compose.yaml";
constexpr base::Duration kMergeAfter = 2s;  // As the demo's.
constexpr base::Duration kWithin = 60s;     // Of one wait for the roles.
constexpr base::Duration kLookEvery = 50ms;
constexpr std::uint64_t kPhases = 1'000'000'000;  // Of words against the Scribe's looks, in ns.
constexpr int kMemoryCallsMax = 100;
constexpr int kDeaths = 3;  // By then a pull request shall raise the limit.

double ms(base::Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

struct Address {
  std::string config, forge, hook, secret;
};

// `asked` is healed with a person's approval, `pulls` by pull requests.
base::Result<Address> write_config(const std::string& folder, const std::string& engine,
                                   const bench::Service& asked,
                                   const std::vector<bench::Service>& pulls) {
  base::SystemRandom random;
  const int console = bench::free_port(), forge = bench::free_port();
  const std::string here = "http://127.0.0.1:";
  Address at{folder + "/sre-space.yaml", here + std::to_string(forge),
             here + std::to_string(console) + "/github/webhook", base::make_token(random, 20)};
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);
  std::ofstream out(at.config, std::ios::trunc);
  out << "state: state\nmode: auto\ngithub: {repository: embedded, webhook_secret: " << at.secret
      << "}\nengine: {host: \"" << engine << "\"}\nconsole: {port: " << console
      << "}\nforge: {port: " << forge << "}\nlimits: {issue_spacing: 250ms, auto_tiers: [1, 2], "
      << "pull_requests_per_day: 1000, " << bench::kLooseLimits << "}\nservices:\n";
  const auto add = [&](const bench::Service& service, const std::string& more) {
    out << "  - {name: " << service.name << ", container: " << service.name
        << ", grace: 0s, health: {url: \"" << here << service.port
        << "/health\", every: 250ms, timeout: 1s, fails: 2}, " << more << "}\n";
  };
  add(asked, "mode: approve");
  for (const auto& service : pulls) {
    add(service,
        std::string("bounds: {memory_min_mib: 16, memory_max_mib: 256}, gitops: {file: ") + kFile +
            ", merge: auto, merge_after: " + std::to_string(base::to_ms(kMergeAfter)) + "ms}");
  }
  out.close();
  if (!out) return Error{ErrorCode::unavailable, "write " + at.config};
  return at;
}

std::string compose_of(const std::vector<bench::Service>& services) {
  std::string text = "services:\n";
  for (const auto& service : services) text += "  " + service.name + ":\n    mem_limit: 64m\n";
  return text;
}

class Bench {
 public:
  Bench(const bench::StageOptions& options, bench::Tap& tap, Address at,
        bench::SteeringReport& report)
      : options_(options),
        tap_(tap),
        at_(std::move(at)),
        engine_(options.engine),
        report_(report) {}

  // The forge knows whom it tells, and has the file that pull requests change.
  base::Status prepare(const std::string& compose) {
    const auto users = github::embedded_users(
        std::filesystem::path(at_.config).parent_path().string() + "/state", random_);
    if (!users) return users.error();
    for (const auto& user : *users) {
      if (user.login != "alice") continue;
      auto opened = github::make_rest_github(
          {.line = {.api = at_.forge}, .repository = kRepository, .token = user.token}, clock_);
      if (!opened) return opened.error();
      alice_ = std::move(opened).value();
    }
    if (!alice_) return Error{ErrorCode::not_found, "the forge's user alice"};
    auto line = github::RestClient::make({.api = at_.forge});
    if (!line) return line.error();
    const std::string repository = std::string("/repos/") + kRepository;
    const std::string owner = "Bearer " + users->front().token;
    const github::Call calls[] = {
        {"POST", repository + "/hooks", bench::encode_hook(at_.hook, at_.secret)},
        {"PUT", repository + "/contents/" + kFile, bench::encode_file(compose)}};
    for (const auto& call : calls) {
      const auto reply = (*line)->exchange(call, owner);
      if (!reply) return reply.error();
      if (reply->status / 100 != 2)
        return Error{ErrorCode::denied, call.name() + ": " + std::to_string(reply->status)};
    }
    return {};
  }

  void approve(const bench::Service& service, int count) {
    for (int round = 0; round < count; ++round) {
      keep(approve_once(service));
      tell("approve", round + 1, count, "approve_to_done");
    }
    for (const char* name : {"approve_to_intended", "approve_to_engine_call", "approve_to_done"})
      report_.waits.push_back({name, bench::spread_of(times_[name]), 1000, 1000});
    add_path();
  }

  void pull(const std::vector<bench::Service>& services) {
    int round = 0;
    for (const auto& service : services) {
      keep(pull_once(service));
      tell("pull request", ++round, static_cast<int>(services.size()), "decision_to_merge");
    }
    report_.merge_after_ms = ms(kMergeAfter);
    report_.waits.push_back(
        {"decision_to_merge", bench::spread_of(times_["decision_to_merge"]), 5000, 5000});
    add_path();
  }

 private:
  void keep(const base::Status& done) {
    if (done.ok()) return;
    ++report_.lost;
    report_.complaints.push_back(done.error().message);
    std::fprintf(stderr, "%s\n", done.error().message.c_str());
  }
  void tell(const char* what, int round, int count, const char* name) {
    const auto& times = times_[name];
    std::fprintf(stderr, "%s %d/%d: %.0f ms\n", what, round, count,
                 times.empty() ? 0 : times.back());
  }
  void add_path() {
    for (const auto& [name, times] : path_) report_.path.push_back({name, bench::spread_of(times)});
  }
  void note(const std::string& name, double since, double at) {
    for (auto& [known, times] : path_) {
      if (known == name) return times.push_back(at - since);
    }
    path_.push_back({name, {at - since}});
  }

  // ---- A person's word ----

  base::Status approve_once(const bench::Service& service) {
    const auto before = last_incident();
    if (!before) return before.error();
    const auto container = engine_.inspect(service.container);
    if (!container) return container.error();
    if (container->pid <= 1 || ::kill(container->pid, SIGKILL) != 0)
      return Error{ErrorCode::denied, "break: the process cannot be signalled"};
    const auto incident = *before + 1;
    const auto asks = wait_for(incident, [](const bench::SteeredView& view) {
      return view.state == "awaiting_approval" && view.issue != 0;
    });
    if (!asks) return asks.error();
    // At any moment between two looks, not at one that our own looks have led to.
    bench::pause(base::Duration(static_cast<std::int64_t>(random_.next() % kPhases)));
    (void)tap_.take();
    const double said = ms(clock_.now().boot.time_since_epoch());
    const auto comment = alice_->comment(asks->issue, "/approve " + asks->plan);
    const double accepted = ms(clock_.now().boot.time_since_epoch());
    if (!comment) return comment.error();
    const auto over = wait_for(incident, [](const auto& view) { return view.state == "closed"; });
    if (!over) return over.error();
    const auto* restart = over->operation("restart");
    const auto call = engine_call(service);
    if (restart == nullptr || restart->done == 0 || over->approved == 0 || !call)
      return Error{ErrorCode::invalid, "approved, but not restarted"};
    const auto intended = static_cast<double>(restart->intended);
    const auto done = static_cast<double>(restart->done);
    const auto approved = static_cast<double>(over->approved);
    times_["approve_to_intended"].push_back(intended - said);
    times_["approve_to_engine_call"].push_back(*call - said);
    times_["approve_to_done"].push_back(done - said);
    note("the forge has answered", said, accepted);
    note("approval.given", accepted, approved);
    note("action.intended", approved, intended);
    note("engine called", intended, *call);
    note("action.done", *call, done);
    return {};
  }

  std::optional<double> engine_call(const bench::Service& service) {
    for (const auto& call : tap_.take()) {
      const bool is_it =
          call.request.starts_with("POST ") &&
          call.request.find("/containers/" + service.container + "/") != std::string::npos;
      if (is_it) return ms(call.sent.time_since_epoch());
    }
    return std::nullopt;
  }

  // ---- A pull request ----

  // Runs out of memory until the limit is to be raised.
  base::Status pull_once(const bench::Service& service) {
    for (int death = 1; death <= kDeaths; ++death) {
      const auto before = last_incident();
      if (!before) return before.error();
      for (int i = 0; i < kMemoryCallsMax; ++i) {
        if (!bench::ask(service.port, "POST", "/trigger_memory", 5s)) break;
      }
      const auto over =
          wait_for(*before + 1, [](const auto& view) { return view.state == "closed"; });
      if (!over) return over.error();
      const auto* change = over->operation("pull_request");
      if (death < kDeaths) continue;
      if (change == nullptr || change->merged == 0) {
        return Error{ErrorCode::invalid, service.name + ": no pull request was merged" +
                                             (change == nullptr ? "" : ": " + change->trouble)};
      }
      const auto intended = static_cast<double>(change->intended);
      const auto opened = static_cast<double>(change->opened);
      const auto merged = static_cast<double>(change->merged);
      times_["decision_to_merge"].push_back(merged - intended);
      note("pr.opened", intended, opened);
      note("pr.merged", opened, merged);
    }
    return {};
  }

  // ---- The ledger, by the command line ----

  base::Result<std::int64_t> last_incident() const {
    const auto text =
        bench::run({options_.program, "incidents", "list", "--json", "--config", at_.config});
    if (!text) return text.error();
    const auto listed = bench::parse_incidents(*text);
    if (!listed) return listed.error();
    return listed->empty() ? 0 : listed->back().id;
  }

  template <class Wanted>
  base::Result<bench::SteeredView> wait_for(std::int64_t incident, Wanted wanted) const {
    const Instant end = clock_.now().boot + kWithin;
    std::string state = "not opened";
    while (clock_.now().boot < end) {
      const auto last = last_incident();
      if (!last) return last.error();
      if (*last > incident) return Error{ErrorCode::conflict, "more than one incident"};
      if (*last == incident) {
        const auto text = bench::run({options_.program, "incidents", "show",
                                      std::to_string(incident), "--json", "--config", at_.config});
        if (!text) return text.error();
        auto view = bench::parse_steered(*text);
        if (!view || wanted(*view)) return view;
        state = view->state;
      }
      bench::pause(kLookEvery);
    }
    return Error{ErrorCode::timeout, "incident " + std::to_string(incident) + " stays " + state};
  }

  const bench::StageOptions& options_;
  bench::Tap& tap_;
  const Address at_;
  const base::SystemClock clock_{};
  base::SystemRandom random_;
  engine::DockerEngine engine_;
  std::unique_ptr<github::Github> alice_;
  bench::SteeringReport& report_;
  std::map<std::string, std::vector<double>> times_;
  std::vector<std::pair<std::string, std::vector<double>>> path_;  // Steps, each since the last.
};

base::Result<bench::SteeringReport> measure(const bench::StageOptions& options,
                                            const std::vector<std::string>& others) {
  const int approvals = std::atoi(bench::option(others, "--approvals", "10").c_str());
  const int wanted = std::atoi(bench::option(others, "--pulls", "5").c_str());
  const std::string tapped = options.folder + "/tap.sock";
  auto tap = bench::Tap::open(tapped, options.engine.substr(sizeof "unix://" - 1));
  if (!tap) return tap.error();
  bench::Containers containers(options);
  std::vector<bench::Service> services;
  for (int i = 0; i <= wanted; ++i) {
    const std::string name = i == 0 ? "asked-" : "pull" + std::to_string(i) + "-";
    const auto added = containers.add(name + options.run);
    if (!added) return added.error();
    services.push_back(*added);
  }
  const std::vector<bench::Service> pulls(services.begin() + 1, services.end());
  bench::SteeringReport report;
  // Each with roles of its own: so many incidents in an hour would share an issue.
  for (const char* part : {"asked", "pulls"}) {
    const auto at = write_config(options.folder + "/steering/" + part, "unix://" + tapped,
                                 services.front(), pulls);
    if (!at) return at.error();
    const auto roles = bench::start_roles(options, at->config);
    if (!roles) return roles.error();
    bench::pause(3s);  // All roles watch, nothing is cold.
    Bench bench(options, **tap, *at, report);
    if (const auto ready = bench.prepare(compose_of(pulls)); !ready.ok()) return ready.error();
    if (std::string_view(part) == "asked") bench.approve(services.front(), approvals);
    if (std::string_view(part) == "pulls") bench.pull(pulls);
  }
  return report;
}

}  // namespace

int main(int count, char** words) {
  return bench::run_on_stage("bench-steering", count, words, measure);
}
