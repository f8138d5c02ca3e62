// The editor changes one value and no other byte: over files written by hand and 240 made of parts,
// judged by yaml-cpp's own tree.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "gitops/yaml_edit.h"
#include "gitops/yaml_opinion.h"
#include "gitops/yaml_tree.h"
#include "tests/support/yaml_leaves.h"
#include "tests/support/yaml_samples.h"

namespace gitops {
namespace {

using base::ErrorCode;

std::map<std::string, std::string> hand_written() {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator("tests/data/gitops")) {
    std::ifstream file(entry.path(), std::ios::binary);
    files[entry.path().filename()] = {std::istreambuf_iterator<char>(file), {}};
  }
  return files;
}

// Every single value of a file as a change of it.
void collect(std::string_view text, const YamlTree& tree, std::uint32_t at, const YamlPath& path,
             std::size_t document, std::vector<Change>& to) {
  const YamlNode& node = tree.nodes[at];
  const bool is_shared =
      node.anchor >= 0 && tree.anchors[static_cast<std::size_t>(node.anchor)].is_used;
  if (is_shared || node.kind == YamlNode::Kind::alias) return;
  if (node.kind == YamlNode::Kind::map || node.kind == YamlNode::Kind::list) {
    const auto below = children(tree, at);
    const bool is_map = node.kind == YamlNode::Kind::map;
    for (std::size_t i = 0; i < below.size(); i += is_map ? 2 : 1) {
      YamlPath deeper = path;
      if (is_map) {
        deeper.emplace_back(value_of(text, tree.nodes[below[i]]));
      } else {
        deeper.emplace_back(i);
      }
      collect(text, tree, below[is_map ? i + 1 : i], deeper, document, to);
    }
    return;
  }
  if (path.empty() || !node.is_one_line || node.style == YamlNode::Style::block) return;
  Change change;
  change.file = "file.yaml";
  change.document = document;
  change.path = path;
  change.old_value = value_of(text, node);
  to.push_back(change);
}

std::vector<Change> values_in(std::string_view text) {
  std::vector<Change> changes;
  const auto tree = scan_yaml(text);
  REQUIRE_MESSAGE(tree.ok(), (tree.ok() ? "" : tree.error().message));
  for (std::size_t i = 0; i < tree->documents.size(); ++i) {
    collect(text, *tree, tree->documents[i], {}, i, changes);
  }
  return changes;
}

// The bytes that are not common to both ends of two texts: of the old and of the new one.
std::pair<std::string, std::string> middle(const std::string& a, const std::string& b) {
  const std::size_t shorter = std::min(a.size(), b.size());
  std::size_t front = 0, back = 0;
  while (front < shorter && a[front] == b[front]) ++front;
  while (back < shorter - front && a[a.size() - 1 - back] == b[b.size() - 1 - back]) ++back;
  return {a.substr(front, a.size() - front - back), b.substr(front, b.size() - front - back)};
}

bool is_identity(const YamlPath& path) {
  const std::string text = to_text(path);
  return text == "apiVersion" || text == "kind" || text == "metadata.name" ||
         text == "metadata.namespace";
}

// Makes one change and checks all that must hold; whether it was made.
bool try_change(const std::string& text, const support::YamlLeaves& before, const Change& change) {
  CAPTURE(to_text(change));
  const auto edited = edit_yaml(text, change);
  if (!edited.ok()) {
    CHECK_MESSAGE(edited.error().code == ErrorCode::denied, edited.error().message);
    return false;
  }
  const auto [old_bytes, new_bytes] = middle(text, edited->text);
  const bool is_added = !change.old_value;
  CHECK(old_bytes.find('\n') == std::string::npos);
  CHECK(std::count(new_bytes.begin(), new_bytes.end(), '\n') <= (is_added ? 1 : 0));
  const support::YamlLeaves after(edited->text);
  const auto differing = before.differing(after);
  if (!is_added) {
    REQUIRE(differing.size() == 1);
    CHECK(after.all().at(differing[0]) == change.new_value);
    const auto lines = [](const std::string& of) { return std::count(of.begin(), of.end(), '\n'); };
    CHECK(lines(text) == lines(edited->text));
  } else {
    CHECK(differing.size() == 2);  // The key and its value.
  }
  Change back = change;
  back.old_value = change.new_value;
  back.new_value = change.old_value.value_or("");
  if (!is_added) CHECK(edit_yaml(edited->text, back).ok());
  return true;
}

const std::vector<std::string> kNew = {
    "128m", "0.75", "4",          "true",        "no",     "a: b",         "x #y",  "it's \"so\"",
    "- a",  "{x}",  "[a, b]",     "back\\slash", "größer", "trailing:",    "*star", "&and",
    "",     "~",    "two  words", "%percent",    "1.10",   "http://x/y#z", "a,b",   "---"};

struct Counts {
  std::size_t made = 0, refused = 0;
};

void try_all(const std::string& text, std::size_t seed, Counts& counts) {
  const support::YamlLeaves before(text);
  std::size_t at = seed;
  for (Change change : values_in(text)) {
    change.new_value = kNew[at++ % kNew.size()];
    if (change.new_value == *change.old_value) change.new_value += "x";
    const bool is_kept = is_identity(change.path);
    const bool is_made = try_change(text, before, change);
    if (is_kept) CHECK_FALSE(is_made);
    ++(is_made ? counts.made : counts.refused);
    // A new key beside it.
    if (std::holds_alternative<std::size_t>(change.path.back())) continue;
    change.path.back() = "a new.key";
    change.old_value.reset();
    ++(try_change(text, before, change) ? counts.made : counts.refused);
  }
}

}  // namespace

