// Compose files, Kubernetes objects and Helm values as people write them, made by chance from parts
// and styles; the same number gives the same file.
#pragma once

#include <random>
#include <string>
#include <vector>

namespace support {

class YamlSample {
 public:
  explicit YamlSample(unsigned number) : random_(number), step_(1 + below(4)) {
    if (step_ == 1) step_ = 2;
    if (chance(4)) text_ += "# File " + std::to_string(number) + "\n";
    if (chance(4)) text_ += "---\n";
    const unsigned kind = number % 3;
    if (kind == 0) compose();
    if (kind == 1) kubernetes();
    if (kind == 2) values();
    if (chance(6)) text_ += "...\n";
    while (chance(3)) text_ += chance(2) ? "\n" : "# the end\n";
    if (chance(4)) {
      while (!text_.empty() && text_.back() == '\n') text_.pop_back();
    }
    if (chance(4)) with_carriage_returns();
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::size_t below(std::size_t end) { return random_() % end; }
  bool chance(std::size_t of) { return below(of) == 0; }
  const char* pick(const std::vector<const char*>& from) { return from[below(from.size())]; }

  std::string scalar() {
    static const std::vector<const char*> kWords = {
        "64m",        "256Mi",          "0.5",         "500m",      "3",   "true",
        "info",       "acme/api:1.4.2", "a b c",       "x#y",       "a:b", "/var/lib/data",
        "größe",      "2026-11-20",     "-1",          "1e3",       "50%", "redis://cache:6379/0",
        "key=value",  "*.log",          "it's here",   "no",        "~",   "null",
        "0755",       "{{ name }}",     "- not list",  "two  sp",   "@at", "Tue 5: late",
        "tab\\tback", "say \"hi\"",     "80:8080/tcp", "[brackets]"};
    const std::string word = pick(kWords);
    const bool is_plain = std::string("*-{@[~").find(word[0]) == std::string::npos &&
                          word.find(": ") == std::string::npos;
    if (is_plain && !chance(3)) return word;
    std::string out;
    if (chance(2)) {
      for (const char c : word)
        out += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
      return "\"" + out + "\"";
    }
    for (const char c : word) out += c == '\'' ? "''" : std::string(1, c);
    return "'" + out + "'";
  }
  std::string flow(const std::string& inside, char open, char close) {
    const char* space = pick({"", " "});
    return open + (space + inside + space) + close;
  }
  std::string flow_value() {
    return flow("a: 1, \"b\": " + quoted() + ", c: [x, 'y', 3]", '{', '}');
  }
  std::string quoted() { return pick({"\"64m\"", "'0.5'", "\"a: b\"", "'it''s'"}); }

  void line(std::size_t depth, const std::string& what) {
    if (chance(12))
      text_ += pick({"\n", "# why\n", "   # a comment that is indented oddly\n", "  \n"});
    text_ += std::string(depth * step_, ' ') + what;
    if (chance(6)) text_ += pick({" # note", "   #", "\t# after a tab: \"x\"", " "});
    text_ += '\n';
  }
  void entry(std::size_t depth, const std::string& key, const std::string& value) {
    line(depth, key + ":" + pick({" ", " ", " ", "   "}) + value);
  }
  void block_scalar(std::size_t depth, const std::string& key) {
    text_ +=
        std::string(depth * step_, ' ') + key + pick({": |\n", ": >-\n", ": |+\n", ": | # c\n"});
    for (std::size_t i = 0; i < 1 + below(3); ++i) {
      const std::string inner((depth + 1) * step_, ' ');
      text_ += inner + pick({"echo mem_limit: 64m\n", "# no comment\n", "- not: a list\n"});
      if (chance(3)) text_ += "\n";
    }
    text_ += std::string((depth + 1) * step_, ' ') + "end\n";
  }
  void list(std::size_t depth, const std::string& key) {
    line(depth, key + ":");
    const std::size_t inner = chance(2) ? depth : depth + 1;
    for (std::size_t i = 0; i < 1 + below(4); ++i) {
      line(inner, "- " + (chance(5) ? flow("a, 'b', \"c d\"", '[', ']') : scalar()));
    }
  }
  void environment(std::size_t depth) {
    if (chance(2)) return list(depth, "environment");
    line(depth, "environment:");
    for (std::size_t i = 0; i < 1 + below(4); ++i) {
      entry(depth + 1, "NAME_" + std::to_string(i), scalar());
    }
    if (chance(3)) line(depth + 1, "EMPTY:");
  }

  void compose() {
    if (chance(2)) entry(0, "version", "\"3.9\"");
    line(0, "services:");
    for (std::size_t i = 0; i < 1 + below(5); ++i) {
      line(1, pick({"", "\"", "'"}) == std::string("\"") ? "\"svc." + std::to_string(i) + "\":"
                                                         : "service-" + std::to_string(i) + ":");
      entry(2, "image", scalar());
      if (chance(2)) environment(2);
      if (chance(2)) entry(2, "mem_limit", pick({"64m", "\"128m\"", "'1g'", "67108864"}));
      if (chance(3)) list(2, "ports");
      if (chance(3)) entry(2, "healthcheck", flow_value());
      if (chance(4)) block_scalar(2, "command");
      if (chance(3)) {
        line(2, "deploy:");
        line(3, "resources:");
        entry(4, "limits", flow("memory: 64M, cpus: \"0.50\"", '{', '}'));
      }
      if (chance(3)) entry(2, "restart", "unless-stopped");
    }
    if (chance(3)) line(0, "volumes: {data: , logs: {}}");
  }
  void kubernetes() {
    const std::size_t documents = 1 + below(3);
    for (std::size_t i = 0; i < documents; ++i) {
      if (i > 0) text_ += "---\n";
      entry(0, "apiVersion", "apps/v1");
      entry(0, "kind", pick({"Deployment", "\"StatefulSet\""}));
      line(0, "metadata:");
      entry(1, "name", "app-" + std::to_string(i));
      if (chance(2)) entry(1, "labels", flow("app: x, tier: 'back end'", '{', '}'));
      line(0, "spec:");
      entry(1, "replicas", std::to_string(1 + below(9)));
      line(1, "containers:");
      const std::string dash = std::string((chance(2) ? 1 : 2) * step_, ' ');
      for (std::size_t c = 0; c < 1 + below(3); ++c) {
        text_ += dash + "- name: c" + std::to_string(c) + "\n";
        const std::string inner = dash + "  ";
        text_ += inner + "image: " + scalar() + "\n";
        text_ += inner + "resources:\n" + inner + "  limits:\n" + inner + "    memory: 256Mi" +
                 pick({"", " # enough"}) + "\n" + inner + "    cpu: 500m\n";
        if (chance(2))
          text_ += inner + "env:\n" + inner + "- name: A\n" + inner + "  value: " + scalar() + "\n";
        if (chance(3)) text_ += inner + "args: [\"--port\", '80', -v]\n";
      }
      if (chance(3)) block_scalar(1, "note");
    }
  }
  void values() {
    for (std::size_t i = 0; i < 3 + below(5); ++i) {
      const std::string key = "part" + std::to_string(i);
      switch (below(6)) {
        case 0:
          entry(0, key, scalar());
          break;
        case 1:
          line(0, key + ":");
          entry(1, "enabled", pick({"true", "false", "yes"}));
          entry(1, "tag", scalar());
          line(1, "deeper:");
          entry(2, "limit", scalar());
          break;
        case 2:
          list(0, key);
          break;
        case 3:
          entry(0, key, flow_value());
          break;
        case 4:
          block_scalar(0, key);
          break;
        default:
          environment(0);
          text_.replace(text_.rfind("environment:"), 11, key + "_env");
      }
    }
    entry(0, "last", scalar());
  }
  void with_carriage_returns() {
    std::string out;
    for (const char c : text_) out += c == '\n' ? std::string("\r\n") : std::string(1, c);
    text_ = out;
  }

  std::mt19937 random_;
  std::size_t step_;
  std::string text_;
};

}  // namespace support
