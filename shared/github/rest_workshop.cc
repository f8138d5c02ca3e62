#include <algorithm>

#include "github/address.h"
#include "github/rest_client.h"
#include "github/rest_github.h"
#include "github/sign_in.h"
#include "github/workshop.h"
#include "github/workshop_codec.h"

namespace github {
namespace {

class RestWorkshop final : public Workshop {
 public:
  RestWorkshop(const RestOptions& options, std::unique_ptr<Pulls> pulls,
               std::unique_ptr<RestClient> line, std::unique_ptr<SignIn> sign_in,
               const base::Clock& clock)
      : pulls_(std::move(pulls)),
        url_(clone_url(options.line.api, options.repository)),
        root_("/repos/" + options.repository),
        line_(std::move(line)),
        sign_in_(std::move(sign_in)),
        clock_(clock) {}

  Result<Pull> open_pull(const NewPull& pull) override { return pulls_->open_pull(pull); }
  Result<Pull> get_pull(std::int64_t number) override { return pulls_->get_pull(number); }
  Result<std::optional<Pull>> find_pull(const std::string& head) override {
    const auto found = pulls_->list_pulls(head);
    if (!found) return found.failure();
    if (found->empty()) return std::optional<Pull>();
    return std::optional<Pull>(found->front());
  }

  Status dispatch(const std::string& workflow, const std::string& ref,
                  const std::map<std::string, std::string>& inputs) override {
    return done(ask({"POST", root_ + "/actions/workflows/" + workflow + "/dispatches",
                     encode_dispatch(ref, inputs)}));
  }

  Result<std::vector<Run>> list_runs(const std::string& workflow) override {
    return read(ask({"GET", root_ + "/actions/workflows/" + workflow +
                                "/runs?event=workflow_dispatch&per_page=30"}),
                decode_runs, base::ErrorCode::unavailable);
  }

  Status assign(std::int64_t issue, const std::string& login) override {
    return done(ask({"POST", root_ + "/issues/" + std::to_string(issue) + "/assignees",
                     encode_assignee(login)}));
  }

  Status set_status(const std::string& sha, const std::string& state, const std::string& context,
                    const std::string& description) override {
    return done(
        ask({"POST", root_ + "/statuses/" + sha, encode_status(state, context, description)}));
  }

  Result<Remote> remote() override {
    const auto authorization = sign_in_->authorization();
    if (!authorization) return authorization.failure();
    const auto space = authorization->find(' ');
    return Remote{url_, space == std::string::npos ? "" : authorization->substr(space + 1)};
  }

 private:
  template <class Decode>
  static auto read(const Result<Reply>& reply, Decode decode, base::ErrorCode otherwise)
      -> Result<std::remove_cvref_t<decltype(*decode(""))>> {
    if (!reply) return reply.failure();
    auto value = decode(reply->body);
    if (!value) return base::Error{otherwise, value.error().message};
    return std::move(value).value();
  }
  static Status done(const Result<Reply>& reply) {
    return reply ? Status(Nothing{}) : Status(reply.failure());
  }
  Result<Reply> ask(const Call& call) {
    auto reply = ask_once(call);
    if (reply.ok() && reply->status == 401 && sign_in_->renew()) reply = ask_once(call);
    if (!reply) return reply;
    if (const auto refused = refusal_in(*reply, call, clock_.now().wall)) return *refused;
    return reply;
  }
  Result<Reply> ask_once(const Call& call) {
    const auto authorization = sign_in_->authorization();
    if (!authorization) return authorization.failure();
    auto reply = line_->exchange(call, *authorization);
    if (!reply) return reply.error();
    return *reply;
  }

  std::unique_ptr<Pulls> pulls_;
  const std::string url_, root_;
  std::unique_ptr<RestClient> line_;
  std::unique_ptr<SignIn> sign_in_;
  const base::Clock& clock_;
};

}  // namespace

base::Result<std::unique_ptr<Workshop>> make_rest_workshop(const RestOptions& options,
                                                           const base::Clock& clock) {
  auto pulls = make_rest_pulls(options, clock);
  if (!pulls) return pulls.error();
  auto line = RestClient::make(options.line);
  if (!line) return line.error();
  auto who = sign_in(options, **line, clock);
  if (!who) return who.error();
  return std::unique_ptr<Workshop>(std::make_unique<RestWorkshop>(
      options, std::move(pulls).value(), std::move(line).value(), std::move(who).value(), clock));
}

}  // namespace github
