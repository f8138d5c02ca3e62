// The live page. It fills itself from /overview, /incidents and /incidents/{id}, then moves with the
// frames of /ws. Everything shown is a text node. A frame may repeat what was fetched: newer ledger
// positions win and timeline entries are known by their id, so nothing is shown twice.
"use strict";

const LIST_MAX = 200;
const PING_MS = 15000;
const SILENCE_MS = 40000;
const RETRY_MAX_MS = 10000;
const PHASES = ["detect", "diagnose", "act", "healthy", "closed"];
const LOOKS = {
  resolved: "good", self_healed: "good", closed: "good", escalated: "bad", awaiting_approval: "bad",
  inconclusive: "", stood_down: "", joined: "",
};
const WORDS = { escalated: "needs a person", awaiting_approval: "awaits approval", joined: "part of another" };

const incidents = new Map();   // By id; `at` is the ledger position it is true for.
let overview = null;
let chosen = Number(location.hash.slice(1)) || null;
let detail = null;             // The chosen incident in full.
let showsAll = false;          // Whether bookkeeping is in the timeline.
let skew = 0;                  // Server's clock minus ours, in ms.
let socket = null, retryMs = 250, lastHeard = 0, refetching = 0;

const byId = (id) => document.getElementById(id);

// element("li", "class", "text", child, ...)
function element(tag, look, ...children) {
  const made = document.createElement(tag);
  if (look) made.className = look;
  for (const child of children) {
    if (child !== null && child !== undefined) made.append(child);
  }
  return made;
}

// Only web addresses become links, whatever the ledger says.
function link(text, address) {
  if (!/^https?:\/\//.test(address || "")) return null;
  const made = element("a", "", text);
  made.href = address;
  made.target = "_blank";
  made.rel = "noopener noreferrer";
  return made;
}

function words(name) { return WORDS[name] || String(name).replaceAll("_", " "); }
function duration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60000) return `${(ms / 1000).toFixed(ms < 10000 ? 2 : 1)} s`;
  if (ms < 3600000) return `${Math.floor(ms / 60000)} min ${Math.round((ms % 60000) / 1000)} s`;
  return `${Math.floor(ms / 3600000)} h ${Math.round((ms % 3600000) / 60000)} min`;
}
function clock(text) {
  const time = new Date(text);
  const today = new Date().toDateString() === time.toDateString();
  const hours = time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
  return today ? hours : `${time.toLocaleDateString([], { month: "short", day: "numeric" })} ${hours}`;
}

// A closed incident is shown by how it ended.
function stateOf(incident) { return incident.state === "closed" ? incident.ended_as || "closed" : incident.state; }
function lookOf(state) { return state in LOOKS ? LOOKS[state] : "busy"; }
function chip(incident) { return element("span", `chip ${lookOf(stateOf(incident))}`, words(stateOf(incident))); }
function isOver(incident) { return incident.over_ms !== null; }
function lasted(incident) {
  return isOver(incident) ? incident.over_ms : Math.max(0, Date.now() + skew - Date.parse(incident.fault_at));
}

// ---- What is drawn

function drawHeader() {
  if (!overview) return;
  byId("mode").textContent = `mode ${words(overview.mode)}`;
  byId("stop").hidden = !overview.stop;
  if (overview.stop) byId("stop").textContent = overview.stop.reason ? `stopped: ${overview.stop.reason}` : "stopped";
  const down = (overview.roles || []).filter((role) => role.state !== "running").map((role) => role.role);
  const trouble = !overview.ledger.readable ? "ledger cannot be read" : down.length > 0 ? `not running: ${down.join(", ")}` : "";
  byId("trouble").hidden = trouble === "";
  byId("trouble").textContent = trouble;
  byId("version").textContent = `version ${overview.version}`;
  const issues = /^https?:\/\//.test(overview.forge_url || "");
  byId("issues").hidden = !issues;
  if (issues) byId("issues").href = overview.forge_url;
}

