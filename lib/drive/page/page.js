// Draws what /status says, as long as somebody answers; then the last answer stays. All times come
// counted from the answer ("3 s ago"), so no clock but the browser's own monotonic one is read.
// Text from outside goes through textContent alone, and the page's policy refuses anything else.
"use strict";
const PHASES = ["starting", "running", "propagating", "draining", "drained", "stopping", "killing", "exited"];
const RARE = ["drained", "killing"];
const KIND = {starting: "off", running: "serving", propagating: "window", draining: "drain", drained: "drain",
  stopping: "stopping", killing: "killing", exited: "off"};
const SAID = {
  starting: "Processes are being started.",
  running: "Every process is up.",
  propagating: "The application serves on until load balancers have forgotten it.",
  draining: "Hooks run, and what is in flight is finished.",
  drained: "All that can be done before the stop signal is done; it is awaited.",
  stopping: "Stop signals are out; processes finish what they are doing.",
  killing: "The deadline is over: what was left has got SIGKILL.",
  exited: "All processes have ended; what they left behind is ended, too."};
const STATE = {asked: "stopping", forced: "killed", gone: "ended"};
const RUNNING_MSEC = 1000, SHUTDOWN_MSEC = 250, ANSWER_MSEC = 4000, BACKOFF_MSEC = 30000;
const HISTORY_SECONDS = 60, SAMPLES = 2000;

const calm = matchMedia("(prefers-reduced-motion: reduce)");
let last = null, arrived = 0, arrivedAt = null, failures = 0, samples = [];
let paused = false, asking = false, timer = 0;

const $ = id => document.getElementById(id);
const sum = list => list.reduce((total, one) => total + one.elapsed, 0);
const put = (node, text) => { if (node.textContent !== text) node.textContent = text; };

// `parent` with as many children as the list has items, each filled from its own; what is there is
// used again, so that neither focus nor a screen reader's place is lost.
function fill(parent, list, make, set) {
  while (parent.children.length > list.length) parent.lastChild.remove();
  list.forEach((item, i) => set(parent.children[i] || parent.appendChild(make()), item));
}

function make(tag, ...children) {
  const node = document.createElement(tag);
  node.append(...children);
  return node;
}

function span(seconds) {
  const whole = Math.floor(seconds), pair = (n, a, m, b) => `${n} ${a} ${m} ${b}`;
  if (seconds < 60) return seconds.toFixed(1) + " s";
  if (seconds < 3600) return pair(Math.floor(whole / 60), "min", whole % 60, "s");
  if (seconds < 86400) return pair(Math.floor(whole / 3600), "h", Math.floor(whole / 60) % 60, "min");
  return pair(Math.floor(whole / 86400), "d", Math.floor(whole / 3600) % 24, "h");
}

function causeOf(status) {
  const cause = status.cause;
  const what = cause && cause.kind === "check" ? "failed check of" : "end of";
  return !cause ? "" : cause.signal || (cause.process ? `${what} ${cause.process}` : cause.kind);
}

// What is shown, in seconds of lastcall's life: around the shutdown, or the last minute.
function viewOf(status) {
  const now = sum(status.phases);
  if (status.elapsed === null)
    return {now, from: now - HISTORY_SECONDS, length: HISTORY_SECONDS, zero: now, zeroName: "now"};
  const wide = [5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1200, 1800, 3600]
    .find(n => n > status.elapsed * 1.1) || status.elapsed * 1.2;
  const zero = now - status.elapsed;
  return {now, from: zero - wide * .15, length: wide * 1.15, zero, zeroName: causeOf(status),
    deadline: status.deadline === null ? null : now + status.deadline};
}

const percent = (view, at) => Math.min(100, Math.max(0, (at - view.from) / view.length * 100));

