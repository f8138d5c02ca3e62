// How a pull request is merged.
#include <algorithm>
#include <optional>
#include <utility>

#include "base/json.h"
#include "forge/pull_tools.h"
#include "forge/ref_changes.h"

namespace forge {
namespace {

constexpr const char* kNotMergeable = "Pull Request is not mergeable";

Reply get_merge(SqliteStore& store, const Call& call) {
  const auto pull = pull_of(store, call);
  return pull && pull->merged ? reply::no_content() : reply::not_found();
}

// Why it must not be merged now; GitHub's statuses.
std::optional<Reply> refuse_merge(SqliteStore& store, const Call& call, const Pull& pull) {
  if (!pull.is_open || pull.is_draft) return make_refusal(405, kNotMergeable);
  const std::string sha = text_of(call, "sha");
  if (!sha.empty() && sha != pull.head_sha) {
    return make_refusal(409, "Head branch was modified. Review and try the merge again.");
  }
  const auto protection = GitTables(store).find_protection(call.repository, pull.base);
  if (!protection) return std::nullopt;
  const auto missing = missing_checks(store, call.repository, *protection, pull.head_sha);
  if (!missing.empty()) {
    return make_refusal(405, "Required status check \"" + missing.front() + "\" is expected.");
  }
  if (protection->is_strict && !call.git->contains(pull.head_sha, pull.base_sha)) {
    return make_refusal(405, "This branch must be up to date with its base before merging.");
  }
  return std::nullopt;
}

std::string with_body(const std::string& title, const std::string& body) {
  return title + "\n" + (body.empty() ? "" : "\n" + body + "\n");
}

std::string squash_body(const Call& call, const Pull& pull) {
  git::Log log =
      call.git->log({pull.head_sha, start_of(*call.git, pull), "", {}, {}, 0, kEverything.size});
  std::string body;
  for (auto commit = log.commits.rbegin(); commit != log.commits.rend(); ++commit) {
    body += (body.empty() ? "* " : "\n* ") + commit->message;
  }
  while (body.ends_with('\n')) body.pop_back();
  return body;
}

// The commit that merges it, still without a sha.
git::Commit make_merge(const Call& call, const Pull& pull, const Issue& issue, bool is_squash,
                       git::Sha tree) {
  git::Commit draft;
  draft.tree = std::move(tree);
  draft.parents = {pull.base_sha};
  draft.committer = person_of(call);
  draft.author = draft.committer;
  std::string title = text_of(call, "commit_title");
  std::string body = text_of(call, "commit_message");
  if (is_squash) {
    draft.author = {issue.author.login, make_email(issue.author.login), call.now};
    if (title.empty()) title = issue.title + " (#" + std::to_string(pull.number) + ")";
    if (body.empty()) body = squash_body(call, pull);
  } else {
    draft.parents.push_back(pull.head_sha);
    if (title.empty()) {
      title = "Merge pull request #" + std::to_string(pull.number) + " from " +
              call.repository.owner.login + "/" + pull.head;
    }
    if (body.empty()) body = issue.title;
  }
  draft.message = with_body(title, body);
  std::erase(draft.message, '\0');
  return draft;
}

// Notes the commit first: should the power fail after the base has moved, note_refs() finds by it
// that this was the merge.
base::Status move_base(git::Repository& git, const Pull& pull, const git::Sha& merge) {
  const std::string mark = merge_mark(pull.number);
  if (const auto old = git.find_ref(mark)) {
    if (base::Status gone = git.remove_ref(mark, old->sha); !gone.ok()) return gone;
  }
  if (base::Status noted = git.create_ref(mark, merge); !noted.ok()) return noted;
  return git.move_ref("refs/heads/" + pull.base, merge, pull.base_sha);
}

Reply put_merge(SqliteStore& store, const Call& call) {
  const auto pull = pull_of(store, call);
  if (!pull) return reply::not_found();
  const std::string given = text_of(call, "merge_method");
  const std::string method = given.empty() ? "merge" : given;
  if (method == "rebase") {
    return make_refusal(405, "Rebase merges are not allowed on this repository.");
  }
  if (method != "merge" && method != "squash") {
    return reply::refuse_field("PullRequest", "merge_method");
  }
  if (auto refused = refuse_merge(store, call, *pull)) return *refused;
  const auto tree = call.git->merge(pull->base_sha, pull->head_sha);
  if (!tree && tree.error().code == base::ErrorCode::conflict) {
    return make_refusal(405, kNotMergeable);
  }
  if (!tree) return refuse_git(tree.error());
  const auto issue = store.find_issue(call.repository, pull->number);
  const auto merge =
      call.git->add_commit(make_merge(call, *pull, *issue, method == "squash", *tree));
  if (!merge) return refuse_git(merge.error());
  const base::Status moved = move_base(*call.git, *pull, *merge);
  if (!moved.ok() && moved.error().code == base::ErrorCode::conflict) {
    return make_refusal(409, "Base branch was modified. Review and try the merge again.");
  }
  if (!moved.ok()) return refuse_git(moved.error());
  note_refs(store, call);
  return reply::ok(
      {{"sha", *merge}, {"merged", true}, {"message", "Pull Request successfully merged"}});
}

// Merges the base into the head.
Reply update_branch(SqliteStore& store, const Call& call) {
  const auto pull = pull_of(store, call);
  if (!pull) return reply::not_found();
  const std::string expected = text_of(call, "expected_head_sha");
  if (!expected.empty() && expected != pull->head_sha) {
    return refuse_because("expected head sha didn't match current head ref.");
  }
  if (!pull->is_open || call.git->contains(pull->head_sha, pull->base_sha)) {
    return refuse_because("There are no new commits on the base branch.");
  }
  const auto tree = call.git->merge(pull->head_sha, pull->base_sha);
  if (!tree) return refuse_because("merge conflict between base and head");
  const git::Person person = person_of(call);
  const auto merge =
      call.git->add_commit({"",
                            *tree,
                            {pull->head_sha, pull->base_sha},
                            person,
                            person,
                            "Merge branch '" + pull->base + "' into " + pull->head + "\n"});
  if (!merge) return refuse_git(merge.error());
  const std::string ref = "refs/heads/" + pull->head;
  if (const auto why = forbid_move(store, call, {ref, pull->head_sha, *merge})) {
    return refuse_because(*why);
  }
  if (base::Status moved = call.git->move_ref(ref, *merge, pull->head_sha); !moved.ok()) {
    return refuse_git(moved.error());
  }
  note_refs(store, call);
  return {202,
          {{"message", "Updating pull request branch."},
           {"url", place_of(call).api() + "/pulls/" + std::to_string(pull->number)}},
          {}};
}

// Merges any commit into a branch.
Reply merge_branch(SqliteStore& store, const Call& call) {
  const std::string base = text_of(call, "base");
  const std::string ref = "refs/heads/" + base;
  const auto tip = git::is_branch_name(base) ? call.git->find_ref(ref) : std::nullopt;
  const auto head = call.git->resolve(text_of(call, "head"));
  if (!tip) return make_refusal(404, "Base does not exist");
  if (!head) return make_refusal(404, "Head does not exist");
  if (call.git->contains(tip->sha, *head)) return reply::no_content();
  const auto tree = call.git->merge(tip->sha, *head);
  if (!tree && tree.error().code == base::ErrorCode::conflict) {
    return make_refusal(409, "Merge conflict");
  }
  if (!tree) return refuse_git(tree.error());
  std::string message = text_of(call, "commit_message");
  if (message.empty()) message = "Merge " + text_of(call, "head") + " into " + base;
  std::erase(message, '\0');
  const git::Person person = person_of(call);
  const auto merge =
      call.git->add_commit({"", *tree, {tip->sha, *head}, person, person, message + "\n"});
  if (!merge) return refuse_git(merge.error());
  if (const auto why = forbid_move(store, call, {ref, tip->sha, *merge})) {
    return make_refusal(403, *why);
  }
  if (base::Status moved = call.git->move_ref(ref, *merge, tip->sha); !moved.ok()) {
    return refuse_git(moved.error());
  }
  note_refs(store, call);
  return reply::created(commit_json(know(store, *call.git->commit(*merge)), place_of(call)));
}

}  // namespace

std::vector<Endpoint> merge_endpoints() {
  using enum Role;
  return {
      {"GET", "/repos/{owner}/{repo}/pulls/{pull_number}/merge", read, get_merge},
      {"PUT", "/repos/{owner}/{repo}/pulls/{pull_number}/merge", write, put_merge},
      {"POST", "/repos/{owner}/{repo}/merges", write, merge_branch},
      {"PUT", "/repos/{owner}/{repo}/pulls/{pull_number}/update-branch", write, update_branch},
  };
}

}  // namespace forge
