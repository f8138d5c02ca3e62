#include <optional>

#include "github/pull_codec.h"
#include "github/pulls.h"
#include "github/rest_client.h"
#include "github/rest_github.h"
#include "github/sign_in.h"
#include "http/url.h"

namespace github {
namespace {

using base::Error;
using base::ErrorCode;
constexpr std::size_t kChecksOfPage = 100;
constexpr int kCheckPagesMax = 10;

class RestPulls final : public Pulls {
 public:
  RestPulls(const std::string& repository, std::unique_ptr<RestClient> line,
            std::unique_ptr<SignIn> sign_in, const base::Clock& clock)
      : repo_("/repos/" + repository),
        owner_(repository.substr(0, repository.find('/'))),
        line_(std::move(line)),
        sign_in_(std::move(sign_in)),
        clock_(clock) {}

  Result<Pull> open_pull(const NewPull& pull) override {
    return ask({"POST", repo_ + "/pulls", encode(pull)}, decode_pull);
  }

  Result<std::vector<Pull>> list_pulls(const std::string& head_branch) override {
    auto all = ask(list_call(repo_ + "/pulls?state=all&sort=created&direction=desc&per_page=100" +
                             "&head=" + http::percent_encode(owner_ + ":" + head_branch)),
                   decode_pulls);
    // A server that does not know the filter answers with all.
    if (all) std::erase_if(*all, [&](const Pull& one) { return one.head_branch != head_branch; });
    return all;
  }

  Result<Pull> get_pull(std::int64_t number) override {
    return ask(list_call(repo_ + "/pulls/" + std::to_string(number)), decode_pull);
  }

  Result<std::string> merge_pull(std::int64_t number, const std::string& head,
                                 const std::string& title) override {
    return ask(
        {"PUT", repo_ + "/pulls/" + std::to_string(number) + "/merge", encode_squash(head, title)},
        decode_merge);
  }

  Result<std::vector<Check>> list_checks(const std::string& sha) override {
    const std::string commit = repo_ + "/commits/" + http::percent_encode(sha);
    std::vector<Check> all;
    if (auto failed = add_checks(commit + "/status", decode_statuses, all)) return *failed;
    if (auto failed = add_checks(commit + "/check-runs", decode_check_runs, all)) return *failed;
    return all;
  }

  Result<std::vector<std::string>> required_checks(const std::string& branch) override {
    auto names =
        ask(list_call(repo_ + "/branches/" + http::percent_encode(branch)), decode_required);
    if (!names && names.error().code == ErrorCode::not_found) return std::vector<std::string>{};
    return names;
  }

 private:
  std::optional<Failure> add_checks(const std::string& path,
                                    base::Result<CheckPage> (*decode)(std::string_view),
                                    std::vector<Check>& all) {
    for (int page = 1; page <= kCheckPagesMax; ++page) {
      auto got = ask(list_call(path + "?per_page=100&page=" + std::to_string(page)), decode);
      if (!got) return got.failure();
      all.insert(all.end(), got->checks.begin(), got->checks.end());
      if (got->entries < kChecksOfPage) break;
    }
    return std::nullopt;
  }

  template <class T>
  Result<T> ask(const Call& call, base::Result<T> (*decode)(std::string_view)) {
    auto reply = exchange(call);
    const bool again = reply.ok() && reply->status == 401 && sign_in_->renew();
    if (again) reply = exchange(call);
    if (!reply) return reply.failure();
    if (const auto refused = refusal_in(*reply, call, clock_.now().wall)) return *refused;
    auto value = decode(reply->body);
    if (value) return *std::move(value);
    const auto code = call.is_write() ? ErrorCode::unknown : ErrorCode::unavailable;
    return Error{code, call.name() + ": " + value.error().message};
  }

  Result<Reply> exchange(const Call& call) {
    const auto authorization = sign_in_->authorization();
    if (!authorization) return authorization.failure();
    auto reply = line_->exchange(call, *authorization);
    if (!reply) return reply.error();
    return *std::move(reply);
  }

  const std::string repo_, owner_;
  std::unique_ptr<RestClient> line_;
  std::unique_ptr<SignIn> sign_in_;
  const base::Clock& clock_;
};

}  // namespace

base::Result<std::unique_ptr<Pulls>> make_rest_pulls(const RestOptions& options,
                                                     const base::Clock& clock) {
  if (!is_repository(options.repository)) {
    return Error{ErrorCode::invalid, "github.repository: not of the form owner/name"};
  }
  auto line = RestClient::make(options.line);
  if (!line) return line.error();
  auto who = sign_in(options, **line, clock);
  if (!who) return who.error();
  return std::unique_ptr<Pulls>(std::make_unique<RestPulls>(
      options.repository, std::move(line).value(), std::move(who).value(), clock));
}

}  // namespace github
