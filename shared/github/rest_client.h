// The line to GitHub's REST API: one request and its whole answer, over TLS and proxies. Bounded:
// every wait has a time-out, answers end at 8 MB; redirects are never followed (they would carry
// the token elsewhere). Adapter, by cpp-httplib.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "github/github.h"
#include "github/quiet.h"

namespace github {

struct LineOptions {
  std::string api;  // "http://127.0.0.1:7081", "https://api.github.com", "https://host/api/v3"
  std::string proxy =
      {};  // "http://user:password@host:port"; empty: none. The environment is not read.
  std::string ca_file =
      {};  // PEM; its certificates are trusted, and no others. Empty: the system's.
  base::Duration connect_within = std::chrono::seconds(3);
  base::Duration answer_within = std::chrono::seconds(10);  // Of one call, each silence and in all.
  // While it lasts nothing is sent: a call is answered from here as GitHub would, by 429 and the
  // time that is left. None: each line does what its caller says.
  std::shared_ptr<Quiet> quiet = {};
};

struct Call {
  std::string method;
  std::string path;  // After the API's prefix; percent-encoded.
  std::string body = {};
  bool is_list = false;  // May be answered with "as you know it", which costs no rate limit.
  std::vector<std::pair<std::string, std::string>> headers = {};  // Besides the usual ones.
  [[nodiscard]] bool is_write() const { return method != "GET"; }
  [[nodiscard]] std::string name() const { return method + " " + path.substr(0, path.find('?')); }
};
[[nodiscard]] Call list_call(std::string path);

// Whatever the status; a list that has not changed comes as 200 with the body known.
struct Reply {
  int status = 0;
  std::string body;
  std::string retry_after, remaining, reset;  // Headers; empty when absent.
  std::string link_next;                      // Path and query of the next page; empty: none.
};

// Not thread-safe. Connects at the first call only.
class RestClient {
 public:
  // Ignores SIGPIPE for the process. Errors: invalid (address or proxy not of the right form, the
  // CA file cannot be read; no secret is ever named).
  [[nodiscard]] static base::Result<std::unique_ptr<RestClient>> make(const LineOptions& options);
  ~RestClient();
  RestClient(const RestClient&) = delete;
  RestClient& operator=(const RestClient&) = delete;

  // `authorization`: the header's value; empty: none. Errors: unavailable (nothing was sent, or a
  // read broke), unknown (a write broke after it may have been sent), denied (the proxy wants
  // another user or password).
  [[nodiscard]] base::Result<Reply> exchange(const Call& call, const std::string& authorization);

 private:
  struct State;
  explicit RestClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// What a reply outside 200..299 means; nothing for one within.
[[nodiscard]] std::optional<Failure> refusal_in(const Reply& reply, const Call& call,
                                                base::WallTime now);

}  // namespace github
