#include "agents/scribe/outbox.h"

#include <algorithm>

#include "agents/scribe/umbrella.h"
#include "base/hash.h"

namespace scribe {
namespace {

constexpr std::string_view kIssue = "issue/", kLabel = "label:", kComment = "comment:";
constexpr std::string_view kTwin = "twin:", kStray = "stray:", kCloseStray = "close-stray:";

bool drops(std::string_view text, std::string_view prefix) { return text.starts_with(prefix); }
std::string rest_of(const std::string& key, std::string_view prefix) {
  return key.substr(prefix.size());
}

// Clocks of two boots do not compare: what seems to lie in the future is long past.
bool has_passed(base::Instant since, base::Duration wait, base::Instant now) {
  return now < since || now - since >= wait;
}

std::string card_digest(const Thread& thread) {
  return digest_of(thread.title + "\n" + thread.body);
}

// Those of the labels that an issue is born with: what it is, and how it stands.
std::vector<std::string> birth_labels(const Thread& thread) {
  std::vector<std::string> labels;
  for (const auto& label : thread.labels) {
    const bool born = label == "incident" || label == kControlLabel || label == kUmbrellaLabel ||
                      label.starts_with("service: ") || label.starts_with("severity: ") ||
                      label.starts_with("Status: ");
    if (born) labels.push_back(label);
  }
  return labels;
}

std::string joined(const std::vector<std::string>& labels) {
  std::string text;
  for (const auto& label : labels) text += (text.empty() ? "" : ",") + label;
  return text;
}

std::vector<std::string> split_labels(const std::string& text) {
  std::vector<std::string> labels;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    labels.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return labels;
}

}  // namespace

bool is_post(std::string_view kind) { return kind == "open_issue" || kind == "comment"; }
bool is_repeatable(std::string_view kind) { return !is_post(kind); }
std::string digest_of(std::string_view content) { return base::sha256_hex(content).substr(0, 16); }

const Outbox::Kept* Outbox::comment(const std::string& key) const {
  const auto found = comments_.find(key);
  return found == comments_.end() ? nullptr : &found->second;
}

std::set<std::string> Outbox::labels_perhaps() const {
  std::set<std::string> all = labels_;
  all.insert(perhaps_.begin(), perhaps_.end());
  return all;
}

void PostBudget::spend(base::Now at) {
  spent_.push_back(at);
  const auto keep = static_cast<std::size_t>(std::max({1, limits_.per_minute, limits_.per_hour}));
  while (spent_.size() > keep) spent_.pop_front();
}

std::optional<base::Instant> PostBudget::free_at(base::Now now) const {
  std::optional<base::Instant> free;
  const auto window = [&](int most, base::Duration length) {
    const auto count = static_cast<std::size_t>(most);
    if (most <= 0 || spent_.size() < count) return;
    const base::Now& at = spent_[spent_.size() - count];
    // What seems to lie in the future was in another boot: there UTC tells.
    const base::Duration age =
        at.boot <= now.boot ? now.boot - at.boot
                            : std::max<base::Duration>(now.wall - at.wall, base::Duration(0));
    const base::Instant ends = now.boot + (length - age);
    if (age < length && (!free || *free < ends)) free = ends;
  };
  window(1, limits_.spacing);
  window(limits_.per_minute, std::chrono::minutes(1));
  window(limits_.per_hour, std::chrono::hours(1));
  return free;
}

int Outbox::refusals(const std::string& key) const {
  const auto found = refusals_.find(key);
  return found == refusals_.end() ? 0 : found->second;
}

void Outbox::absorb(const incident::Event& event) {
  if (const auto* intended = std::get_if<incident::GithubIntended>(&event.what))
    begin(*intended, event);
  if (const auto* ended = std::get_if<incident::GithubDone>(&event.what)) {
    if (open_ && open_->op == ended->op) done(*ended, event);
  }
  if (const auto* ended = std::get_if<incident::GithubFailed>(&event.what)) {
    if (open_ && open_->op == ended->op) failed(ended->error);
  }
  if (const auto* ended = std::get_if<incident::GithubUnknown>(&event.what)) {
    if (open_ && open_->op == ended->op) open_->unknown = true;
  }
  if (std::holds_alternative<incident::IncidentReopened>(event.what)) {
    closed_ = false;
    held_.erase("close");
  }
  if (const auto* held = std::get_if<incident::OpHeld>(&event.what)) {
    if (held->op == failed_op_) held_.insert(failed_key_);
  }
}

void Outbox::begin(const incident::GithubIntended& intended, const incident::Event& event) {
  open_ = Operation{intended.op, intended.kind, intended.key, intended.digest, event.at, false};
  // From here until the outcome is known, what it is about may or may not be there.
  if (intended.key == "card") card_digest_.clear();
  if (intended.kind == "edit_comment") comments_[rest_of(intended.key, kComment)].digest.clear();
  if (drops(intended.key, kLabel)) {
    const std::string name = rest_of(intended.key, kLabel);
    labels_.erase(name);
    perhaps_.insert(name);
  }
}

void Outbox::done(const incident::GithubDone& done, const incident::Event& event) {
  const Operation op = *open_;
  open_.reset();
  refusals_.erase(op.key);
  if (op.kind == "open_issue") {
    if (issue_ != 0) formers_.push_back(issue_);
    labels_.clear();
    perhaps_.clear();
    issue_ = done.number;
    url_ = done.url;
    issue_op_ = op.op;
    for (const auto& label : split_labels(rest_of(op.key, kIssue))) labels_.insert(label);
  }
  if (op.kind == "open_issue" || op.key == "card") {
    card_digest_ = op.digest;
    card_at_ = event.boot;
  }
  if (op.kind == "comment") {
    comments_[rest_of(op.key, kComment)] = {done.number, op.op, op.digest, event.boot};
  }
  if (op.kind == "edit_comment") {
    auto& kept = comments_[rest_of(op.key, kComment)];
    kept.digest = op.digest;
    kept.at = event.boot;
  }
  if (drops(op.key, kLabel)) {
    const std::string name = rest_of(op.key, kLabel);
    perhaps_.erase(name);
    if (op.kind == "add_label") labels_.insert(name);
    labels_at_ = event.boot;
  }
  if (op.key == "close") closed_ = true;
  if (drops(op.key, kCloseStray)) strays_closed_.insert(std::stoll(rest_of(op.key, kCloseStray)));
}

void Outbox::failed(const std::string& error) {
  failed_op_ = open_->op;
  failed_key_ = open_->key;
  if (open_->kind == "open_issue" && error.starts_with("absent")) lost_.insert(open_->op);
  if (open_->kind == "comment" && error.starts_with("absent"))
    lost_comments_.emplace(open_->op, open_->key);
  open_.reset();
  if (error.starts_with("not_found") || error.starts_with("invalid")) ++refusals_[failed_key_];
  // A label stays in perhaps_: adding it again or taking an absent one off is harmless.
}

namespace {

// Finds the next write of one thread, kind by kind; each function answers true when it has set one.
class Search {
 public:
  Search(const Thread& thread, const Outbox& outbox, base::Instant now,
         const OutboxOptions& options)
      : thread_(thread), outbox_(outbox), now_(now), options_(options) {}

