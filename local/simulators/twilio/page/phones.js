// The state and events of the page. It reads `/_sim/phones` after each `changed` event from `/_sim/events`.
import { phoneName, showLog, showPhones, showThreads } from "./views.js";

const DEFAULT_HANDSET = "+14155550123";
const byId = (id) => document.getElementById(id);
const state = { phones: [], selected: decodeURIComponent(location.hash.slice(1)), thread: "", filter: "" };

const watch = new EventSource("_sim/events");
watch.addEventListener("changed", () => void refresh());
watch.addEventListener("open", () => showConnection("live", "Live"));
watch.addEventListener("error", () => showConnection("lost", "Connection lost, reconnecting…"));

byId("search").addEventListener("input", (event) => {
  state.filter = event.target.value.trim().toLowerCase();
  render();
});
byId("back").addEventListener("click", () => select(""));
byId("phones").addEventListener("keydown", moveThroughList);
byId("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  void send();
});
byId("text").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  byId("composer").requestSubmit();
});
addEventListener("hashchange", () => select(decodeURIComponent(location.hash.slice(1))));

let refreshing = Promise.resolve();

/** Reads sequentially, so that an older response never overwrites a newer one. */
function refresh() {
  refreshing = refreshing.then(async () => {
    const response = await fetch("_sim/phones");
    state.phones = (await response.json()).phones;
    render();
  }).catch(() => showConnection("lost", "Connection lost, reconnecting…"));
  return refreshing;
}

function select(number) {
  if (state.selected === number) return;
  state.selected = number;
  state.thread = "";
  history.replaceState(null, "", number ? `#${encodeURIComponent(number)}` : location.pathname);
  showNotice("");
  render();
  const phone = selectedPhone();
  if (phone) byId("text").focus();
}

function selectedPhone() {
  return state.phones.find((phone) => phone.number === state.selected);
}

function render() {
  const wanted = state.phones.filter((phone) =>
    [phone.number, phone.friendlyNumber, phone.owner ?? ""].some((text) => text.toLowerCase().includes(state.filter))
  );
  showPhones(byId("phones"), wanted, state.selected, select);
  const phone = selectedPhone();
  byId("phone").hidden = !phone;
  byId("welcome").hidden = Boolean(phone);
  document.body.dataset.view = phone ? "phone" : "list";
  document.title = phone ? `${phoneName(phone)} · Phones` : "Phones · Twilio simulator";
  if (phone) renderPhone(phone);
}

function renderPhone(phone) {
  const thread = phone.threads.find((one) => one.with === state.thread) ?? phone.threads[0];
  byId("phone-title").textContent = phoneName(phone);
  byId("phone-subtitle").textContent = phone.owner ? phone.friendlyNumber : "Handset";
  const isActive = phone.accountStatus === null || phone.accountStatus === "active";
  byId("phone-state").hidden = isActive;
  byId("phone-state").textContent = phone.accountStatus ?? "";
  showThreads(byId("threads"), phone, thread?.with, (other) => {
    state.thread = other;
    render();
    byId("text").focus();
  });
  showLog(byId("log"), phone, thread);
  renderRoute(phone, thread);
}

/** The sender to a number on Twilio is editable. The recipient of a handset's text is the selected conversation. */
function renderRoute(phone, thread) {
  const other = byId("other");
  const isHandset = phone.kind === "handset";
  byId("other-label").textContent = isHandset ? "To" : "From handset";
  other.readOnly = isHandset;
  const route = `${phone.number} ${thread?.with}`;
  if (other.dataset.route !== route) other.value = thread?.with ?? DEFAULT_HANDSET;
  other.dataset.route = route;
  byId("handsets").replaceChildren(...phone.threads.map((one) => new Option(one.friendlyWith, one.with)));
}

async function send() {
  const phone = selectedPhone();
  const other = byId("other").value.trim();
  const [from, to] = phone.kind === "handset" ? [phone.number, other] : [other, phone.number];
  const body = byId("text").value;
  const files = [...byId("files").files];
  const media = await Promise.all(files.map(encoded));
  if (body === "" && media.length === 0) return showNotice("Write a text or attach a file.", "danger");
  byId("text").value = byId("files").value = "";
  showNotice("");
  const response = await fetch("_sim/inbound", { method: "POST", body: JSON.stringify({ from, to, body, media }) });
  const result = await response.json();
  if (!response.ok) {
    byId("text").value = body;
    return showNotice(result.message, "danger");
  }
  if (phone.kind === "twilio") state.thread = normalized(from);
  if (!result.webhook) showNotice("Delivered. This number has no SmsUrl, so no webhook was called.");
  else if (result.webhook.error) showNotice(`The webhook failed: ${result.webhook.error}`, "danger");
  else if (result.webhook.status >= 400) showNotice(`The webhook answered ${result.webhook.status}`, "danger");
  await refresh();
}

/** Returns a file as the control takes it: its type, and its bytes in base64. */
async function encoded(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return { contentType: file.type || "application/octet-stream", content: btoa(text) };
}

/** Returns the thread of a typed number. The number may be formatted and lack its country code. */
function normalized(text) {
  const digits = text.replace(/\D/g, "");
  const threads = selectedPhone()?.threads ?? [];
  return threads.find((thread) => thread.with.replace(/\D/g, "").endsWith(digits))?.with ?? text;
}

function moveThroughList(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const entries = [...byId("phones").querySelectorAll(".entry")];
  const here = entries.indexOf(document.activeElement);
  entries[(here + step + entries.length) % entries.length]?.focus();
}

function showNotice(text, tone = "plain") {
  byId("notice").textContent = text;
  byId("notice").dataset.tone = tone;
}

function showConnection(connection, text) {
  byId("live").dataset.state = connection;
  byId("live").textContent = text;
}
