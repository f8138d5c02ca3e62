// The record of a fix and the pull request's texts: whatever foreign text they carry, it is read
// back as it was and does nothing.
#include <doctest/doctest.h>
#include <yaml-cpp/yaml.h>

#include <string>

#include "base/text.h"
#include "forge/markdown.h"
#include "gitops/paths.h"
#include "gitops/remediation.h"
#include "gitops/yaml_edit.h"
#include "tests/support/html_faults.h"

namespace gitops {
namespace {

Remediation example() {
  Remediation fix;
  fix.issue = 12;
  fix.incident = "7";
  fix.operation = "01JCXH";
  fix.service = "policy-service";
  fix.failure_class = "oom";
  fix.change.file = "deploy/compose.yaml";
  fix.change.path = {std::string("services"), std::string("policy-service"),
                     std::string("mem_limit")};
  fix.change.old_value = "64m";
  fix.change.new_value = "128m";
  fix.change.unit = Unit::memory;
  fix.change.bounds = Bounds{"32m", "512m"};
  fix.why = "The kernel killed it at its memory limit three times in 24 h.";
  fix.evidence = {{"E1", "exited with code 137, OOMKilled is true"}, {"E2", "limit 64 MiB"}};
  fix.plan_hash = "9f3a61c0";
  fix.proof = "The running container's limit is 128 MiB and the fault no longer kills it.";
  fix.outcomes = {{Result::merged, base::wall_from_ms(1'795'200'000'000), "as abc"},
                  {Result::proven, base::wall_from_ms(1'795'200'060'000), "10 good probes"}};
  return fix;
}

const std::string kHostile[] = {"a: b\n- c\n---\n",
                                "no",
                                "\"; rm -rf /",
                                "'it''s'",
                                "*alias &anchor !tag",
                                "{{ template }}",
                                "@maintainers fixes #1",
                                "closes GH-1 https://evil.example",
                                "<script>alert(1)</script>",
                                "![x](https://evil.example/?q=1)",
                                "| cell | cell |",
                                "`tick` ``` fence",
                                "\x1b[31mred\x07",
                                "\xe2\x80\xae"
                                "drowssap",
                                "bad \xff utf-8",
                                "größer 🚀",
                                std::string("nul\0byte", 8),
                                "",
                                "# heading",
                                "\\back\\slash\\u0041"};

}  // namespace

TEST_CASE("remediation: the record says all of it, and the same values make the same text") {
  const Remediation fix = example();
  const std::string text = remediation_text(fix);
  CHECK(text == remediation_text(example()));
  CHECK(check_path(remediation_path(12), {"remediations/"}).ok());
  const YAML::Node record = YAML::Load(text);
  CHECK(record["version"].as<int>() == kRemediationVersion);
  CHECK(record["issue"].as<int>() == 12);
  CHECK(record["service"].as<std::string>() == "policy-service");
  CHECK(record["failure_class"].as<std::string>() == "oom");
  CHECK(record["change"]["path"].as<std::string>() == "services.policy-service.mem_limit");
  CHECK(record["change"]["old"].as<std::string>() == "64m");
  CHECK(record["change"]["new"].as<std::string>() == "128m");
  CHECK(record["change"]["high"].as<std::string>() == "512m");
  CHECK(record["evidence"].size() == 2);
  CHECK(record["evidence"][1]["summary"].as<std::string>() == "limit 64 MiB");
  CHECK(record["plan"].as<std::string>() == "9f3a61c0");
  CHECK(record["outcomes"][1]["result"].as<std::string>() == "proven");
  // Our own reader takes it too.
  const auto path = parse_path("outcomes[1].detail");
  CHECK(read_yaml(text, *path).value() == "10 good probes");
}

TEST_CASE("remediation: a key that was absent has no old value") {
  Remediation fix = example();
  fix.change.old_value.reset();
  CHECK_FALSE(YAML::Load(remediation_text(fix))["change"]["old"].IsDefined());
  CHECK(pull_title(fix) == "[SRE-AUTO-FIX] services.policy-service.mem_limit: (absent) → 128m");
  CHECK(pull_body(fix, "main").find("puts back the file without it") != std::string::npos);
}

TEST_CASE("remediation: title, body and message") {
  const Remediation fix = example();
  CHECK(pull_title(fix) == "[SRE-AUTO-FIX] services.policy-service.mem_limit: 64m → 128m");
  const std::string body = pull_body(fix, "main");
  for (const char* part :
       {"#12", "## What", "`64m`", "`128m`", "32m to 512m", "## Why", "three times", "## Evidence",
        "`E2`", "## Proof", "no longer kills", "`9f3a61c0`", "## How to revert", "`main`",
        "`remediations/fix-12.yaml`"}) {
    CAPTURE(std::string(part));
    CHECK(body.find(part) != std::string::npos);
  }
  CHECK(commit_message(fix).ends_with("\n\nFor #12.\n"));
}

TEST_CASE("remediation: a commit that is taken back") {
  Remediation fix = example();
  const std::string commit(40, 'c');
  fix.taken_back = TakenBack{commit, "Use the new image <b>@ada</b>", {"docker-compose.yml"}};
  CHECK(pull_title(fix).starts_with("[SRE-AUTO-FIX] Revert cccccccccccc: Use the new image"));
  CHECK(pull_title(fix).find("@ada") == std::string::npos);
  const std::string body = pull_body(fix, "main");
  CHECK(body.find("`" + commit + "`") != std::string::npos);
  CHECK(body.find("<b>") == std::string::npos);
  CHECK(body.find("brings the commit `cccccccccccc` again") != std::string::npos);
  CHECK(commit_message(fix).find("This reverts commit " + commit + ".") != std::string::npos);
  const YAML::Node record = YAML::Load(remediation_text(fix));
  CHECK(record["reverts"]["commit"].as<std::string>() == commit);
  CHECK(record["reverts"]["files"][0]["file"].as<std::string>() == "docker-compose.yml");
  CHECK_FALSE(record["change"].IsDefined());
}

TEST_CASE("remediation: foreign text stays text, in YAML and in Markdown") {
  for (const std::string& hostile : kHostile) {
    CAPTURE(hostile);
    Remediation fix = example();
    fix.service = fix.failure_class = fix.why = fix.proof = fix.plan_hash = hostile;
    fix.incident = fix.operation = hostile;
    fix.change.file = fix.change.new_value = hostile;
    fix.change.old_value = hostile;
    fix.change.path = {hostile, std::size_t{1}, hostile};
    fix.evidence = {{hostile, hostile}};
    fix.outcomes = {{Result::disproven, base::wall_from_ms(0), hostile}};

    const YAML::Node record = YAML::Load(remediation_text(fix));
    CHECK(record.size() == 12);
    CHECK(record["issue"].as<int>() == 12);
    CHECK(record["why"].as<std::string>() == base::clean_text(hostile));
    CHECK(record["evidence"][0]["summary"].as<std::string>() == base::clean_text(hostile));

    const std::string title = pull_title(fix);
    CHECK(title.starts_with("[SRE-AUTO-FIX] "));
    CHECK(title.size() <= 200);
    CHECK(title.find('\n') == std::string::npos);
    const std::string body = pull_body(fix, hostile);
    const std::string page = forge::render_markdown(body, "/acme/infra/issues");
    CHECK(support::find_html_faults(page).empty());
    CHECK(page.find("<script") == std::string::npos);
    CHECK(page.find("<img") == std::string::npos);
    CHECK(page.find("evil.example\"") == std::string::npos);
    // One link alone: the incident's issue.
    std::size_t links = 0;
    for (std::size_t at = page.find("<a "); at != page.npos; at = page.find("<a ", at + 1)) ++links;
    CHECK(links == 1);
    CHECK(page.find("How to revert") != std::string::npos);
  }
}

}  // namespace gitops
