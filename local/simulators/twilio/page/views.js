// Renders the page from `/_sim/phones`. Texts are inserted as text nodes, never as HTML.

const TICKS = {
  scheduled: "◷",
  accepted: "○",
  queued: "○",
  sent: "✓",
  delivered: "✓✓",
  undelivered: "!",
  failed: "!",
  canceled: "×",
};
const BROKEN = new Set(["undelivered", "failed"]);

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const calendar = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });

/** Returns the name of a phone: its owner's name, or its number. */
export function phoneName(phone) {
  return phone.owner ?? phone.friendlyNumber;
}

/** Fills the list of phones: the numbers on Twilio, then the handsets. */
export function showPhones(container, phones, selected, onSelect) {
  const groups = [
    ["Numbers on Twilio", phones.filter((phone) => phone.kind === "twilio")],
    ["Handsets", phones.filter((phone) => phone.kind === "handset")],
  ];
  const shown = groups.filter(([, members]) => members.length > 0).flatMap(([title, members]) => [
    element("h2", {}, title),
    ...members.map((phone) => entry(phone, phone.number === selected, onSelect)),
  ]);
  if (shown.length === 0) {
    shown.push(element("p", {}, "No matching phone. Buy a number, or send a message to see its handset."));
  }
  replaceKeepingFocus(container, shown);
}

/** Fills the row of conversations. Hides it if there is only one. */
export function showThreads(container, phone, selected, onSelect) {
  const chips = phone.threads.length < 2 ? [] : phone.threads.map((thread) => {
    const chip = element(
      "button",
      { type: "button", "aria-pressed": String(thread.with === selected) },
      thread.ownerWith ?? thread.friendlyWith,
    );
    chip.dataset.key = thread.with;
    chip.addEventListener("click", () => onSelect(thread.with));
    return chip;
  });
  replaceKeepingFocus(container, chips);
}

/** Fills the log with a conversation and scrolls to its end, unless the user scrolled up. */
export function showLog(container, phone, thread) {
  const wasAtEnd = container.scrollHeight - container.scrollTop - container.clientHeight < 40;
  const isSame = container.dataset.thread === `${phone.number} ${thread?.with}`;
  const known = new Set(isSame ? [...container.querySelectorAll(".bubble")].map((bubble) => bubble.dataset.sid) : []);
  container.dataset.thread = `${phone.number} ${thread?.with}`;
  const rows = [];
  let day = "";
  for (const text of thread?.texts ?? []) {
    const textDay = calendar.format(new Date(text.at));
    if (textDay !== day) rows.push(element("p", { class: "day" }, textDay));
    day = textDay;
    rows.push(bubble(text, isSame && !known.has(text.sid)), meta(text));
  }
  if (rows.length === 0) rows.push(element("p", { class: "empty" }, emptyText(phone)));
  container.replaceChildren(...rows);
  if (wasAtEnd || !isSame) container.scrollTop = container.scrollHeight;
}

function emptyText(phone) {
  return phone.kind === "twilio"
    ? "This phone has no texts yet. Send a message from this number with your app, or text it below from any handset."
    : "This phone has no texts yet.";
}

function entry(phone, isSelected, onSelect) {
  const last = phone.threads[0]?.texts.at(-1);
  const button = element("button", { type: "button", class: "entry", "aria-current": String(isSelected) });
  button.dataset.key = phone.number;
  const avatar = element("span", { class: "avatar", "aria-hidden": "true", "data-kind": phone.kind }, initials(phone));
  const preview = last ? `${last.mine ? "You: " : ""}${last.body || "Media"}` : "No texts yet";
  button.append(
    avatar,
    element("span", { class: "name" }, phoneName(phone)),
    element("span", { class: "time" }, last ? clock.format(new Date(last.at)) : ""),
    element("span", { class: "preview" }, phone.owner ? `${phone.friendlyNumber} · ${preview}` : preview),
  );
  button.addEventListener("click", () => onSelect(phone.number));
  return button;
}

function initials(phone) {
  if (!phone.owner) return phone.number.slice(-2);
  return phone.owner.replace(/['’]/g, "").replace(/[^\p{L}\p{N} ]/gu, " ").trim().split(/\s+/).slice(0, 2).map((word) =>
    word[0] ?? ""
  ).join(
    "",
  )
    .toUpperCase();
}

function bubble(text, isFresh) {
  const classes = ["bubble", text.mine && "mine", BROKEN.has(text.status) && "broken", isFresh && "fresh"];
  const node = element("div", { class: classes.filter(Boolean).join(" ") });
  node.dataset.sid = text.sid;
  for (const url of text.mediaUrls) node.append(media(url));
  node.append(text.body);
  return node;
}

function media(url) {
  const link = element("a", { href: url, target: "_blank", rel: "noreferrer" });
  const image = element("img", { src: url, alt: url });
  image.addEventListener("error", () => image.replaceWith(url));
  link.append(image);
  return link;
}

function meta(text) {
  const isBroken = BROKEN.has(text.status);
  const classes = ["meta", text.mine && "mine", isBroken && "broken"].filter(Boolean).join(" ");
  const node = element("p", { class: classes, "data-status": text.status }, clock.format(new Date(text.at)));
  const tick = TICKS[text.status];
  if (!tick) return node;
  const label = text.error ? `${text.status} (${text.error})` : text.status;
  node.append(" ", element("span", { class: "tick", "aria-hidden": "true" }, tick), label);
  return node;
}

function element(name, attributes = {}, text = "") {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text) node.textContent = text;
  return node;
}

/** Replaces the children and keeps the keyboard focus on the child with the same key. */
function replaceKeepingFocus(container, children) {
  const key = container.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  container.replaceChildren(...children);
  if (key) [...container.querySelectorAll("[data-key]")].find((child) => child.dataset.key === key)?.focus();
}
