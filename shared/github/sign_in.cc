#include "github/sign_in.h"

#include <algorithm>

#include "github/app_jwt.h"
#include "github/github_codec.h"

namespace github {
namespace {

using base::Error;
using base::ErrorCode;

class TokenSignIn final : public SignIn {
 public:
  explicit TokenSignIn(std::string token) : token_(std::move(token)) {}
  Result<std::string> authorization() override {
    return token_.empty() ? std::string() : "Bearer " + token_;
  }
  bool renew() override { return false; }
  Result<std::string> as_app() override { return authorization(); }

 private:
  std::string token_;
};

class AppSignIn final : public SignIn {
 public:
  AppSignIn(AppIdentity app, RestClient& line, const base::Clock& clock)
      : app_(std::move(app)), line_(line), clock_(clock) {}

  Result<std::string> authorization() override {
    const auto state = state_of(held_, clock_.now().boot);
    if (state == TokenState::fresh) return "Bearer " + held_.token;
    auto fetched = fetch();
    if (!fetched && state == TokenState::ended) return fetched.failure();
    return "Bearer " + held_.token;
  }

  bool renew() override {
    held_ = {};
    return true;
  }

  Result<std::string> as_app() override {
    auto jwt = make_app_jwt(app_.id, key(), clock_.now().wall);
    if (!jwt) return jwt.error();
    return "Bearer " + *jwt;
  }

 private:
  [[nodiscard]] const std::string& key() const {
    return use_second_ ? app_.second_private_key : app_.private_key;
  }

  // With the key that worked last; when it is refused, with the other one.
  Status fetch() {
    auto fetched = fetch_once();
    const bool refused = !fetched && fetched.error().code == ErrorCode::denied && key_refused_;
    if (!refused || app_.second_private_key.empty()) return fetched;
    use_second_ = !use_second_;
    auto again = fetch_once();
    if (again || !key_refused_) return again;
    use_second_ = !use_second_;
    return again;
  }

  Status fetch_once() {
    key_refused_ = false;
    const Call call{"POST", "/app/installations/" + app_.installation + "/access_tokens"};
    const auto jwt = as_app();
    if (!jwt) return jwt.failure();
    const auto reply = line_.exchange(call, *jwt);
    if (!reply) return as_read(reply.error());
    const auto now = clock_.now();
    if (auto refused = refusal_in(*reply, call, now.wall)) {
      key_refused_ = reply->status == 401;
      return explain(*std::move(refused), reply->status);
    }
    auto token = decode_installation_token(reply->body);
    if (!token) return Error{ErrorCode::unavailable, call.name() + ": " + token.error().message};
    if (!token->may_write_issues) {
      return Error{ErrorCode::denied, call.name() + ": app " + app_.id +
                                          " may not write issues there; give it the permission "
                                          "issues: write, and accept it on the installation"};
    }
    held_ = hold_token(std::move(token->token), token->expires_at, now);
    return Nothing{};
  }

  // A token that nobody got changes nothing: asking for one may always be repeated.
  static Error as_read(Error error) {
    if (error.code == ErrorCode::unknown) error.code = ErrorCode::unavailable;
    return error;
  }

  [[nodiscard]] Failure explain(Failure refused, int status) const {
    refused.error = as_read(std::move(refused.error));
    std::string& message = refused.error.message;
    if (status == 401) {
      message += "; GitHub knows app " + app_.id +
                 " by no such key: see github.app.id and github.app.private_key, and the clock of "
                 "this host";
    } else if (status == 404) {
      message += "; app " + app_.id + " has no installation " + app_.installation +
                 ": see github.app.installation";
      refused.error.code = ErrorCode::denied;  // What was asked for is there; we may not see it.
    } else if (refused.error.code == ErrorCode::denied) {
      message += "; is the installation suspended?";
    }
    return refused;
  }

  const AppIdentity app_;
  RestClient& line_;
  const base::Clock& clock_;
  HeldToken held_;
  bool use_second_ = false;
  bool key_refused_ = false;  // By the latest fetch_once().
};

bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-';
  });
}

}  // namespace

base::Result<std::unique_ptr<SignIn>> sign_in_by_token(const std::string& token) {
  const bool clean =
      std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (!clean) return Error{ErrorCode::invalid, "github.token: holds spaces or control characters"};
  return std::unique_ptr<SignIn>(std::make_unique<TokenSignIn>(token));
}

base::Result<std::unique_ptr<SignIn>> sign_in_as_app(AppIdentity app, RestClient& line,
                                                     const base::Clock& clock) {
  if (!is_word(app.id) || !is_word(app.installation)) {
    return Error{ErrorCode::invalid, "github.app: id and installation are needed, without spaces"};
  }
  for (const auto* key : {&app.private_key, &app.second_private_key}) {
    if (key->empty() && key == &app.second_private_key) continue;
    const auto tried = make_app_jwt(app.id, *key, clock.now().wall);
    if (!tried) return tried.error();
  }
  return std::unique_ptr<SignIn>(std::make_unique<AppSignIn>(std::move(app), line, clock));
}

}  // namespace github
