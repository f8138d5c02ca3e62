#include "tests/fuzz/targets.h"

#include <algorithm>
#include <string>

#include "agents/console/github_door.h"
#include "agents/scribe/commands.h"
#include "agents/scribe/markdown.h"
#include "base/ensure.h"
#include "base/hash.h"
#include "forge/markdown.h"
#include "github/webhook_codec.h"
#include "gitops/yaml_edit.h"
#include "gitops/yaml_opinion.h"
#include "gitops/yaml_tree.h"
#include "tests/support/html_faults.h"

namespace fuzz {
namespace {

using base::ensure;

constexpr const char* kSecret = "a secret of the webhook";

http::Request request_of(std::string_view bytes, const char* type, std::string_view event) {
  http::Request request;
  request.method = "POST";
  request.body = bytes;
  request.headers = {{"Content-Type", type},
                     {"X-GitHub-Delivery", "1"},
                     {"X-GitHub-Event", std::string(event)},
                     {"X-Hub-Signature-256", "sha256=" + base::hmac_sha256_hex(kSecret, bytes)}};
  return request;
}

void check_door(const http::Request& request, const console::GithubDoor& door) {
  const auto verdict = console::judge_github(request, door);
  const bool known = verdict.status == 200 || verdict.status == 202 || verdict.status == 400;
  ensure(known, "a signed body is neither taken nor refused");
  ensure(verdict.delivery.empty() == verdict.hint.empty(), "half of a delivery");
  if (verdict.hint.empty()) return;
  ensure(verdict.status == 200, "something refused is kept");
  const auto kept = github::decode_hint(verdict.hint);
  ensure(kept.ok() && kept->issue > 0, "what is kept names no issue");
  ensure(kept->event == "issues" || kept->event == "issue_comment", "what is kept is of no use");
}

}  // namespace

void try_webhook(std::string_view bytes) {
  if (const auto hint = github::decode_webhook(bytes)) {
    ensure(!hint->event.empty(), "a hint without event");
    const auto again = github::decode_hint(github::encode_hint(*hint, bytes));
    ensure(again.ok() && again->event == hint->event && again->issue == hint->issue,
           "a hint that is another after it was kept");
  }
  (void)github::decode_hint(bytes);
  const console::GithubDoor door{{kSecret}, "acme/infra"};
  for (const char* event : {"issues", "issue_comment", "ping"}) {
    check_door(request_of(bytes, "application/json", event), door);
    check_door(request_of(bytes, "application/x-www-form-urlencoded", event), door);
  }
  const console::GithubDoor other{{"another secret"}, "acme/infra"};
  const auto refused = console::judge_github(request_of(bytes, "", "issues"), other);
  ensure(refused.status == 401 && refused.delivery.empty(), "another's signature is taken");
  const std::string text(bytes.substr(0, 100));
  ensure(!github::is_signed(bytes, text, {kSecret}) || text.size() == 71, "a signature by chance");
}

void try_command(std::string_view bytes) {
  const auto order = scribe::parse_command(bytes);
  if (!order) return;
  const auto verb = scribe::to_string(order->verb);
  ensure(bytes.starts_with(verb), "a command that does not stand at the beginning");
  const char after = bytes.size() > verb.size() ? bytes[verb.size()] : '\n';
  ensure(after == ' ' || after == '\t' || after == '\r' || after == '\n',
         "a command that is the beginning of another word");
  ensure(order->line.size() <= 120 && bytes.starts_with(order->line), "not as it was said");
  ensure(order->line.find_first_of("\r\n") == std::string::npos, "more than the first line");
  ensure(order->argument.find_first_of(" \t\r\n") == std::string::npos, "more than one word");
  ensure(bytes.find(order->argument) != std::string_view::npos, "a word that was not said");
  ensure(scribe::needed_right(order->verb) >= github::Right::triage, "a command for everybody");
}

void try_markdown(std::string_view bytes) {
  constexpr const char* kIssues = "/acme/infra/issues";
  const auto shown = forge::render_markdown(bytes, kIssues);
  const auto faults = support::find_html_faults(shown);
  ensure(faults.empty(), faults.empty() ? "" : faults.front().c_str());
  ensure(shown.find("<script") == std::string::npos, "a script in a comment");
  ensure(shown.find("<style") == std::string::npos, "a style in a comment");
  const auto quoted = scribe::safe_markdown(bytes, 2000);
  ensure(quoted.size() <= 2000 + 8, "more than was asked for");  // A fence is closed.
  for (const auto& ours : {quoted, scribe::plain(bytes), scribe::code(bytes)}) {
    const auto rendered = forge::render_markdown(ours, kIssues);
    ensure(support::find_html_faults(rendered).empty(), "foreign text does something");
    ensure(rendered.find("<a ") == std::string::npos, "foreign text leads somewhere");
    ensure(rendered.find("<img") == std::string::npos, "foreign text shows a picture");
  }
}

void try_yaml_edit(std::string_view bytes) {
  const std::size_t end = std::min(bytes.find('\n'), bytes.size());
  const std::string_view text = bytes.substr(std::min(end + 1, bytes.size()));
  const auto tree = gitops::scan_yaml(text);
  if (tree) {
    for (const auto& node : tree->nodes) {
      ensure(node.begin <= node.end && node.end <= text.size(), "a value beyond its file");
      ensure(node.next <= tree->nodes.size() && node.depth <= gitops::kYamlDepthMax, "no tree");
      (void)gitops::value_of(text, node);
    }
    (void)gitops::second_opinion(text, *tree);
  }
  const auto change = gitops::parse_change(bytes.substr(0, end));
  if (!change) return;
  const auto again = gitops::parse_change(gitops::to_text(*change));
  ensure(again.ok() && gitops::to_text(*again) == gitops::to_text(*change), "another change");
  const auto edited = gitops::edit_yaml(text, *change);
  if (!edited) return;
  const std::string& result = edited->text;
  const auto front = static_cast<std::size_t>(
      std::mismatch(text.begin(), text.end(), result.begin(), result.end()).first - text.begin());
  const auto back = static_cast<std::size_t>(
      std::mismatch(text.rbegin(), text.rend() - static_cast<std::ptrdiff_t>(front),
                    result.rbegin(), result.rend() - static_cast<std::ptrdiff_t>(front))
          .first -
      text.rbegin());
  const std::string_view gone = text.substr(front, text.size() - front - back);
  const std::string_view come =
      std::string_view(result).substr(front, result.size() - front - back);
  ensure(gone.find('\n') == std::string_view::npos, "a line is gone");
  ensure(std::count(come.begin(), come.end(), '\n') <= 1, "more than one line came");
  const auto after = gitops::scan_yaml(result);
  ensure(after.ok() && gitops::second_opinion(result, *after).ok(), "what was written is no YAML");
  if (change->document) return;
  const auto value = gitops::read_yaml(result, change->path);
  ensure(value.ok() && *value == change->new_value, "another value was written");
}

}  // namespace fuzz