function openIncidentOf(service) {
  const open = [...incidents.values()].filter((i) => i.service === service && (!isOver(i) || i.state === "escalated"));
  return open.sort((a, b) => b.id - a.id)[0] || null;
}

function drawServices() {
  const cards = ((overview && overview.services) || []).map((service) => {
    const open = openIncidentOf(service.name);
    const said = open ? words(stateOf(open)) : "no open incident";
    const card = element(open ? "button" : "div", `service ${open ? lookOf(stateOf(open)) : ""}`,
                         element("span", "", service.name), element("span", "quiet", said));
    if (open) card.addEventListener("click", () => choose(open.id));
    return card;
  });
  byId("services").replaceChildren(...cards);
}

function drawList(fresh) {
  const newestFirst = [...incidents.values()].sort((a, b) => b.id - a.id);
  const focused = document.activeElement && document.activeElement.dataset.id;
  const rows = newestFirst.map((incident) => {
    const time = element("span", "time number", clock(incident.timestamp));
    const steps = PHASES.filter((phase) => phase !== "closed" && incident.phases_ms[phase] !== null)
        .map((phase) => `${phase} ${duration(incident.phases_ms[phase])}`).join("  ·  ");
    const took = element("span", "number took", isOver(incident) ? "" : duration(lasted(incident)));
    took.dataset.id = incident.id;
    const row = element("button", "incident",
        element("span", "what", `${incident.service}`), chip(incident),
        element("span", "more", element("span", "number", `#${incident.id}`),
                incident.failure_class ? element("span", "", words(incident.failure_class)) : null,
                incident.root ? element("span", "", `joined to #${incident.root}`) : took, time),
        steps === "" ? null : element("span", "steps number", steps));
    row.classList.toggle("chosen", incident.id === chosen);
    row.classList.toggle("fresh", incident.id === fresh);
    row.dataset.id = incident.id;
    row.addEventListener("click", () => choose(incident.id));
    return element("li", "", row);
  });
  byId("incidents").replaceChildren(...rows);
  if (focused) byId("incidents").querySelector(`button[data-id="${Number(focused)}"]`)?.focus();
  if (rows.length === 0) {
    byId("incidents").replaceChildren(element("li", "empty", "No incident has been seen. This page moves by itself when one is."));
  }
}

function drawPhases(incident) {
  let next = !isOver(incident) || incident.state === "resolved";
  return element("ol", "phases", ...PHASES.map((phase) => {
    const ms = incident.phases_ms[phase];
    const step = element("li", ms !== null ? "done" : next ? "next" : "", phase,
                         element("b", "number", ms !== null ? duration(ms) : "–"));
    if (ms === null) next = false;
    return step;
  }));
}

function fact(list, name, ...content) { list.append(element("dt", "", name), element("dd", "", ...content)); }

// What was found and decided, before the timeline.
function drawDecision(incident) {
  const facts = element("dl", "facts");
  const diagnosis = incident.diagnosis;
  if (diagnosis) {
    fact(facts, "Cause", `${words(diagnosis.failure)} in ${diagnosis.culprit || incident.service}, confidence ${Math.round(diagnosis.confidence * 100)}%, ${diagnosis.persistence}`,
         diagnosis.explanation ? element("div", "quiet", diagnosis.explanation) : null);
  }
  const match = incident.recalled && incident.recalled.matches[0];
  if (match) {
    fact(facts, "Memory", `seen before as incident #${match.incident}, similarity ${Math.round(match.similarity * 100)}%`,
         incident.recalled.action ? `; ${words(incident.recalled.action)} worked ${incident.recalled.worked} of ${incident.recalled.tried}` : "");
  }
  const first = incident.plan && incident.plan.menu[0];
  if (first) fact(facts, "Plan", `${words(first.action)} ${first.service}`, first.reason ? element("div", "quiet", first.reason) : null);
  if (incident.refused) fact(facts, "Refused", `by the guard ${words(incident.refused.guard)}`, incident.refused.values ? element("div", "quiet", incident.refused.values) : null);
  if (incident.escalation) fact(facts, "Handed over", incident.escalation.reason);
  return facts;
}

