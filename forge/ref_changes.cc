#include "forge/ref_changes.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "forge/git_tools.h"
#include "forge/issue_changes.h"

namespace forge {
namespace {

using Json = nlohmann::json;

constexpr int kPushCommitsMax = 20;  // Told one by one, as on GitHub.
constexpr std::string_view kMain = "main";

Json push_payload(const Call& call, const RefMove& move) {
  const git::Repository& git = *call.git;
  const Place place = place_of(call);
  const bool is_made = move.from.empty();
  const bool is_gone = move.to.empty();
  const git::Sha before = is_made ? git::kNullSha : move.from;
  const git::Sha after = is_gone ? git::kNullSha : move.to;
  Json commits = Json::array();
  Json head = nullptr;
  if (const auto commit = git.commit(move.to)) {
    std::optional<git::Sha> known;
    if (!is_made) known = move.from;
    if (const auto main = git.find_ref("refs/heads/main"); is_made && main) known = main->sha;
    git::Log log = git.log({move.to, known, "", {}, {}, 0, kPushCommitsMax});
    std::reverse(log.commits.begin(), log.commits.end());
    const auto told = [&](const git::Commit& one) {
      const git::Sha parent = one.parents.empty() ? "" : one.parents.front();
      return payload_commit_json(one, git.changes(parent, one.sha), place);
    };
    for (const git::Commit& one : log.commits) commits.push_back(told(one));
    head = told(*commit);
  }
  const bool is_forced = !is_made && !is_gone && !git.contains(move.to, move.from);
  return {{"ref", move.ref},
          {"before", before},
          {"after", after},
          {"created", is_made},
          {"deleted", is_gone},
          {"forced", is_forced},
          {"base_ref", nullptr},
          {"compare", place.page() + "/compare/" + before + "..." + after},
          {"commits", std::move(commits)},
          {"head_commit", std::move(head)},
          {"pusher", {{"name", call.user.login}, {"email", make_email(call.user.login)}}}};
}

void tell_move(const Call& call, const RefMove& move) {
  const bool is_tag = move.ref.starts_with("refs/tags/");
  const Json named = {{"ref", move.ref.substr(std::string_view("refs/tags/").size())},
                      {"ref_type", is_tag ? "tag" : "branch"},
                      {"pusher_type", "user"}};
  const auto with_name = [&] {
    Json extra = named;
    if (!is_tag) extra["ref"] = git::branch_of(move.ref);
    return extra;
  };
  if (move.from.empty()) {
    Json extra = with_name();
    extra["master_branch"] = kMain;
    extra["description"] = nullptr;
    call.announcements.push_back({"create", "", 0, std::move(extra)});
  }
  call.announcements.push_back({"push", "", 0, push_payload(call, move)});
  if (move.to.empty()) call.announcements.push_back({"delete", "", 0, with_name()});
}

void close_pull(SqliteStore& store, const Call& call, const Pull& pull) {
  auto issue = store.find_issue(call.repository, pull.number);
  if (!issue) return;
  IssueInput input;
  input.state = "closed";
  change_state(store, call, *issue, input);
  store.save_issue(*issue);
}

void follow_head(SqliteStore& store, const Call& call, Pull& pull, const RefMove& move) {
  if (move.to.empty()) return close_pull(store, call, pull);
  if (pull.head_sha == move.to) return;
  const git::Sha before = pull.head_sha;
  pull.head_sha = move.to;
  GitTables(store).save_pull(pull);
  store.touch_issue(pull.issue_id, call.now);
  announce_pull(call, "synchronize", pull.number, {{"before", before}, {"after", move.to}});
}

void follow_base(SqliteStore& store, const Call& call, Pull& pull, const RefMove& move) {
  if (move.to.empty()) return close_pull(store, call, pull);
  const auto mark = call.git->find_ref(merge_mark(pull.number));
  if (mark && call.git->contains(move.to, mark->sha)) {
    return mark_merged(store, call, pull, mark->sha);
  }
  if (call.git->contains(move.to, pull.head_sha)) {
    return mark_merged(store, call, pull, move.to);
  }
  pull.base_sha = move.to;
  GitTables(store).save_pull(pull);
}

// Keeps the pull request's commits alive and fetchable, whatever becomes of its branch.
void keep_head(const Call& call, const Pull& pull) {
  const std::string name = pull_ref(pull.number);
  const auto kept = call.git->find_ref(name);
  if (kept && kept->sha == pull.head_sha) return;
  const base::Status done = kept ? call.git->move_ref(name, pull.head_sha, kept->sha)
                                 : call.git->create_ref(name, pull.head_sha);
  static_cast<void>(done);  // Refused only for a head that is gone: then there is nothing to keep.
}

void follow(SqliteStore& store, const Call& call, const RefMove& move) {
  const std::string branch = git::branch_of(move.ref);
  if (branch.empty()) return;
  PullFilter by_head;
  by_head.head = branch;
  for (Pull& pull : GitTables(store).list_pulls(call.repository, by_head, kEverything)) {
    follow_head(store, call, pull, move);
    keep_head(call, pull);
  }
  PullFilter by_base;
  by_base.base = branch;
  for (Pull& pull : GitTables(store).list_pulls(call.repository, by_base, kEverything)) {
    follow_base(store, call, pull, move);
  }
}

std::vector<RefMove> find_moves(SqliteStore& store, const Call& call) {
  std::map<std::string, std::string> told = GitTables(store).list_refs(call.repository);
  std::vector<RefMove> moves;
  for (const char* prefix : {"refs/heads/", "refs/tags/"}) {
    for (const git::Ref& ref : call.git->refs(prefix)) {
      const auto known = told.find(ref.name);
      const git::Sha from = known == told.end() ? "" : known->second;
      if (known != told.end()) told.erase(known);
      if (from != ref.sha) moves.push_back({ref.name, from, ref.sha});
    }
  }
  for (const auto& [name, sha] : told) moves.push_back({name, sha, ""});
  return moves;
}

}  // namespace

std::optional<std::string> forbid_move(SqliteStore& store, const Call& call, const RefMove& move) {
  const std::string branch = git::branch_of(move.ref);
  if (branch == kMain && move.to.empty()) return "Cannot delete the default branch";
  const auto protection = GitTables(store).find_protection(call.repository, branch);
  if (branch.empty() || !protection) return std::nullopt;
  if (move.to.empty()) return "Cannot delete a protected branch";
  const auto missing = missing_checks(store, call.repository, *protection, move.to);
  if (!missing.empty()) return "Required status check \"" + missing.front() + "\" is expected.";
  const bool is_known = call.git->commit(move.to).has_value();
  if (is_known && !move.from.empty() && !call.git->contains(move.to, move.from)) {
    return "Cannot force-push to a protected branch";
  }
  return std::nullopt;
}

void note_refs(SqliteStore& store, const Call& call) {
  GitTables tables(store);
  for (const RefMove& move : find_moves(store, call)) {
    if (move.to.empty()) {
      tables.remove_ref(call.repository, move.ref);
    } else {
      tables.save_ref(call.repository, move.ref, move.to);
    }
    tell_move(call, move);
    follow(store, call, move);
  }
}

void announce_pull(const Call& call, std::string action, int number, Json extra) {
  call.announcements.push_back({"pull_request", std::move(action), number, std::move(extra)});
}

void mark_merged(SqliteStore& store, const Call& call, Pull& pull, const git::Sha& merge) {
  pull.merged = call.now;
  pull.merged_by = call.user;
  pull.merge_sha = merge;
  GitTables(store).save_pull(pull);
  store.add_event(pull.issue_id,
                  {0, call.user, EventKind::merged, "", merge, std::nullopt, call.now});
  close_pull(store, call, pull);
}

std::string merge_mark(int number) { return "refs/forge/merged/" + std::to_string(number); }
std::string pull_ref(int number) { return "refs/pull/" + std::to_string(number) + "/head"; }

}  // namespace forge
