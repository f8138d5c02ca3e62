#include "github/app_jwt.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <memory>

#include "base/hash.h"
#include "github/github_codec.h"

namespace github {
namespace {

using base::Error;
using base::ErrorCode;
using std::chrono::minutes;

constexpr base::Duration kTokenLength = minutes(60);
constexpr base::Duration kRenewBefore = minutes(10);
constexpr int kKeyBitsMin = 2048;

struct Free {
  void operator()(BIO* it) const { BIO_free(it); }
  void operator()(EVP_PKEY* it) const { EVP_PKEY_free(it); }
  void operator()(EVP_MD_CTX* it) const { EVP_MD_CTX_free(it); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

int no_passphrase(char*, int, int, void*) { return -1; }  // Else OpenSSL asks on the terminal.

base::Result<std::string> sign(std::string_view text, std::string_view pem) {
  const Owned<BIO> file(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const Owned<EVP_PKEY> key(
      file ? PEM_read_bio_PrivateKey(file.get(), nullptr, no_passphrase, nullptr) : nullptr);
  if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) {
    return Error{ErrorCode::invalid,
                 "sign in as an app: its private key is no RSA key in PEM form without passphrase"};
  }
  if (EVP_PKEY_get_bits(key.get()) < kKeyBitsMin) {
    return Error{ErrorCode::invalid,
                 "sign in as an app: its private key is shorter than 2048 bits"};
  }
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t size = 0;
  bool signed_ok =
      context &&
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
      EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) == 1;
  std::string signature(size, '\0');
  signed_ok =
      signed_ok && EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()),
                                  &size, bytes, text.size()) == 1;
  if (!signed_ok) return Error{ErrorCode::invalid, "sign in as an app: its key does not sign"};
  signature.resize(size);
  return signature;
}

}  // namespace

base::Result<std::string> make_app_jwt(std::string_view app, std::string_view pem,
                                       base::WallTime now) {
  const auto issued = now - std::chrono::duration_cast<base::Millis>(kJwtBackdated);
  const auto expires = issued + std::chrono::duration_cast<base::Millis>(kJwtLength);
  const AppClaims claims{std::string(app), base::to_ms(issued) / 1000, base::to_ms(expires) / 1000};
  const std::string text = base::base64url(kJwtHeader) + "." + base::base64url(encode(claims));
  const auto signature = sign(text, pem);
  if (!signature) return signature.error();
  return text + "." + base::base64url(*signature);
}

HeldToken hold_token(std::string token, base::WallTime expires_at, base::Now now) {
  base::Duration left = expires_at - now.wall;
  if (left <= kRenewBefore || left > kTokenLength) left = kTokenLength;
  return {std::move(token), now.boot + left - kRenewBefore, now.boot + left};
}

TokenState state_of(const HeldToken& held, base::Instant now) {
  if (held.token.empty() || now >= held.ends_at) return TokenState::ended;
  return now >= held.renew_at ? TokenState::renewable : TokenState::fresh;
}

}  // namespace github
