// The console role: HTTP API, alerts and wishes in, metrics and one live page. It shows and takes
// in; it never acts. Format: docs/formats/console-api.md.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agents/console/containers_codec.h"
#include "agents/console/github_door.h"
#include "agents/console/views_codec.h"
#include "base/log.h"
#include "base/result.h"
#include "base/time.h"
#include "ledger/ledger.h"

namespace console {

struct Options {
  std::string address = "127.0.0.1";  // An IP address or "localhost".
  int port = 7080;                    // 0: the system picks a free one.
  std::string key;                    // Empty: none, which only a loopback address may have.
  GithubDoor github;                  // Whose webhooks are let in.
  std::string mode, version;
  std::string forge_url;  // Where people read the issues; empty when there is no such page.
  std::vector<ServiceName> services;
  std::vector<std::string> balanced;  // Services that can be scaled.
  std::string ledger_path;  // For wake-ups; empty: the ledger is only looked at once a second.
  std::string stop_file;    // Its existence means "stopped"; empty: there is none.
  // What runs on this host, read anew for each /health; may be empty. Thread-safe.
  std::function<std::vector<RoleState>()> roles;
  // What the warden lists, asked anew each time; may be empty. Thread-safe.
  std::function<base::Result<warden::Listing>()> containers;
  // So long a scaling's answer waits for what comes of it; longer than a wish counts.
  base::Duration scale_wait = std::chrono::seconds(30);
};

// A running console. Thread-safe. It follows the ledger from its first event, so a restarted one
// shows the same.
class Console {
 public:
  // Reads the ledger, then listens. `ledger` and `clock` must outlive the console. A ledger that
  // cannot be read is no error: the console says "degraded" and looks again each second.
  // Errors: invalid (a network address without a key, or no IP address), conflict (the port is
  // taken; the message names it and `console.port`), denied (no right to the port), unavailable.
  static base::Result<std::unique_ptr<Console>> start(Options options, ledger::Ledger& ledger,
                                                      const base::Clock& clock,
                                                      base::Logger logger);
  ~Console();  // Stops.
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  [[nodiscard]] int port() const;
  void stop();  // Safe to repeat.

 private:
  struct State;
  explicit Console(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace console
