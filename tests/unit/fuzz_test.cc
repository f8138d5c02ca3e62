// The fuzzers' functions under bytes made by chance out of good ones: the same each run. What
// libFuzzer and its coverage would find beyond that is for tests/fuzz.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "tests/fuzz/targets.h"

namespace {

using Corpus = std::vector<std::string>;

Corpus corpus(const char* name) {
  Corpus found;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path("tests/fuzz/corpus") / name)) {
    std::ifstream file(entry.path(), std::ios::binary);
    found.emplace_back((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  }
  std::sort(found.begin(), found.end());
  return found;
}

class Mutator {
 public:
  Mutator(Corpus corpus, std::vector<std::string> words)
      : corpus_(std::move(corpus)), words_(std::move(words)) {}

  std::string next() {
    std::string bytes = pick(corpus_);
    for (auto times = 1 + below(6); times > 0; --times) mutate(bytes);
    if (bytes.size() > 4096) bytes.resize(4096);
    return bytes;
  }

 private:
  std::size_t below(std::size_t end) { return end == 0 ? 0 : random_() % end; }
  const std::string& pick(const std::vector<std::string>& from) { return from[below(from.size())]; }

  void mutate(std::string& bytes) {
    const std::size_t at = below(bytes.size() + 1);
    const std::size_t length = std::min(below(16), bytes.size() - at);
    switch (below(7)) {
      case 0:
        if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
        break;
      case 1:
        bytes.insert(at, 1, static_cast<char>(below(256)));
        break;
      case 2:
        bytes.erase(at, length);
        break;
      case 3:
        bytes.insert(at, bytes.substr(at, length));
        break;
      case 4:
        bytes.insert(at, pick(words_));
        break;
      case 5:
        bytes.replace(at, length, pick(words_));
        break;
      default: {  // The beginning of one and the end of another.
        const std::string& other = pick(corpus_);
        bytes.replace(at, std::string::npos, other.substr(below(other.size() + 1)));
      }
    }
  }

  std::mt19937 random_{20261120};
  const Corpus corpus_;
  const std::vector<std::string> words_;
};

}  // namespace

TEST_CASE("fuzz: 20,000 bodies that are nearly webhooks") {
  const auto seeds = corpus("webhook");
  REQUIRE(seeds.size() >= 15);
  for (const auto& seed : seeds) fuzz::try_webhook(seed);
  Mutator mutator(seeds, {"\"issue\"",
                          "\"comment\":",
                          "\"repository\"",
                          "\"full_name\"",
                          "\"number\":",
                          "{",
                          "}",
                          "[",
                          "]",
                          ",",
                          "null",
                          "1e400",
                          "-0",
                          "\\u0000",
                          "\\ud83d",
                          "payload=",
                          "%00",
                          "&",
                          "\"action\":",
                          "acme/infra",
                          "\xff",
                          "\xc0\x80"});
  std::size_t tried = 0;
  for (int i = 0; i < 20'000; ++i, ++tried) fuzz::try_webhook(mutator.next());
  CHECK(tried == 20'000);  // Each of them checked itself.
}

TEST_CASE("fuzz: 200,000 comments that are nearly commands") {
  const auto seeds = corpus("command");
  REQUIRE(seeds.size() >= 15);
  for (const auto& seed : seeds) fuzz::try_command(seed);
  Mutator mutator(seeds, {"/approve ",    "/hold",
                          "/resume",      "/restart",
                          "/rollback",    "/escalate",
                          "/why",         "/dry-run",
                          "/close",       " ",
                          "\t",           "\r",
                          "\n",           "\r\n",
                          "> ",           "`",
                          "\xe2\x80\x8b", "\xc2\xa0",
                          "\xe2\x80\xae", "\xef\xbb\xbf",
                          "\xff",         std::string(1, '\0')});
  std::size_t tried = 0;
  for (int i = 0; i < 200'000; ++i, ++tried) fuzz::try_command(mutator.next());
  CHECK(tried == 200'000);
}

TEST_CASE("fuzz: 20,000 texts that are nearly Markdown") {
  const auto seeds = corpus("markdown");
  REQUIRE(seeds.size() >= 15);
  for (const auto& seed : seeds) fuzz::try_markdown(seed);
  Mutator mutator(seeds, {"<script>",
                          "</",
                          "<!--",
                          "-->",
                          "](",
                          "![",
                          "[",
                          "]",
                          "`",
                          "```\n",
                          "~~~",
                          "*",
                          "_",
                          "> ",
                          "- ",
                          "\n\n",
                          "|",
                          "&#x6A;",
                          "javascript:",
                          "https://",
                          "www.",
                          "@you",
                          "#1",
                          "\"",
                          "'",
                          "=",
                          "\\",
                          "\xe2\x80\x8b",
                          "\xe2\x80\xae",
                          "\xff",
                          std::string(1, '\0')});
  std::size_t tried = 0;
  for (int i = 0; i < 20'000; ++i, ++tried) fuzz::try_markdown(mutator.next());
  CHECK(tried == 20'000);
}

TEST_CASE("fuzz: 20,000 files that are nearly YAML, and changes of them") {
  const auto seeds = corpus("yaml_edit");
  REQUIRE(seeds.size() >= 15);
  for (const auto& seed : seeds) fuzz::try_yaml_edit(seed);
  Mutator mutator(seeds,
                  {"- ",  ": ",   ":\n",  "\n",    "\r\n",   "  ",    "\t", "#",  " # ",     "\"",
                   "'",   "|\n",  ">-\n", "---\n", "...\n",  "{",     "}",  "[",  "]",       ",",
                   "&a ", "*a",   "<<: ", "!t ",   "? ",     "a",     "b",  "\\", "\\u00e4", "%",
                   "~",   "null", "ä",    "\xff",  "absent", "\"1\"", "->", ".",  "[0]",     "@"});
  std::size_t tried = 0;
  for (int i = 0; i < 20'000; ++i, ++tried) fuzz::try_yaml_edit(mutator.next());
  CHECK(tried == 20'000);
}
