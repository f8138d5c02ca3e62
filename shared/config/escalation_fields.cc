#include "config/escalation_fields.h"

#include <algorithm>

#include "base/redact.h"
#include "base/text.h"
#include "config/url.h"

namespace config {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr std::size_t kWordsMax = 32, kLabelMax = 50;

class EscalationFields {
 public:
  EscalationFields(Findings& findings, const Environment& environment, const YamlNode& map,
                   Escalation& out)
      : findings_(findings),
        fields_(findings, environment, map, "escalation",
                {"label", "agent", "command", "environment", "time", "workflow", "assignee", "api",
                 "key", "branch", "forbidden", "per_day"}),
        out_(out) {}

  void read() {
    fields_.read_text("label", out_.label);
    if (out_.label.size() > kLabelMax || out_.label.find(',') != std::string::npos)
      fields_.wrong("label", "must be at most 50 bytes without a comma");
    if (const auto name = fields_.text("agent")) read_agent(*name);
    fields_.read_duration("time", out_.time, seconds(1), hours(6));
    fields_.read_int("per_day", out_.per_day, 1, 100);
    fields_.read_text("branch", out_.branch);
    if (!is_branch(out_.branch)) fields_.wrong("branch", in_quotes(out_.branch) + " is no branch");
    out_.command = words("command");
    out_.environment = words("environment");
    out_.forbidden = words("forbidden");
    fields_.read_text("workflow", out_.workflow);
    fields_.read_text("assignee", out_.assignee);
    read_jules();
    check_environment();
    check_needed();
  }

 private:
  static bool is_branch(const std::string& name) {
    const auto parts = base::split(name, '/');
    return std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
      return is_plain_name(part) && part.find("..") == std::string_view::npos;
    });
  }

  void read_agent(const std::string& name) {
    if (const auto agent = parse_coding_agent(name)) {
      out_.agent = *agent;
    } else {
      const std::vector<std::string> known = {"none", "command", "workflow", "assign", "jules"};
      fields_.wrong("agent", in_quotes(name) +
                                 " is none of command, workflow, assign, jules, none" +
                                 suggestion(name, known));
    }
  }

  std::vector<std::string> words(const std::string& key) {
    std::vector<std::string> out;
    const auto* list = fields_.find_list(key);
    if (list == nullptr) return out;
    for (std::size_t i = 0; i < list->items.size(); ++i) {
      if (auto word = fields_.scalar(list->items[i], key + "[" + std::to_string(i) + "]"))
        out.push_back(*std::move(word));
    }
    if (out.size() > kWordsMax) fields_.wrong(key, "more than 32 words");
    return out;
  }

  void read_jules() {
    fields_.read_text("api", out_.jules_api);
    const auto url = parse_url(out_.jules_api);
    if (!url)
      fields_.wrong("api", url.error().message);
    else if (url->scheme == "http" && !is_loopback(url->host))
      fields_.wrong("api", "must be https://, else the key travels in the clear");
    std::string unset;
    const auto key = fields_.optional_text("key", unset);
    if (key && key->size() < base::kSecretMin)
      fields_.wrong("key", "shorter than 8 characters: it could not be kept out of issues");
    if (key) out_.jules_key = *key;
    if (unset.empty()) return;
    findings_.note("escalation.key", "${" + unset + "} is not set: nothing is handed to Jules");
    if (out_.agent == CodingAgent::jules) out_.agent = CodingAgent::none;
  }

  // What an agent sees, whoever talks it into it sees too.
  void check_environment() {
    for (const auto& name : out_.environment) {
      if (base::names_secret(name))
        fields_.wrong("environment", in_quotes(name) +
                                         " is named like a secret; a coding agent gets none. Let "
                                         "it sign in by a file of the user it runs as");
    }
  }

  void check_needed() {
    const auto need = [&](CodingAgent agent, const char* key, bool is_there) {
      if (out_.agent != agent || is_there) return;
      fields_.wrong(key, "is missing, for the agent " + std::string(to_string(agent)));
    };
    need(CodingAgent::command, "command", !out_.command.empty());
    need(CodingAgent::workflow, "workflow", !out_.workflow.empty());
    need(CodingAgent::assign, "assignee", !out_.assignee.empty());
    need(CodingAgent::jules, "key", !out_.jules_key.empty());
    if (!out_.workflow.empty() && !is_plain_name(out_.workflow))
      fields_.wrong("workflow", in_quotes(out_.workflow) + " is no file name of a workflow");
    if (!out_.assignee.empty() && !is_plain_name(out_.assignee))
      fields_.wrong("assignee", in_quotes(out_.assignee) + " is no login");
  }

  Findings& findings_;
  const FieldReader fields_;
  Escalation& out_;
};

}  // namespace

void read_escalation(Findings& findings, const Environment& environment, const YamlNode& map,
                     Config& config) {
  EscalationFields(findings, environment, map, config.escalation).read();
}

}  // namespace config
