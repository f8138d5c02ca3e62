// The Scribe's words for foreign text in Markdown. Pure.
#pragma once

#include "markdown/markdown.h"

namespace scribe {

using markdown::bare;
using markdown::code;
using markdown::fenced;
using markdown::name;
using markdown::plain;
using markdown::safe_markdown;

}  // namespace scribe
