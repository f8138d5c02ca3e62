#include "agents/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

#include "base/text.h"

namespace cli {
namespace {

// For unknown words only; CLI11 has its own idea of the grammar, and no suggestions.
const std::vector<std::string> kCommands = {
    "up",     "scout",  "brain",   "fixer",   "memory",    "scribe",
    "warden", "forge",  "console", "doctor",  "init",      "incidents",
    "stop",   "resume", "chaos",   "version", "workflows", "git-worker"};
const std::map<std::string, std::vector<std::string>> kSubcommands = {
    {"incidents", {"list", "show", "replay", "approve", "vetoes"}},
    {"chaos", {"list", "run", "verify-jules-pr"}},
    {"workflows", {"lint", "explain", "simulate"}},
    {"memory", {"search", "rebuild"}}};
const std::vector<std::string> kOptions = {
    "--config", "--json",   "--log",     "--help",       "--reason",
    "--follow", "--target", "--failure", "--occurrence", "--engine-restarts",
    "--suite",  "--experiments"};

bool takes_value(std::string_view option) {
  return option == "--config" || option == "-c" || option == "--log" || option == "--reason" ||
         option == "--target" || option == "--failure" || option == "--occurrence" ||
         option == "--experiments";
}

Answer wrong(const std::string& what, const std::string& command) {
  return {2, "sre-space: " + what + "\nTry: sre-space " + (command.empty() ? "" : command + " ") +
                 "--help\n"};
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  const std::string near = base::nearest_word(word, known);
  return near.empty() ? "" : "; did you mean \"" + near + "\"?";
}

std::string shown(std::string_view word) {
  return "\"" + base::clean_text(base::cut_utf8(word, 60)) + "\"";
}

// Words that are neither options nor their values, in order.
std::vector<std::string> plain_words(const std::vector<std::string>& words) {
  std::vector<std::string> plain;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--") break;
    if (takes_value(words[i])) {
      ++i;
    } else if (!words[i].starts_with('-')) {
      plain.push_back(words[i]);
    }
  }
  return plain;
}

// A better message than the parser's for a word nobody knows; nothing when all are known.
std::optional<Answer> unknown_word(const std::vector<std::string>& words) {
  const auto plain = plain_words(words);
  const std::string command = plain.empty() ? "" : plain[0];
  if (!plain.empty() && std::find(kCommands.begin(), kCommands.end(), command) == kCommands.end()) {
    return wrong("unknown command " + shown(command) + did_you_mean(command, kCommands), "");
  }
  if (const auto known = kSubcommands.find(command);
      known != kSubcommands.end() && plain.size() > 1) {
    const auto& names = known->second;
    if (std::find(names.begin(), names.end(), plain[1]) == names.end()) {
      return wrong(
          "unknown command " + shown(command + " " + plain[1]) + did_you_mean(plain[1], names),
          command);
    }
  }
  for (const auto& word : words) {
    if (word == "--") break;
    const std::string option = word.substr(0, word.find('='));
    if (option.starts_with("--") &&
        std::find(kOptions.begin(), kOptions.end(), option) == kOptions.end()) {
      return wrong("unknown option " + shown(option) + did_you_mean(option, kOptions), command);
    }
  }
  return std::nullopt;
}

// The grammar of the command line, bound to a Request that it fills while parsing.
class Grammar {
 public:
  explicit Grammar(Request& request) : request_(request) {
    app_.description(
        "An on-call team that runs on one machine: it watches your containers, opens a GitHub\n"
        "issue for each incident, diagnoses it, restarts what is sick, proves that it helped, and\n"
        "remembers. It starts in mode dry_run: it says what it would do and touches nothing.");
    app_.footer(
        "Exit codes: 0 done, 1 failed, 2 used wrongly.\n\n"
        "Example: a first run\n"
        "  sre-space init && sre-space doctor && sre-space up");
    app_.get_formatter()->column_width(34);
    app_.require_subcommand(1);
    app_.add_option("-c,--config", request.config_path,
                    "The configuration (default: $SRE_CONFIG, else sre-space.yaml)")
        ->type_name("FILE");
    app_.add_flag("--json", request.json, "Print one JSON document instead of a person's text");
    app_.add_option("--log", log_, "Least level of messages on stderr: debug, info, warn, error")
        ->type_name("LEVEL")
        ->transform(CLI::IsMember({"debug", "info", "warn", "error"}));
    add_run();
    add_look();
    add_steer();
    add_workflows();
    add_roles();
    add_hidden();
  }

