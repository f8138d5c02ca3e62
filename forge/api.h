// The door of the forge's REST API: who asks, may they, how often; then one transaction, one reply,
// one line in the record.
#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/time.h"
#include "forge/faults.h"
#include "forge/forge.h"
#include "http/router.h"

namespace git {
class Repository;
}

namespace forge {

class Apps;
class SqliteStore;
struct Call;
struct Endpoint;
struct RefMove;
struct Rights;

// What the API works on beside the store.
struct ApiLinks {
  git::Repository& git;
};

// What a push may do.
struct PushVerdict {
  std::string refusal;         // Empty: it may go on.
  bool keeps_history = false;  // But must not leave out commits that are there.
};

// Not thread-safe but for caller_of(); the store, the clock and the links outlive it.
class Api {
 public:
  // `site` is the forge's own address without slash. `record` may be null; otherwise it is owned by
  // the caller, opened for appending.
  Api(const Options& options, SqliteStore& store, const base::Clock& clock, std::string site,
      std::FILE* record, ApiLinks links);
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  // Whether a path belongs to GitHub's API, served or not.
  [[nodiscard]] static bool owns(std::string_view path);
  // What a request is counted under before anything else is known: a login, "app", or "nobody".
  [[nodiscard]] std::string caller_of(const http::Request& request) const;
  // The answer when what handle() did could not be stored.
  [[nodiscard]] static http::Response make_failure(int status, std::string_view message);
  // Anything it does not serve is answered 501. What it did is durable with the caller's batch.
  [[nodiscard]] http::Response handle(const http::Request& request);
  // The same for somebody who is known already: a person signed in to the pages.
  [[nodiscard]] http::Response handle_as(const std::string& login, const http::Request& request);
  // Git's refs may have moved by another way than this API: tells so in that login's name.
  void note_refs(const std::string& login);
  // Whether these refs may be pushed.
  [[nodiscard]] PushVerdict judge_push(const std::string& login, const std::vector<RefMove>& moves);
  // Whom a person's or an installation's token speaks for; empty: nobody.
  [[nodiscard]] std::string login_of_any_token(std::string_view token) const;
  // Whom a person's token speaks for; empty: nobody.
  [[nodiscard]] std::string login_of_token(std::string_view token) const;
  [[nodiscard]] Role role_of(std::string_view login) const;

 private:
  // Who asks; nobody without a login.
  struct Caller {
    std::string login;
    const App* app = nullptr;  // When the request is signed by the app itself.
    bool is_installation = false;
    std::string refusal = "Bad credentials";
  };
  struct Budget {
    std::int64_t reset_s = 0;
    int used = 0;
    bool is_scripted = false;  // Used up by a test, not by calls.
  };

  [[nodiscard]] http::Response answer(const http::Request& request, std::string_view path,
                                      std::string& path_template);
  // Counts a request; an answer means that its limit is used up.
  [[nodiscard]] std::optional<http::Response> meet_limit(Budget& budget);
  // Plays what a test has scripted for a write; an answer means it is not done.
  [[nodiscard]] std::optional<http::Response> meet_write(const http::Request& request,
                                                         std::optional<WriteFault>& fault);
  // By how much what a test has scripted makes this list lag.
  [[nodiscard]] base::Millis lag_of(const http::Request& request) const;
  [[nodiscard]] http::Response serve(const Endpoint& endpoint, const http::Request& request,
                                     const http::Params& params);
  // In one transaction, without a request.
  void work_as(const std::string& login,
               const std::function<void(SqliteStore&, const Call&)>& work);
  [[nodiscard]] Caller read_caller(std::string_view token) const;
  [[nodiscard]] http::Response answer_as(Caller caller, const http::Request& request);
  // An answer means that this endpoint is not for the caller.
  [[nodiscard]] std::optional<http::Response> meet_audience(const Endpoint& endpoint) const;
  void add_common_headers(const http::Request& request, http::Response& response);
  void record(const http::Request& request, std::string_view path, std::string_view path_template,
              const http::Response& response);

  SqliteStore& store_;
  const base::Clock& clock_;
  const std::string site_;
  std::FILE* record_;
  const int requests_per_hour_;
  std::unique_ptr<Rights> rights_;
  std::map<std::string, std::string> logins_;  // By the token's SHA-256.
  std::map<std::string, Budget> budgets_;      // By login.
  const std::shared_ptr<Faults> faults_;
  const ApiLinks links_;
  std::vector<Deed> deeds_;  // To be done when the request at hand is.
  bool is_deed_ = false;
  std::unique_ptr<Apps> apps_;
  Caller caller_;  // Of the request at hand.
  http::Router router_;
  base::SystemRandom random_;
};

}  // namespace forge
