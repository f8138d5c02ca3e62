#include "agents/scribe/pull_plan.h"

#include <algorithm>

#include "gitops/quantity.h"
#include "gitops/yaml_edit.h"

namespace scribe {
namespace {

using base::Error;
using base::ErrorCode;

// Kubernetes' "256Mi" has an i that Compose's "256m" has not.
gitops::Unit unit_of(std::string_view text) {
  return text.ends_with('i') ? gitops::Unit::bytes : gitops::Unit::memory;
}

std::string_view suffix_of(std::string_view text) {
  const auto at = text.find_last_of("0123456789.");
  return at == std::string_view::npos ? text : text.substr(at + 1);
}

// Texts that may be longer or shorter after it; secrets known only whole are found here too.
void redact(gitops::Remediation& remediation, const base::Redactor& redactor) {
  for (std::string* text :
       {&remediation.incident, &remediation.operation, &remediation.service,
        &remediation.failure_class, &remediation.why, &remediation.plan_hash, &remediation.proof})
    *text = redactor.redact(*text);
  for (auto& one : remediation.evidence) {
    one.id = redactor.redact(one.id);
    one.summary = redactor.redact(one.summary);
  }
  for (auto& one : remediation.outcomes) one.detail = redactor.redact(one.detail);
}

base::Status no_secret(const base::Redactor& redactor, const char* what, const std::string& text) {
  if (redactor.redact(text) == text) return {};
  return Error{ErrorCode::denied,
               std::string(what) + " of the pull request would hold what looks like a secret"};
}

base::Result<gitops::Change> change_in(const PullOrder& order, const gitops::FileAt& file) {
  gitops::Change change;
  change.file = order.place.file;
  const auto path = gitops::parse_path(order.place.memory_limit);
  if (!path) return path.error();
  change.path = *path;
  const auto value = gitops::read_yaml(file.text, *path);
  if (!value) return value.error().in(change.file);
  const std::string where = change.file + ": " + order.place.memory_limit;
  change.unit = unit_of(*value);
  const auto bytes = gitops::parse_quantity(change.unit, *value);
  if (!bytes) return bytes.error().in(where);
  if (*bytes != order.change.from) {
    return Error{ErrorCode::conflict, where + " is " + *value + " (" + std::to_string(*bytes) +
                                          " bytes), but the plan started from " +
                                          std::to_string(order.change.from) + " bytes"};
  }
  change.old_value = *value;
  change.new_value = written_like(*value, order.change.to);
  change.bounds = {std::to_string(order.place.memory_min), std::to_string(order.place.memory_max)};
  return change;
}

}  // namespace

std::string written_like(std::string_view like, std::int64_t bytes) {
  const gitops::Unit unit = unit_of(like);
  const std::string own(suffix_of(like));
  const auto with = [&](const std::string& suffix) -> std::string {
    const auto factor = gitops::parse_quantity(unit, "1" + suffix);
    if (!factor || *factor <= 0 || bytes % *factor != 0) return "";
    return std::to_string(bytes / *factor) + suffix;
  };
  if (auto text = with(own); !text.empty()) return text;
  const bool is_upper = !own.empty() && own.front() >= 'A' && own.front() <= 'Z';
  const std::string end = own.size() > 1 ? own.substr(1) : "";
  for (const char* letter : {"m", "k"}) {
    std::string suffix = is_upper ? std::string(1, static_cast<char>(*letter - 32)) : letter;
    if (unit == gitops::Unit::bytes) suffix = *letter == 'm' ? "M" : "K";
    if (auto text = with(suffix + end); !text.empty()) return text;
  }
  return std::to_string(bytes);
}

namespace {

// `files` and the record beside them, as one commit on `head`.
base::Result<PullPlan> assemble(const PullOrder& order, gitops::Remediation remediation,
                                const git::Sha& head, std::vector<gitops::FileWrite> files,
                                const base::Redactor& redactor) {
  const std::string record = gitops::remediation_text(remediation);
  const std::string message = gitops::commit_message(remediation);
  PullPlan plan;
  plan.title = redactor.redact(gitops::pull_title(remediation));
  plan.body = redactor.redact(gitops::pull_body(remediation, order.place.branch));
  for (const auto& checked :
       {no_secret(redactor, "the branch", order.branch), no_secret(redactor, "the record", record),
        no_secret(redactor, "the commit message", message)}) {
    if (!checked.ok()) return checked.error();
  }
  gitops::CommitPlan& commit = plan.commit;
  commit.base_branch = order.place.branch;
  commit.base = head;
  commit.files = std::move(files);
  commit.files.push_back({gitops::remediation_path(remediation.issue), record});
  commit.allowed = {order.place.file, "remediations/"};
  commit.author = {"sre-space", "sre-space@noreply.invalid", order.at};
  commit.committer = commit.author;
  commit.message = message;
  commit.branch = order.branch;
  return plan;
}

}  // namespace

base::Result<PullPlan> plan_pull(const PullOrder& order, const gitops::FileAt& file,
                                 const base::Redactor& redactor) {
  auto change = change_in(order, file);
  if (!change) return change.error();
  const auto edited = gitops::edit_yaml(file.text, *change);
  if (!edited) return edited.error().in(change->file);
  gitops::Remediation remediation = order.remediation;
  redact(remediation, redactor);
  remediation.change = *std::move(change);
  return assemble(order, std::move(remediation), file.head, {{order.place.file, edited->text}},
                  redactor);
}

base::Result<PullPlan> plan_revert(const PullOrder& order, const gitops::Reverted& reverted,
                                   const base::Redactor& redactor) {
  gitops::Remediation remediation = order.remediation;
  redact(remediation, redactor);
  gitops::TakenBack back{reverted.commit, redactor.redact(reverted.subject), {}};
  for (const auto& file : reverted.files) back.files.push_back(file.path);
  remediation.taken_back = std::move(back);
  return assemble(order, std::move(remediation), reverted.head, reverted.files, redactor);
}

}  // namespace scribe