TEST_CASE("edit: each value of each hand-written file, and a key beside it, changes alone") {
  const auto files = hand_written();
  REQUIRE(files.size() >= 13);
  Counts counts;
  for (const auto& [name, text] : files) {
    CAPTURE(name);
    for (std::size_t seed = 0; seed < 4; ++seed) try_all(text, seed * 7, counts);
  }
  CHECK(counts.made > 1000);
  CHECK(counts.refused < counts.made / 8);
}

TEST_CASE("edit: each value of 240 made files, and a key beside it, changes alone") {
  Counts counts;
  for (unsigned number = 0; number < 240; ++number) {
    CAPTURE(number);
    const support::YamlSample sample(number);
    CAPTURE(sample.text());
    try_all(sample.text(), number, counts);
  }
  CHECK(counts.made > 5000);
  CHECK(counts.refused < counts.made / 8);
}

TEST_CASE("edit: what is written") {
  struct Row {
    const char* text;
    const char* change;
    const char* expected;
  };
  const Row kRows[] = {
      {"a: 64m\n", "f a \"64m\" -> \"128m\" memory 1m..1g", "a: 128m\n"},
      {"a:  \"64m\"  # c\r\nb: 1", "f a \"64m\" -> \"128m\"", "a:  \"128m\"  # c\r\nb: 1"},
      {"a: 'x'\n", "f a \"x\" -> \"it's\"", "a: 'it''s'\n"},
      {"a: v1.9\n", "f a \"v1.9\" -> \"1.10\"", "a: \"1.10\"\n"},  // Text stays text.
      {"a: 1.9\n", "f a \"1.9\" -> \"1.10\"", "a: 1.10\n"},
      {"a: x\n", "f a \"x\" -> \"no\"", "a: \"no\"\n"},
      {"a: [b, c]\n", "f a[1] \"c\" -> \"d, e\"", "a: [b, \"d, e\"]\n"},
      {"a:\nb: 1\n", "f a \"\" -> \"2\"", "a: 2\nb: 1\n"},
      {"a:   # c\nb: 1\n", "f a \"\" -> \"2\"", "a: 2   # c\nb: 1\n"},
      {"a:\n-\n- x\n", "f a[0] \"\" -> \"2\"", "a:\n- 2\n- x\n"},
      {"a:\n  b: 1\nc: 2\n", "f a.d absent -> \"3\"", "a:\n  b: 1\n  d: 3\nc: 2\n"},
      {"a:\n  b: 1", "f a.d absent -> \"3\"", "a:\n  b: 1\n  d: 3"},
      {"a:\r\n  b: 1 # x\r\n", "f a.d absent -> \"3\"", "a:\r\n  b: 1 # x\r\n  d: 3\r\n"},
      {"a:\n  b: |\n    t\n\nc: 1\n", "f a.d absent -> \"3\"",
       "a:\n  b: |\n    t\n  d: 3\n\nc: 1\n"},
      {"- n: x\n  v: y\n- z\n", "f [0].w absent -> \"3\"", ""},  // No file kind is a list.
      {"l:\n- n: x\n- z\n", "f l[0].w absent -> \"3\"", "l:\n- n: x\n  w: 3\n- z\n"},
      {"a: {}\n", "f a.b absent -> \"x: y\"", "a: {b: \"x: y\"}\n"},
      {"a: {b: c}\n", "f a.d absent -> \"3\"", "a: {b: c, d: 3}\n"},
      {"{\"a\": {\"b\": \"c\"}}", "f a.d absent -> \"x\"", "{\"a\": {\"b\": \"c\", \"d\": \"x\"}}"},
      {"a: 1\n---\nb: 2\n", "f b \"2\" -> \"3\"", "a: 1\n---\nb: 3\n"},
      {"a: 1\n---\na: 1\n", "f #1 a \"1\" -> \"3\"", "a: 1\n---\na: 3\n"},
      {"\xEF\xBB\xBF"
       "a: 1\n",
       "f a \"1\" -> \"3\"",
       "\xEF\xBB\xBF"
       "a: 3\n"},
      {"a: &x 1\n", "f a \"1\" -> \"3\"", "a: &x 3\n"},
      {"a: !!str 1\n", "f a \"1\" -> \"3\"", "a: !!str 3\n"},
  };
  for (const Row& row : kRows) {
    CAPTURE(row.text);
    CAPTURE(row.change);
    const auto change = parse_change(row.change);
    REQUIRE_MESSAGE(change.ok(), (change.ok() ? "" : change.error().message));
    const auto edited = edit_yaml(row.text, *change);
    if (std::string(row.expected).empty()) {
      CHECK_FALSE(edited.ok());
      continue;
    }
    REQUIRE_MESSAGE(edited.ok(), (edited.ok() ? "" : edited.error().message));
    CHECK(edited->text == row.expected);
  }
}