  CLI::App& app() { return app_; }
  void finish() {
    static const std::map<std::string, base::LogLevel> kLevels = {{"debug", base::LogLevel::debug},
                                                                  {"info", base::LogLevel::info},
                                                                  {"warn", base::LogLevel::warn},
                                                                  {"error", base::LogLevel::error}};
    request_.log_level = kLevels.at(log_);
    if (request_.command == Command::init && !file_.empty()) request_.config_path = file_;
    for (const auto& word : words_) request_.text += (request_.text.empty() ? "" : " ") + word;
  }

 private:
  CLI::App* add(CLI::App& parent, const char* name, const char* what, const char* example) {
    CLI::App* made = parent.add_subcommand(name, what);
    made->footer(
        std::string("The general options of sre-space --help hold here too.\n\nExample:\n  ") +
        example);
    made->group("Commands");
    made->fallthrough();
    made->get_formatter()->column_width(34);
    return made;
  }
  CLI::App* leaf(CLI::App& parent, const char* name, Command command, const char* what,
                 const char* example) {
    CLI::App* made = add(parent, name, what, example);
    made->callback([this, command] { request_.command = command; });
    return made;
  }

  void add_run() {
    leaf(app_, "init", Command::init,
         "Write a first, commented configuration; never over an existing file", "sre-space init")
        ->group("Start")
        ->add_option("FILE", file_, "Where to write it (default: sre-space.yaml)");
    leaf(app_, "doctor", Command::doctor,
         "Check configuration, state folder, ports, engine, services and GitHub",
         "sre-space doctor --json")
        ->group("Start");
    leaf(app_, "up", Command::up,
         "Start all roles of this host, restart what dies, stop in order on Ctrl-C",
         "sre-space --config /etc/sre-space.yaml up")
        ->group("Start");
    leaf(app_, "version", Command::version, "Print the version", "sre-space version")
        ->group("Start");
  }

  // What one of our processes starts, to talk by pipes: no command for people.
  void add_hidden() {
    leaf(app_, "git-worker", Command::git_worker, "One request about a repository, from stdin", "")
        ->group("");
  }

  void add_look() {
    auto* incidents = add(app_, "incidents", "Read incidents from the ledger, or approve a plan",
                          "sre-space incidents list");
    incidents->group("Look")->require_subcommand(1);
    leaf(*incidents, "list", Command::incidents_list, "All incidents, newest first",
         "sre-space incidents list --json");
    constexpr const char* kWhich = "An issue's number or an incident's id";
    leaf(*incidents, "show", Command::incidents_show, "One incident with its timeline and evidence",
         "sre-space incidents show 12")
        ->add_option("INCIDENT", request_.incident, kWhich)
        ->required();
    leaf(*incidents, "replay", Command::incidents_replay,
         "Compute one incident's states again from the ledger and compare",
         "sre-space incidents replay 12")
        ->add_option("INCIDENT", request_.incident, kWhich)
        ->required();
    leaf(*incidents, "vetoes", Command::incidents_vetoes,
         "What the guards refused in the last 7 days, and what would have been done",
         "sre-space incidents vetoes");
    CLI::App* approve =
        leaf(*incidents, "approve", Command::incidents_approve,
             "Approve the plan that an incident waits with, in mode approve; only this very plan",
             "sre-space incidents approve 12 4f9a03be");
    approve->add_option("INCIDENT", request_.incident, kWhich)->required();
    approve->add_option("PLAN", request_.plan, "The plan's hash, as the issue shows it")
        ->required();
  }

  void add_steer() {
    leaf(app_, "stop", Command::stop,
         "The kill switch: from now on nothing is done to any container or repository",
         "sre-space stop --reason \"moving the database\"")
        ->group("Steer")
        ->add_option("--reason", request_.text, "Why; shown on the issues")
        ->type_name("TEXT");
    leaf(app_, "resume", Command::resume, "Clear the kill switch", "sre-space resume")
        ->group("Steer");
    auto* chaos = add(app_, "chaos", "Break the demo application on purpose and watch it heal",
                      "sre-space chaos run oom crash hang --json");
    chaos->group("Prove")->require_subcommand(1);
    leaf(*chaos, "list", Command::chaos_list, "The experiments with what they expect",
         "sre-space chaos list");
    CLI::App* run = leaf(*chaos, "run", Command::chaos_run, "Run experiments one after the other",
                         "sre-space chaos run oom crash hang --json");
    run->add_option("NAME", request_.names, "Names of experiments")->required();
    run->add_option("--target", request_.target,
                    "The service to break (default: the experiment's own choice)")
        ->type_name("SERVICE");
    run->add_flag("--follow", request_.follow, "Print each issue's thread to stderr as it grows");
    CLI::App* verify =
        leaf(*chaos, "verify-jules-pr", Command::chaos_verify,
             "Judge a coding agent's pull request: guards, the suite, a comment and a status",
             "sre-space chaos verify-jules-pr 12 --suite");
    verify->add_option("NUMBER", request_.number, "The pull request")->required();
    CLI::Option* suite =
        verify->add_flag("--suite", request_.suite,
                         "Build and run it here: only on a machine that may be thrown away");
    verify
        ->add_option("--experiments", request_.experiments,
                     "The suite: names as of `chaos list` (default: all, oom twice)")
        ->type_name("\"NAME...\"")
        ->needs(suite);
  }