  Next run() {
    if (outbox_.open() && !is_repeatable(outbox_.open()->kind)) return {};
    if (!thread_.wanted && outbox_.issue() == 0) return {};
    if (outbox_.issue() == 0 || (options_.roll_over && !thread_.closed)) {
      open_issue();
      return next_;
    }
    const bool found =
        card() || labels() || strays() || twins() || comments() || changed_comments() || close();
    if (found) next_.at.reset();
    return next_;
  }

 private:
  Write& begin(std::string kind, std::string key, std::string digest) {
    Write write;
    write.incident = thread_.incident;
    write.kind = std::move(kind);
    write.key = std::move(key);
    write.digest = std::move(digest);
    write.issue = outbox_.issue();
    return next_.write.emplace(std::move(write));
  }
  // True when `wait` has passed since; otherwise remembers when it will have.
  bool may(base::Instant since, base::Duration wait) {
    if (has_passed(since, wait, now_)) return true;
    if (!next_.at || since + wait < *next_.at) next_.at = since + wait;
    return false;
  }
  bool may_post() {
    if (!options_.posts_free_at || *options_.posts_free_at <= now_) return true;
    if (!next_.at || *options_.posts_free_at < *next_.at) next_.at = options_.posts_free_at;
    return false;
  }
  bool may_move(base::Instant since) { return thread_.closed || may(since, options_.card_every); }

  bool open_issue() {
    const auto labels = birth_labels(thread_);
    const std::string key = std::string(kIssue) + joined(labels);
    if (outbox_.is_held(key) || !may_post()) return false;
    Write& write = begin("open_issue", key, card_digest(thread_));
    write.title = thread_.title;
    write.body = thread_.body;
    if (outbox_.issue() != 0) write.body += continues(outbox_.issue());
    write.issue = 0;
    write.labels = labels;
    return true;
  }

  bool card() {
    const std::string digest = card_digest(thread_);
    if (digest == outbox_.card_digest() || outbox_.is_held("card") || !may_move(outbox_.card_at()))
      return false;
    Write& write = begin("edit_issue", "card", digest);
    write.title = thread_.title;
    write.body = thread_.body;
    write.marker_op = outbox_.issue_op();
    return true;
  }

