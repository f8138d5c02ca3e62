#include "github/rest_github.h"

#include <algorithm>
#include <optional>

#include "github/github_codec.h"
#include "github/rest_client.h"
#include "github/sign_in.h"
#include "http/url.h"

namespace github {
namespace {

using base::Error;
using base::ErrorCode;
constexpr int kPageSize = 100;  // GitHub's largest.
constexpr int kPagesMax = 100;

bool is_name(std::string_view text) {
  if (text.empty() || text == "." || text == "..") return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
  });
}

class RestGithub final : public Github {
 public:
  RestGithub(std::string repository, std::unique_ptr<RestClient> line,
             std::unique_ptr<SignIn> sign_in, const base::Clock& clock)
      : repository_(std::move(repository)),
        line_(std::move(line)),
        sign_in_(std::move(sign_in)),
        clock_(clock) {}

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
    if (!query.creator.empty()) path += "&creator=" + http::percent_encode(query.creator);
    if (!query.label.empty()) path += "&labels=" + http::percent_encode(query.label);
    if (query.since)
      path += "&since=" + http::percent_encode(base::format_utc(*query.since, false));
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
                        http::percent_encode(base::format_utc(since, false)));
  }

  Result<Comment> get_comment(std::int64_t comment) override {
    return ask({"GET", repo("/issues/comments/") + std::to_string(comment)}, decode_comment);
  }

  Result<Right> get_right(const std::string& login) override {
    auto right = ask({"GET", repo("/collaborators/") + http::percent_encode(login) + "/permission"},
                     decode_right);
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
    const Call call{"GET", "/orgs/" + http::percent_encode(organisation) + "/teams/" +
                               http::percent_encode(team) + "/memberships/" +
                               http::percent_encode(login)};
    auto answer = exchange(call);
    if (!answer) return answer.failure();
    // Not a member, a team that we may not see, or a server that has none.
    if (answer->status == 404 || answer->status == 501) return false;
    if (auto refused = refusal(*answer, call)) {
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
    auto removed = do_it({"DELETE", issue_path(issue) + "/labels/" + http::percent_encode(name)});
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
    if (auto refused = refusal(*answer, call)) return *refused;
    return Nothing{};
  }

 private:
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
    return "/repos/" + repository_ + path;
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
    if (auto refused = refusal(*answer, call)) return *refused;
    auto value = decode(answer->body);
    if (value) return *std::move(value);
    // The effect of a write has happened, though what came back cannot be read.
    const auto code = call.is_write() ? ErrorCode::unknown : ErrorCode::unavailable;
    return Error{code, call.name() + ": " + value.error().message};
  }

  Status do_it(const Call& call) {
    auto answer = exchange(call);
    if (!answer) return answer.failure();
    if (auto refused = refusal(*answer, call)) return *refused;
    return Nothing{};
  }

  // Any answer, whatever its status. What was refused because of who we are was not done, and is
  // asked once more when we can sign in anew.
  Result<Reply> exchange(const Call& call) {
    auto reply = exchange_once(call);
    const bool again = reply.ok() && reply->status == 401 && sign_in_->renew();
    return again ? exchange_once(call) : reply;
  }

  Result<Reply> exchange_once(const Call& call) {
    const auto authorization = sign_in_->authorization();
    if (!authorization) return authorization.failure();
    auto reply = line_->exchange(call, *authorization);
    if (!reply) return reply.error();
    return *std::move(reply);
  }

  std::optional<Failure> refusal(const Reply& reply, const Call& call) const {
    return refusal_in(reply, call, clock_.now().wall);
  }

  const std::string repository_;
  std::unique_ptr<RestClient> line_;
  std::unique_ptr<SignIn> sign_in_;
  const base::Clock& clock_;
};

}  // namespace

bool is_repository(std::string_view text) {
  const auto slash = text.find('/');
  return slash != std::string_view::npos && is_name(text.substr(0, slash)) &&
         is_name(text.substr(slash + 1));
}

base::Result<std::unique_ptr<SignIn>> sign_in(const RestOptions& options, RestClient& line,
                                              const base::Clock& clock) {
  return options.app ? sign_in_as_app(*options.app, line, clock) : sign_in_by_token(options.token);
}

base::Result<std::unique_ptr<Github>> make_rest_github(const RestOptions& options,
                                                       const base::Clock& clock) {
  auto line = RestClient::make(options.line);
  if (!line) return line.error();
  if (!is_repository(options.repository)) {
    return Error{ErrorCode::invalid, "github.repository: not of the form owner/name"};
  }
  auto who = sign_in(options, **line, clock);
  if (!who) return who.error();
  return std::unique_ptr<Github>(std::make_unique<RestGithub>(
      options.repository, std::move(line).value(), std::move(who).value(), clock));
}

}  // namespace github
