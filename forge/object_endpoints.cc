// Git's commits, trees and blobs, and files by their paths.
#include <optional>
#include <utility>
#include <variant>

#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "forge/git_tools.h"
#include "forge/ref_changes.h"

namespace forge {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kTreeEditsMax = 5000;

Reply get_blob(SqliteStore&, const Call& call) {
  const std::string& sha = param(call, "file_sha");
  const auto bytes = call.git->blob(sha);
  return bytes ? reply::ok(blob_json(sha, *bytes, place_of(call))) : reply::not_found();
}

Reply create_blob(SqliteStore&, const Call& call) {
  if (!call.body.is_object() || !call.body.contains("content")) {
    return refuse_because("\"content\" wasn't supplied.");
  }
  std::optional<std::string> bytes = text_of(call, "content");
  const std::string encoding = base::get_string(call.body, "encoding", "utf-8");
  if (encoding != "utf-8" && encoding != "base64") return refuse_because("Unknown encoding");
  if (encoding == "base64") bytes = base::decode_base64(*bytes);
  if (!bytes) return refuse_because("content is not valid Base64");
  const auto sha = call.git->add_blob(*bytes);
  if (!sha) return refuse_git(sha.error());
  return reply::created({{"sha", *sha}, {"url", place_of(call).api() + "/git/blobs/" + *sha}});
}

Reply get_tree(SqliteStore&, const Call& call) {
  const auto commit = call.git->resolve(param(call, "tree_sha"));
  const auto sha = call.git->tree_of(commit.value_or(param(call, "tree_sha")));
  if (!sha) return reply::not_found();
  const bool is_recursive = !call.request.query_value("recursive").empty();
  const auto entries = call.git->tree(*sha, is_recursive);
  if (!entries) return refuse_git(entries.error());
  return reply::ok(tree_json(*sha, *entries, place_of(call)));
}

// One entry of the body's tree; a text says why it is refused.
std::variant<git::TreeEdit, std::string> read_edit(const Call& call, const Json& entry) {
  git::TreeEdit edit;
  edit.path = base::get_string(entry, "path");
  edit.mode = base::get_string(entry, "mode", "100644");
  if (!git::is_tree_path(edit.path)) return "tree.path contains a malformed path component";
  const auto sha = entry.find("sha");
  const auto content = entry.find("content");
  if (sha != entry.end() && sha->is_null()) return edit;
  if (sha != entry.end() && sha->is_string()) {
    edit.sha = sha->get<std::string>();
    return edit;
  }
  if (content == entry.end() || !content->is_string()) return "Must supply tree.sha or content";
  const auto blob = call.git->add_blob(content->get_ref<const std::string&>());
  if (!blob) return blob.error().message;
  edit.sha = *blob;
  return edit;
}

Reply create_tree(SqliteStore&, const Call& call) {
  std::vector<git::TreeEdit> edits;
  const Json& entries = call.body.is_object() ? base::get_array(call.body, "tree") : Json::array();
  if (entries.empty() || entries.size() > kTreeEditsMax) return refuse_because("Invalid tree info");
  for (const Json& entry : entries) {
    if (!entry.is_object()) return refuse_because("Invalid tree info");
    auto edit = read_edit(call, entry);
    if (const auto* why = std::get_if<std::string>(&edit)) return refuse_because(*why);
    edits.push_back(std::get<git::TreeEdit>(std::move(edit)));
  }
  const std::string base = text_of(call, "base_tree");
  if (!base.empty() && !call.git->tree_of(base)) return refuse_because("base_tree is not a tree");
  const auto sha = call.git->add_tree(base, edits);
  if (!sha && sha.error().code == base::ErrorCode::not_found) {
    return refuse_because("tree.sha is not a valid blob or tree");
  }
  if (!sha) return refuse_git(sha.error());
  const auto made = call.git->tree(*sha, false);
  if (!made) return refuse_git(made.error());
  return reply::created(tree_json(*sha, *made, place_of(call)));
}

Reply get_commit(SqliteStore&, const Call& call) {
  const auto commit = call.git->commit(param(call, "commit_sha"));
  return commit ? reply::ok(git_commit_json(*commit, place_of(call))) : reply::not_found();
}

// Who the body says wrote it, or the caller.
std::optional<git::Person> read_person(const Call& call, const char* field,
                                       const git::Person& fallback) {
  const Json& given = base::get_object(call.body, field);
  git::Person person = fallback;
  if (!given.is_object()) return person;
  person.name = base::get_string(given, "name", fallback.name);
  person.email = base::get_string(given, "email", fallback.email);
  if (const std::string date = base::get_string(given, "date"); !date.empty()) {
    const auto at = base::parse_utc(date);
    if (!at) return std::nullopt;
    person.at = *at;
  }
  const auto is_clean = [](const std::string& text) {
    return !text.empty() && text.size() <= 255 &&
           text.find_first_of(std::string_view("<>\n\0", 4)) == text.npos;
  };
  if (!is_clean(person.name) || !is_clean(person.email)) return std::nullopt;
  return person;
}

// A commit by whom the body names, without its tree; a reply says why not.
std::variant<git::Commit, Reply> read_commit(const Call& call) {
  git::Commit draft;
  if (!call.body.is_object()) return refuse_because("Body should be a JSON object");
  draft.message = text_of(call, "message");
  if (draft.message.empty() || draft.message.find('\0') != draft.message.npos) {
    return refuse_because("\"message\" wasn't supplied.");
  }
  const auto author = read_person(call, "author", person_of(call));
  const auto committer = author ? read_person(call, "committer", *author) : std::nullopt;
  if (!author || !committer) return refuse_because("author or committer is malformed");
  draft.author = *author;
  draft.committer = *committer;
  return draft;
}

Reply create_commit(SqliteStore&, const Call& call) {
  auto read = read_commit(call);
  if (const auto* refused = std::get_if<Reply>(&read)) return *refused;
  auto draft = std::get<git::Commit>(std::move(read));
  draft.tree = text_of(call, "tree");
  for (const Json& parent : base::get_array(call.body, "parents")) {
    draft.parents.push_back(parent.is_string() ? parent.get<std::string>() : "");
    if (!call.git->commit(draft.parents.back())) {
      return refuse_because("Parent SHA does not exist or is not a commit object");
    }
  }
  if (call.git->tree_of(draft.tree) != draft.tree) return refuse_because("Tree SHA does not exist");
  const auto sha = call.git->add_commit(draft);
  if (!sha) return refuse_git(sha.error());
  return reply::created(git_commit_json(*call.git->commit(*sha), place_of(call)));
}

// ---- Tags as objects ----

Reply get_tag(SqliteStore&, const Call& call) {
  const auto tag = call.git->tag(param(call, "tag_sha"));
  return tag ? reply::ok(tag_json(*tag, place_of(call))) : reply::not_found();
}

// The object alone: its ref is made by POST …/git/refs.
Reply create_tag(SqliteStore&, const Call& call) {
  git::Tag draft;
  draft.name = text_of(call, "tag");
  draft.message = text_of(call, "message");
  draft.object = text_of(call, "object");
  if (!git::is_writable_ref("refs/tags/" + draft.name)) return refuse_because("tag is not valid");
  if (draft.message.empty() || draft.message.find('\0') != draft.message.npos) {
    return refuse_because("\"message\" wasn't supplied.");
  }
  const auto tagger = read_person(call, "tagger", person_of(call));
  if (!tagger) return refuse_because("tagger is malformed");
  draft.tagger = *tagger;
  const auto sha = call.git->add_tag(draft);
  if (!sha && sha.error().code == base::ErrorCode::not_found) {
    return refuse_because("object does not exist");
  }
  if (!sha) return refuse_git(sha.error());
  const auto made = call.git->tag(*sha);
  if (made->type != text_of(call, "type")) return refuse_because("type is not the object's");
  return reply::created(tag_json(*made, place_of(call)));
}

// ---- Contents ----

Reply get_content(SqliteStore&, const Call& call) {
  const std::string ref(call.request.query_value("ref", "main"));
  std::string path = param(call, "path");
  while (path.ends_with('/')) path.pop_back();
  if (!path.empty() && !git::is_tree_path(path)) return refuse_because("path is malformed");
  const auto commit = call.git->resolve(ref);
  if (!commit) return make_refusal(404, "No commit found for the ref");
  const auto entry = call.git->entry(*commit, path);
  if (!entry) return reply::not_found();
  if (entry->type == "blob") {
    return reply::ok(content_json(*entry, ref, call.git->blob(entry->sha), place_of(call)));
  }
  if (entry->type != "tree") return reply::not_found();
  const auto entries = call.git->tree(entry->sha, false);
  if (!entries) return refuse_git(entries.error());
  Json list = Json::array();
  for (git::TreeEntry one : *entries) {
    if (!path.empty()) one.path = path + "/" + one.path;
    list.push_back(content_json(one, ref, std::nullopt, place_of(call)));
  }
  return reply::ok(std::move(list));
}

Reply get_readme(SqliteStore&, const Call& call) {
  const std::string ref(call.request.query_value("ref", "main"));
  const auto commit = call.git->resolve(ref);
  const auto entries = call.git->tree(commit.value_or(""), false);
  if (!entries) return reply::not_found();
  for (const git::TreeEntry& entry : *entries) {
    const std::string name = base::to_lower_ascii(entry.path);
    if (entry.type != "blob" || (name != "readme" && !name.starts_with("readme."))) continue;
    return reply::ok(content_json(entry, ref, call.git->blob(entry.sha), place_of(call)));
  }
  return reply::not_found();
}

struct FileWrite {
  std::string path;
  std::string branch;
  git::Sha tip;                          // Of the branch.
  std::optional<git::TreeEntry> before;  // What is there.
};

// Where a file is to be written, checked against the sha the client knows.
std::variant<FileWrite, Reply> read_write(const Call& call) {
  FileWrite to;
  to.path = param(call, "path");
  if (!git::is_tree_path(to.path))
    return refuse_because("path contains a malformed path component");
  to.branch = text_of(call, "branch");
  if (to.branch.empty()) to.branch = "main";
  const auto ref =
      git::is_branch_name(to.branch) ? call.git->find_ref("refs/heads/" + to.branch) : std::nullopt;
  if (!ref) return make_refusal(404, "Branch " + to.branch.substr(0, 100) + " not found");
  to.tip = ref->sha;
  to.before = call.git->entry(to.tip, to.path);
  if (to.before && to.before->type != "blob") return refuse_because("path is no file");
  const std::string known = text_of(call, "sha");
  if (to.before && known.empty()) return refuse_because("\"sha\" wasn't supplied.");
  const std::string there = to.before ? to.before->sha : "";
  if (known != there) return make_refusal(409, to.path + " does not match " + known.substr(0, 40));
  return to;
}

// Commits one edit to the branch. The reply's content is left null.
Reply commit_edit(SqliteStore& store, const Call& call, const FileWrite& to,
                  const git::TreeEdit& edit) {
  auto read = read_commit(call);
  if (const auto* refused = std::get_if<Reply>(&read)) return *refused;
  auto draft = std::get<git::Commit>(std::move(read));
  const auto tree = call.git->add_tree(to.tip, {edit});
  if (!tree) return refuse_git(tree.error());
  draft.tree = *tree;
  draft.parents = {to.tip};
  const auto sha = call.git->add_commit(draft);
  if (!sha) return refuse_git(sha.error());
  const std::string ref = "refs/heads/" + to.branch;
  if (const auto why = forbid_move(store, call, {ref, to.tip, *sha})) {
    return make_refusal(409, "Repository rule violations found: " + *why);
  }
  if (base::Status moved = call.git->move_ref(ref, *sha, to.tip); !moved.ok()) {
    return refuse_git(moved.error());
  }
  note_refs(store, call);
  return reply::ok(
      {{"content", nullptr}, {"commit", git_commit_json(*call.git->commit(*sha), place_of(call))}});
}

Reply put_content(SqliteStore& store, const Call& call) {
  auto read = read_write(call);
  if (const auto* refused = std::get_if<Reply>(&read)) return *refused;
  const auto& to = std::get<FileWrite>(read);
  const bool is_given = call.body.is_object() && call.body.contains("content");
  const auto bytes = is_given ? base::decode_base64(text_of(call, "content")) : std::nullopt;
  if (!bytes) return refuse_because("content is not valid Base64");
  const auto blob = call.git->add_blob(*bytes);
  if (!blob) return refuse_git(blob.error());
  const std::string mode = to.before ? to.before->mode : "100644";
  Reply done = commit_edit(store, call, to, {to.path, mode, *blob});
  if (done.status != 200) return done;
  const git::Sha sha = base::get_string(done.body.at("commit"), "sha");
  if (const auto entry = call.git->entry(sha, to.path)) {
    done.body["content"] = content_json(*entry, to.branch, std::nullopt, place_of(call));
  }
  done.status = to.before ? 200 : 201;
  return done;
}

Reply delete_content(SqliteStore& store, const Call& call) {
  auto read = read_write(call);
  if (const auto* refused = std::get_if<Reply>(&read)) return *refused;
  const auto& to = std::get<FileWrite>(read);
  if (!to.before) return reply::not_found();
  return commit_edit(store, call, to, {to.path, "100644", std::nullopt});
}

}  // namespace

