// The page of the simulator. It shows one snapshot (/sim/state) and looks again when an event says so.
// Whatever comes from a request is only ever inserted as text.
"use strict";

// ---------- talking to the simulator

let state = null;
let seenAt = 0;
let looking = false;
let lookAgain = false;

async function call(method, path, body) {
  const sent = body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  const answer = await fetch(path, { method, ...sent });
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(told.error || `${method} ${path}: HTTP ${answer.status}`);
  return told;
}

// A person's act: what goes wrong is said, and the page looks again.
async function act(method, path, body) {
  try {
    return await call(method, path, body);
  } catch (error) {
    alertUser(error.message);
    return null;
  } finally {
    look();
  }
}

// At most one look at a time, however many events come.
async function look() {
  if (looking) { lookAgain = true; return; }
  looking = true;
  try {
    const fresh = await call("GET", "/sim/state");
    state = fresh;
    seenAt = performance.now();
    render();
  } catch (error) {
    link("lost", "not reachable");
  } finally {
    looking = false;
    if (lookAgain) { lookAgain = false; setTimeout(look, QUIET); }
  }
}

// So many milliseconds between two looks: quick for the eye, little work under load.
const QUIET = 120;
// Without live events the page asks this often.
const POLL = 1000;
let polling = null;

function listen() {
  if (!window.EventSource) {
    link("lost", "polling");
    polling = polling || setInterval(look, POLL);
    return;
  }
  const events = new EventSource("/sim/events");
  events.onopen = () => { clearInterval(polling); polling = null; link("live", "live"); look(); };
  events.onmessage = () => look();
  events.onerror = () => {
    link("lost", "polling");
    polling = polling || setInterval(look, POLL);
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, POLL * 5);
  };
}

function link(kind, text) {
  const pill = at("link");
  if (pill.textContent === text) return;
  pill.className = `pill ${kind}`;
  pill.textContent = text;
}

function alertUser(text) {
  const box = at("alert");
  box.textContent = text;
  box.hidden = false;
  clearTimeout(alertUser.timer);
  alertUser.timer = setTimeout(() => { box.hidden = true; }, 6000);
}

// ---------- building elements

const at = (id) => document.getElementById(id);

// el("button", {class: "main", onclick: f}, "text", child …): attributes, listeners, text and children.
function el(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

// Shows items in order. A node stays as it is (focus, open details, half-typed input) while its item is unchanged.
function show(list, items, key, make) {
  const old = new Map([...list.children].map((node) => [node.dataset.key, node]));
  const nodes = items.map((item) => {
    const id = String(key(item));
    const text = JSON.stringify(item);
    const before = old.get(id);
    if (before && (before.shown === text || (before.contains(document.activeElement) && isTyping()))) return before;
    const node = make(item);
    node.dataset.key = id;
    node.shown = text;
    if (before && before.open) node.open = true;
    return node;
  });
  const hadFocus = list.contains(document.activeElement);
  if (nodes.length !== list.children.length || nodes.some((node, place) => list.children[place] !== node)) {
    list.replaceChildren(...nodes);
    if (hadFocus && !list.contains(document.activeElement)) refocus(list);
  }
}

const isTyping = () => document.activeElement instanceof HTMLInputElement && document.activeElement.type !== "checkbox";

// Whoever answered a prompt by keyboard goes on at the next one.
function refocus(list) {
  const next = list.querySelector("button:not(:disabled), summary") || list.closest("section");
  if (next) next.focus({ preventScroll: true });
}

// ---------- words

const rupees = (minor) => `${Math.floor(minor / 100)}.${String(minor % 100).padStart(2, "0")}`;

function clockText(ms) {
  const seconds = Math.floor(ms / 1000);
  const two = (number) => String(number).padStart(2, "0");
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

const timeText = (ms) => `${clockText(ms)}.${String(ms % 1000).padStart(3, "0")}`;
const now = () => (state ? state.now + (performance.now() - seenAt) * state.settings.clockRate : 0);

async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch (error) {
    alertUser("The browser does not let the page copy");
    return;
  }
  const before = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = before; }, 1200);
}

// ---------- phones

