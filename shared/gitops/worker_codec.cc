#include "gitops/worker_codec.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/hash.h"
#include "base/json.h"
#include "base/time.h"

namespace gitops {
namespace {

using Json = nlohmann::json;

constexpr std::pair<Verb, const char*> kVerbs[] = {{Verb::read, "read"},
                                                   {Verb::revert, "revert"},
                                                   {Verb::propose, "propose"},
                                                   {Verb::fix_branches, "fix_branches"},
                                                   {Verb::remove, "remove"}};

const char* name_of(Verb verb) {
  for (const auto& [one, name] : kVerbs) {
    if (one == verb) return name;
  }
  return "";
}

Json person_json(const git::Person& person) {
  return {{"name", person.name}, {"email", person.email}, {"at_ms", base::to_ms(person.at)}};
}

git::Person to_person(const Json& json) {
  return {base::get_string(json, "name"), base::get_string(json, "email"),
          base::wall_from_ms(base::get_int(json, "at_ms"))};
}

std::vector<std::string> to_texts(const Json& json) {
  std::vector<std::string> texts;
  for (const Json& one : json) {
    if (one.is_string()) texts.push_back(one.get<std::string>());
  }
  return texts;
}

Json files_json(const std::vector<FileWrite>& all) {
  Json files = Json::array();
  for (const FileWrite& file : all) {
    files.push_back({{"path", file.path}, {"base64", base::base64(file.text)}});
  }
  return files;
}

base::Status to_files(const Json& json, std::vector<FileWrite>& files) {
  for (const Json& file : base::get_array(json, "files")) {
    auto text = base::decode_base64(base::get_string(file, "base64", "!"));
    if (!text) return base::Error{base::ErrorCode::invalid, "git-worker: a file is no base64"};
    files.push_back({base::get_string(file, "path"), std::move(*text)});
  }
  return {};
}

Json plan_json(const CommitPlan& plan) {
  return {{"base_branch", plan.base_branch},
          {"base", plan.base},
          {"files", files_json(plan.files)},
          {"allowed", plan.allowed},
          {"author", person_json(plan.author)},
          {"committer", person_json(plan.committer)},
          {"message", plan.message},
          {"branch", plan.branch}};
}

base::Result<CommitPlan> to_plan(const Json& json) {
  CommitPlan plan;
  plan.base_branch = base::get_string(json, "base_branch");
  plan.base = base::get_string(json, "base");
  if (const auto read = to_files(json, plan.files); !read.ok()) return read.error();
  plan.allowed = to_texts(base::get_array(json, "allowed"));
  plan.author = to_person(base::get_object(json, "author"));
  plan.committer = to_person(base::get_object(json, "committer"));
  plan.message = base::get_string(json, "message");
  plan.branch = base::get_string(json, "branch");
  return plan;
}

}  // namespace

std::string encode_request(const WorkerRequest& request) {
  Json json = {{"verb", name_of(request.verb)},
               {"folder", request.folder},
               {"url", request.remote.url},
               {"token", request.remote.token},
               {"proxy", request.remote.proxy},
               {"proxy_user", request.remote.proxy_user},
               {"proxy_password", request.remote.proxy_password},
               {"ca_file", request.remote.ca_file}};
  if (request.verb == Verb::read) {
    json["branch"] = request.branch;
    json["path"] = request.path;
    json["allowed"] = request.allowed;
  } else if (request.verb == Verb::revert) {
    json["branch"] = request.branch;
    json["expected"] = request.expected;
    json["allowed"] = request.allowed;
  } else if (request.verb == Verb::remove) {
    json["branch"] = request.branch;
    json["expected"] = request.expected;
  } else if (request.verb == Verb::propose) {
    json["plan"] = plan_json(request.plan);
  }
  return base::dump_json(json);
}

base::Result<WorkerRequest> decode_request(std::string_view text) {
  const auto json = base::parse_json(text);
  if (!json) return json.error().in("git-worker");
  WorkerRequest request;
  const std::string verb = base::get_string(*json, "verb");
  bool is_known = false;
  for (const auto& [one, name] : kVerbs) {
    if (verb != name) continue;
    request.verb = one;
    is_known = true;
  }
  if (!is_known) return base::Error{base::ErrorCode::invalid, "git-worker: unknown verb"};
  request.folder = base::get_string(*json, "folder");
  request.remote = {base::get_string(*json, "url"),
                    base::get_string(*json, "token"),
                    base::get_string(*json, "proxy"),
                    base::get_string(*json, "proxy_user"),
                    base::get_string(*json, "proxy_password"),
                    base::get_string(*json, "ca_file")};
  request.branch = base::get_string(*json, "branch");
  request.path = base::get_string(*json, "path");
  request.allowed = to_texts(base::get_array(*json, "allowed"));
  request.expected = base::get_string(*json, "expected");
  if (request.verb == Verb::propose) {
    auto plan = to_plan(base::get_object(*json, "plan"));
    if (!plan) return plan.error();
    request.plan = std::move(*plan);
  }
  return request;
}

std::string encode_answer(const WorkerAnswer& answer) {
  if (answer.error) {
    return base::dump_json({{"ok", false},
                            {"code", std::string(to_string(answer.error->code))},
                            {"message", answer.error->message}});
  }
  Json branches = Json::array();
  for (const BranchAt& one : answer.branches) {
    branches.push_back({{"name", one.name}, {"sha", one.sha}});
  }
  return base::dump_json({{"ok", true},
                          {"sha", answer.sha},
                          {"head", answer.file.head},
                          {"blob", answer.file.blob},
                          {"base64", base::base64(answer.file.text)},
                          {"subject", answer.reverted.subject},
                          {"reverted", answer.reverted.commit},
                          {"reverted_head", answer.reverted.head},
                          {"files", files_json(answer.reverted.files)},
                          {"branches", std::move(branches)}});
}

base::Result<WorkerAnswer> decode_answer(std::string_view text) {
  const auto json = base::parse_json(text);
  if (!json) return json.error().in("answer of git-worker");
  WorkerAnswer answer;
  if (!base::get_bool(*json, "ok")) {
    const auto code = base::parse_error_code(base::get_string(*json, "code"));
    answer.error = base::Error{code.value_or(base::ErrorCode::unknown),
                               base::get_string(*json, "message", "git-worker gave no reason")};
    return answer;
  }
  answer.sha = base::get_string(*json, "sha");
  answer.file.head = base::get_string(*json, "head");
  answer.file.blob = base::get_string(*json, "blob");
  auto bytes = base::decode_base64(base::get_string(*json, "base64"));
  if (!bytes) {
    return base::Error{base::ErrorCode::invalid, "answer of git-worker: a file is no base64"};
  }
  answer.file.text = std::move(*bytes);
  answer.reverted.head = base::get_string(*json, "reverted_head");
  answer.reverted.commit = base::get_string(*json, "reverted");
  answer.reverted.subject = base::get_string(*json, "subject");
  if (const auto read = to_files(*json, answer.reverted.files); !read.ok()) return read.error();
  for (const Json& one : base::get_array(*json, "branches")) {
    answer.branches.push_back({base::get_string(one, "name"), base::get_string(one, "sha")});
  }
  return answer;
}

}  // namespace gitops