// What it rests on, after the timeline.
function drawEvidence(incident) {
  const facts = element("dl", "facts");
  for (const item of incident.evidence || []) {
    const lines = item.lines.length > 0 ? element("pre", "", item.lines.join("\n")) : null;
    fact(facts, words(item.kind), element("span", "quiet", `${item.id}  `), item.text, lines);
  }
  const ruledOut = incident.diagnosis ? incident.diagnosis.ruled_out : [];
  if (ruledOut.length > 0) fact(facts, "ruled out", ruledOut.join("; "));
  if (incident.container) fact(facts, "container", incident.container);
  return facts;
}

// Probes after an action come many in a row: one line stands for a run of them.
function condensed(timeline) {
  const lines = [];
  for (const entry of timeline) {
    if (entry.bookkeeping && !showsAll) continue;
    const last = lines[lines.length - 1];
    if (last && !showsAll && entry.event === "verification.tried" && last.event === entry.event) {
      lines[lines.length - 1] = { ...entry, count: (last.count || 1) + 1 };
    } else {
      lines.push(entry);
    }
  }
  return lines;
}

function drawStory(incident) {
  const box = element("input");
  box.type = "checkbox";
  box.checked = showsAll;
  box.addEventListener("change", () => { showsAll = box.checked; drawDetail(); });
  const lines = condensed(incident.timeline).map((entry) => {
    const time = element("span", "number", `+${duration(entry.since_fault_ms)}`);
    time.title = entry.ts;
    const said = entry.count ? `${entry.message} (${entry.count} probes)` : entry.message;
    const line = element("li", "", time, element("span", `role ${entry.role}`, entry.role), element("span", "say", said));
    line.title = entry.event;
    return line;
  });
  return element("div", "story", element("h3", "", "Timeline", element("label", "", box, "everything")), element("ol", "", ...lines));
}

function drawDetail() {
  const pane = byId("detail");
  if (!detail || detail.id !== chosen) {
    pane.replaceChildren(element("p", "empty", incidents.size === 0 ? "Nothing to show yet." : "Choose an incident."));
    return;
  }
  const links = element("span", "links", link(detail.issue ? `Issue #${detail.issue}` : "Issue", detail.url));
  const title = element("div", "title", element("h2", "", `#${detail.id} ${detail.service}`), chip(detail),
                        element("span", "chip", detail.severity),
                        detail.failure_class ? element("span", "chip", words(detail.failure_class)) : null, links);
  pane.replaceChildren(title, element("p", "symptom", detail.symptom), drawPhases(detail), drawDecision(detail), drawStory(detail), drawEvidence(detail));
}

function drawTotal() {
  const open = [...incidents.values()].filter((incident) => !isOver(incident)).length;
  byId("total").textContent = incidents.size === 0 ? "" : `${open} open, ${incidents.size} shown`;
}

function draw(fresh) {
  drawHeader();
  drawServices();
  drawTotal();
  drawList(fresh);
  drawDetail();
}

// ---- What is fetched

