#include "agents/cli/command_line.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/text.h"

using cli::Answer;
using cli::Command;
using cli::Request;

namespace {

// Words are separated by single spaces; '_' stands for a space within a word.
std::variant<Request, Answer> parse(std::string_view line, const std::string& config = "") {
  std::vector<std::string> words;
  for (const auto part : base::split(line, ' ')) {
    if (part.empty()) continue;
    words.emplace_back(part);
    for (char& c : words.back()) c = c == '_' ? ' ' : c;
  }
  return cli::parse_command_line(words, config);
}

Request good(std::string_view line, const std::string& config = "") {
  const auto parsed = parse(line, config);
  REQUIRE_MESSAGE(parsed.index() == 0, line << ": " << std::get<Answer>(parsed).text);
  return std::get<Request>(parsed);
}

Answer answer(std::string_view line) {
  const auto parsed = parse(line);
  REQUIRE_MESSAGE(parsed.index() == 1, line << " was accepted");
  return std::get<Answer>(parsed);
}

}  // namespace

TEST_CASE("each command is understood") {
  struct Row {
    const char* line;
    Command command;
    const char* text;  // Role, incident, text or names, whichever the command has.
  };
  const Row rows[] = {
      {"up", Command::up, ""},
      {"scout", Command::role, "scout"},
      {"brain", Command::role, "brain"},
      {"fixer", Command::role, "fixer"},
      {"memory", Command::role, "memory"},
      {"scribe", Command::role, "scribe"},
      {"warden", Command::role, "warden"},
      {"console", Command::role, "console"},
      {"forge", Command::role, "forge"},
      {"doctor", Command::doctor, ""},
      {"git-worker", Command::git_worker, ""},
      {"init", Command::init, ""},
      {"incidents list", Command::incidents_list, ""},
      {"incidents show 12", Command::incidents_show, "12"},
      {"incidents replay 01ARZ3NDEKTSV4RRFFQ69G5FAV", Command::incidents_replay,
       "01ARZ3NDEKTSV4RRFFQ69G5FAV"},
      {"incidents approve 12 4f9a03be", Command::incidents_approve, "124f9a03be"},
      {"incidents vetoes", Command::incidents_vetoes, ""},
      {"stop", Command::stop, ""},
      {"stop --reason moving_it", Command::stop, "moving it"},
      {"stop --reason=why", Command::stop, "why"},
      {"resume", Command::resume, ""},
      {"chaos list", Command::chaos_list, ""},
      {"chaos run oom crash hang", Command::chaos_run, "oom,crash,hang,"},
      {"chaos verify-jules-pr 12 --suite", Command::chaos_verify, ""},
      {"chaos verify-jules-pr 12 --suite --experiments oom", Command::chaos_verify, ""},
      {"workflows lint", Command::workflows_lint, ""},
      {"workflows lint runbooks", Command::workflows_lint, "runbooks"},
      {"workflows explain oom-restart", Command::workflows_explain, "oom-restart"},
      {"workflows simulate --failure oom --occurrence 3", Command::workflows_simulate, ""},
      {"memory search out of memory", Command::memory_search, "out of memory"},
      {"memory search out_of memory", Command::memory_search, "out of memory"},
      {"memory rebuild", Command::memory_rebuild, ""},
      {"version", Command::version, ""},
  };
  for (const auto& row : rows) {
    CAPTURE(row.line);
    const auto request = good(row.line);
    CHECK(request.command == row.command);
    std::string names;
    for (const auto& name : request.names) names += name + ",";
    CHECK(request.role + request.incident + request.plan + request.text + names == row.text);
    CHECK(request.config_path == "sre-space.yaml");
    CHECK_FALSE(request.json);
    CHECK(request.log_level == base::LogLevel::info);
  }
}

TEST_CASE("the general options stand before or after the command") {
  for (const char* line : {"--config a.yaml --json --log debug incidents show 3",
                           "incidents show 3 --config a.yaml --json --log debug",
                           "incidents --json show --log=debug 3 --config=a.yaml",
                           "-c a.yaml incidents show --json 3 --log debug"}) {
    CAPTURE(line);
    const auto request = good(line);
    CHECK(request.command == Command::incidents_show);
    CHECK(request.incident == "3");
    CHECK(request.config_path == "a.yaml");
    CHECK(request.json);
    CHECK(request.log_level == base::LogLevel::debug);
  }
}

