// Who we are to GitHub: a token, or an app whose tokens last an hour. Adapter.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "github/github.h"
#include "github/rest_client.h"

namespace github {

// An app of GitHub, installed on our repository. Keys as PEM text.
struct AppIdentity {
  std::string id;  // Its number, or its client id.
  std::string installation;
  std::string private_key;
  std::string second_private_key;  // Tried when the first one is refused; empty: none.
};

// Not thread-safe.
class SignIn {
 public:
  virtual ~SignIn() = default;
  // The value of the Authorization header; empty: none. Errors: those of Github's reads; denied
  // when GitHub does not take who we are, or gives us fewer rights than we need.
  virtual Result<std::string> authorization() = 0;
  // What authorization() said last was refused (401). True when it will say something else now.
  virtual bool renew() = 0;
  // For what an app asks as itself (/app/…). The same as above for a token.
  virtual Result<std::string> as_app() = 0;
};

// Errors: invalid (a character no token has).
[[nodiscard]] base::Result<std::unique_ptr<SignIn>> sign_in_by_token(const std::string& token);
// Fetches a token of the installation when it is first needed, anew after 50 of its 60 minutes (a
// failure then is no matter until the 60 are over) and when it is refused. `line` and `clock` must
// outlive it. Errors: invalid (no such key or id).
[[nodiscard]] base::Result<std::unique_ptr<SignIn>> sign_in_as_app(AppIdentity app,
                                                                   RestClient& line,
                                                                   const base::Clock& clock);

}  // namespace github
