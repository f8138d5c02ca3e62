#include "escalation/pull_guard.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace escalation {
namespace {

constexpr std::array<const char*, 9> kTelemetry = {
    "opentelemetry", "otel_",      "tracerprovider",    "set_tracer_provider",  "instrumentor",
    "traceparent",   "prometheus", "start_http_server", "start_as_current_span"};
constexpr std::array<const char*, 3> kHeaders = {"headers", "inject(", "traceparent"};
constexpr std::array<const char*, 6> kJudges = {"run",    "test",     "tools/",
                                                "bench/", ".github/", "chaos/"};

// What is written, not what is only remarked: a line that is a comment sets nothing up.
std::string without_comments(const std::string& text) {
  std::string kept;
  for (const auto line : base::split(text, '\n')) {
    const auto bare = base::trim(line);
    if (bare.starts_with("#include") || (!bare.starts_with('#') && !bare.starts_with("//")))
      kept += std::string(line) + "\n";
  }
  return base::to_lower_ascii(kept);
}

int count_of(const std::string& text, std::string_view word) {
  int count = 0;
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + word.size()))
    ++count;
  return count;
}

bool is_judge(const ChangedFile& file) {
  if (file.path.starts_with("chaos/demo/")) return false;
  return std::any_of(kJudges.begin(), kJudges.end(), [&](std::string_view one) {
    return one.ends_with('/') ? file.path.starts_with(one) : file.path == one;
  });
}

// Whether each line of `before` is still there, in the same order.
bool only_adds(const std::string& before, const std::string& after) {
  const auto was = base::split(before, '\n'), is = base::split(after, '\n');
  std::size_t at = 0;
  for (const auto line : was) {
    while (at < is.size() && is[at] != line) ++at;
    if (at == is.size()) return false;
    ++at;
  }
  return true;
}

// A word with something said after it, in its own paragraph or the next.
bool says(const std::string& body, std::string_view word) {
  const std::string lower = base::to_lower_ascii(body);
  const auto at = lower.find(word);
  if (at == std::string::npos) return false;
  const auto rest = lower.substr(at + word.size());
  const auto letters =
      std::count_if(rest.begin(), rest.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  return letters >= 20;
}

class Judge {
 public:
  Judge(const std::vector<ChangedFile>& files, const std::vector<std::string>& forbidden)
      : files_(files), forbidden_(forbidden) {}

  std::vector<GuardFinding> run(const std::string& body) {
    for (const auto& file : files_) look(file);
    compare("telemetry", kTelemetry, [](const std::string&, const std::string&) { return true; });
    compare("headers", kHeaders, [](const std::string& before, const std::string& after) {
      return before.find("kafka") != std::string::npos || after.find("kafka") != std::string::npos;
    });
    if (!says(body, "summary")) add("summary", "the text has no section \"Summary\"");
    if (!says(body, "mttr")) add("mttr", "the text names no expected MTTR effect");
    return std::move(found_);
  }

 private:
  void add(const char* rule, std::string what) { found_.push_back({rule, std::move(what)}); }

  void look(const ChangedFile& file) {
    if (const auto allowed = check_change(file.path, forbidden_); !allowed)
      add("paths", allowed.error().message);
    if (file.is_link) add("link", file.path + " is a symbolic link or a submodule");
    if (is_judge(file)) add("judges", file.path + " judges the change itself");
    if (file.path.starts_with("tests/") && !only_adds(file.before, file.after))
      add("judges", file.path + " loses lines of a test");
    if (file.is_cut) add("unread", file.path + " is no text, or longer than 1 MB");
  }

  template <class Words, class IsMeant>
  void compare(const char* rule, const Words& words, IsMeant is_meant) {
    for (const std::string_view word : words) {
      int was = 0, is = 0;
      std::string where;
      for (const auto& file : files_) {
        const auto before = without_comments(file.before), after = without_comments(file.after);
        if (!is_meant(before, after)) continue;
        const int lost = count_of(before, word) - count_of(after, word);
        was += count_of(before, word);
        is += count_of(after, word);
        if (lost > 0 && where.empty()) where = file.path;
      }
      if (is < was)
        add(rule, where + " has less \"" + std::string(word) + "\" than before (" +
                      std::to_string(was) + " to " + std::to_string(is) + ")");
    }
  }

  const std::vector<ChangedFile>& files_;
  const std::vector<std::string>& forbidden_;
  std::vector<GuardFinding> found_;
};

}  // namespace

std::vector<GuardFinding> judge_pull(const std::string& body, const std::vector<ChangedFile>& files,
                                     const std::vector<std::string>& forbidden) {
  return Judge(files, forbidden).run(body);
}

}  // namespace escalation