  bool labels() {
    const auto move = [&](const std::string& name, const char* kind) {
      const std::string key = std::string(kLabel) + name;
      if (outbox_.is_held(key)) return false;
      begin(kind, key, "").labels = {name};
      return true;
    };
    std::vector<std::pair<std::string, const char*>> wanted;
    for (const auto& name : thread_.labels) {
      if (!outbox_.has_label(name)) wanted.emplace_back(name, "add_label");
    }
    for (const auto& name : outbox_.labels_perhaps()) {
      const auto& all = thread_.labels;
      if (std::find(all.begin(), all.end(), name) == all.end())
        wanted.emplace_back(name, "remove_label");
    }
    // Once the new status is on, the old one goes at once: two stand together only briefly.
    const bool begun = std::none_of(wanted.begin(), wanted.end(), [](const auto& one) {
      return one.second == std::string_view("add_label") && one.first.starts_with("Status: ");
    });
    if (wanted.empty() || (!begun && !may_move(outbox_.labels_at()))) return false;
    return std::any_of(wanted.begin(), wanted.end(),
                       [&](const auto& one) { return move(one.first, one.second); });
  }

  bool strays() {
    for (const auto& stray : options_.strays) {
      const std::string name = std::string(kStray) + std::to_string(stray.issue);
      const std::string close = std::string(kCloseStray) + std::to_string(stray.issue);
      const std::string key = std::string(kComment) + name;
      const auto* kept = outbox_.comment(name);
      const bool said = (kept != nullptr && kept->id != 0) || outbox_.is_held(key);
      if (!said) {
        if (!may_post()) return false;
        Write& write = begin("comment", key, digest_of(stray.body));
        write.body = stray.body;
        write.issue = stray.issue;
        return true;
      }
      if (outbox_.is_stray_closed(stray.issue) || outbox_.is_held(close)) continue;
      Write& write = begin("edit_issue", close, "");
      write.state_reason = "not_planned";
      write.issue = stray.issue;
      return true;
    }
    return false;
  }

  bool twins() {
    static const std::string kFolded =
        "♊ This comment came to light late; what it said is in another comment of this thread.\n";
    const std::string digest = digest_of(kFolded);
    for (const auto id : options_.twins) {
      const std::string name = std::string(kTwin) + std::to_string(id);
      const std::string key = std::string(kComment) + name;
      const auto* folded = outbox_.comment(name);
      if ((folded != nullptr && folded->digest == digest) || outbox_.is_held(key)) continue;
      Write& write = begin("edit_comment", key, digest);
      write.comment = id;
      write.body = kFolded;
      return true;
    }
    return false;
  }

  bool comments() {
    for (const auto& comment : thread_.comments) {
      const std::string key = std::string(kComment) + comment.key;
      const auto* kept = outbox_.comment(comment.key);
      if ((kept != nullptr && kept->id != 0) || outbox_.is_held(key)) continue;
      if (!may_post()) return false;  // In their order: none overtakes another.
      begin("comment", key, digest_of(comment.body)).body = comment.body;
      return true;
    }
    return false;
  }

  bool changed_comments() {
    for (const auto& comment : thread_.comments) {
      const std::string key = std::string(kComment) + comment.key;
      const auto* kept = outbox_.comment(comment.key);
      const std::string digest = digest_of(comment.body);
      if (kept == nullptr || kept->id == 0 || kept->digest == digest || outbox_.is_held(key))
        continue;
      Write& write = begin("edit_comment", key, digest);
      write.comment = kept->id;
      write.body = comment.body;
      write.marker_op = kept->op;
      return true;
    }
    return false;
  }

  bool close() {
    const bool due = thread_.closed && !outbox_.is_closed() && !outbox_.is_held("close");
    if (!due || !options_.may_close || next_.at) return false;
    begin("edit_issue", "close", "").state_reason = thread_.state_reason;
    return true;
  }

  const Thread& thread_;
  const Outbox& outbox_;
  base::Instant now_;
  const OutboxOptions& options_;
  Next next_;
};

}  // namespace

Next next_write(const Thread& thread, const Outbox& outbox, base::Instant now,
                const OutboxOptions& options) {
  return Search(thread, outbox, now, options).run();
}

std::int64_t issue_of(const Operation& operation, const Outbox& outbox) {
  if (operation.kind == "open_issue") return 0;
  const std::string stray = std::string(kComment) + std::string(kStray);
  if (!drops(operation.key, stray)) return outbox.issue();
  return std::stoll(rest_of(operation.key, stray));
}

std::string continued_in(std::int64_t issue) {
  return "➡️ **Continued** in #" + std::to_string(issue) + ": this issue has too many comments.\n";
}

std::string continues(std::int64_t issue) {
  return "\n⬅️ The thread before this: #" + std::to_string(issue) + ".\n";
}

bool is_told(const Thread& thread, const Outbox& outbox, const std::vector<Stray>& strays,
             const std::set<std::int64_t>& twins) {
  OutboxOptions at_once;
  at_once.strays = strays;
  at_once.twins = twins;
  at_once.card_every = base::Duration(0);
  if (outbox.open() && !is_repeatable(outbox.open()->kind)) return false;
  return !next_write(thread, outbox, base::Instant{}, at_once).write;
}

}  // namespace scribe