function phones() {
  const ringing = [
    ...state.prompts.filter((prompt) => ["open", "ignored"].includes(prompt.state)).map((prompt) => ({ prompt })),
    ...state.payments.filter((payment) => payment.state === "waiting").map((payment) => ({ payment })),
  ].sort((a, b) => (b.prompt || b.payment).openedAt - (a.prompt || a.payment).openedAt);
  const settled = [
    ...state.prompts.filter((prompt) => !["open", "ignored"].includes(prompt.state)).map((prompt) => ({ prompt })),
    ...state.payments.filter((payment) => payment.state !== "waiting").map((payment) => ({ payment })),
  ].sort((a, b) => (b.prompt || b.payment).openedAt - (a.prompt || a.payment).openedAt);
  const shown = [...ringing.slice(0, 12), ...settled.slice(0, Math.max(0, 3 - ringing.length))];
  show(at("phone-list"), shown, (one) => (one.prompt || one.payment).reference,
    (one) => (one.prompt ? promptPhone(one.prompt) : paymentPhone(one.payment)));
  at("phone-empty").hidden = shown.length > 0;
  announce(ringing);
}

const announced = new Set();
function announce(ringing) {
  for (const { prompt, payment } of ringing) {
    const reference = (prompt || payment).reference;
    if (announced.has(reference)) continue;
    announced.add(reference);
    at("announce").textContent = prompt
      ? `Prompt on ${prompt.subscriber}: ${prompt.text}`
      : `eZ Cash on ${payment.subscriber}: ${rupees(payment.amountDue)} to pay`;
  }
}

function promptPhone(prompt) {
  const open = ["open", "ignored"].includes(prompt.state);
  const answer = (how) => () => act("POST", `/sim/prompts/${encodeURIComponent(prompt.reference)}/${how}`);
  const screen = el("div", { class: open ? "screen" : "screen idle" }, el("p", {}, prompt.text));
  if (open) {
    screen.append(el("p", { class: "quiet", "data-until": prompt.expiresAt }),
      el("progress", { max: prompt.expiresAt - prompt.openedAt, value: 0, "data-bar": prompt.expiresAt, "aria-label": "Time left" }));
  }
  return phone(prompt.subscriber, open, `${prompt.state.replace("-", " ")}`, tone(prompt.state), screen,
    open ? el("div", { class: "keys", role: "group", "aria-label": `Answer for ${prompt.subscriber}` },
      el("button", { type: "button", class: "main", onclick: answer("approve") }, "Approve"),
      el("button", { type: "button", onclick: answer("decline") }, "Decline"),
      el("button", { type: "button", onclick: answer("wrong-pin") }, "Wrong PIN"),
      el("button", { type: "button", onclick: answer("ignore"), disabled: prompt.state === "ignored" }, "Ignore")) : null);
}

function paymentPhone(payment) {
  const due = Math.max(0, payment.amountDue - payment.paid);
  const pay = (amount) => act("POST", "/sim/pay", { reference: payment.reference, amount });
  const key = (text, minor, main) =>
    el("button", { type: "button", class: main ? "main" : null, onclick: () => pay(rupees(minor)) }, text);
  const amount = el("input", { size: 7, inputmode: "decimal", value: rupees(due || payment.amountDue), "aria-label": "Amount to pay" });
  const waiting = payment.state === "waiting";
  const screen = el("div", { class: "screen" },
    el("p", {}, `Dial #111# to pay ${payment.currency} ${rupees(payment.amountDue)}`),
    el("p", { class: "quiet" }, `reference ${payment.reference} · paid ${rupees(payment.paid)}`));
  return phone(payment.subscriber, waiting, payment.state, tone(payment.state), screen,
    el("div", { class: "keys", role: "group", "aria-label": `Pay for ${payment.subscriber}` },
      key(`Pay ${rupees(due || payment.amountDue)}`, due || payment.amountDue, waiting),
      key("Half of it", Math.max(1, Math.floor((due || payment.amountDue) / 2))),
      key("Half too much", Math.floor((due || payment.amountDue) * 1.5)),
      el("button", { type: "button", onclick: () => act("POST", "/sim/fail", { reference: payment.reference, code: "E1406" }) }, "Reject")),
    el("form", { class: "row", onsubmit: (event) => { event.preventDefault(); pay(amount.value); } },
      el("label", {}, "other", amount), el("button", {}, "Pay")));
}

function phone(subscriber, rings, word, kind, ...inside) {
  return el("article", { class: rings ? "phone rings" : "phone", "aria-label": `Phone of ${subscriber}` },
    el("h3", {}, el("span", {}, subscriber), el("span", { class: `tag ${kind}` }, word)), ...inside);
}

const tone = (word) => ({ approved: "good", paid: "good", open: "warn", ignored: "warn", waiting: "warn" }[word] || "bad");

// ---------- charges, log, ledger

