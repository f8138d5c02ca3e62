// The pages' style and script, as text. Included by page.cc alone.
#pragma once

#include <string_view>

namespace forge {

inline constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--fg:#1f2328;--soft:#59636e;--bg:#fff;--raised:#f6f8fa;--line:#d1d9e0;
--link:#0969da;--open:#1a7f37;--done:#8250df;--code:#818b981f;--quote:#59636e;
--good:#1a7f37;--bad:#cf222e}
@media (prefers-color-scheme:dark){:root{--fg:#f0f6fc;--soft:#9198a1;--bg:#0d1117;--raised:#151b23;
--line:#3d444d;--link:#4493f8;--open:#238636;--done:#8957e5;--code:#656c7633;--quote:#9198a1;
--good:#3fb950;--bad:#f85149}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--fg);
font:14px/1.5 -apple-system,BlinkMacSystemFont,"Segoe UI",Helvetica,Arial,sans-serif}
a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}
header{background:var(--raised);border-bottom:1px solid var(--line);padding:16px 24px;font-size:16px}
header b a{color:inherit}header .mark{margin-right:8px}
main{max-width:1080px;margin:24px auto;padding:0 16px}
.soft{color:var(--soft)}time{white-space:nowrap}
.chip{display:inline-block;padding:0 8px;border-radius:2em;font-size:12px;font-weight:500;line-height:20px;
border:1px solid #8884;white-space:nowrap;margin:0 2px 2px 0}
.list{border:1px solid var(--line);border-radius:6px;overflow:hidden}
.tabs{background:var(--raised);padding:14px 16px;border-bottom:1px solid var(--line)}
.tabs a{color:var(--soft);margin-right:16px}.tabs a.on{color:var(--fg);font-weight:600}
.row{display:flex;gap:8px;padding:10px 16px;border-top:1px solid var(--line)}
.row:first-of-type,.tabs+.row{border-top:0}.row:hover{background:var(--raised)}
.row .what{flex:1;min-width:0}.row .title{font-size:16px;font-weight:600;color:var(--fg);margin-right:4px}
.row .small,.small{font-size:12px}
.icon{flex:none;display:inline-flex;height:16px}.row>.icon{margin-top:4px}svg{width:16px;height:16px;flex:none}
.icon.open{color:var(--open)}.icon.done{color:var(--done)}.icon.dropped{color:var(--soft)}
.talk{display:inline-flex;gap:4px;align-items:center;height:24px}
.faces{display:inline-flex;gap:6px;align-items:center;height:24px}
.faces img{width:20px;height:20px;border-radius:50%}
.search{display:flex;gap:8px;margin-bottom:16px}.search input{flex:1;min-width:0;background:var(--bg)}
.badge{border:1px solid var(--line);border-radius:2em;padding:0 7px;font-size:12px;color:var(--soft)}
.after+.badge{margin-left:8px}
.pages{display:flex;gap:16px;justify-content:center;margin:16px}
.empty{padding:48px;text-align:center;color:var(--soft)}
h1{font-size:26px;font-weight:400;margin:0 0 8px;overflow-wrap:anywhere}h1 .soft{font-weight:300}
.state{display:inline-flex;gap:6px;align-items:center;color:#fff;background:var(--open);border-radius:2em;
padding:4px 12px;font-weight:500;margin-right:8px;vertical-align:middle}.state .icon{color:inherit}.state.closed{background:var(--done)}
.meta{border-bottom:1px solid var(--line);padding-bottom:16px;margin-bottom:24px}
.split{display:grid;grid-template-columns:minmax(0,1fr) 240px;gap:24px}
@media (max-width:760px){.split{grid-template-columns:minmax(0,1fr)}}
.thread{position:relative}
.thread:before{content:"";position:absolute;left:72px;top:0;bottom:0;width:2px;background:var(--line);z-index:-1}
.entry{display:flex;gap:16px;margin-bottom:16px}
.entry>img{flex:none;width:40px;height:40px;border-radius:50%}
.box{flex:1;min-width:0;border:1px solid var(--line);border-radius:6px;background:var(--bg)}
.box>.head{background:var(--raised);border-bottom:1px solid var(--line);border-radius:6px 6px 0 0;
padding:8px 16px;color:var(--soft);display:flex;gap:6px;flex-wrap:wrap}
.box>.head b{color:var(--fg)}.after{margin-left:auto;font-variant-numeric:tabular-nums}
.event{position:relative;margin:0 0 16px 56px;padding:4px 0 4px 36px;color:var(--soft);display:flex;
gap:6px;flex-wrap:wrap;align-items:center}.event b{color:var(--fg);overflow-wrap:anywhere}
.event:before{content:"";position:absolute;left:12px;top:10px;width:10px;height:10px;border-radius:50%;
background:var(--soft);box-shadow:0 0 0 4px var(--bg)}
.event.closed:before{background:var(--done)}.event.reopened:before{background:var(--open)}
.votes{padding:0 16px 12px}.votes span{border:1px solid var(--line);border-radius:2em;padding:2px 8px;margin-right:6px}
aside h2{font-size:12px;color:var(--soft);margin:0 0 8px}
aside section{border-bottom:1px solid var(--line);padding-bottom:16px;margin-bottom:16px}
.markdown{padding:16px;overflow-wrap:anywhere}.markdown>:first-child{margin-top:0}
.markdown>:last-child{margin-bottom:0}
.markdown p,.markdown ul,.markdown ol,.markdown table,.markdown pre,.markdown blockquote{margin:0 0 16px}
.markdown h1,.markdown h2{font-size:1.4em;font-weight:600;border-bottom:1px solid var(--line);padding-bottom:.3em;margin:24px 0 16px}
.markdown h3,.markdown h4{font-size:1.15em;font-weight:600;margin:20px 0 12px}
.markdown code{background:var(--code);border-radius:6px;padding:.2em .4em;font:85% ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.markdown pre{background:var(--raised);border-radius:6px;padding:16px;overflow:auto}
.markdown pre code{background:none;padding:0}
.markdown blockquote{border-left:4px solid var(--line);color:var(--quote);padding:0 16px;margin-left:0}
.markdown table{border-collapse:collapse;display:block;overflow:auto;overflow-wrap:normal}
.pair{display:inline-block;white-space:nowrap}
.markdown th,.markdown td{border:1px solid var(--line);padding:6px 13px}
.markdown tr:nth-child(2n){background:var(--raised)}
.markdown hr{border:0;height:4px;background:var(--line)}.markdown img{max-width:100%}
.markdown li.task-list-item{list-style:none;margin-left:-1.4em}
header{display:flex;gap:6px;align-items:baseline;flex-wrap:wrap}
.account{margin-left:auto;font-size:14px;display:flex;gap:12px;align-items:baseline}
button,input,textarea{font:inherit;color:inherit;background:var(--raised);border:1px solid var(--line);
border-radius:6px;padding:5px 12px}
button{cursor:pointer;font-weight:500}button:hover{border-color:var(--soft)}
:focus-visible{outline:2px solid var(--link);outline-offset:1px}
button.primary{background:var(--open);border-color:transparent;color:#fff}
button.plain{background:none;border:0;padding:0;color:var(--link);font-weight:400}
button.off{color:var(--soft);margin:0 8px 0 0;padding:0 4px}
.compose{margin:0 0 24px 56px}.compose textarea{width:100%;background:var(--bg);padding:12px;resize:vertical;
font:14px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;display:block}
.compose .buttons{display:flex;gap:8px;justify-content:flex-end;margin-top:8px}
.votes button{border-radius:2em;padding:2px 8px;margin-right:6px;background:none}
.votes .more{display:inline-block}.more summary{list-style:none;cursor:pointer;color:var(--soft);
border:1px solid var(--line);border-radius:2em;padding:2px 8px;display:inline-block;margin-right:6px}
.add{display:flex;gap:8px;margin-top:12px}.add input{flex:1;min-width:0}
.sign-in{max-width:340px;margin:48px auto;display:flex;flex-direction:column;gap:12px}
.sign-in input{display:block;width:100%;margin-top:4px}.fault{color:#d1242f;margin:0}
.tabs{display:flex;flex-wrap:wrap;align-items:center;gap:0 8px}
.filter{margin-left:auto;position:relative}.filter summary{cursor:pointer;color:var(--soft)}
.filter div{position:absolute;right:0;z-index:2;width:260px;padding:12px;background:var(--bg);
border:1px solid var(--line);border-radius:6px}.filter div a,.row a{margin-right:0}
header .tab{color:var(--soft);margin-left:12px;font-size:14px}header .tab.on{color:var(--fg);font-weight:600}
.state.gone{background:#cf222e}.state.draft{background:var(--soft)}
.meta code,.file summary b{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.meta code{background:var(--code);border-radius:6px;padding:2px 6px;color:var(--link)}
.checks{margin:0 0 16px 56px;border:1px solid var(--line);border-radius:6px;background:var(--bg)}
.check{display:flex;gap:8px;padding:8px 16px;border-top:1px solid var(--line)}.check:first-child{border-top:0}
.check .required{margin-left:auto;border:1px solid var(--line);border-radius:2em;padding:0 8px}
.verdict{background:var(--raised);font-weight:500;border-radius:0 0 6px 6px}
.good,.diff h2 .new,.file summary .new{color:var(--good)}.bad,.diff h2 .old,.file summary .old{color:var(--bad)}
.wait{color:#bf8700}.none{color:var(--soft)}form.merge{margin:0 0 16px 56px}
.diff{border-top:1px solid var(--line);padding-top:16px}.diff h2{font-size:14px;margin:0 0 16px}
.file{border:1px solid var(--line);border-radius:6px;margin-bottom:16px;overflow:hidden}
.file summary{display:flex;gap:8px;align-items:baseline;padding:8px 16px;background:var(--raised);cursor:pointer;overflow-wrap:anywhere}
.file pre{margin:0;overflow:auto;border-top:1px solid var(--line);
font:12px/20px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.file pre span{display:block;padding:0 16px;min-width:max-content}
.file pre .new{background:#2da44e26}.file pre .old{background:#cf222e26}
.file pre .hunk{background:#54aeff33;color:var(--soft)}
.list{overflow:visible}.tabs{border-radius:6px 6px 0 0}
)css";

// Shapes of 16 by 16, drawn in the color of the text around them.
inline constexpr std::string_view kOpenIcon =
    R"(<svg viewBox="0 0 16 16" aria-hidden="true"><circle cx="8" cy="8" r="7" fill="none" )"
    R"(stroke="currentColor" stroke-width="1.6"/><circle cx="8" cy="8" r="1.8" fill="currentColor"/></svg>)";
inline constexpr std::string_view kDoneIcon =
    R"(<svg viewBox="0 0 16 16" aria-hidden="true"><circle cx="8" cy="8" r="7" fill="none" )"
    R"(stroke="currentColor" stroke-width="1.6"/><path d="M4.8 8.3l2.2 2.2 4.2-4.6" fill="none" )"
    R"(stroke="currentColor" stroke-width="1.6"/></svg>)";
inline constexpr std::string_view kDroppedIcon =
    R"(<svg viewBox="0 0 16 16" aria-hidden="true"><circle cx="8" cy="8" r="7" fill="none" )"
    R"(stroke="currentColor" stroke-width="1.6"/><path d="M4.5 11.5l7-7" fill="none" )"
    R"(stroke="currentColor" stroke-width="1.6"/></svg>)";
inline constexpr std::string_view kTalkIcon =
    R"(<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M2 3h12v8H7.5L4.5 14v-3H2z" )"
    R"(fill="none" stroke="currentColor" stroke-width="1.4" stroke-linejoin="round"/></svg>)";

// Asks for the page again each second and swaps the parts that changed, so that people watch the
// thread grow. A part somebody is busy in (focus, an opened menu) waits; the box to write in is
// none.
inline constexpr std::string_view kScript = R"js(
(() => {
  let tag = null;
  const isBusy = (part) => part.contains(document.activeElement) || part.querySelector('details[open]:not(.file)');
  const swap = (page) => {
    let isWhole = true;
    for (const part of document.querySelectorAll('[data-live]')) {
      const next = page.getElementById(part.id);
      if (!next || next.innerHTML === part.innerHTML) continue;
      if (isBusy(part)) isWhole = false;
      else part.replaceChildren(...next.childNodes);
    }
    document.title = page.title;
    return isWhole;
  };
  const look = async () => {
    try {
      const headers = tag ? {'If-None-Match': tag} : {};
      const reply = await fetch(location.href, {cache: 'no-store', headers});
      if (reply.status === 200) {
        const page = new DOMParser().parseFromString(await reply.text(), 'text/html');
        tag = swap(page) ? reply.headers.get('ETag') : null;
      }
    } catch (error) { /* The forge is away: the next look finds it again. */ }
    setTimeout(look, document.hidden ? 5000 : 1000);
  };
  setTimeout(look, 1000);
})();
)js";

}  // namespace forge
