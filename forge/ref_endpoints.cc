#include <optional>
#include <utility>

#include "base/json.h"
#include "forge/git_tools.h"
#include "forge/ref_changes.h"

namespace forge {
namespace {

using Json = nlohmann::json;

// "heads/main" of the path to its whole name.
std::string whole_ref(const Call& call) { return "refs/" + param(call, "ref"); }

bool is_shown(std::string_view name) {
  return name.starts_with("refs/heads/") || name.starts_with("refs/tags/") ||
         name.starts_with("refs/pull/");
}

Reply get_ref(SqliteStore&, const Call& call) {
  const std::string name = whole_ref(call);
  const bool is_good = name.size() <= git::kRefNameMax && is_shown(name);
  const auto ref = is_good ? call.git->find_ref(name) : std::nullopt;
  return ref ? reply::ok(ref_json(*ref, place_of(call))) : reply::not_found();
}

Reply list_refs(SqliteStore&, const Call& call) {
  Json all = Json::array();
  for (const git::Ref& ref : call.git->refs(whole_ref(call))) {
    if (is_shown(ref.name)) all.push_back(ref_json(ref, place_of(call)));
  }
  return reply::slice(call, all);
}

Reply create_ref(SqliteStore& store, const Call& call) {
  const std::string name = text_of(call, "ref");
  const std::string sha = text_of(call, "sha");
  if (!git::is_writable_ref(name)) {
    return refuse_because(
        "Reference name is not valid: below refs/heads/ or refs/tags/, as git"
        " check-ref-format has it");
  }
  if (!git::branch_of(name).empty() && !call.git->commit(sha)) {
    return refuse_because("Object does not exist");
  }
  const base::Status made = call.git->create_ref(name, sha);
  if (!made.ok() && made.error().code == base::ErrorCode::conflict) {
    return refuse_because("Reference already exists");
  }
  if (!made.ok() && made.error().code == base::ErrorCode::not_found) {
    return refuse_because("Object does not exist");
  }
  if (!made.ok()) return refuse_git(made.error());
  note_refs(store, call);
  return reply::created(ref_json(*call.git->find_ref(name), place_of(call)));
}

Reply update_ref(SqliteStore& store, const Call& call) {
  const std::string name = whole_ref(call);
  const std::string sha = text_of(call, "sha");
  if (!git::is_writable_ref(name)) return refuse_because("Reference cannot be updated");
  const auto ref = call.git->find_ref(name);
  if (!ref) return refuse_because("Reference does not exist");
  if (!call.git->commit(sha)) return refuse_because("Object does not exist");
  if (const auto why = forbid_move(store, call, {name, ref->sha, sha})) {
    return refuse_because(*why);
  }
  const bool is_forced = call.body.is_object() && base::get_bool(call.body, "force");
  if (!is_forced && !call.git->contains(sha, ref->sha)) {
    return refuse_because("Update is not a fast forward");
  }
  if (base::Status moved = call.git->move_ref(name, sha, ref->sha); !moved.ok()) {
    return refuse_git(moved.error());
  }
  note_refs(store, call);
  return reply::ok(ref_json(*call.git->find_ref(name), place_of(call)));
}

Reply delete_ref(SqliteStore& store, const Call& call) {
  const std::string name = whole_ref(call);
  const auto ref = git::is_writable_ref(name) ? call.git->find_ref(name) : std::nullopt;
  if (!ref) return refuse_because("Reference does not exist");
  if (const auto why = forbid_move(store, call, {name, ref->sha, ""})) return refuse_because(*why);
  if (base::Status removed = call.git->remove_ref(name, ref->sha); !removed.ok()) {
    return refuse_git(removed.error());
  }
  note_refs(store, call);
  return reply::no_content();
}

// ---- Branches ----

Reply list_branches(SqliteStore& store, const Call& call) {
  Json all = Json::array();
  const std::string_view only = call.request.query_value("protected");
  for (const git::Ref& ref : call.git->refs("refs/heads/")) {
    const std::string name = git::branch_of(ref.name);
    const bool is_protected = GitTables(store).find_protection(call.repository, name).has_value();
    if (!only.empty() && (only == "true") != is_protected) continue;
    all.push_back(short_branch_json(name, ref.sha, is_protected, place_of(call)));
  }
  return reply::slice(call, all);
}

std::optional<git::Ref> branch_ref(const Call& call) {
  const std::string& name = param(call, "branch");
  if (!git::is_branch_name(name)) return std::nullopt;
  return call.git->find_ref("refs/heads/" + name);
}

Reply get_branch(SqliteStore& store, const Call& call) {
  const auto ref = branch_ref(call);
  const auto commit = ref ? call.git->commit(ref->sha) : std::nullopt;
  if (!commit) return make_refusal(404, "Branch not found");
  const std::string& name = param(call, "branch");
  const auto protection = GitTables(store).find_protection(call.repository, name);
  return reply::ok(
      branch_json(name, know(store, *commit), protection ? &*protection : nullptr, place_of(call)));
}

Reply get_protection(SqliteStore& store, const Call& call) {
  if (!branch_ref(call)) return make_refusal(404, "Branch not found");
  const auto found = GitTables(store).find_protection(call.repository, param(call, "branch"));
  if (!found) return make_refusal(404, "Branch not protected");
  return reply::ok(protection_json(*found, place_of(call)));
}

Reply put_protection(SqliteStore& store, const Call& call) {
  if (!branch_ref(call)) return make_refusal(404, "Branch not found");
  const auto protection = parse_protection(call.body, param(call, "branch"));
  if (!protection.ok()) return reply::refuse_field("Branch", protection.error().message);
  GitTables(store).save_protection(call.repository, *protection);
  return reply::ok(protection_json(*protection, place_of(call)));
}

Reply delete_protection(SqliteStore& store, const Call& call) {
  if (!GitTables(store).find_protection(call.repository, param(call, "branch"))) {
    return make_refusal(404, "Branch not protected");
  }
  GitTables(store).remove_protection(call.repository, param(call, "branch"));
  return reply::no_content();
}

}  // namespace

std::vector<Endpoint> ref_endpoints() {
  using enum Role;
  return {
      {"GET", "/repos/{owner}/{repo}/git/ref/{ref}", read, get_ref},
      {"GET", "/repos/{owner}/{repo}/git/matching-refs/{ref}", read, list_refs},
      {"POST", "/repos/{owner}/{repo}/git/refs", write, create_ref},
      {"PATCH", "/repos/{owner}/{repo}/git/refs/{ref}", write, update_ref},
      {"DELETE", "/repos/{owner}/{repo}/git/refs/{ref}", write, delete_ref},
      {"GET", "/repos/{owner}/{repo}/branches", read, list_branches},
      {"GET", "/repos/{owner}/{repo}/branches/{branch}", read, get_branch},
      {"GET", "/repos/{owner}/{repo}/branches/{branch}/protection", admin, get_protection},
      {"PUT", "/repos/{owner}/{repo}/branches/{branch}/protection", admin, put_protection},
      {"DELETE", "/repos/{owner}/{repo}/branches/{branch}/protection", admin, delete_protection},
  };
}

}  // namespace forge