TEST_CASE("the configuration is named by option, environment, default, in this order") {
  CHECK(good("up").config_path == "sre-space.yaml");
  CHECK(good("up", "/etc/x.yaml").config_path == "/etc/x.yaml");
  CHECK(good("up --config y.yaml", "/etc/x.yaml").config_path == "y.yaml");
  CHECK(good("init").config_path == "sre-space.yaml");
  CHECK(good("init z.yaml --config y.yaml").config_path == "z.yaml");
}

TEST_CASE("a wrong word is told with the nearest right one, and exit code 2") {
  struct Row {
    const char* line;
    const char* told;
  };
  const Row rows[] = {
      {"incidnts list", "unknown command \"incidnts\"; did you mean \"incidents\"?"},
      {"docter", "unknown command \"docter\"; did you mean \"doctor\"?"},
      {"--json upp", "unknown command \"upp\"; did you mean \"up\"?"},
      {"--config x frobnicate", "unknown command \"frobnicate\"\n"},
      {"incidents lst", "unknown command \"incidents lst\"; did you mean \"list\"?"},
      {"chaos runn oom", "unknown command \"chaos runn\"; did you mean \"run\"?"},
      {"workflows lnt", "unknown command \"workflows lnt\"; did you mean \"lint\"?"},
      {"workflows simulate", "--failure is required"},
      {"workflows simulate --failure oom --occurrence 0", "--occurrence"},
      {"memory serch x", "unknown command \"memory serch\"; did you mean \"search\"?"},
      {"up --jsno", "unknown option \"--jsno\"; did you mean \"--json\"?"},
      {"stop --raeson=x", "unknown option \"--raeson\"; did you mean \"--reason\"?"},
      {"incidents show", "INCIDENT is required"},
      {"incidents", "subcommand is required"},
      {"chaos run", "NAME is required"},
      {"memory search", "TEXT is required"},
      {"up extra", "not expected: extra"},
      {"incidents show 1 2", "not expected: 2"},
      {"incidents aprove 1 2", "unknown command \"incidents aprove\"; did you mean \"approve\"?"},
      {"incidents approve", "INCIDENT is required"},
      {"incidents approve 12", "PLAN is required"},
      {"up --log loud", "--log: loud not in"},
      {"up --config", "--config"},
      {"up -x", "not expected: -x"},
      {"up --reason x", "not expected: x --reason"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.line);
    const auto told = answer(row.line);
    CHECK(told.code == 2);
    CAPTURE(told.text);
    CHECK(told.text.find(row.told) != std::string::npos);
    CHECK(told.text.starts_with("sre-space: "));
    CHECK(told.text.find("--help\n") != std::string::npos);
  }
  CHECK(answer("").code == 2);
  CHECK(answer("").text.find("incidents") != std::string::npos);
  CHECK(answer("").text.find("git-worker") == std::string::npos);  // For our own processes.
}

TEST_CASE("each level has a help page with an example") {
  for (const char* line : {"--help",
                           "up --help",
                           "scout --help",
                           "doctor --help",
                           "init --help",
                           "incidents --help",
                           "incidents list --help",
                           "incidents show --help",
                           "incidents replay --help",
                           "incidents approve --help",
                           "incidents vetoes --help",
                           "stop --help",
                           "resume --help",
                           "chaos --help",
                           "chaos list --help",
                           "chaos run --help",
                           "chaos verify-jules-pr --help",
                           "memory --help",
                           "memory search --help",
                           "memory rebuild --help",
                           "workflows --help",
                           "workflows lint --help",
                           "workflows explain --help",
                           "workflows simulate --help",
                           "version --help"}) {
    CAPTURE(line);
    const auto page = answer(line);
    CHECK(page.code == 0);
    CHECK(page.text.find("Example") != std::string::npos);
    CHECK(page.text.find("sre-space") != std::string::npos);
    CHECK(page.text.ends_with("\n"));
  }
}
