// The embedded GitHub: issues, comments, labels, milestones, search and webhooks over GitHub's REST
// paths, and pages to read and steer them. Started only when no real GitHub is configured.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "forge/budget_checker.h"
#include "forge/model.h"
#include "forge/rules.h"

namespace forge {

class Faults;

struct Options {
  std::string database_path;
  std::string git_path;  // The bare repository, made when absent; empty: the database's, + ".git".
  std::string address = "127.0.0.1";
  int port = 7081;                            // 0: the system picks a free one.
  std::string repository = "sre-space/demo";  // owner/name; made when absent.
  std::string owner_login = "sre-space";      // Always admin.
  // Who a token speaks for. A token is checked by its hash and stored nowhere.
  std::map<std::string, std::string> tokens;
  // What each login may do in the repository; one not listed may nothing.
  std::map<std::string, Role> roles;
  std::vector<App> apps;
  std::vector<Team> teams;
  std::vector<std::string> workflows;  // File names; dispatching one tells the webhooks.
  // When set: every API reply is appended to this file as one JSON line {method, path_template,
  // path, status, body}, for checking against GitHub's schemas.
  std::string record_path;
  int requests_per_hour = 15'000;  // Per login; more are answered 403 as GitHub does.
  std::chrono::milliseconds hook_patience{10'000};  // For a webhook's answer.
  std::shared_ptr<Faults> faults;                   // For tests; null: none.
  CallBudget budget;                                // What clients are held to, by check_budget().
};

// A running forge. Answers only after what it says is durable.
class Forge {
 public:
  // Opens or creates the file, then listens. `clock` outlives the forge. Errors: conflict (port in
  // use), invalid (no owner/name, an empty token), unavailable, corrupt.
  [[nodiscard]] static base::Result<std::unique_ptr<Forge>> open(Options options,
                                                                 const base::Clock& clock);
  ~Forge();  // Stops.
  Forge(const Forge&) = delete;
  Forge& operator=(const Forge&) = delete;

  [[nodiscard]] int port() const;
  [[nodiscard]] std::string url() const;     // "http://127.0.0.1:7081", for pages and API alike.
  [[nodiscard]] WriteReport writes() const;  // What clients asked for since it was opened.
  // How the API's callers broke Options::budget. What people do by the pages counts for nobody.
  [[nodiscard]] std::vector<Violation> violations() const;
  // Error invalid: a budget was broken; its message tells the first breaks.
  [[nodiscard]] base::Status check_budget() const;
  void stop();  // Ends running requests first. Safe to repeat.

 private:
  struct State;
  explicit Forge(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace forge
