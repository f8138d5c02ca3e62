// Changes one value in the text of a YAML file and no other byte of it. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "gitops/change.h"

namespace gitops {

// What a file is, by its content: `compose` has a map `services`; `kubernetes` has apiVersion and
// kind; `values` is any other map (of a Helm chart, or of a program of its own).
enum class FileKind { compose, kubernetes, values };
[[nodiscard]] std::string_view to_string(FileKind kind);

struct Edited {
  std::string text;
  FileKind kind = FileKind::values;  // Of the document that was changed.
  std::size_t line = 0;              // The changed or added line, from 1, in the new text.
};

// `text` with the change's value replaced, or, where the old value is absent and only the last key
// of the path is missing, with one line more at the end of the map that the path names. Quotes,
// comments, order, line ends and all other bytes stay. The result has been read again: it has the
// same values but that one, and is still what the file was (a compose file keeps its services, a
// Kubernetes object its apiVersion, kind and metadata.name). Up to kOpinionBytesMax both texts were
// read by yaml-cpp too, which saw the same.
// Errors: invalid (not YAML within the limits, or what the scanner does not take; a change that is
// not well-formed), not_found (no such key; the nearest is named), conflict (another value than the
// old one stands there, or a key that was to be absent), denied (beyond its bounds; through or
// below an alias, an anchor in use or a merge key; several lines; what the file is would change).
[[nodiscard]] base::Result<Edited> edit_yaml(std::string_view text, const Change& change);

// The value at `path`, decoded. Errors: as edit_yaml; denied when there is no single value.
[[nodiscard]] base::Result<std::string> read_yaml(std::string_view text, const YamlPath& path);

}  // namespace gitops
