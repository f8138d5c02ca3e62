#include "tests/simulation/simulation.h"

#include <algorithm>

#include "telemetry/telemetry_codec.h"

namespace simulation {

using namespace std::chrono_literals;

namespace {

constexpr base::Duration kComesBack = 100ms;

config::Service service(const std::string& name, bool probed, std::vector<std::string> needs) {
  config::Service made;
  made.name = name;
  made.container = "demo-" + name;
  made.depends_on = std::move(needs);
  made.grace = 500ms;
  if (!probed) return made;
  config::Probe health;
  health.url = "http://127.0.0.1:1/health";
  health.every = 250ms;
  health.timeout = 500ms;
  made.health = health;
  config::Probe path = health;
  path.url = "http://127.0.0.1:1/path";
  path.every = 500ms;
  path.timeout = 2s;
  path.fails = 3;
  path.latency_bound = 500ms;
  path.window = 3s;
  made.path = path;
  return made;
}

int running_in(const std::vector<warden::Member>& replicas, const std::string& service) {
  return static_cast<int>(std::count_if(replicas.begin(), replicas.end(), [&](const auto& member) {
    return member.service == service && member.container.state == engine::RunState::running;
  }));
}

}  // namespace

config::Config demo_config() {
  config::Config config;
  config.mode = config::Mode::automatic;
  config.services = {service("quote-service", true, {"policy-service"}),
                     service("policy-service", true, {"user-service"}),
                     service("user-service", false, {})};
  auto& limits = config.limits;
  limits.cooldown = 0s;
  limits.spacing = 0s;
  limits.soak = 2s;
  limits.cpu_window = 3s;
  limits.mass_failure_percent = 100;
  limits.issue_spacing = 0s;
  limits.verify_deadline = 30s;
  limits.service_actions_per_hour = limits.service_actions_per_day = 100;
  limits.global_actions_per_hour = limits.global_actions_per_day = 100;
  limits.blast_radius_percent = 100;
  limits.flap_start_percent = 100;
  limits.flap_restarts = 100;
  limits.auto_tiers = {1, 2};
  return config;
}

Simulation::Simulation(config::Config config, std::uint64_t seed, runbook::Catalogue catalogue)
    : config_(std::move(config)),
      catalogue_(std::move(catalogue)),
      ledger_(&timeline_),
      random_(seed) {
  scribe_options_.marker_key = "secret";
  for (const auto& one : config_.services) {
    scribe_options_.depends_on[one.name] = one.depends_on;
    if (!one.gitops) continue;
    const auto& gitops = *one.gitops;
    scribe_options_.places[one.name] = {gitops.file,
                                        gitops.branch,
                                        gitops.memory_limit,
                                        gitops.merge_by_us,
                                        gitops.merge_after,
                                        one.bounds.memory_min_bytes,
                                        one.bounds.memory_max_bytes};
  }
  scribe_options_.pulls_every = 1s;
  scribe_options_.post_spacing = config_.limits.issue_spacing;
  scribe_options_.card_every = 200ms;
  scribe_options_.miss_gap = 200ms;
  scribe_options_.backoff_max = 2s;
  scribe_options_.control_every = 1s;
  world_ = std::make_unique<World>(config_, timeline_, ledger_);
  pulls_ = std::make_unique<scribe::PullCalls>(world_->github, world_->github, world_->git,
                                               scribe_options_.redactor);
  make_seats(seed);
}

void Simulation::make_seats(std::uint64_t seed) {
  scout = std::make_unique<Seat<scout::Scout>>(
      "scout", *this, seed * 8 + 1,
      Seat<scout::Scout>::Wiring{
          [this](base::Random& random) { return std::make_unique<scout::Scout>(config_, random); },
          scout::key_of,
          [this](const auto& request, const auto& answered) { serve_scout(request, answered); },
          [this](auto& seat) {
            world_->follow([&seat, life = seat.life()](warden::Notice notice) {
              seat.post(life, "", scout::Answer(std::move(notice)));
            });
          }});
  brain = std::make_unique<Seat<brain::Brain>>(
      "brain", *this, seed * 8 + 2,
      Seat<brain::Brain>::Wiring{
          [this](base::Random& random) {
            return std::make_unique<brain::Brain>(config_, random, catalogue_);
          },
          brain::key_of,
          [this](const brain::Request& request, const auto& answered) {
            if (const auto* read = std::get_if<brain::ReadSnapshot>(&request)) {
              const auto bytes = ledger_.blob(read->hash);
              return answered(brain::SnapshotRead{
                  read->hash, bytes ? telemetry::decode(*bytes)
                                    : base::Result<telemetry::Snapshot>(bytes.error())});
            }
            if (const auto* container = std::get_if<brain::ReadContainer>(&request)) {
              return world_->list([answered, asked = *container](const auto& listing) {
                base::Result<brain::Target> target =
                    base::Error{base::ErrorCode::not_found, "container of " + asked.service};
                if (!listing) target = listing.error();
                for (const auto& member :
                     listing ? listing->members : std::vector<warden::Member>{}) {
                  if (member.service == asked.service)
                    target = brain::Target{member.container.id, member.container.started_at,
                                           running_in(listing->replicas, asked.service)};
                }
                answered(brain::ContainerRead{asked.incident, asked.service, std::move(target)});
              });
            }
            const auto log = std::get<brain::ReadLog>(request);
            world_->log_tail(log.container, [answered, log](auto lines) {
              answered(brain::LogRead{log.incident, std::move(lines)});
            });
          },
          {}});
  fixer = std::make_unique<Seat<fixer::Fixer>>(
      "fixer", *this, seed * 8 + 3,
      Seat<fixer::Fixer>::Wiring{
          [this](base::Random& random) {
            return std::make_unique<fixer::Fixer>(fixer_config ? *fixer_config : config_, random);
          },
          fixer::key_of,
          [this](const auto& request, const auto& answered) { serve_fixer(request, answered); },
          {}});
  memory = std::make_unique<Seat<memory_role::MemoryRole>>(
      "memory", *this, seed * 8 + 4,
      Seat<memory_role::MemoryRole>::Wiring{
          [](base::Random& random) { return std::make_unique<memory_role::MemoryRole>(random); },
          memory_role::key_of,
          [this](const memory_role::Request& request, const auto& answered) {
            if (const auto* wanted = std::get_if<memory_role::RecallFor>(&request)) {
              return answered(memory_role::Recalled{
                  wanted->incident,
                  world_->shelf.recall(wanted->symptom, timeline_.now().wall, wanted->incident)});
            }
            const auto& past = std::get<memory_role::Remember>(request).past;
            world_->shelf.remember(past);
            answered(memory_role::Remembered{past.incident, {}});
          },
          {}});
  scribe = std::make_unique<Seat<scribe::Scribe>>(
      "scribe", *this, seed * 8 + 5,
      Seat<scribe::Scribe>::Wiring{
          [this](base::Random& random) {
            return std::make_unique<scribe::Scribe>(scribe_options_, random);
          },
          scribe::key_of,
          [this](const scribe::Request& request, const auto& answered) {
            timeline_.after(5ms, [this, request, answered, calls = calls_] {
              timeline_.after(10ms,
                              [answered, answer = calls->carry_out(request)] { answered(answer); });
            });
          },
          [this](auto&) {
            calls_ = std::make_shared<scribe::GithubCalls>(world_->github,
                                                           scribe::Around{.pulls = pulls_.get()});
          }});
  seats_ = {{"scout", scout.get()},
            {"brain", brain.get()},
            {"fixer", fixer.get()},
            {"memory", memory.get()},
            {"scribe", scribe.get()}};
  timeline_.after(0ms, [this] {
    for (auto& [name, seat] : seats_) seat->begin();
  });
}

void Simulation::serve_scout(const scout::Request& request,
                             const Seat<scout::Scout>::Answered& answered) {
  if (const auto* probe = std::get_if<scout::StartProbe>(&request)) {
    return world_->probe(probe->service, probe->probe, probe->timeout,
                         [answered, service = probe->service, number = probe->number](auto sample) {
                           answered(scout::Probed{service, number, std::move(sample)});
                         });
  }
  if (const auto* look = std::get_if<scout::Inspect>(&request)) {
    return world_->inspect(look->id, [answered, look = *look](auto member) {
      answered(scout::Inspected{look.service, look.id, std::move(member)});
    });
  }
  if (const auto* keep = std::get_if<scout::Keep>(&request)) {
    return world_->keep(keep->id, [answered, asked = *keep](auto snapshot) {
      answered(scout::Kept{asked.service, asked.id, std::move(snapshot)});
    });
  }
  world_->list([answered](auto listing) { answered(scout::Listed{std::move(listing)}); });
}

void Simulation::serve_fixer(const fixer::Request& request,
                             const Seat<fixer::Fixer>::Answered& answered) {
  if (const auto* act = std::get_if<fixer::Perform>(&request)) {
    return world_->perform(act->operation, [answered, op = act->operation.op](auto result) {
      answered(fixer::PerformedOp{op, std::move(result)});
    });
  }
  if (const auto* look = std::get_if<fixer::Observe>(&request)) {
    return world_->inspect(look->container, [answered, op = look->op](auto member) {
      answered(fixer::Observed{op, std::move(member)});
    });
  }
  if (std::holds_alternative<fixer::LookAtHost>(request)) return answered(world_->host);
  if (const auto* ask = std::get_if<fixer::AskOpinion>(&request)) {
    const auto& question = ask->question;
    return timeline_.after(3ms, [this, answered, id = question.incident, plan = question.plan] {
      answered(fixer::OpinionGiven{id, plan, world_->opinion});
    });
  }
  answered(fixer::Leased{ledger_.acquire("fixer", "fixer", fixer::kLease)});
}

// ---- Running -----------------------------------------------------------------------------------

void Simulation::appended(std::int64_t head) {
  seams_.push_back(head);
  const auto records = ledger_.read(read_, 1'000'000);
  for (const auto& record : *records) {
    book_.absorb(record.event);
    read_ = record.position;
    if (const auto* passed = std::get_if<incident::VerificationPassed>(&record.event.what)) {
      const auto& incident = *book_.find(record.event.incident);
      if (const auto* attempt = incident::find_attempt(incident, passed->op))
        proven_[passed->op] = world_->creation(attempt->intent.service);
    }
    // A symptom that stays is counted, and the card told, for as long as it stays.
    const auto* write = std::get_if<incident::GithubIntended>(&record.event.what);
    const bool counts = std::holds_alternative<incident::SignalAdded>(record.event.what) ||
                        std::holds_alternative<incident::GithubDone>(record.event.what) ||
                        (write != nullptr && write->key == "card");
    if (!counts) last_append_ = timeline_.now().boot;
  }
  wake_all();
  if (!kill_ || kill_->after > head) return;
  const Kill now = *std::exchange(kill_, std::nullopt);
  kill(now.role, now.lose_requests);
}

// Wake-ups come within milliseconds; some are lost, and the look of every second finds what they
// said.
void Simulation::wake_all() {
  for (auto& [name, seat] : seats_) {
    if (!seat->alive() || random_.next() % 64 == 0) continue;
    const base::Duration lag = std::chrono::microseconds(50 + random_.next() % 2000);
    timeline_.after(lag, [this, woken = seat] {
      if (woken->alive()) woken->wake_by(timeline_.now().boot);
    });
  }
}

void Simulation::kill(const std::string& role, bool lose_requests) {
  if (role == "warden") {
    world_->kill_warden();
    return timeline_.after(kComesBack, [this] { world_->start_warden(); });
  }
  for (auto& [name, seat] : seats_) {
    if (name != role || !seat->alive()) continue;
    seat->kill(lose_requests);
    ended(name);
  }
}

void Simulation::kill_at_engine_call(const std::string& role, int number, bool is_sent,
                                     bool lose_requests) {
  const base::Duration until = is_sent ? base::Duration(1ms) : base::Duration(0);
  world_->on_engine_effect = [this, role, number, until, lose_requests](int call) {
    if (call == number)
      timeline_.after(until, [this, role, lose_requests] { kill(role, lose_requests); });
  };
}

void Simulation::ended(const std::string& role) {
  for (auto& [name, seat] : seats_) {
    if (name == role) timeline_.after(kComesBack, [killed = seat] { killed->begin(); });
  }
}

void Simulation::set_stop(bool stop) {
  ledger::Draft draft;
  draft.event.id = base::make_ulid(timeline_.now().wall, random_);
  draft.event.role = incident::Role::person;
  draft.event.at = timeline_.now().wall;
  draft.event.boot = timeline_.now().boot;
  if (stop)
    draft.event.what = incident::StopSet{"maintenance", "ada"};
  else
    draft.event.what = incident::StopCleared{"ada"};
  const auto written = ledger_.append({draft}, head());
  if (written)
    appended(*written);
  else
    timeline_.after(100ms, [this, stop] { set_stop(stop); });  // A person tries again.
}

bool Simulation::run_one(base::Instant limit) {
  if (runs_away()) return false;
  AnySeat* first = nullptr;
  for (auto& [name, seat] : seats_) {
    if (seat->alive() && (first == nullptr || seat->due() < first->due())) first = seat;
  }
  const auto event = timeline_.next();
  const base::Instant seat_at = first == nullptr ? base::Instant::max() : first->due();
  const base::Instant at = std::min(event.value_or(base::Instant::max()), seat_at);
  if (at > limit) return false;
  if (event && *event <= seat_at) {
    timeline_.run_first();
  } else {
    timeline_.move_to(seat_at);
    first->step();
  }
  return true;
}

void Simulation::run_for(base::Duration duration) {
  const base::Instant until = timeline_.now().boot + duration;
  while (run_one(until)) {
  }
  timeline_.move_to(until);
}

bool Simulation::all_over() const {
  return std::all_of(book_.live().begin(), book_.live().end(),
                     [&](auto id) { return incident::is_over(book_.find(id)->state); });
}

bool Simulation::run_until_quiet(base::Duration quiet, base::Duration limit) {
  const base::Instant begin = timeline_.now().boot;
  while (timeline_.now().boot < begin + limit) {
    if (!run_one(begin + limit)) break;
    if (timeline_.now().boot - std::max(last_append_, begin) >= quiet && all_over()) return true;
  }
  return false;
}

}  // namespace simulation
