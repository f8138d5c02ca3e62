#include "github/rest_github.h"

#include <httplib.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <optional>

#include "github/github_codec.h"

namespace github {
namespace {

using base::Error;
using base::ErrorCode;
using std::chrono::steady_clock;

constexpr std::size_t kAnswerMax = 8U << 20U;
constexpr int kPageSize = 100;  // GitHub's largest.
constexpr int kPagesMax = 100;

struct Address {
  std::string origin;  // "https://host:port"
  std::string prefix;  // "" or "/api/v3"
};

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

std::optional<Address> parse_api(std::string api) {
  while (api.ends_with('/')) api.pop_back();
  const std::size_t scheme = api.starts_with("https://") ? 8 : api.starts_with("http://") ? 7 : 0;
  if (scheme == 0 || !is_printable(api) || api.find_first_of("@?#", scheme) != std::string::npos) {
    return std::nullopt;
  }
  const std::size_t slash = api.find('/', scheme);
  Address address{api.substr(0, slash), slash == std::string::npos ? "" : api.substr(slash)};
  if (address.origin.size() == scheme) return std::nullopt;
  return address;
}

bool is_name(std::string_view text) {
  if (text.empty() || text == "." || text == "..") return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
  });
}

bool is_repository(std::string_view text) {
  const auto slash = text.find('/');
  return slash != std::string_view::npos && is_name(text.substr(0, slash)) &&
         is_name(text.substr(slash + 1));
}

std::string percent_encode(std::string_view text) {
  constexpr const char* kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.' || c == '~') {
      out += c;
    } else {
      out += {'%', kHex[byte >> 4U], kHex[byte & 15U]};
    }
  }
  return out;
}

struct Call {
  std::string method;
  std::string path;  // After the prefix; percent-encoded.
  std::string body = {};
  bool is_list = false;  // May be answered with "as you know it", which costs no rate limit.
  [[nodiscard]] bool is_write() const { return method != "GET"; }
  [[nodiscard]] std::string name() const { return method + " " + path.substr(0, path.find('?')); }
};

Call list_call(std::string path) {
  Call call{"GET", std::move(path)};
  call.is_list = true;
  return call;
}

struct Answer {
  int status = 0;
  std::string body;
};

// A list as it was last seen.
struct KnownList {
  std::string etag, body;
};
constexpr std::size_t kKnownListsMax = 32;
constexpr std::size_t kKnownListMax = 1U << 20U;

class RestGithub final : public Github {
 public:
  RestGithub(const Address& address, RestOptions options, const base::Clock& clock)
      : prefix_(address.prefix),
        options_(std::move(options)),
        clock_(clock),
        client_(address.origin),
        lists_(address.origin) {
    set_up(client_);
    set_up(lists_);
  }

  Result<User> get_user() override { return ask({"GET", "/user"}, decode_user); }

  Result<Issue> open_issue(const NewIssue& issue) override {
    return ask({"POST", repo("/issues"), encode(issue)}, decode_issue);
  }
  Result<Issue> edit_issue(std::int64_t number, const IssueEdit& edit) override {
    return ask({"PATCH", issue_path(number), encode(edit)}, decode_issue);
  }
  Result<Issue> get_issue(std::int64_t number) override {
    return ask({"GET", issue_path(number)}, decode_issue);
  }

  Result<std::vector<Issue>> list_issues(const IssueQuery& query) override {
    std::string path = repo("/issues?state=all&sort=created&direction=asc");
    if (!query.creator.empty()) path += "&creator=" + percent_encode(query.creator);
    if (!query.label.empty()) path += "&labels=" + percent_encode(query.label);
    if (query.since) path += "&since=" + percent_encode(base::format_utc(*query.since, false));
    std::vector<Issue> all;
    for (int page = 1; page <= kPagesMax; ++page) {
      auto got = ask(list_call(path + page_part(page)), decode_issues);
      if (!got) return got.failure();
      const std::size_t entries = got->entries;
      std::move(got->issues.begin(), got->issues.end(), std::back_inserter(all));
      if (entries < kPageSize) break;
    }
    return all;
  }