function charges() {
  const list = at("charge-list");
  const first = !list.querySelector("details");
  show(list, state.charges, (charge) => charge.charge, (charge) => {
    const began = charge.entries[0] ? charge.entries[0].at : 0;
    return el("details", {},
      el("summary", {}, el("span", { class: "time" }, clockText(began)), el("span", { class: "id what" }, charge.charge),
        el("span", { class: charge.captured ? "tag good" : "tag none" }, charge.captured ? `captured ${rupees(charge.captured)}` : "nothing captured")),
      el("ol", { class: "timeline" }, ...charge.entries.map((entry) =>
        el("li", { class: entry.kind }, el("span", { class: "time" }, `+${((entry.at - began) / 1000).toFixed(3)} s `), entry.text))));
  });
  if (first && list.firstElementChild) list.firstElementChild.open = true;
  empty(list, state.charges.length, "No charge yet.");
}

function log() {
  const kind = at("log-kind").value;
  const find = at("log-find").value.toLowerCase();
  const entries = [
    ...state.requests.map((request) => ({ kind: "request", at: request.at, key: `r${request.serial}`, request })),
    ...state.deliveries.map((delivery, place) => ({ kind: "notification", at: delivery.at, key: `n${delivery.at}-${delivery.reference}-${delivery.attempt}-${place}`, delivery })),
  ].filter((entry) => kind === "all" || entry.kind === kind)
    .filter((entry) => !find || JSON.stringify(entry).toLowerCase().includes(find))
    .sort((a, b) => b.at - a.at).slice(0, 100);
  show(at("log-list"), entries, (entry) => entry.key,
    (entry) => (entry.request ? requestEntry(entry.request) : deliveryEntry(entry.delivery)));
  empty(at("log-list"), entries.length, "Nothing to show.");
}

function requestEntry(request) {
  const code = codeIn(request.answer);
  const word = request.fault ? "fault" : code || `HTTP ${request.status}`;
  const sent = `POST ${request.path} HTTP/1.1\nHost: ${location.host}\nContent-Type: application/json\n\n${request.request}`;
  const answered = request.status === null ? "(not executed)" : `HTTP/1.1 ${request.status}\nContent-Type: application/json\n\n${request.answer}`;
  return el("details", {},
    el("summary", {}, el("span", { class: "time" }, timeText(request.at)), el("span", { class: "what" }, `→ ${request.path}`),
      el("span", { class: `tag ${request.fault ? "warn" : /^(S1000|P1003|100[01])$/.test(word) ? "good" : "bad"}` }, word)),
    el("pre", { "aria-label": "Request" }, sent), el("pre", { "aria-label": "Answer" }, answered),
    request.fault ? el("p", { class: "warn" }, `fault: ${request.fault}`) : null,
    el("div", { class: "tools" },
      el("button", { type: "button", onclick: () => act("POST", `/sim/log/r${request.serial}/resend`) }, "Send again"),
      copyButton(() => requestCurl(request))));
}

function deliveryEntry(delivery) {
  const outcome = outcomeWord(delivery.outcome);
  return el("details", {},
    el("summary", {}, el("span", { class: "time" }, timeText(delivery.at)),
      el("span", { class: "what" }, `← ${delivery.forged ? "forged " : ""}notification ${delivery.reference}, attempt ${delivery.attempt}${delivery.again ? ", comes again" : ""}`),
      el("span", { class: `tag ${delivery.outcome === "acknowledged" ? "good" : "bad"}` }, outcome)),
    el("pre", { "aria-label": "Notification" }, delivery.body),
    el("div", { class: "tools" },
      el("button", { type: "button", onclick: () => act("POST", `/sim/notifications/${encodeURIComponent(delivery.reference)}/repeat`) }, "Send again"),
      copyButton(() => curl(state.settings.notifyUrl || "http://127.0.0.1:8080/notify", [], quote(delivery.body)))));
}

function outcomeWord(outcome) {
  if (outcome.refused) return `refused, HTTP ${outcome.refused.status}`;
  if (outcome.unreachable) return "not reached";
  return { noUrl: "no URL is set", ackLost: "acknowledgement lost" }[outcome] || outcome;
}

const copyButton = (text) => {
  const button = el("button", { type: "button", onclick: () => copy(text(), button) }, "Copy as curl");
  return button;
};

function codeIn(answer) {
  try {
    const body = JSON.parse(answer);
    return body.statusCode || body.status || "";
  } catch (error) {
    return "";
  }
}

