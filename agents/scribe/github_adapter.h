// Carries out the Scribe's requests by a github::Github, one after the other on one thread, and
// posts the answers into its mailbox.
#pragma once

#include <string>
#include <vector>

#include "agents/scribe/scribe.h"
#include "github/github.h"
#include "role/mailbox.h"

namespace scribe {

// The translation alone, blocking. Its own state is our login, asked for once.
class GithubCalls {
 public:
  // `approvers`: logins and "@organisation/team"; empty: everybody with the right. With a clock,
  // which must outlive it, no call is made while GitHub asked to be left alone: requests that were
  // under way when it did are answered from here.
  explicit GithubCalls(github::Github& github, std::vector<std::string> approvers = {},
                       const base::Clock* clock = nullptr)
      : github_(github), approvers_(std::move(approvers)), clock_(clock) {}
  [[nodiscard]] Answer carry_out(const Request& request);

 private:
  [[nodiscard]] Answer carry_out(const Write& write);
  [[nodiscard]] Answer carry_out(const Observe& observe);
  [[nodiscard]] Answer carry_out(const ReadControl& read);
  [[nodiscard]] Answer carry_out(const Listen& listen);
  [[nodiscard]] Answer carry_out(const Ask& ask);
  [[nodiscard]] Answer carry_out(const LookWho& look);
  [[nodiscard]] Answer carry_out(const LookLabel& look);
  [[nodiscard]] Answer carry_out(const LookVotes& look);
  [[nodiscard]] std::optional<Fault> learn_login();
  [[nodiscard]] github::Result<bool> is_approver(const std::string& login);
  [[nodiscard]] std::optional<Fault> read_right(const std::string& login, github::Right& right);

  github::Github& github_;
  const std::vector<std::string> approvers_;
  const base::Clock* const clock_;
  base::Instant left_alone_until_;
  std::string login_;  // Empty: not known, or an app's token, which has none.
  bool login_asked_ = false;
};

// dispatch() may be called from one thread. `github` and `mailbox` must outlive it.
class GithubAdapter {
 public:
  GithubAdapter(github::Github& github, role::Mailbox<Answer>& mailbox,
                std::vector<std::string> approvers = {}, const base::Clock* clock = nullptr)
      : calls_(github, std::move(approvers), clock), mailbox_(mailbox), workers_(1) {}
  void dispatch(const std::string& key, const Request& request) {
    workers_.submit([this, key, request] { mailbox_.post(key, calls_.carry_out(request)); });
  }

 private:
  GithubCalls calls_;  // Touched by the one worker only.
  role::Mailbox<Answer>& mailbox_;
  role::Workers workers_;
};

}  // namespace scribe