  Result<Comment> comment(std::int64_t issue, const std::string& body) override {
    return ask({"POST", issue_path(issue) + "/comments", encode_body(body)}, decode_comment);
  }
  Result<Comment> edit_comment(std::int64_t comment, const std::string& body) override {
    return ask({"PATCH", repo("/issues/comments/") + std::to_string(comment), encode_body(body)},
               decode_comment);
  }

  Result<std::vector<Comment>> list_comments(std::int64_t issue) override {
    return all_comments(issue_path(issue) + "/comments?");
  }

  Result<std::vector<Comment>> list_comments_since(base::WallTime since) override {
    return all_comments(repo("/issues/comments?sort=updated&direction=asc&since=") +
                        percent_encode(base::format_utc(since, false)));
  }

  Result<Comment> get_comment(std::int64_t comment) override {
    return ask({"GET", repo("/issues/comments/") + std::to_string(comment)}, decode_comment);
  }

  Result<Right> get_right(const std::string& login) override {
    auto right =
        ask({"GET", repo("/collaborators/") + percent_encode(login) + "/permission"}, decode_right);
    if (!right && right.error().code == ErrorCode::not_found) return Right::none;
    return right;
  }

  Result<std::vector<StateChange>> list_state_changes(std::int64_t issue) override {
    std::vector<StateChange> all;
    for (int page = 1; page <= kPagesMax; ++page) {
      const std::string path = issue_path(issue) + "/events?" + page_part(page).substr(1);
      auto got = ask(list_call(path), decode_state_changes);
      if (!got) return got.failure();
      std::move(got->changes.begin(), got->changes.end(), std::back_inserter(all));
      if (got->entries < kPageSize) break;
    }
    return all;
  }

  Result<std::vector<LabelChange>> list_label_changes(std::int64_t issue) override {
    std::vector<LabelChange> all;
    for (int page = 1; page <= kPagesMax; ++page) {
      const std::string path = issue_path(issue) + "/events?" + page_part(page).substr(1);
      auto got = ask(list_call(path), decode_label_changes);
      if (!got) return got.failure();
      std::move(got->changes.begin(), got->changes.end(), std::back_inserter(all));
      if (got->entries < kPageSize) break;
    }
    return all;
  }

  Result<std::vector<Reaction>> list_reactions(std::int64_t comment) override {
    std::vector<Reaction> all;
    const std::string path = repo("/issues/comments/") + std::to_string(comment) + "/reactions?";
    for (int page = 1; page <= kPagesMax; ++page) {
      auto got = ask(list_call(path + page_part(page).substr(1)), decode_reactions);
      if (!got) return got.failure();
      const std::size_t entries = got->size();
      std::move(got->begin(), got->end(), std::back_inserter(all));
      if (entries < kPageSize) break;
    }
    return all;
  }

  Result<bool> is_team_member(const std::string& organisation, const std::string& team,
                              const std::string& login) override {
    const Call call{"GET", "/orgs/" + percent_encode(organisation) + "/teams/" +
                               percent_encode(team) + "/memberships/" + percent_encode(login)};
    auto answer = exchange(call);
    if (!answer) return answer.failure();
    // Not a member, a team that we may not see, or a server that has none.
    if (answer->status == 404 || answer->status == 501) return false;
    if (auto refused = refusal_in(*answer, call)) {
      return refused->error.code == ErrorCode::denied ? Result<bool>(false) : *refused;
    }
    const auto member = decode_membership(answer->body);
    if (member) return *member;
    return Error{ErrorCode::unavailable, call.name() + ": " + member.error().message};
  }