// What the log masks becomes a variable of the shell, so that the command runs once they are set.
function requestCurl(request) {
  const body = quote(request.request)
    .replace(/("password":)"\*\*\*"/g, `$1"'"$CAAS_PASSWORD"'"`)
    .replace(/("ezcashAgentPin":)"\*\*\*"/g, `$1"'"$CAAS_EZCASH_PIN"'"`)
    .replace(/("ezcashAgentAlias":)"\*\*\*"/g, `$1"'"$CAAS_EZCASH_ALIAS"'"`)
    .replace(/("(?:subscriberId|customer|receiver|accountId)":)"[^"]*\*\*\*[^"]*"/g, `$1"'"$CAAS_SUBSCRIBER"'"`);
  const client = request.path.startsWith("/mobext/") ? [`-H "x-ibm-client-id: $CAAS_CLIENT_ID"`] : [];
  return curl(location.origin + request.path, client, body);
}

const curl = (url, headers, body) =>
  ["curl -X POST", quote(url), "-H 'Content-Type: application/json'", ...headers, "--data-binary", body].join(" ");
const quote = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

function ledger() {
  const { count, captures } = state.ledger;
  at("ledger-sum").textContent = count === 0 ? "nothing captured" : `${count} capture${count === 1 ? "" : "s"}`;
  show(at("ledger-list"), [...captures].reverse(), (capture) => capture.serial, (capture) => el("tr", {},
    el("td", {}, String(capture.serial)), el("td", { class: "time" }, clockText(capture.at)), el("td", { class: "id" }, capture.subscriber),
    el("td", { class: "sum" }, `${capture.currency} ${rupees(capture.amount)}`), el("td", {}, capture.source),
    el("td", { class: "id" }, capture.externalId || capture.reference || "")));
}

function empty(list, count, text) {
  if (count === 0) list.replaceChildren(el("p", { class: "empty" }, text));
}

// ---------- faults, answers, subscribers, settings

function faults() {
  const service = at("fault-service");
  if (!service.options.length) {
    const names = [...new Set(state.services.map((one) => one.service)), "notification"];
    service.append(...names.map((name) => el("option", { value: name, selected: name === "directDebit" }, name)));
    faultKinds();
  }
  show(at("fault-list"), state.faults, (fault) => fault.number, (fault) => el("li", {},
    el("span", {}, `${fault.service}: `, el("code", {}, JSON.stringify(fault.fault)), ` ${timesWord(fault.times)}`),
    el("button", { type: "button", "aria-label": `Remove fault ${fault.number}`, onclick: () => act("DELETE", `/sim/faults/${fault.number}`) }, "Remove")));
  at("faults-off").disabled = state.faults.length === 0;
}

function timesWord(times) {
  if (times === "always") return "always";
  if (times.perMille !== undefined) return `${times.perMille / 10} % of the time`;
  return times === 1 ? "once" : `${times} times`;
}

function faultKinds() {
  const notification = at("fault-service").value === "notification";
  const kinds = state.faultKinds.filter((kind) => kind.notification === notification);
  at("fault-kind").replaceChildren(...kinds.map((kind) => el("option", { value: kind.name }, kind.name)));
  faultExample();
}

function faultExample() {
  const kind = state.faultKinds.find((one) => one.name === at("fault-kind").value);
  at("fault-json").value = kind ? kind.example : "";
  at("fault-what").textContent = kind ? kind.what : "";
}

function services() {
  show(at("service-list"), state.services, (one) => one.path, (one) => {
    const code = el("input", { list: "codes", size: 6, placeholder: "none", value: one.statusCode || "", autocomplete: "off", "aria-label": `Status code of ${one.path}` });
    const url = `/sim/services/${one.service}/status-code`;
    const set = (event) => {
      event.preventDefault();
      code.blur();
      if (code.value.trim()) act("PUT", url, { statusCode: code.value.trim() });
      else act("DELETE", url);
    };
    return el("form", { class: "service", onsubmit: set }, el("code", { class: one.statusCode ? "warn" : "" }, one.path), code, el("button", {}, "Set"));
  });
}

function subscribers() {
  show(at("subscriber-list"), state.subscribers, (one) => one.id, (one) => {
    const field = (label, name, value, extra) => [name, el("input", { value, ...extra }), label];
    const fields = [field("balance", "balance", rupees(one.balance), { inputmode: "decimal" }),
      field("account type", "accountType", one.accountType, { list: "types" }), field("account status", "accountStatus", one.accountStatus, {})];
    const instruments = ["Mobile Account", "Dialog-Ezcash"].map((name) =>
      [name, el("input", { type: "checkbox", checked: one.instruments.includes(name) })]);
    const save = (event) => {
      event.preventDefault();
      if (document.activeElement) document.activeElement.blur();
      const body = Object.fromEntries(fields.map(([name, input]) => [name, input.value]));
      body.instruments = instruments.filter(([, box]) => box.checked).map(([name]) => name);
      act("PUT", `/sim/subscribers/${encodeURIComponent(one.id)}`, body);
    };
    return el("details", {},
      el("summary", {}, el("span", { class: "id what" }, one.id), one.accountStatus === "Active" ? null : el("span", { class: "tag bad" }, one.accountStatus),
        el("strong", {}, rupees(one.balance))),
      el("form", { class: "grid", onsubmit: save }, ...fields.map(([, input, label]) => el("label", {}, label, input)),
        ...instruments.map(([name, box]) => el("label", { class: "check" }, box, name)), el("button", { class: "main full" }, "Save")));
  });
  empty(at("subscriber-list"), state.subscribers.length, "A subscriber exists from its first request.");
}

