// What others wrote, on its way to GitHub: no secret of ours in it, whatever its disguise, and no
// word of an enemy that does anything.
#include <map>

#include "agents/scribe/commands.h"
#include "agents/scribe/markdown.h"
#include "tests/support/canaries.h"
#include "tests/unit/scribe_hostile.h"
#include "tests/unit/scribe_reader.h"
#include "tests/unit/scribe_world.h"

using namespace scribe_test;

namespace {

constexpr int kCanaries = 100;

std::vector<std::string> canaries_all() {
  std::vector<std::string> all;
  for (int i = 0; i < kCanaries; ++i) all.push_back(canaries::canary(i));
  return all;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// As a reader copies it: without what is not seen, and without Markdown's escapes.
std::string as_copied(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 3, "\xE2\x80\x8B") == 0) {
      i += 2;
      continue;
    }
    const bool escape = text[i] == '\\' && i + 1 < text.size() &&
                        std::ispunct(static_cast<unsigned char>(text[i + 1])) != 0;
    if (!escape) out += text[i];
  }
  return out;
}

// A piece of it is as bad: four pieces, as it stands and as copied.
bool leaks(const std::string& shown, const std::string& told) {
  const std::string copied = as_copied(shown);
  const std::string plain = as_copied(told);
  for (int piece = 0; piece < 2; ++piece) {
    const auto from = plain.size() * static_cast<std::size_t>(piece) / 2;
    const std::string part = plain.substr(from, plain.size() / 2);
    if (has(copied, part) || has(shown, part)) return true;
  }
  return false;
}

std::string everything(World& world) {
  std::string text;
  for (const auto& issue : world.issues()) {
    text += issue.title + "\n" + issue.body + "\n";
    for (const auto& label : issue.labels) text += label + "\n";
    const auto comments = world.github.list_comments(issue.number);
    REQUIRE(comments.ok());
    for (const auto& comment : *comments) text += comment.body + "\n";
  }
  return text;
}

// The enemy's story as the Scribe tells it.
struct Told : World {
  explicit Told(const std::string& text, const base::Redactor& redactor = {}) {
    options.redactor = redactor;
    options.posts_per_minute = options.posts_per_hour = 0;
    options.downstream_wait = options.card_every = 0ms;
    options.steer_every = 1s;
    restart();
    for (auto& [id, what] : told_by_an_enemy(text)) {
      if (!std::holds_alternative<IssueOpened>(what)) tell(id, std::move(what));
    }
    settle(15s);
    REQUIRE(issues().size() >= 2);
    github.set_right("ada", github::Right::admin);
  }
  void said(const std::string& by, const std::string& text) {
    github.say(by, 1, text);
    settle(3s);
  }
  // Events that are no operations on GitHub.
  std::vector<std::string> deeds() {
    std::vector<std::string> names;
    incident(1);
    for (const auto& [id, entry] : book().entries()) {
      for (const auto& event : entry.events) names.emplace_back(name_of(event.what));
    }
    return names;
  }
  std::vector<std::vector<std::string>> labels() {
    std::vector<std::vector<std::string>> all;
    for (auto issue : issues()) {
      std::erase_if(issue.labels, [](const auto& label) { return label.starts_with("service: "); });
      std::sort(issue.labels.begin(), issue.labels.end());
      all.push_back(issue.labels);
    }
    return all;
  }
};

std::string told(const std::string& text, const base::Redactor& redactor) {
  Told world(text, redactor);
  world.said("eve", text);
  world.said("ada", "/why " + text);
  std::string shown = everything(world);
  // What people wrote themselves is theirs.
  for (const auto& own : {text, "/why " + text}) {
    const auto at = shown.find(own + "\n");
    if (at != std::string::npos) shown.erase(at, own.size());
  }
  return shown;
}

// Ours begins with our marker, and the rest of it does nothing.
std::string wrong_in(const std::string& body) {
  const auto line = body.substr(0, body.find('\n'));
  if (!line.starts_with("<!-- sre op=") || !line.ends_with(" -->")) return "no marker";
  if (line.size() < 85 || line.size() > 87) return "another marker";
  return harm_in(render(body.substr(line.size() + 1)));
}

TEST_CASE("hostile: an enemy's words change no plan, label, command or marker") {
  Told quiet("ordinary");
  const auto deeds = quiet.deeds();
  const auto labels = quiet.labels();
  REQUIRE(hostile().size() >= 300);
  int commands = 0;
  for (const auto& text : hostile()) {
    CAPTURE(text.substr(0, 200));
    Told world(text);
    CHECK(world.deeds() == deeds);
    CHECK(world.labels() == labels);
    CHECK(world.incident(1).plan->menu.front().action == Action::restart);
    world.said("eve", text);  // Without a right: at most refused.
    world.said("robot[bot]", text);
    const bool is_command = scribe::parse_command(text).has_value();
    commands += is_command ? 1 : 0;
    if (!is_command) world.said("ada", text);  // She says such things, and means nothing by them.
    auto after = world.deeds();
    if (is_command) CHECK(std::erase(after, "operator.commanded") <= 1);  // Refused.
    CHECK(after == deeds);
    CHECK(world.labels() == labels);
    for (const auto& issue : world.issues()) {
      CHECK(wrong_in(issue.body) == "");
      CHECK(harm_in(issue.title.find('<') == std::string::npos ? issue.title : "") == "");
      const auto comments = world.github.list_comments(issue.number);
      REQUIRE(comments.ok());
      for (const auto& comment : *comments) {
        if (comment.author == "sre-space-bot") CHECK(wrong_in(comment.body) == "");
      }
    }
  }
  CHECK(commands <= 2);  // Those that are nothing but a command.
}

TEST_CASE("hostile: no run of backticks is too long for a code span") {
  for (const std::size_t length : {1U, 16U, 17U, 31U, 32U, 80U, 81U, 150U}) {
    CAPTURE(length);
    const std::string run(length, '`');
    for (const std::string& text :
         {"[x](" + run + ")", run + "[x](y)", "a" + run + " <b> " + run}) {
      const std::string span = scribe::code(text);
      const std::string ticks = span.substr(0, span.find_first_not_of('`'));
      CHECK(ticks.size() <= 17);
      CHECK(span.ends_with(ticks));
      // Nothing inside ends the span before its end.
      const std::string inside = span.substr(ticks.size(), span.size() - 2 * ticks.size());
      CHECK_FALSE(has(inside, ticks));
    }
  }
}

TEST_CASE("secrets: 100 of ours in every encoding through every field, and none comes out") {
  const base::Redactor redactor(canaries_all());
  REQUIRE(canaries::encodings().size() >= 8);
  for (const auto& encoding : canaries::encodings()) {
    CAPTURE(encoding.name);
    for (int i = 0; i < kCanaries; ++i) {
      const std::string secret = encoding.encode(canaries::canary(i));
      CAPTURE(secret);
      const std::string shown = told("level=error msg=" + secret + " code 7", redactor);
      CHECK_FALSE(leaks(shown, secret));
      CHECK(has(shown, "redacted"));
      CHECK(has(shown, "code 7"));
    }
  }
}

TEST_CASE("secrets: the check for leaks finds them, and without secrets all is told") {
  const std::string secret = canaries::canary(3);
  const std::string shown = told("level=error msg=" + secret + " code 7", base::Redactor());
  CHECK(leaks(shown, secret));
  CHECK_FALSE(has(shown, "redacted"));
}
}  // namespace
