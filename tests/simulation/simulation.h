// The whole product in one thread: all roles, their ledger, their world. The same seed gives the
// same run, event by event.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agents/brain/brain.h"
#include "agents/fixer/fixer.h"
#include "agents/memory/memory_role.h"
#include "agents/scout/scout.h"
#include "agents/scribe/github_adapter.h"
#include "agents/scribe/scribe.h"
#include "tests/simulation/seat.h"
#include "tests/simulation/world.h"

namespace simulation {

inline constexpr std::array<const char*, 6> kRoles = {"scout",  "brain",  "fixer",
                                                      "memory", "scribe", "warden"};

// quote-service needs policy-service needs user-service; the last has no probe of its own.
[[nodiscard]] config::Config demo_config();

struct Kill {
  std::string role;
  std::int64_t after = 0;      // Position in the ledger.
  bool lose_requests = false;  // What it had sent and had not arrived yet never arrives.
};

class Simulation final : public House {
 public:
  Simulation(config::Config config, std::uint64_t seed,
             runbook::Catalogue catalogue = runbook::shipped());

  Timeline& timeline() override { return timeline_; }
  fakes::MemoryLedger& ledger() override { return ledger_; }
  void appended(std::int64_t head) override;
  void ended(const std::string& seat) override;

  void run_for(base::Duration duration);
  // Until every incident is over and nothing has been written for `quiet`, at most for `limit`.
  // False: that never was.
  bool run_until_quiet(base::Duration quiet, base::Duration limit);
  void at(base::Duration after, std::function<void()> call) {
    timeline_.after(after, std::move(call));
  }

  void kill(const std::string& role, bool lose_requests);  // It comes back after 100 ms.
  void kill_once(Kill kill) { kill_ = std::move(kill); }
  // Right before the warden's engine call of that number is sent, or while it is under way.
  void kill_at_engine_call(const std::string& role, int number, bool is_sent, bool lose_requests);
  void set_stop(bool stop);  // By a person.
  // From the next start of the Scribe on, what people say on issues is heard.
  void hear_people(base::Duration every) { scribe_options_.steer_every = every; }

  [[nodiscard]] World& world() { return *world_; }
  [[nodiscard]] const config::Config& config() const { return config_; }
  [[nodiscard]] const scribe::Options& scribe_options() const { return scribe_options_; }
  // Something writes without end; nothing goes on then.
  [[nodiscard]] bool runs_away() const { return read_ > 5'000; }
  // Positions at which an append ended: the moments between which a process can die.
  [[nodiscard]] const std::vector<std::int64_t>& seams() const { return seams_; }
  [[nodiscard]] std::int64_t head() { return *ledger_.head(); }
  // How the service was made when the proof of that operation came; empty: it never did.
  [[nodiscard]] std::string proven_creation(const std::string& op) const {
    const auto found = proven_.find(op);
    return found == proven_.end() ? "" : found->second;
  }

  std::unique_ptr<Seat<scout::Scout>> scout;
  std::unique_ptr<Seat<brain::Brain>> brain;
  std::unique_ptr<Seat<fixer::Fixer>> fixer;
  std::unique_ptr<Seat<memory_role::MemoryRole>> memory;
  std::unique_ptr<Seat<scribe::Scribe>> scribe;
  std::optional<config::Config> fixer_config;  // A planted bug: set before the Fixer begins.

 private:
  void make_seats(std::uint64_t seed);
  void serve_scout(const scout::Request& request, const Seat<scout::Scout>::Answered& answered);
  void serve_fixer(const fixer::Request& request, const Seat<fixer::Fixer>::Answered& answered);
  void wake_all();
  bool run_one(base::Instant limit);
  [[nodiscard]] bool all_over() const;

  config::Config config_;
  runbook::Catalogue catalogue_;
  scribe::Options scribe_options_;
  Timeline timeline_;
  fakes::MemoryLedger ledger_;
  base::SeededRandom random_;
  std::unique_ptr<World> world_;
  std::unique_ptr<scribe::PullCalls> pulls_;
  std::shared_ptr<scribe::GithubCalls> calls_;  // Of the Scribe's present life.
  std::vector<std::pair<std::string, AnySeat*>> seats_;
  std::optional<Kill> kill_;
  std::vector<std::int64_t> seams_;
  base::Instant last_append_{};
  incident::Book book_;
  std::int64_t read_ = 0;  // By book_.
  std::map<std::string, std::string> proven_;
};

}  // namespace simulation
