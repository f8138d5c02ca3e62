#include "github/rest_github.h"

#include <httplib.h>

#include <algorithm>
#include <csignal>
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
  [[nodiscard]] bool is_write() const { return method != "GET"; }
  [[nodiscard]] std::string name() const { return method + " " + path.substr(0, path.find('?')); }
};

struct Answer {
  int status = 0;
  std::string body;
};

class RestGithub final : public Github {
 public:
  RestGithub(const Address& address, RestOptions options, const base::Clock& clock)
      : prefix_(address.prefix),
        options_(std::move(options)),
        clock_(clock),
        client_(address.origin) {
    client_.set_tcp_nodelay(true);
    client_.set_keep_alive(true);
    client_.set_follow_location(false);
    client_.set_url_encode(false);
    client_.set_decompress(false);
    client_.set_connection_timeout(options_.connect_within);
    client_.set_read_timeout(options_.answer_within);
    client_.set_write_timeout(options_.answer_within);
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
      auto got = ask({"GET", path + page_part(page)}, decode_issues);
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
    std::vector<Comment> all;
    for (int page = 1; page <= kPagesMax; ++page) {
      auto got = ask({"GET", issue_path(issue) + "/comments?" + page_part(page).substr(1)},
                     decode_comments);
      if (!got) return got.failure();
      const std::size_t entries = got->size();
      std::move(got->begin(), got->end(), std::back_inserter(all));
      if (entries < kPageSize) break;
    }
    return all;
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
    return request;
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
    const httplib::Result got = client_.send(request);
    if (got) {
      answer.status = got->status;
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
  AnswerFacts facts_;   // Rate headers of the last answer.
  bool broke_ = false;  // The last exchange ended in a broken connection.
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