  Status add_labels(std::int64_t issue, const std::vector<std::string>& names) override {
    return do_it({"POST", issue_path(issue) + "/labels", encode_labels(names)});
  }
  Status remove_label(std::int64_t issue, const std::string& name) override {
    auto removed = do_it({"DELETE", issue_path(issue) + "/labels/" + percent_encode(name)});
    if (removed || removed.error().code != ErrorCode::not_found) return removed;
    // Not found is the label or the whole issue; only the first is what we wanted.
    auto there = get_issue(issue);
    return there ? Status(Nothing{}) : Status(there.failure());
  }
  Status create_label(const Label& label) override {
    const Call call{"POST", repo("/labels"), encode(label)};
    auto answer = exchange(call);
    if (!answer) return answer.failure();
    if (answer->status == 422) {
      const auto codes = decode_refusal(answer->body).codes;
      if (std::find(codes.begin(), codes.end(), "already_exists") != codes.end()) return Nothing{};
    }
    if (auto refused = refusal_in(*answer, call)) return *refused;
    return Nothing{};
  }

 private:
  void set_up(httplib::Client& client) const {
    client.set_tcp_nodelay(true);
    client.set_keep_alive(true);
    client.set_follow_location(false);
    client.set_url_encode(false);
    client.set_decompress(false);
    client.set_connection_timeout(options_.connect_within);
    client.set_read_timeout(options_.answer_within);
    client.set_write_timeout(options_.answer_within);
  }

  Result<std::vector<Comment>> all_comments(const std::string& path) {
    std::vector<Comment> all;
    for (int page = 1; page <= kPagesMax; ++page) {
      auto got = ask(list_call(path + page_part(page).substr(path.ends_with('?') ? 1 : 0)),
                     decode_comments);
      if (!got) return got.failure();
      const std::size_t entries = got->size();
      std::move(got->begin(), got->end(), std::back_inserter(all));
      if (entries < kPageSize) break;
    }
    return all;
  }

  [[nodiscard]] std::string repo(const std::string& path) const {
    return "/repos/" + options_.repository + path;
  }
  [[nodiscard]] std::string issue_path(std::int64_t number) const {
    return repo("/issues/") + std::to_string(number);
  }
  static std::string page_part(int page) {
    return "&per_page=" + std::to_string(kPageSize) + "&page=" + std::to_string(page);
  }

  template <class T>
  Result<T> ask(const Call& call, base::Result<T> (*decode)(std::string_view)) {
    auto answer = exchange(call);
    if (!answer) return answer.failure();
    if (auto refused = refusal_in(*answer, call)) return *refused;
    auto value = decode(answer->body);
    if (value) return *std::move(value);
    // The effect of a write has happened, though what came back cannot be read.
    const auto code = call.is_write() ? ErrorCode::unknown : ErrorCode::unavailable;
    return Error{code, call.name() + ": " + value.error().message};
  }

  Status do_it(const Call& call) {
    auto answer = exchange(call);
    if (!answer) return answer.failure();
    if (auto refused = refusal_in(*answer, call)) return *refused;
    return Nothing{};
  }

  std::optional<Failure> refusal_in(const Answer& answer, const Call& call) const {
    if (answer.status >= 200 && answer.status < 300) return std::nullopt;
    AnswerFacts facts = facts_;
    facts.status = answer.status;
    facts.message = decode_refusal(answer.body).message;
    facts.now = clock_.now().wall;
    return classify(facts, call.is_write(), call.name());
  }

  [[nodiscard]] httplib::Request request_for(const Call& call) const {
    httplib::Request request;
    request.method = call.method;
    request.path = prefix_ + call.path;
    request.headers = {{"Accept", "application/vnd.github+json"},
                       {"Accept-Encoding", "identity"},
                       {"User-Agent", "sre-space"},
                       {"X-GitHub-Api-Version", "2022-11-28"}};
    if (!options_.token.empty())
      request.headers.emplace("Authorization", "Bearer " + options_.token);
    if (!call.body.empty()) request.headers.emplace("Content-Type", "application/json");
    request.body = call.body;
    if (!call.is_list) return request;
    // The library reads a 304 until the connection closes, as if it had a body.
    request.headers.emplace("Connection", "close");
    if (const auto known = known_.find(call.path); known != known_.end()) {
      request.headers.emplace("If-None-Match", known->second.etag);
    }
    return request;
  }

