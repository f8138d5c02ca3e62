// Carries out the Scribe's requests by a github::Github and posts the answers into its mailbox, on
// two threads: what is written, one after the other, and what is read. A write takes its time, git
// up to a minute, and what people say is heard meanwhile.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "agents/scribe/agent_calls.h"
#include "agents/scribe/pull_calls.h"
#include "agents/scribe/scribe.h"
#include "github/github.h"
#include "github/hooks.h"
#include "role/mailbox.h"

namespace scribe {

// What else there may be besides the common way to GitHub. All that is pointed to is borrowed.
struct Around {
  // Logins and "@organisation/team"; empty: everybody with the right.
  std::vector<std::string> approvers = {};
  // Who speaks for an agent ("brain", …); one that is not here speaks with the common voice, and so
  // does one whom GitHub does not let write.
  std::map<std::string, github::Github*> voices = {};
  github::Hooks* hooks = nullptr;  // Whose lost deliveries are asked for again.
  // Told when that fails, which nothing else waits for.
  std::function<void(const base::Error&)> on_hooks_failed = {};
  PullCalls* pulls = nullptr;  // Without it no pull request can be made. Of the writes.
  // With a clock no call is made while GitHub asked to be left alone: requests that were under way
  // when it did are answered from here. (What one line was told, the other learns from the lines'
  // github::Quiet, between the calls of a request too.)
  const base::Clock* clock = nullptr;
  escalation::CodingAgent* agent = nullptr;  // Tier 3; blocks for as long as it works.
  base::Redactor redactor = {};              // Of what it gets.
};

// The translation alone, blocking. Its own state is our logins, asked for once.
class GithubCalls {
 public:
  explicit GithubCalls(github::Github& github, Around around = {})
      : github_(github), around_(std::move(around)) {}
  [[nodiscard]] Answer carry_out(const Request& request);

 private:
  [[nodiscard]] Answer carry_out(const CatchUp& catch_up);
  [[nodiscard]] Answer carry_out(const Write& write);
  [[nodiscard]] Answer carry_out(const Observe& observe);
  [[nodiscard]] Answer carry_out(const ReadControl& read);
  [[nodiscard]] Answer carry_out(const Listen& listen);
  [[nodiscard]] Answer carry_out(const Ask& ask);
  [[nodiscard]] Answer carry_out(const LookWho& look);
  [[nodiscard]] Answer carry_out(const LookLabel& look);
  [[nodiscard]] Answer carry_out(const LookVotes& look);
  [[nodiscard]] Answer carry_out(const PullWrite& write);
  [[nodiscard]] Answer carry_out(const LookPull& look);
  [[nodiscard]] Answer carry_out(const HandOver& request) {
    return hand_over(around_.agent, request, around_.redactor);
  }
  [[nodiscard]] Answer carry_out(const LookHandover& request) {
    return look_at(around_.agent, request);
  }
  void comment(const Write& write, Written& written);
  [[nodiscard]] std::optional<Fault> learn_logins();
  [[nodiscard]] bool is_ours(const std::string& login) const { return ours_.contains(login); }
  [[nodiscard]] github::Result<bool> is_approver(const std::string& login);
  [[nodiscard]] std::optional<Fault> read_right(const std::string& login, github::Right& right);

  github::Github& github_;
  const Around around_;
  base::Instant left_alone_until_;
  std::string login_;           // The common voice's. Empty: not known, or an app, which has none.
  std::set<std::string> ours_;  // That one and those of the other voices.
  bool are_all_known_ = true;   // False: somebody else may be one of us too.
  bool logins_asked_ = false;
  base::WallTime caught_up_;  // Deliveries before that have been looked at.
};

// A line to GitHub of one thread's own: it shares nothing of what is pointed to with another.
struct Line {
  github::Github& github;
  Around around = {};
};

// dispatch() may be called from one thread. What the lines point to, and `mailbox`, must outlive
// it.
class GithubAdapter {
 public:
  GithubAdapter(Line reads, Line writes, role::Mailbox<Answer>& mailbox)
      : reads_(reads.github, std::move(reads.around)),
        writes_(writes.github, std::move(writes.around)),
        mailbox_(mailbox),
        reader_(1),
        writer_(1) {}
  void dispatch(const std::string& key, const Request& request) {
    const bool writes = std::holds_alternative<Write>(request) ||
                        std::holds_alternative<PullWrite>(request) ||
                        std::holds_alternative<LookPull>(request);
    GithubCalls& calls = writes ? writes_ : reads_;
    role::Workers& worker = writes ? writer_ : reader_;
    worker.submit([this, &calls, key, request] { mailbox_.post(key, calls.carry_out(request)); });
  }

 private:
  GithubCalls reads_, writes_;  // Each touched by its one worker only.
  role::Mailbox<Answer>& mailbox_;
  role::Workers reader_, writer_;
};

}  // namespace scribe