  void add_workflows() {
    auto* workflows = add(app_, "workflows", "Read the runbooks: check, explain, simulate them",
                          "sre-space workflows simulate --failure oom --occurrence 3");
    workflows->group("Prove")->require_subcommand(1);
    leaf(*workflows, "lint", Command::workflows_lint,
         "Check all runbooks: file, line, field and the nearest right word of each mistake",
         "sre-space workflows lint runbooks")
        ->add_option("FOLDER", request_.text,
                     "Runbooks of your own (default: the configuration's `workflows`)");
    leaf(*workflows, "explain", Command::workflows_explain,
         "One runbook in sentences; without a name a list of all",
         "sre-space workflows explain oom-restart")
        ->add_option("NAME", request_.text, "A runbook's name");
    CLI::App* simulate = leaf(*workflows, "simulate", Command::workflows_simulate,
                              "Which runbooks would make the menu, given all means",
                              "sre-space workflows simulate --failure oom --occurrence 3");
    simulate->add_option("--failure", request_.failure, "The class of the failure")
        ->type_name("CLASS")
        ->required();
    simulate
        ->add_option("--occurrence", request_.occurrence, "The how many-th of its kind (default 1)")
        ->type_name("N")
        ->check(CLI::Range(1, 1000));
    simulate->add_option("--target", request_.target, "The sick service")->type_name("SERVICE");
    simulate->add_flag("--engine-restarts", request_.engine_restarts,
                       "A restart policy brings the container back");
  }

  void add_roles() {
    add_role("scout", "Role: turn signals into incidents");
    add_role("brain", "Role: turn incidents into diagnoses and plans");
    add_role("fixer", "Role: turn plans into guarded, verified actions");
    add_memory();
    add_role("scribe", "Role: the only door to GitHub");
    add_role("warden", "Role: the only door to the container engine");
    add_role("console", "Role: HTTP API, webhooks and the live page");
    add_role("forge", "Role: the embedded GitHub");
  }
  CLI::App* add_role(const std::string& name, const char* what) {
    const std::string example = "sre-space " + name + " --log debug";
    CLI::App* role = add(app_, name.c_str(), what, example.c_str());
    role->group("Roles, started by up");
    role->callback([this, name] {
      request_.command = Command::role;
      request_.role = name;
    });
    return role;
  }
  // The role and, with a word more, the look into what it remembers.
  void add_memory() {
    CLI::App* memory = add(app_, "memory", "Role: remember solved incidents; or search them",
                           "sre-space memory search \"out of memory\"");
    memory->group("Roles, started by up");
    memory->callback([this, memory] {
      if (!memory->get_subcommands().empty()) return;
      request_.command = Command::role;
      request_.role = "memory";
    });
    leaf(*memory, "search", Command::memory_search, "Find remembered incidents like a text",
         "sre-space memory search \"out of memory\" --json")
        ->add_option("TEXT", words_, "What to look for")
        ->required();
    leaf(*memory, "rebuild", Command::memory_rebuild, "Build the index again from the ledger",
         "sre-space memory rebuild");
  }

  Request& request_;
  std::string log_ = "info";
  std::string file_;
  std::vector<std::string> words_;
  CLI::App app_{"", "sre-space"};
};

}  // namespace

const std::vector<std::string>& roles() {
  static const std::vector<std::string> kRoles = {"scout",  "brain",  "fixer",   "memory",
                                                  "scribe", "warden", "console", "forge"};
  return kRoles;
}

std::variant<Request, Answer> parse_command_line(const std::vector<std::string>& words,
                                                 const std::string& default_config) {
  if (auto unknown = unknown_word(words)) return std::move(*unknown);
  Request request;
  request.config_path = default_config.empty() ? "sre-space.yaml" : default_config;
  Grammar grammar(request);
  const auto plain = plain_words(words);
  try {
    grammar.app().parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::CallForHelp&) {
    return Answer{0, grammar.app().help()};
  } catch (const CLI::ParseError& error) {
    if (words.empty()) return Answer{2, grammar.app().help()};
    std::string what = error.what();
    std::replace(what.begin(), what.end(), '\n', ' ');
    std::string command = plain.empty() ? "" : plain[0];
    return wrong(base::clean_text(what), command);
  }
  if (request.config_path.empty()) return wrong("--config needs a file", "");
  grammar.finish();
  return request;
}

}  // namespace cli