std::vector<Endpoint> object_endpoints() {
  using enum Role;
  return {
      {"GET", "/repos/{owner}/{repo}/git/blobs/{file_sha}", read, get_blob},
      {"POST", "/repos/{owner}/{repo}/git/blobs", write, create_blob},
      {"GET", "/repos/{owner}/{repo}/git/trees/{tree_sha}", read, get_tree},
      {"POST", "/repos/{owner}/{repo}/git/trees", write, create_tree},
      {"GET", "/repos/{owner}/{repo}/git/commits/{commit_sha}", read, get_commit},
      {"POST", "/repos/{owner}/{repo}/git/commits", write, create_commit},
      {"GET", "/repos/{owner}/{repo}/git/tags/{tag_sha}", read, get_tag},
      {"POST", "/repos/{owner}/{repo}/git/tags", write, create_tag},
      {"GET", "/repos/{owner}/{repo}/readme", read, get_readme},
      {"GET", "/repos/{owner}/{repo}/contents", read, get_content},
      {"GET", "/repos/{owner}/{repo}/contents/{path}", read, get_content},
      {"PUT", "/repos/{owner}/{repo}/contents/{path}", write, put_content},
      {"DELETE", "/repos/{owner}/{repo}/contents/{path}", write, delete_content},
  };
}

}  // namespace forge
