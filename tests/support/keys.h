// Keys and certificates for tests, made on the spot: nothing secret lies in the tree.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/ensure.h"

namespace support {

struct FreeKey {
  void operator()(EVP_PKEY* it) const { EVP_PKEY_free(it); }
  void operator()(X509* it) const { X509_free(it); }
  void operator()(BIO* it) const { BIO_free(it); }
  void operator()(EVP_MD_CTX* it) const { EVP_MD_CTX_free(it); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;
using Certificate = std::unique_ptr<X509, FreeKey>;

inline Key make_key(unsigned bits = 2048) {
  Key key(EVP_RSA_gen(bits));
  base::ensure(key != nullptr, "no RSA key could be made");
  return key;
}

inline std::string text_of(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

enum class PemForm { pkcs1, pkcs8 };
inline std::string pem_of(EVP_PKEY* key, PemForm form = PemForm::pkcs1) {
  const std::unique_ptr<BIO, FreeKey> bio(BIO_new(BIO_s_mem()));
  const int wrote =
      form == PemForm::pkcs8
          ? PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr)
          : PEM_write_bio_PrivateKey_traditional(bio.get(), key, nullptr, nullptr, 0, nullptr,
                                                 nullptr);
  base::ensure(wrote == 1, "no PEM could be written");
  return text_of(bio.get());
}

inline std::string pem_of(X509* certificate) {
  const std::unique_ptr<BIO, FreeKey> bio(BIO_new(BIO_s_mem()));
  base::ensure(PEM_write_bio_X509(bio.get(), certificate) == 1, "no PEM could be written");
  return text_of(bio.get());
}

inline std::string public_pem_of(EVP_PKEY* key) {
  const std::unique_ptr<BIO, FreeKey> bio(BIO_new(BIO_s_mem()));
  base::ensure(PEM_write_bio_PUBKEY(bio.get(), key) == 1, "no PEM could be written");
  return text_of(bio.get());
}

// Valid for a day. `issuer` null: signs itself, as an authority; else it is for `host`.
inline Certificate make_certificate(EVP_PKEY* key, const char* name, X509* issuer = nullptr,
                                    EVP_PKEY* issuer_key = nullptr,
                                    const char* host = "IP:127.0.0.1") {
  Certificate made(X509_new());
  X509_set_version(made.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), issuer == nullptr ? 1 : 2);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 24 * 3600);
  X509_set_pubkey(made.get(), key);
  X509_NAME* subject = X509_get_subject_name(made.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509_set_issuer_name(made.get(), issuer == nullptr ? subject : X509_get_subject_name(issuer));
  const auto add = [&](int kind, const char* value) {
    X509_EXTENSION* one = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value);
    base::ensure(one != nullptr, "no extension could be made");
    X509_add_ext(made.get(), one, -1);
    X509_EXTENSION_free(one);
  };
  if (issuer == nullptr) {
    add(NID_basic_constraints, "critical,CA:TRUE");
  } else {
    add(NID_subject_alt_name, host);
  }
  base::ensure(X509_sign(made.get(), issuer == nullptr ? key : issuer_key, EVP_sha256()) > 0,
               "no certificate could be signed");
  return made;
}

// Was `text` signed by RS256 with this key?
inline bool verifies(EVP_PKEY* key, std::string_view text, std::string_view signature) {
  const std::unique_ptr<EVP_MD_CTX, FreeKey> context(EVP_MD_CTX_new());
  return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                          signature.size(), reinterpret_cast<const unsigned char*>(text.data()),
                          text.size()) == 1;
}

}  // namespace support