async function fetchJson(path) {
  const answer = await fetch(path, { headers: { Accept: "application/json" } });
  if (answer.status === 401) location.reload();  // The session ended: the page asks for the key.
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

function take(incident, position) {
  const known = incidents.get(incident.id);
  if (!known || known.at <= position) incidents.set(incident.id, { ...incident, at: position });
  if (incidents.size > LIST_MAX) incidents.delete(Math.min(...incidents.keys()));
}

function addEntries(entries) {
  const all = new Map(detail.timeline.map((entry) => [entry.id, entry]));
  for (const entry of entries) all.set(entry.id, entry);
  detail.timeline = [...all.values()].sort((a, b) => a.position - b.position);
}

async function fetchDetail() {
  const wanted = chosen;
  if (wanted === null) return;
  const got = await fetchJson(`/incidents/${wanted}`).catch(() => null);
  if (got === null || wanted !== chosen) return;
  const earlier = detail && detail.id === wanted ? detail : null;
  if (earlier && earlier.position > got.position) return;
  detail = got;
  if (earlier) addEntries(earlier.timeline);
  drawDetail();
}

async function fetchOverview() {
  overview = await fetchJson("/overview");
  skew = Date.parse(overview.now) - Date.now();
}

async function refill() {
  const [, list] = await Promise.all([fetchOverview(), fetchJson(`/incidents?limit=${LIST_MAX}`)]);
  for (const incident of list.incidents) take(incident, list.position);
  byId("position").textContent = `ledger position ${list.position}`;
  if (chosen === null && list.incidents.length > 0) chosen = list.incidents[0].id;
  draw();
  await fetchDetail();
}

function choose(id) {
  chosen = id;
  history.replaceState(null, "", `#${id}`);
  drawList();
  drawDetail();
  fetchDetail();
}

// ---- What moves

function onFrame(frame) {
  lastHeard = Date.now();
  skew = frame.type === "heartbeat" ? Date.parse(frame.timestamp) - Date.now() : skew;
  if (frame.type === "heartbeat") {
    if (overview) Object.assign(overview, frame.data);
    return drawHeader();
  }
  byId("position").textContent = `ledger position ${frame.data.position}`;
  if (frame.incident_id === null) return void fetchOverview().then(drawHeader).catch(() => {});
  const isNew = !incidents.has(frame.incident_id);
  take(frame.data.incident, frame.data.position);
  // Who looks at something that is over is shown the new trouble.
  const shown = incidents.get(chosen);
  if (isNew && (!shown || isOver(shown))) return choose(frame.incident_id), draw(frame.incident_id);
  if (frame.incident_id === chosen && detail && detail.id === chosen) {
    Object.assign(detail, frame.data.incident, { position: frame.data.position });
    addEntries([frame.data.entry]);
    if (!frame.data.entry.bookkeeping && frame.data.entry.event !== "verification.tried") refetchSoon();
  }
  draw(isNew ? frame.incident_id : undefined);
}

// Diagnosis, evidence and plan are not in the frames; a burst of events is one look.
function refetchSoon() {
  clearTimeout(refetching);
  refetching = setTimeout(fetchDetail, 120);
}

function say(look, text) {
  byId("connection").className = `connection ${look}`;
  byId("connection").textContent = text;
}

function connect() {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const opened = new WebSocket(`${scheme}//${location.host}/ws`);
  socket = opened;
  opened.addEventListener("open", () => {
    retryMs = 250;
    lastHeard = Date.now();
    refill().then(() => say("live", "live")).catch(() => opened.close());
  });
  opened.addEventListener("message", (event) => onFrame(JSON.parse(event.data)));
  opened.addEventListener("close", () => {
    if (socket !== opened) return;
    say("lost", "reconnecting");
    setTimeout(connect, retryMs * (0.75 + Math.random() / 2));
    retryMs = Math.min(retryMs * 2, RETRY_MAX_MS);
  });
}

function keepAlive() {
  if (!socket || socket.readyState !== WebSocket.OPEN) return;
  if (Date.now() - lastHeard > SILENCE_MS) return socket.close();
  socket.send("ping");
}

function tick() {
  for (const shown of document.querySelectorAll(".took")) {
    const incident = incidents.get(Number(shown.dataset.id));
    if (incident && !isOver(incident)) shown.textContent = duration(lasted(incident));
  }
}

window.addEventListener("hashchange", () => {
  const id = Number(location.hash.slice(1));
  if (id && id !== chosen) choose(id);
});
setInterval(keepAlive, PING_MS);
setInterval(tick, 250);
connect();
