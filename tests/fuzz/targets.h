// What the fuzzers call with bytes of any kind: each checks what must hold for all of them, and
// aborts when it does not. The same functions run under libFuzzer, over files, and in unit_fuzz.
#pragma once

#include <string_view>

namespace fuzz {

// A body at the console's door, signed and not; and as something that was kept.
void try_webhook(std::string_view bytes);
// A comment's body as a command.
void try_command(std::string_view bytes);
// A body or comment as Markdown, on its way to a page; and as foreign text quoted by the Scribe.
void try_markdown(std::string_view bytes);
// A change in the first line, and the YAML file that it is for.
void try_yaml_edit(std::string_view bytes);

}  // namespace fuzz