TEST_CASE("edit: what is refused, and what the error says") {
  struct Row {
    const char* text;
    const char* change;
    ErrorCode code;
    const char* says;
  };
  const std::string compose = "services:\n  api:\n    image: x\n    mem_limit: 64m\n";
  const std::string object = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec: {a: 1}\n";
  const Row kRows[] = {
      {compose.c_str(), "f services.api.mem_limt \"64m\" -> \"1g\"", ErrorCode::not_found,
       "did you mean \"mem_limit\"?"},
      {compose.c_str(), "f services.web.mem_limit \"64m\" -> \"1g\"", ErrorCode::not_found,
       "it has \"api\""},
      {compose.c_str(), "f services.api.a.b absent -> \"1g\"", ErrorCode::not_found,
       "no key \"a\""},
      {compose.c_str(), "f services.api.mem_limit \"65m\" -> \"1g\"", ErrorCode::conflict,
       "\"64m\" stands there"},
      {compose.c_str(), "f services.api.mem_limit absent -> \"1g\"", ErrorCode::conflict, "exists"},
      {compose.c_str(), "f services.api \"x\" -> \"y\"", ErrorCode::denied, "a map"},
      {compose.c_str(), "f services[0] \"x\" -> \"y\"", ErrorCode::not_found, "no list"},
      {compose.c_str(), "f services.api.image.x \"x\" -> \"y\"", ErrorCode::not_found, "no map"},
      {compose.c_str(), "f services.evil absent -> \"y\"", ErrorCode::denied, "what the file is"},
      {compose.c_str(), "f apiVersion absent -> \"y\"", ErrorCode::not_found, ""},
      {object.c_str(), "f kind \"Pod\" -> \"Job\"", ErrorCode::denied, "what the file is"},
      {object.c_str(), "f metadata.name \"p\" -> \"q\"", ErrorCode::denied, "what the file is"},
      {object.c_str(), "f metadata.namespace absent -> \"q\"", ErrorCode::denied, "what the file"},
      {"a: &x {b: 1}\nc: *x\n", "f c.b \"1\" -> \"2\"", ErrorCode::denied, "an alias (*x)"},
      {"a: &x {b: 1}\nc: *x\n", "f a.b \"1\" -> \"2\"", ErrorCode::denied, "its anchor &x"},
      {"a: &x 1\nc: *x\n", "f a \"1\" -> \"2\"", ErrorCode::denied, "its anchor &x"},
      {"a: &x {b: 1}\nc:\n  <<: *x\n", "f c.b \"1\" -> \"2\"", ErrorCode::denied, "a merge key"},
      {"a: &x {b: 1}\nc:\n  <<: *x\n", "f c.d absent -> \"2\"", ErrorCode::denied, "a merge key"},
      {"a: &x {b: 1}\nc:\n  <<: *x\n", "f c.\"<<\" \"x\" -> \"2\"", ErrorCode::denied, "a merge"},
      {"a: 1\na: 1\n", "f a \"1\" -> \"2\"", ErrorCode::invalid, "two keys"},
      {"a: b\n  c\n", "f a \"b c\" -> \"2\"", ErrorCode::denied, "several lines"},
      {"a: |\n  c\n", "f a \"c\" -> \"2\"", ErrorCode::denied, "several lines"},
      {"a: 1\n---\na: 1\n", "f a \"1\" -> \"2\"", ErrorCode::invalid, "document #0 and in #1"},
      {"a: 1\n", "f #1 a \"1\" -> \"2\"", ErrorCode::not_found, "the file has 1"},
      {"a: [1]\n", "f a[1] \"1\" -> \"2\"", ErrorCode::not_found, "it has 1"},
      {"a: {b}\n", "f a.b \"\" -> \"2\"", ErrorCode::denied, "without a colon"},
      {"", "f a \"1\" -> \"2\"", ErrorCode::not_found, "no value"},
      {"# c\n", "f a \"1\" -> \"2\"", ErrorCode::not_found, "no value"},
      {"a: \"x\n", "f a \"x\" -> \"2\"", ErrorCode::invalid, "never closed"},
      {"a: [x\n", "f a[0] \"x\" -> \"2\"", ErrorCode::invalid, "never closed"},
      {"a:\n\tb: 1\n", "f a.b \"1\" -> \"2\"", ErrorCode::invalid, "2: a tab"},
      {"a: b: c\n", "f a \"b: c\" -> \"2\"", ErrorCode::invalid, "no map can begin"},
      {"a:\n    b: 1\n  c: 2\n", "f a.b \"1\" -> \"2\"", ErrorCode::invalid, "3: "},
      {"? a\n: b\n", "f a \"b\" -> \"2\"", ErrorCode::invalid, "complex key"},
      {"a: x\rb: y\n", "f a \"x\" -> \"2\"", ErrorCode::invalid, "carriage return"},
      {"a: \x01\n", "f a \"x\" -> \"2\"", ErrorCode::invalid, "control character"},
      {"a: \xff\n", "f a \"x\" -> \"2\"", ErrorCode::invalid, "bad UTF-8"},
      {"%YAML 1.2\n---\na: 1\n", "f a \"1\" -> \"2\"", ErrorCode::invalid, "directive"},
      {"a: *b\n", "f a \"1\" -> \"2\"", ErrorCode::invalid, "no anchor"},
      {"&a [*a]\n", "f [0] \"1\" -> \"2\"", ErrorCode::invalid, "within what it stands for"},
      {"a: &a\n  b: *a\n", "f a.b \"1\" -> \"2\"", ErrorCode::invalid, "within what it"},
  };
  for (const Row& row : kRows) {
    CAPTURE(row.text);
    CAPTURE(row.change);
    const auto change = parse_change(row.change);
    REQUIRE_MESSAGE(change.ok(), (change.ok() ? "" : change.error().message));
    const auto edited = edit_yaml(row.text, *change);
    if (std::string(row.says).empty()) continue;
    REQUIRE_FALSE(edited.ok());
    CAPTURE(edited.error().message);
    CHECK(edited.error().code == row.code);
    CHECK(edited.error().message.find(row.says) != std::string::npos);
  }
}

