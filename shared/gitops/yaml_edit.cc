#include "gitops/yaml_edit.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"
#include "gitops/yaml_opinion.h"
#include "gitops/yaml_scalar.h"
#include "gitops/yaml_tree.h"

namespace gitops {
namespace {

using base::Error;
using base::ErrorCode;
using Kind = YamlNode::Kind;
using Style = YamlNode::Style;
using Index = std::uint32_t;

// A file as it was read. The text outlives it.
struct Reading {
  std::string_view text;
  YamlTree tree;

  [[nodiscard]] const YamlNode& node(Index index) const { return tree.nodes[index]; }
  [[nodiscard]] std::string value(Index index) const { return value_of(text, node(index)); }
};

// Where a path leads: the map or list that holds the value, and the value unless its key is absent.
struct Place {
  Index parent = 0;
  std::optional<Index> node;
};

base::Result<Reading> read(std::string_view text) {
  auto tree = scan_yaml(text);
  if (!tree) return tree.error().in("line");
  if (text.size() <= kOpinionBytesMax) {
    if (base::Status agreed = second_opinion(text, *tree); !agreed.ok()) {
      return agreed.error().in("line");
    }
  }
  return Reading{text, std::move(*tree)};
}

// ---- Finding ----

const char* name_of(Kind kind) {
  switch (kind) {
    case Kind::null:
      return "an empty value";
    case Kind::scalar:
      return "a single value";
    case Kind::list:
      return "a list";
    case Kind::map:
      return "a map";
    case Kind::alias:
      return "an alias";
  }
  return "a value";
}

std::string shown(const YamlPath& path, std::size_t steps) {
  if (steps == 0) return "the document";
  return to_text(YamlPath(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(steps)));
}

Error missing(const Reading& file, const YamlPath& path, std::size_t step, Index map) {
  const auto& key = std::get<std::string>(path[step]);
  std::vector<std::string> known;
  for (const Index child : children(file.tree, map)) {
    if (file.node(child).is_key) known.push_back(file.value(child));
  }
  const std::string near = base::nearest_word(key, known);
  std::string why = "no key \"" + key + "\" in " + shown(path, step);
  if (!near.empty()) {
    why += "; did you mean \"" + near + "\"?";
  } else if (!known.empty()) {
    known.resize(std::min<std::size_t>(known.size(), 8));
    why += "; it has";
    for (const auto& one : known) why += " \"" + base::clean_text(base::cut_utf8(one, 40)) + "\"";
  }
  return {ErrorCode::not_found, why};
}

base::Result<std::optional<Index>> find_key(const Reading& file, const YamlPath& path,
                                            std::size_t step, Index map) {
  const auto& key = std::get<std::string>(path[step]);
  std::optional<Index> found;
  bool has_merge = false;
  for (const Index child : children(file.tree, map)) {
    if (!file.node(child).is_key) continue;
    const std::string name = file.value(child);
    has_merge = has_merge || name == "<<";
    if (name != key) continue;
    if (found) {
      return Error{ErrorCode::invalid, "two keys \"" + key + "\" in " + shown(path, step)};
    }
    found = child + 1;
  }
  if (key == "<<" || (!found && has_merge)) {
    return Error{ErrorCode::denied, shown(path, step) +
                                        ": a merge key (<<) holds values of another place; change "
                                        "that place, or write the key out first"};
  }
  return found;
}

// Why nothing may be changed at or below `node`; nothing when it may.
std::optional<Error> shared_elsewhere(const Reading& file, const YamlPath& path, std::size_t steps,
                                      Index index) {
  const YamlNode& node = file.node(index);
  if (node.anchor < 0) return std::nullopt;
  const YamlAnchor& anchor = file.tree.anchors[static_cast<std::size_t>(node.anchor)];
  if (node.kind == Kind::alias) {
    return Error{ErrorCode::denied, shown(path, steps) + ": an alias (*" + anchor.name +
                                        "); its value stands in another place"};
  }
  if (!anchor.is_used) return std::nullopt;
  return Error{ErrorCode::denied,
               shown(path, steps) + ": used in other places too, by its anchor &" + anchor.name};
}

base::Result<Place> find(const Reading& file, const YamlPath& path, Index root) {
  Place place{root, root};
  for (std::size_t step = 0; step < path.size(); ++step) {
    const Index at = *place.node;
    const YamlNode& node = file.node(at);
    if (auto error = shared_elsewhere(file, path, step, at)) return *error;
    place.parent = at;
    if (const auto* index = std::get_if<std::size_t>(&path[step])) {
      const auto items = children(file.tree, at);
      if (node.kind != Kind::list) {
        return Error{ErrorCode::not_found,
                     shown(path, step) + ": " + name_of(node.kind) + ", no list"};
      }
      if (*index >= items.size()) {
        return Error{ErrorCode::not_found, shown(path, step) + ": no item [" +
                                               std::to_string(*index) + "]; it has " +
                                               std::to_string(items.size())};
      }
      place.node = items[*index];
      continue;
    }
    if (node.kind != Kind::map) {
      return Error{ErrorCode::not_found,
                   shown(path, step) + ": " + name_of(node.kind) + ", no map"};
    }
    auto found = find_key(file, path, step, at);
    if (!found) return found.error();
    place.node = *found;
    if (!place.node && step + 1 < path.size()) return missing(file, path, step, at);
  }
  if (place.node) {
    if (auto error = shared_elsewhere(file, path, path.size(), *place.node)) return *error;
  }
  return place;
}

// In the document that is named, or the only one where the path leads to what is looked for.
base::Result<std::pair<Place, std::size_t>> find_in(const Reading& file, const YamlPath& path,
                                                    std::optional<std::size_t> document,
                                                    bool is_there) {
  const auto& roots = file.tree.documents;
  if (roots.empty()) return Error{ErrorCode::not_found, "the file holds no value"};
  if (document && *document >= roots.size()) {
    return Error{ErrorCode::not_found, "no document #" + std::to_string(*document) +
                                           "; the file has " + std::to_string(roots.size())};
  }
  std::optional<std::pair<Place, std::size_t>> found;
  std::optional<Error> error;
  for (std::size_t i = 0; i < roots.size(); ++i) {
    if (document && i != *document) continue;
    auto place = find(file, path, roots[i]);
    if (place && is_there && !place->node) {
      place = missing(file, path, path.size() - 1, place->parent);
    }
    if (!place) {
      // What is refused outweighs what is merely not there.
      if (!error || place.error().code != ErrorCode::not_found) error = place.error();
      continue;
    }
    if (found) {
      return Error{ErrorCode::invalid, "the path leads somewhere in document #" +
                                           std::to_string(found->second) + " and in #" +
                                           std::to_string(i) + "; name one"};
    }
    found = {std::move(*place), i};
  }
  if (!found) return *error;
  return std::move(*found);
}

// ---- What a file is ----

std::optional<Index> find_plainly(const Reading& file, Index map, std::string_view key) {
  if (file.node(map).kind != Kind::map) return std::nullopt;
  for (const Index child : children(file.tree, map)) {
    if (file.node(child).is_key && file.value(child) == key) return child + 1;
  }
  return std::nullopt;
}

FileKind kind_of(const Reading& file, Index root) {
  if (find_plainly(file, root, "apiVersion") && find_plainly(file, root, "kind")) {
    return FileKind::kubernetes;
  }
  const auto services = find_plainly(file, root, "services");
  const bool is_compose = services && file.node(*services).kind == Kind::map;
  return is_compose ? FileKind::compose : FileKind::values;
}

// What must stay as it is, besides the kind.
std::vector<std::string> identity_of(const Reading& file, Index root, FileKind kind) {
  std::vector<std::string> identity = {name_of(file.node(root).kind)};
  const auto note = [&](std::optional<Index> map, std::string_view key) {
    const auto found = map ? find_plainly(file, *map, key) : std::nullopt;
    identity.push_back(found ? file.value(*found) : "(none)");
  };
  if (kind == FileKind::kubernetes) {
    note(root, "apiVersion");
    note(root, "kind");
    const auto metadata = find_plainly(file, root, "metadata");
    note(metadata, "name");
    note(metadata, "generateName");
    note(metadata, "namespace");
  }
  if (kind == FileKind::compose) {
    const Index services = *find_plainly(file, root, "services");
    for (const Index child : children(file.tree, services)) {
      const YamlNode& node = file.node(child);
      identity.push_back(node.is_key ? file.value(child) : name_of(node.kind));
    }
  }
  return identity;
}

// ---- Writing ----

struct Splice {
  std::size_t at = 0;
  std::size_t removed = 0;
  std::string added;
  std::size_t value_at = 0;  // Where, in `added`, the changed line begins or goes on.
};

base::Result<Splice> replace(const Reading& file, const Change& change, Index index) {
  const YamlNode& node = file.node(index);
  const std::string where = to_text(change.path);
  if (node.kind != Kind::scalar && node.kind != Kind::null) {
    return Error{ErrorCode::denied, where + ": " + name_of(node.kind) + ", no single value"};
  }
  if (node.style == Style::block || !node.is_one_line) {
    return Error{ErrorCode::denied, where + ": a value of several lines"};
  }
  if (!change.old_value) {
    return Error{ErrorCode::conflict, where + ": the key exists already"};
  }
  const std::string old = file.value(index);
  if (old != *change.old_value) {
    return Error{ErrorCode::conflict, where + ": \"" + base::clean_text(base::cut_utf8(old, 80)) +
                                          "\" stands there, not \"" + *change.old_value + "\""};
  }
  const bool in_flow = file.node(node.parent).style == Style::flow;
  std::string value = write_scalar(change.new_value, node, raw(file.text, node), in_flow);
  if (node.begin == node.end) {
    const char before = node.begin == 0 ? ' ' : file.text[node.begin - 1];
    const bool is_bare_key = in_flow && before != ':' && file.node(node.parent).kind == Kind::map;
    if (is_bare_key) return Error{ErrorCode::denied, where + ": a key without a colon"};
    if (before != ' ' && before != '\t') value.insert(0, 1, ' ');
  }
  return Splice{node.begin, node.end - node.begin, std::move(value), 0};
}

std::string line_end_near(std::string_view text, std::size_t at) {
  std::size_t end = text.find('\n', at);
  if (end == std::string_view::npos) end = text.find('\n');
  const bool is_crlf = end != std::string_view::npos && end > 0 && text[end - 1] == '\r';
  return is_crlf ? "\r\n" : "\n";
}

Splice insert_in_brackets(const Reading& file, const Change& change, Index map) {
  const auto entries = children(file.tree, map);
  const auto& key = std::get<std::string>(change.path.back());
  const bool is_json = !entries.empty() && file.node(entries[0]).style == Style::double_quoted;
  std::string entry = is_json ? write_double_quoted(key) : write_plain(key, true);
  const bool is_text = is_json && !is_more_than_text(change.new_value);
  entry += ": " +
           (is_text ? write_double_quoted(change.new_value) : write_plain(change.new_value, true));
  if (entries.empty()) return {file.node(map).begin + 1, 0, entry, 0};
  // Behind the last value: after all below it.
  const Index last = entries.back();
  return {file.node(last).end, 0, ", " + entry, 0};
}

Splice insert_line(const Reading& file, const Change& change, Index map) {
  const YamlNode& node = file.node(map);
  const std::string end = line_end_near(file.text, node.begin);
  const std::string entry = std::string(node.column, ' ') +
                            write_plain(std::get<std::string>(change.path.back()), false) + ": " +
                            write_plain(change.new_value, false);
  if (node.end > 0 && file.text[node.end - 1] == '\n') return {node.end, 0, entry + end, 0};
  const std::size_t next = file.text.find('\n', node.end);
  if (next != std::string_view::npos) return {next + 1, 0, entry + end, 0};
  return {file.text.size(), 0, end + entry, end.size()};
}

base::Result<Splice> insert(const Reading& file, const Change& change, Index map) {
  if (change.old_value) {
    return missing(file, change.path, change.path.size() - 1, map);
  }
  if (file.node(map).style == Style::flow) return insert_in_brackets(file, change, map);
  return insert_line(file, change, map);
}

// ---- Reading again ----

bool is_same(const Reading& before, Index a, const Reading& after, Index b, bool is_target) {
  const YamlNode& x = before.node(a);
  const YamlNode& y = after.node(b);
  if (x.is_key != y.is_key || x.depth != y.depth || x.anchor != y.anchor ||
      x.has_tag != y.has_tag) {
    return false;
  }
  if (is_target) return y.kind == Kind::scalar || y.kind == Kind::null;
  if (x.kind != y.kind || x.style != y.style) return false;
  const bool is_leaf = x.kind != Kind::list && x.kind != Kind::map;
  return !is_leaf || raw(before.text, x) == raw(after.text, y);
}

// Both trees node by node: the same but `target`, or but the two nodes added before `target`.
bool differ_only_in(const Reading& before, const Reading& after, Index target, bool is_added,
                    const Change& change) {
  const Index more = is_added ? 2 : 0;
  const std::size_t count = before.tree.nodes.size();
  if (after.tree.nodes.size() != count + more || target > count) return false;
  if (after.tree.documents.size() != before.tree.documents.size()) return false;
  if (after.tree.anchors.size() != before.tree.anchors.size()) return false;
  for (Index i = 0; i < count; ++i) {
    const bool is_behind = is_added && i >= target;
    const bool is_target = !is_added && i == target;
    if (!is_same(before, i, after, is_behind ? i + more : i, is_target)) return false;
  }
  const Index changed = is_added ? target + 1 : target;
  if (after.value(changed) != change.new_value) return false;
  return !is_added || after.value(target) == std::get<std::string>(change.path.back());
}

Error broken(const char* what) {
  return {ErrorCode::denied, std::string("the edited text was read again: ") + what};
}

base::Status check_again(const Reading& before, const Reading& after, std::size_t document,
                         const Place& place, const Change& change) {
  const bool is_added = !place.node;
  const Index target = is_added ? before.node(place.parent).next : *place.node;
  if (!differ_only_in(before, after, target, is_added, change)) {
    return broken("it differs in more than the one value");
  }
  const Index root = before.tree.documents[document];
  const Index root_after = after.tree.documents[document];
  const FileKind kind = kind_of(before, root);
  if (kind_of(after, root_after) != kind ||
      identity_of(after, root_after, kind) != identity_of(before, root, kind)) {
    return Error{ErrorCode::denied,
                 "the change would alter what the file is (its services, or an "
                 "object's apiVersion, kind, name or namespace)"};
  }
  return {};
}

}  // namespace

std::string_view to_string(FileKind kind) {
  switch (kind) {
    case FileKind::compose:
      return "compose";
    case FileKind::kubernetes:
      return "kubernetes";
    case FileKind::values:
      return "values";
  }
  return "values";
}

base::Result<Edited> edit_yaml(std::string_view text, const Change& change) {
  if (base::Status right = check(change); !right.ok()) return right.error().in("change");
  const std::string context = "edit " + change.file;
  auto before = read(text);
  if (!before) return before.error().in(context);
  auto found = find_in(*before, change.path, change.document, change.old_value.has_value());
  if (!found) return found.error().in(context);
  const auto& [place, document] = *found;
  const Index root = before->tree.documents[document];
  if (before->node(root).kind != Kind::map) {
    return Error{ErrorCode::denied, context +
                                        ": the document is no map, so no kind of file that "
                                        "is known"};
  }
  const auto splice =
      place.node ? replace(*before, change, *place.node) : insert(*before, change, place.parent);
  if (!splice) return splice.error().in(context);
  Edited edited;
  edited.text.reserve(text.size() + splice->added.size());
  edited.text.append(text.substr(0, splice->at))
      .append(splice->added)
      .append(text.substr(splice->at + splice->removed));
  edited.kind = kind_of(*before, root);
  edited.line = line_of(edited.text, splice->at + splice->value_at);
  auto after = read(edited.text);
  if (!after) return broken(after.error().message.c_str()).in(context);
  if (base::Status right = check_again(*before, *after, document, place, change); !right.ok()) {
    return right.error().in(context);
  }
  return edited;
}

base::Result<std::string> read_yaml(std::string_view text, const YamlPath& path) {
  auto file = read(text);
  if (!file) return file.error().in("read YAML");
  const auto found = find_in(*file, path, std::nullopt, true);
  if (!found) return found.error().in("read YAML");
  const YamlNode& node = file->node(*found->first.node);
  const bool is_single = node.kind == Kind::scalar || node.kind == Kind::null;
  if (is_single && node.is_one_line && node.style != Style::block) return value_of(text, node);
  return Error{ErrorCode::denied, "read YAML: " + to_text(path) + ": " + name_of(node.kind) +
                                      ", no value of one line"};
}

}  // namespace gitops