function settings() {
  for (const input of document.querySelectorAll("[data-setting]")) {
    if (input === document.activeElement) continue;
    const value = state.settings[input.dataset.setting];
    if (input.type === "checkbox") input.checked = value;
    else if (input.value !== String(value)) {
      if (input instanceof HTMLSelectElement && ![...input.options].some((option) => option.value === String(value))) {
        input.append(el("option", { value: String(value) }, `× ${value}`));
      }
      input.value = value;
    }
  }
  show(at("magic-list"), state.magic, (one) => one.row, (one) => el("li", {}, one.what));
}

function changeSetting(event) {
  const input = event.target;
  const name = input.dataset.setting;
  if (!name) return;
  const numeric = input.type === "number" || name === "clockRate";
  const value = input.type === "checkbox" ? input.checked : numeric ? Number(input.value) : input.value;
  act("PUT", "/sim/settings", { [name]: value });
}

// ---------- all of it

function render() {
  phones(); charges(); log(); ledger(); faults(); services(); subscribers(); settings(); tick();
}

// What moves by itself between two looks.
function tick() {
  const time = now();
  at("clock").textContent = clockText(time);
  for (const node of document.querySelectorAll("[data-until]")) {
    const left = Math.max(0, Math.ceil((Number(node.dataset.until) - time) / 1000));
    node.textContent = `${left} s left to answer`;
  }
  for (const bar of document.querySelectorAll("[data-bar]")) bar.value = Math.max(0, Number(bar.dataset.bar) - time);
}

function start() {
  const command = `caas charge 0712755777 5.00 --simulate --endpoint ${location.origin}`;
  at("try").textContent = command;
  at("try-copy").addEventListener("click", (event) => copy(command, event.target));
  for (const button of document.querySelectorAll("[data-forward]")) {
    button.addEventListener("click", () => act("POST", "/sim/clock", { forwardMs: Number(button.dataset.forward) }));
  }
  document.addEventListener("change", changeSetting);
  at("fault-service").addEventListener("change", faultKinds);
  at("fault-kind").addEventListener("change", faultExample);
  at("fault-form").addEventListener("submit", addFault);
  at("faults-off").addEventListener("click", () => act("DELETE", "/sim/faults"));
  at("subscriber-form").addEventListener("submit", addSubscriber);
  at("scenario-run").addEventListener("click", runScenario);
  at("reset").addEventListener("click", () => { if (confirm("Forget subscribers, prompts, payments, ledger, log and faults?")) act("POST", "/sim/reset"); });
  at("log-kind").addEventListener("change", () => state && log());
  at("log-find").addEventListener("input", () => state && log());
  setInterval(tick, 500);
  look();
  listen();
}

function addFault(event) {
  event.preventDefault();
  let fault;
  try {
    fault = JSON.parse(at("fault-json").value);
  } catch (error) {
    alertUser("The fault is not JSON");
    return;
  }
  act("POST", "/sim/faults", { service: at("fault-service").value, fault, times: JSON.parse(at("fault-times").value) });
}

async function runScenario() {
  const file = at("scenario-file").files[0];
  if (!file) { alertUser("Choose a file first"); return; }
  let scenario;
  try {
    scenario = JSON.parse(await file.text());
  } catch (error) {
    alertUser("The scenario is not JSON");
    return;
  }
  const report = await act("POST", "/sim/scenario", scenario);
  if (!report) return;
  at("scenario-report").className = report.passed ? "good" : "bad";
  at("scenario-report").textContent = report.passed ? `Passed: ${report.name}` : `Failed: ${report.failures.join("; ")}`;
}

function addSubscriber(event) {
  event.preventDefault();
  act("PUT", `/sim/subscribers/${encodeURIComponent(at("subscriber-id").value.trim())}`, {});
  at("subscriber-form").reset();
}

start();