TEST_CASE("edit: what no file may cost") {
  const auto change = parse_change("f a.b \"1\" -> \"2\"");
  REQUIRE(change.ok());
  const auto error_of = [&](const std::string& text) {
    const auto edited = edit_yaml(text, *change);
    REQUIRE_FALSE(edited.ok());
    CHECK(edited.error().code == ErrorCode::invalid);
    return edited.error().message;
  };
  std::string bomb = "a0: &a0 [x, x]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    bomb +=
        "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last + ", " + last + "]\n";
  }
  CHECK(error_of(bomb).find("unfold to more") != std::string::npos);
  CHECK(error_of(std::string(200'000, '[')).find("64 levels") != std::string::npos);
  std::string deep;
  for (std::size_t i = 0; i < 70; ++i) deep += std::string(i, ' ') + "a:\n";
  CHECK(error_of(deep).find("64 levels") != std::string::npos);
  std::string dashes;
  for (int i = 0; i < 70; ++i) dashes += "- ";
  CHECK(error_of(dashes + "x\n").find("64 levels") != std::string::npos);
  CHECK(error_of("a: " + std::string(1 << 20, 'x')).find("1 MB") != std::string::npos);
  std::string many = "a: [";
  for (int i = 0; i < 100'001; ++i) many += "1,";
  CHECK(error_of(many + "]").find("100,000") != std::string::npos);
  CHECK(error_of(std::string("a: b\0c", 6)).find("control") != std::string::npos);
}

TEST_CASE("edit: a large file, which yaml-cpp is not asked about, changes alone too") {
  std::string text = "services:\n";
  for (int i = 0; text.size() < 300'000; ++i) {
    text += "  s" + std::to_string(i) + ":\n    mem_limit: 64m # one\n    ports: [\"80:80\", 81]\n";
  }
  const auto change = parse_change("f services.s999.mem_limit \"64m\" -> \"96m\" memory 1m..1g");
  REQUIRE(change.ok());
  const auto edited = edit_yaml(text, *change);
  REQUIRE(edited.ok());
  CHECK(edited->kind == FileKind::compose);
  CHECK(edited->line == 2 + 999 * 3 + 1);
  const auto differing = support::YamlLeaves(text).differing(support::YamlLeaves(edited->text));
  CHECK(differing == std::vector<std::string>{"0/services/s999/mem_limit"});
}

TEST_CASE("edit: a value is read as it was written") {
  const auto read = [](const char* text, const char* path) {
    const auto parsed = parse_path(path);
    REQUIRE(parsed.ok());
    const auto value = read_yaml(text, *parsed);
    return value.ok() ? *value : "!" + std::string(to_string(value.error().code));
  };
  CHECK(read("a: \"\\u00e4\\x41\\n\\t\\\"\"\n", "a") == "äA\n\t\"");
  CHECK(read("a: 'it''s'\n", "a") == "it's");
  CHECK(read("a: [x, {b: c d}]\n", "a[1].b") == "c d");
  CHECK(read("a: [x]\n", "a") == "!denied");
  CHECK(read("a: [x]\n", "b") == "!not_found");
}

}  // namespace gitops