  // A list that has not changed is what it was.
  void recall(const Call& call, const std::string& etag, Answer& answer) {
    if (answer.status == 304) {
      const auto known = known_.find(call.path);
      if (known == known_.end()) return;
      answer.status = 200;
      answer.body = known->second.body;
      return;
    }
    known_.erase(call.path);
    if (answer.status != 200 || etag.empty() || answer.body.size() > kKnownListMax) return;
    if (known_.size() >= kKnownListsMax) known_.clear();
    known_[call.path] = {etag, answer.body};
  }

  // Any answer, whatever its status; keeps its rate headers in facts_. A read over a kept
  // connection that the peer closed just then is asked once more.
  Result<Answer> exchange(const Call& call) {
    auto answer = exchange_once(call);
    const bool again = !answer && !call.is_write() && broke_;
    return again ? exchange_once(call) : answer;
  }

  Result<Answer> exchange_once(const Call& call) {
    broke_ = false;
    httplib::Request request = request_for(call);
    Answer answer;
    bool too_large = false;
    const auto end = steady_clock::now() + options_.answer_within;
    request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t,
                                   std::uint64_t) {
      too_large = answer.body.size() + size > kAnswerMax;
      if (!too_large) answer.body.append(data, size);
      return !too_large && steady_clock::now() < end;
    };
    const httplib::Result got = (call.is_list ? lists_ : client_).send(request);
    if (got) {
      answer.status = got->status;
      if (call.is_list) recall(call, got->get_header_value("ETag"), answer);
      facts_ = {};
      facts_.retry_after = got->get_header_value("Retry-After");
      facts_.remaining = got->get_header_value("X-RateLimit-Remaining");
      facts_.reset = got->get_header_value("X-RateLimit-Reset");
      return answer;
    }
    return failed(call, got.error(), too_large, steady_clock::now() >= end);
  }

  Error failed(const Call& call, httplib::Error why, bool too_large, bool late) {
    using httplib::Error::Connection;
    using httplib::Error::ConnectionTimeout;
    const bool nothing_sent =
        why == Connection || why == ConnectionTimeout || why == httplib::Error::SSLConnection ||
        why == httplib::Error::SSLServerVerification || why == httplib::Error::SSLLoadingCerts;
    broke_ = !nothing_sent && !too_large && !late;
    const std::string reason = too_large      ? "answer larger than 8 MB"
                               : late         ? "no whole answer in time"
                               : nothing_sent ? "cannot connect"
                                              : "connection broke";
    const bool unknown = call.is_write() && !nothing_sent;
    return Error{unknown ? ErrorCode::unknown : ErrorCode::unavailable,
                 call.name() + ": " + reason + " (" + httplib::to_string(why) + ")"};
  }

  std::string prefix_;
  RestOptions options_;
  const base::Clock& clock_;
  httplib::Client client_;
  httplib::Client lists_;  // Its connections end with each answer; those of client_ are kept.
  std::map<std::string, KnownList> known_;  // By path.
  AnswerFacts facts_;                       // Rate headers of the last answer.
  bool broke_ = false;                      // The last exchange ended in a broken connection.
};

}  // namespace

base::Result<std::unique_ptr<Github>> make_rest_github(const RestOptions& options,
                                                       const base::Clock& clock) {
  const auto address = parse_api(options.api);
  if (!address) {
    return Error{ErrorCode::invalid, "github.api: not of the form https://host[:port][/path]"};
  }
  if (!is_repository(options.repository)) {
    return Error{ErrorCode::invalid, "github.repository: not of the form owner/name"};
  }
  if (!is_printable(options.token)) {
    return Error{ErrorCode::invalid, "github.token: holds spaces or control characters"};
  }
  std::signal(SIGPIPE, SIG_IGN);  // The library writes without MSG_NOSIGNAL.
  return std::unique_ptr<Github>(std::make_unique<RestGithub>(*address, options, clock));
}

}  // namespace github
