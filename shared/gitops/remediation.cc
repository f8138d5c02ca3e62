#include "gitops/remediation.h"

#include "base/ensure.h"
#include "base/text.h"
#include "gitops/yaml_record.h"
#include "markdown/markdown.h"

namespace gitops {
namespace {

using markdown::bare;
using markdown::code;
using markdown::plain;

constexpr std::size_t kTitleMax = 200;
constexpr std::size_t kEvidenceMax = 20;

std::string bounds_of(const Change& change) {
  return change.bounds ? change.bounds->low + " to " + change.bounds->high : "none";
}

std::string old_value_of(const Change& change) {
  return change.old_value ? code(*change.old_value) : "not set";
}

std::string cut(std::string text, std::size_t max) {
  if (text.size() <= max) return text;
  return std::string(base::cut_utf8(text, max - 3)) + "…";
}

void add_change(const Change& change, YamlRecord& record) {
  record.begin_map("change");
  record.text("file", change.file);
  if (change.document) record.number("document", static_cast<int>(*change.document));
  record.text("path", to_text(change.path));
  if (change.old_value) record.text("old", *change.old_value);
  record.text("new", change.new_value);
  record.text("unit", to_string(change.unit));
  if (change.bounds) {
    record.text("low", change.bounds->low);
    record.text("high", change.bounds->high);
  }
  record.end_map();
}

void add_taken_back(const TakenBack& back, YamlRecord& record) {
  record.begin_map("reverts");
  record.text("commit", back.commit);
  record.text("subject", back.subject);
  record.begin_list("files");
  for (const auto& file : back.files) {
    record.begin_item();
    record.text("file", file);
    record.end_item();
  }
  record.end_list();
  record.end_map();
}

}  // namespace

std::string_view to_string(Result result) {
  switch (result) {
    case Result::open:
      return "open";
    case Result::merged:
      return "merged";
    case Result::proven:
      return "proven";
    case Result::disproven:
      return "disproven";
    case Result::reverted:
      return "reverted";
    case Result::closed:
      return "closed";
  }
  return "open";
}

std::string remediation_path(int issue) {
  base::ensure(issue > 0, "a remediation belongs to an issue");
  return "remediations/fix-" + std::to_string(issue) + ".yaml";
}

std::string remediation_text(const Remediation& remediation) {
  YamlRecord record(
      "Written by sre-space: what was changed for this issue, why, and what became "
      "of it.");
  record.number("version", kRemediationVersion);
  record.number("issue", remediation.issue);
  record.text("incident", remediation.incident);
  record.text("operation", remediation.operation);
  record.text("service", remediation.service);
  record.text("failure_class", remediation.failure_class);
  if (remediation.taken_back)
    add_taken_back(*remediation.taken_back, record);
  else
    add_change(remediation.change, record);
  record.text("why", remediation.why);
  record.begin_list("evidence");
  for (const Evidence& one : remediation.evidence) {
    record.begin_item();
    record.text("id", one.id);
    record.text("summary", one.summary);
    record.end_item();
  }
  record.end_list();
  record.text("plan", remediation.plan_hash);
  record.text("proof", remediation.proof);
  record.begin_list("outcomes");
  for (const Outcome& one : remediation.outcomes) {
    record.begin_item();
    record.text("result", to_string(one.result));
    record.text("at", base::format_utc(one.at));
    record.text("detail", one.detail);
    record.end_item();
  }
  record.end_list();
  return record.finish();
}

std::string pull_title(const Remediation& remediation) {
  const auto& back = remediation.taken_back;
  const std::string what = back ? "Revert " + back->commit.substr(0, 12) + ": " + back->subject
                                : headline(remediation.change);
  return cut("[SRE-AUTO-FIX] " + bare(what, kTitleMax), kTitleMax);
}

namespace {

std::string row(const char* name, const std::string& value) {
  return std::string("| ") + name + " | " + value + " |\n";
}

std::string what_changes(const Remediation& remediation) {
  if (const auto& back = remediation.taken_back) {
    std::string text =
        row("reverts", code(back->commit)) + row("which was", plain(back->subject, 200));
    for (const auto& file : back->files) text += row("file", code(file));
    return text + "\nExactly what that commit changed is put back, and nothing else.\n";
  }
  const Change& change = remediation.change;
  return row("file", code(change.file)) + row("value", code(to_text(change.path))) +
         row("old", old_value_of(change)) + row("new", code(change.new_value)) +
         row("bounds", plain(bounds_of(change))) + "\nNo other byte of the file changes.\n";
}

std::string puts_back(const Remediation& remediation) {
  if (remediation.taken_back)
    return "That brings the commit " + code(remediation.taken_back->commit.substr(0, 12)) +
           " again";
  const auto& old = remediation.change.old_value;
  return "That puts back " + (old ? code(*old) : std::string("the file without it"));
}

}  // namespace

std::string pull_body(const Remediation& remediation, std::string_view base) {
  std::string body = "For the incident in #" + std::to_string(remediation.issue) +
                     ". Merging does not close it: only the proof does.\n\n## What\n\n";
  body += "| | |\n|---|---|\n" + what_changes(remediation) + "\n## Why\n\n";
  body += markdown::name(remediation.service) + ", " + plain(remediation.failure_class) + ": " +
          plain(remediation.why) + "\n\n## Evidence\n\n";
  std::size_t shown = 0;
  for (const Evidence& one : remediation.evidence) {
    if (++shown > kEvidenceMax) break;
    body += "- " + code(one.id, 20) + " " + plain(one.summary, 400) + "\n";
  }
  if (remediation.evidence.empty()) body += "None was recorded.\n";
  if (shown > kEvidenceMax) {
    body += "- and " + std::to_string(remediation.evidence.size() - kEvidenceMax) + " more\n";
  }
  body += "\n## Proof\n\n" + plain(remediation.proof) + "\n\nPlan " + code(remediation.plan_hash) +
          ", operation " + code(remediation.operation) + ", incident " +
          code(remediation.incident) + ". The record is " +
          code(remediation_path(remediation.issue)) + ".\n\n## How to revert\n\n";
  body += "Use this pull request's \"Revert\" button, or `git revert` its commit on " + code(base) +
          ". " + puts_back(remediation) + ".\n";
  return body;
}

std::string commit_message(const Remediation& remediation) {
  const std::string body =
      remediation.taken_back
          ? "This reverts commit " + remediation.taken_back->commit + "."
          : bare(remediation.change.file, 300) + ": " + bare(headline(remediation.change), 600);
  return pull_title(remediation) + "\n\n" + body + "\n\nFor #" + std::to_string(remediation.issue) +
         ".\n";
}

}  // namespace gitops
