#include "agents/scribe/pull_pages.h"

#include <algorithm>
#include <cctype>

#include "agents/scribe/markdown.h"
#include "agents/scribe/pages.h"

namespace scribe {
namespace {

std::string amount(const std::string& field, std::int64_t value) {
  constexpr std::int64_t kMebi = 1 << 20;
  if (value == 0) return "none";
  if (field == "memory_limit" && value % kMebi == 0) return std::to_string(value / kMebi) + " MiB";
  if (field == "memory_limit") return std::to_string(value) + " bytes";
  if (field == "cpu_limit") return std::to_string(value) + " thousandths of a core";
  return std::to_string(value);
}

bool is_plain_address(const std::string& url) {
  const bool is_web = url.starts_with("https://") || url.starts_with("http://");
  return is_web && std::all_of(url.begin(), url.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == ':' || c == '/' || c == '.' || c == '-' || c == '_';
         });
}

}  // namespace

std::string change_in_words(const incident::Change& change) {
  if (change.field.empty()) return "";
  std::string field = change.field;
  std::replace(field.begin(), field.end(), '_', ' ');
  return plain(field, 40) + " " + amount(change.field, change.from) + " → " +
         amount(change.field, change.to);
}

std::string pull_link(const incident::PrOpened& pull) {
  const std::string name = "#" + std::to_string(pull.number);
  return is_plain_address(pull.url) ? "[" + name + "](" + pull.url + ")" : name;
}

std::string pull_state(const PullShown& shown) {
  if (!incident::is_pull(shown.intent->action)) return "";
  if (!shown.closed.empty()) return "there will be no merge: " + plain(shown.closed, 600);
  if (!shown.merged.empty()) return "merged as " + code(shown.merged.substr(0, 12));
  if (shown.pull == nullptr) return "being made";
  const PullPlace* place = shown.place;
  if (place == nullptr || !place->merge_by_us) return "waits for a person, who merges or closes it";
  const auto at = shown.opened_at + std::chrono::duration_cast<base::Millis>(place->merge_after);
  return "waits for green checks, and is merged after " + base::format_utc(at) +
         " unless somebody closes it, holds the incident or sets the stop";
}

std::string pull_rows(const PullShown& shown) {
  std::string text;
  if (const auto change = change_in_words(shown.intent->change); !change.empty())
    text += row("Change", change);
  const std::string state = pull_state(shown);
  if (state.empty()) return text;
  const auto& commit = shown.intent->commit;
  if (!commit.empty())
    text += row("Takes back",
                "commit " + code(commit.substr(0, 12)) +
                    (shown.place == nullptr ? "" : " of branch " + code(shown.place->branch, 100)));
  if (shown.place != nullptr && commit.empty())
    text += row("In", code(shown.place->file, 200) + " at " + code(shown.place->memory_limit, 200) +
                          " of branch " + code(shown.place->branch, 100));
  text += row("Pull request", (shown.pull == nullptr ? "" : pull_link(*shown.pull) + ": ") + state);
  return text;
}

}  // namespace scribe
