#include "agents/fixer/opa_server.h"

#include "config/url.h"
#include "policy/opa_codec.h"

namespace fixer {

OpaServer::OpaServer(const std::string& url) : url_(url) {
  const auto parsed = config::parse_url(url);
  if (!parsed) return;
  target_ = parsed->target;
  client_ = std::make_unique<engine::HttpClient>("tcp://" + parsed->host + ":" +
                                                 std::to_string(parsed->port));
}

policy::Opinion OpaServer::ask(const policy::Question& question) {
  if (!client_) return {false, "the policy server's address is no http:// address: " + url_};
  engine::HttpCall call;
  call.method = "POST";
  call.target = target_;
  call.body = policy::encode(question);
  call.deadline = kOpinionWithin;
  call.answer_limit = 64U << 10U;
  const auto answer = client_->read(call);
  if (!answer) {
    return {false, "the policy server at " + url_ + " gave no answer (" +
                       std::string(base::to_string(answer.error().code)) + ": " +
                       answer.error().message + "); no answer is a no"};
  }
  return policy::decode_opinion(answer->status, answer->body);
}

}  // namespace fixer
