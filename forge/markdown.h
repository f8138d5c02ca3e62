// GitHub's Markdown to safe HTML: raw HTML is shown as text, HTML comments are left out, links
// reach only the web and mail, pictures from elsewhere are links, "#12" becomes a link. Pure.
#pragma once

#include <string>
#include <string_view>

namespace forge {

// `text` for use between tags and in quoted attributes; what cannot be shown is removed.
[[nodiscard]] std::string escape_html(std::string_view text);

// `markdown` without its `<!-- … -->` parts, but for those within code. One never closed hides the
// rest, as on GitHub.
[[nodiscard]] std::string strip_html_comments(std::string_view markdown);

// `issues_path` ("/owner/name/issues") is where "#12" leads.
[[nodiscard]] std::string render_markdown(std::string_view markdown, std::string_view issues_path);

}  // namespace forge