function lanesOf(status, view) {
  const at = ago => ago === null ? null : view.now - ago;
  let begin = 0;
  const phases = status.phases.map(one => {
    begin += one.elapsed;
    return {kind: KIND[one.phase], from: begin - one.elapsed, to: begin, label: one.phase};
  });
  const lanes = [{name: "phase", bars: phases}];
  for (const process of status.processes) {
    const asked = at(process.asked), killed = at(process.killed), ended = at(process.ended);
    const bars = [], end = ended ?? view.now;
    if (process.started !== null)
      bars.push({kind: "serving", from: at(process.started), to: asked ?? killed ?? end, label: "runs"});
    if (asked !== null)
      bars.push({kind: "stopping", from: asked, to: killed ?? end, label: "stopping"});
    if (killed !== null)
      bars.push({kind: "killing", from: killed, to: end, label: "SIGKILL"});
    lanes.push({name: process.name, bars, end: ended, word: `exit ${process.exitCode}`});
    for (const kind of ["preStop", "postStop"]) {
      const hooks = (status.hooks || []).filter(one => one.process === process.name && one.hook === kind);
      if (hooks.length)
        lanes.push({name: kind, under: process.name, bars: hooks.map(one => {
          const well = ["running", "done"].includes(one.state);
          return {kind: well ? "hook" : "failed", label: `[${one.index}]${well ? "" : " " + one.state}`,
            from: at(one.started), to: at(one.ended) ?? view.now};
        })});
    }
  }
  return lanes;
}

function setBar(node, bar, view, width) {
  const left = percent(view, bar.from), right = percent(view, bar.to);
  const thin = (right - left) / 100 * width < bar.label.length * 6.5 + 14;
  const since = (bar.from < view.zero ? "" : "+") + (bar.from - view.zero).toFixed(2);
  const when = view.zeroName === "now" ? "" : `, T${since} s, for ${span(bar.to - bar.from)}`;
  node.className = `bar ${bar.kind}${thin ? " thin" : ""}`;
  node.style.left = left + "%";
  node.style.width = right - left + "%";
  node.title = bar.label + when;
  node.hidden = bar.to < view.from;
  put(node.firstChild, bar.label);
  put(node.lastChild, when);
}

const makeBar = () => {
  const when = make("span");
  when.className = "unseen";
  return make("span", make("span"), when);
};

function setLane(row, lane, view) {
  const [name, track, after] = [row.cells[0], row.cells[1].firstChild, row.cells[1].firstChild.lastChild];
  const [label, owner] = name.children, x = percent(view, lane.end ?? 0);
  row.className = lane.under ? "under" : "";
  name.title = lane.under || lane.name;
  put(label, lane.name);
  put(owner, lane.under ? ` of ${lane.under}` : "");
  fill(track.firstChild, lane.bars, makeBar, (node, bar) => setBar(node, bar, view, track.clientWidth));
  put(after, lane.end === null || lane.end === undefined ? "" : lane.word);
  after.className = x > 85 ? "after left" : "after";
  after.style.left = x + "%";
}

function makeLane() {
  const name = make("th", make("span"), make("span")), track = make("div", make("div"), make("span"));
  name.scope = "row";
  name.lastChild.className = "unseen";
  track.className = "track";
  return make("tr", name, make("td", track));
}

function drawGrid(view) {
  const narrow = $("grid").clientWidth < 420;
  const step = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 36000]
    .find(n => view.length / n <= (narrow ? 4 : 9)) || view.length;
  const marks = [{at: view.zero, label: view.zeroName, kind: "zero"}];
  const free = at => marks.every(mark => Math.abs(at - mark.at) / view.length > (narrow ? .18 : .08));
  if (view.deadline && view.deadline < view.from + view.length)
    marks.push({at: view.deadline, label: "deadline", kind: "limit"});
  for (let n = -Math.ceil(view.length / step); n * step < view.length; n++) {
    const at = view.zero + n * step;
    if (n && at >= view.from && at <= view.from + view.length && free(at))
      marks.push({at, label: step < 60 ? `${n * step} s` : `${n * step / 60} min`, kind: ""});
  }
  fill($("grid"), marks, () => make("span", make("b")), (node, mark) => {
    node.className = `${mark.kind}${percent(view, mark.at) > 96 ? " edge" : ""}`;
    node.style.left = percent(view, mark.at) + "%";
    put(node.firstChild, mark.label);
  });
}

