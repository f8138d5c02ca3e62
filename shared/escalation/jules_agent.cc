#include "escalation/agents.h"
#include "escalation/jules_codec.h"
#include "github/rest_client.h"

namespace escalation {
namespace {

using base::Error;
using base::ErrorCode;

class JulesAgent final : public CodingAgent {
 public:
  JulesAgent(JulesOptions options, std::unique_ptr<github::RestClient> line,
             const base::Clock& clock)
      : options_(std::move(options)), line_(std::move(line)), clock_(clock) {}

  base::Result<Handed> start(const Task& task) override {
    const auto body =
        ask({"POST", "/v1alpha/sessions",
             encode_session(task.markdown, title_of(task.op, task.title),
                            "sources/github/" + options_.repository, options_.branch)});
    if (!body) return body.error();
    const auto session = decode_session(*body);
    if (!session) return Error{ErrorCode::unknown, session.error().message};
    return handed(*session);
  }

  // By the operation in the title, among the newest 100.
  base::Result<std::optional<Handed>> look(const std::string& op, std::int64_t) override {
    const auto body = ask({"GET", "/v1alpha/sessions?pageSize=100"});
    if (!body) return Error{ErrorCode::unavailable, body.error().message};
    const auto sessions = decode_sessions(*body);
    if (!sessions) return Error{ErrorCode::unavailable, sessions.error().message};
    for (const auto& session : *sessions) {
      if (session.title.find(op) != std::string::npos)
        return std::optional<Handed>(handed(session));
    }
    return std::optional<Handed>();
  }

 private:
  static std::string title_of(const std::string& op, const std::string& title) {
    return title + " [" + op + "]";
  }
  static Handed handed(const JulesSession& session) {
    return {0, !session.pull_url.empty() ? session.pull_url
               : session.url.empty()     ? session.name
                                         : session.url};
  }
  base::Result<std::string> ask(github::Call call) {
    call.headers = {{"X-Goog-Api-Key", options_.key}};
    const auto reply = line_->exchange(call, "");
    if (!reply) return reply.error();
    if (const auto refused = github::refusal_in(*reply, call, clock_.now().wall))
      return Error{refused->error}.in("Jules");
    return reply->body;
  }

  const JulesOptions options_;
  std::unique_ptr<github::RestClient> line_;
  const base::Clock& clock_;
};

}  // namespace

base::Result<std::unique_ptr<CodingAgent>> make_jules_agent(const JulesOptions& options,
                                                            const base::Clock& clock) {
  github::LineOptions line = options.line;
  line.api = options.api;
  auto made = github::RestClient::make(line);
  if (!made) return made.error().in("escalation.api");
  return std::unique_ptr<CodingAgent>(
      std::make_unique<JulesAgent>(options, std::move(made).value(), clock));
}

}  // namespace escalation
