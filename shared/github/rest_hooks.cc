#include <algorithm>

#include "github/github_codec.h"
#include "github/hooks.h"
#include "github/rest_client.h"
#include "github/rest_github.h"
#include "github/sign_in.h"

namespace github {
namespace {

constexpr int kHookPagesMax = 3;

class RestHooks final : public Hooks {
 public:
  RestHooks(std::string path, bool is_of_app, std::unique_ptr<RestClient> line,
            std::unique_ptr<SignIn> sign_in, const base::Clock& clock)
      : path_(std::move(path)),
        is_of_app_(is_of_app),
        line_(std::move(line)),
        sign_in_(std::move(sign_in)),
        clock_(clock) {}

  Result<std::vector<HookDelivery>> list_deliveries(base::WallTime since) override {
    std::vector<HookDelivery> all;
    std::string path = path_ + "?per_page=100";
    for (int page = 0; page < kHookPagesMax && !path.empty(); ++page) {
      const auto reply = ask({"GET", path});
      if (!reply) return reply.failure();
      const auto read = decode_hook_deliveries(reply->body);
      if (!read) return base::Error{base::ErrorCode::unavailable, read.error().message};
      all.insert(all.end(), read->begin(), read->end());
      if (read->empty() || read->back().delivered_at < since) break;
      path = reply->link_next;
    }
    return all;
  }

  Status redeliver(std::int64_t id) override {
    const auto reply = ask({"POST", path_ + "/" + std::to_string(id) + "/attempts"});
    return reply ? Status(Nothing{}) : Status(reply.failure());
  }

 private:
  Result<Reply> ask(const Call& call) {
    auto reply = ask_once(call);
    const bool again = reply.ok() && reply->status == 401 && sign_in_->renew();
    if (again) reply = ask_once(call);
    if (!reply) return reply;
    if (const auto refused = refusal_in(*reply, call, clock_.now().wall)) return *refused;
    return reply;
  }
  Result<Reply> ask_once(const Call& call) {
    const auto authorization = is_of_app_ ? sign_in_->as_app() : sign_in_->authorization();
    if (!authorization) return authorization.failure();
    auto reply = line_->exchange(call, *authorization);
    if (!reply) return reply.error();
    return *reply;
  }

  const std::string path_;
  const bool is_of_app_;
  std::unique_ptr<RestClient> line_;
  std::unique_ptr<SignIn> sign_in_;
  const base::Clock& clock_;
};

}  // namespace

base::Result<std::unique_ptr<Hooks>> make_rest_hooks(const RestOptions& options, std::int64_t hook,
                                                     const base::Clock& clock) {
  auto line = RestClient::make(options.line);
  if (!line) return line.error();
  auto who = sign_in(options, **line, clock);
  if (!who) return who.error();
  const std::string path =
      hook == 0 ? "/app/hook/deliveries"
                : "/repos/" + options.repository + "/hooks/" + std::to_string(hook) + "/deliveries";
  return std::unique_ptr<Hooks>(std::make_unique<RestHooks>(
      path, hook == 0, std::move(line).value(), std::move(who).value(), clock));
}

}  // namespace github