// The row of connections in flight, as this page has seen them.
function drawArea(status, view) {
  const seen = samples.filter(one => one.at >= view.from);
  const most = Math.max(0, ...seen.map(one => one.count));
  const x = at => (percent(view, at) * 10).toFixed(1);
  const y = count => (48 - count / Math.max(4, most) * 44).toFixed(1);
  const row = $("flow");
  row.hidden = !status.connections;
  if (!status.connections) return;
  let line = "";
  for (const one of seen)
    line += `${line ? "H" + x(one.at) : `M${x(one.at)} 48`}V${y(one.count)}`;
  row.querySelector("path").setAttribute("d", line && `${line}H${x(view.now)}V48Z`);
  // What is seen of it grows as the bars do.
  row.querySelector("svg").style.clipPath = `inset(-1px ${100 - percent(view, view.now)}% -1px 0)`;
  const words = `now ${status.connections.inFlight}, most ${most}`;
  put(row.querySelector("small"), words);
  put(row.querySelector(".unseen"), words);
}

function makeArea() {
  const space = "http://www.w3.org/2000/svg", svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 1000 48");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS(space, "path"));
  const name = make("th", "in flight", make("small")), words = make("span");
  const row = make("tr", name, make("td", svg, words));
  name.scope = "row";
  words.className = "unseen";
  row.id = "flow";
  $("lanes").tHead.after(make("tbody", row));
}

function drawTables(status) {
  const why = name => status.checks.find(check => check.why && check.name.split("/")[0] === name);
  fill($("processes").tBodies[0], status.processes, () => {
    const name = make("th");
    name.scope = "row";
    return make("tr", name, make("td"), make("td"), make("td"));
  }, (row, process) => {
    const missing = process.state === "starting" && why(process.name);
    const state = STATE[process.state] || process.state, words = missing ? `${state}: ${missing.why}` : state;
    [process.name, words, process.pid ?? "\u2013", process.exitCode ?? "\u2013"]
      .forEach((text, i) => put(row.cells[i], String(text)));
  });
  const count = status.connections;
  const facts = !count ? [["of the application", "not counted"]] : [["in flight", count.inFlight],
    ["open", count.open], ["waiting to be accepted", count.waiting], ["listeners", count.listeners]];
  fill($("connections"), facts, () => make("div", make("dt"), make("dd")), (node, [name, value]) => {
    put(node.firstChild, name);
    put(node.lastChild, String(value));
  });
}

function drawPhases(status) {
  const been = new Map(status.phases.map(one => [one.phase, one.elapsed]));
  const shown = PHASES.filter(phase => been.has(phase) || !RARE.includes(phase));
  fill($("phases"), shown, () => make("li"), (node, phase) => {
    node.className = been.has(phase) ? KIND[phase] : "ahead";
    if (phase === status.phase) node.setAttribute("aria-current", "step");
    else node.removeAttribute("aria-current");
    const ends = phase === status.phase && status.remaining !== null;
    const rest = ends ? `, at most ${span(status.remaining)} more` : "";
    put(node, been.has(phase) ? `${phase} ${span(been.get(phase))}${rest}` : phase);
  });
}

// The grace period, and what each phase of the shutdown has spent of it.
function drawBudget(status) {
  const spent = status.elapsed === null ? [] : status.phases.filter(one => PHASES.indexOf(one.phase) > 1);
  const all = Math.max(status.grace, status.elapsed || 0);
  const view = {from: 0, length: all, zero: 0, zeroName: "now"};
  let begin = 0;
  const bars = spent.map(one =>
    ({kind: KIND[one.phase], from: begin, to: begin += one.elapsed, label: one.phase}));
  $("budget").hidden = !spent.length;
  bars.unshift({kind: "margin", from: status.grace - status.margin, to: status.grace, label: "margin"});
  fill($("budget"), bars, makeBar, (node, bar) => setBar(node, bar, view, 0));
}

function drawClock() {
  if (!last || paused) return;
  const gone = failures > 1, since = gone ? 0 : (performance.now() - arrived) / 1000;
  const [value, label] = last.deadline !== null ? [Math.max(0, last.deadline - since),
    `${gone ? "were left" : "left"} of ${span(last.grace - last.margin)} to the deadline`]
    : last.elapsed !== null ? [last.elapsed + since, "since the drain began"]
    : [last.since + since, `in this phase; grace ${span(last.grace)}`];
  put($("clock"), calm.matches && value < 60 ? `${Math.ceil(value)} s` : span(value));
  put($("clock-label"), label);
}

// The live region: changes when the phase does, or the answers end.
function drawWords() {
  const gone = failures > 1, shutdown = last && last.elapsed !== null;
  const lost = shutdown ? "gone" : "no answer", when = arrivedAt && arrivedAt.toLocaleTimeString();
  put($("link"), paused ? "paused" : gone ? lost : failures ? "no answer" : last ? "live" : "connecting");
  $("link").className = `pill ${paused ? "" : failures ? "gone" : last ? "live" : ""}`;
  if (!last) return;
  const phase = gone ? lost : last.phase;
  put($("phase"), phase);
  const said = last.phase === "running" && !last.ready ? "Not every process is ready." : SAID[last.phase];
  put($("said"), !gone ? `Readiness is ${last.ready ? "on" : "off"}. ${said}`
    : !shutdown ? `Nobody has answered since ${when}. This is the last picture.`
    : `lastcall is gone. Its last answer came at ${when}, ${span(last.elapsed)} after ${causeOf(last)}, ` +
      `in phase ${last.phase}; this is the picture it gave.`);
  document.title = `${phase} \u00b7 lastcall`;
}

// Between two questions. Who was drained by hand may wait for hours.
const pause = () => last && last.elapsed !== null && last.phase !== "drained" ? SHUTDOWN_MSEC : RUNNING_MSEC;

function draw() {
  drawWords();
  drawClock();
  if (!last) return;
  const view = viewOf(last);
  document.documentElement.style.setProperty("--beat", pause() + "ms");
  put($("version"), last.version);
  drawPhases(last);
  drawBudget(last);
  drawArea(last, view);
  fill($("lanes").tBodies[1], lanesOf(last, view), makeLane, (row, lane) => setLane(row, lane, view));
  drawGrid(view);
  drawTables(last);
}

function take(status) {
  const now = sum(status.phases);
  // Another container answers now.
  if (samples.length && samples[samples.length - 1].at > now) samples = [];
  if (status.connections) samples.push({at: now, count: status.connections.inFlight});
  samples = samples.slice(-SAMPLES);
  [last, arrived, arrivedAt, failures] = [status, performance.now(), new Date(), 0];
}

async function poll() {
  if (asking) return;
  asking = true;
  try {
    // Relative: behind `kubectl proxy` we are not at the root.
    const answer = await fetch("status", {cache: "no-store", signal: AbortSignal.timeout(ANSWER_MSEC)});
    if (!answer.ok) throw new Error(answer.status);
    take(await answer.json());
  } catch {
    failures++;
  }
  asking = false;
  if (paused) return;
  timer = setTimeout(poll, failures ? Math.min(SHUTDOWN_MSEC * 2 ** failures, BACKOFF_MSEC) : pause());
  draw();
}

$("pause").onclick = () => {
  paused = !paused;
  $("pause").setAttribute("aria-pressed", paused);
  clearTimeout(timer);
  if (paused) drawWords();
  else poll();
};
onresize = draw;
makeArea();
poll();
setInterval(drawClock, calm.matches ? 1000 : 100);
