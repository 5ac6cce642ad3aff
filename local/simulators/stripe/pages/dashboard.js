// The dashboard: shows the state of the simulator, refreshed every two seconds, with buttons that change it.
const REFRESH_MS = 2000;
const NOTICE_MS = 6000;
const SHOWN_EVENTS = 100;
const SHOWN_INVOICES = 20;
const notice = document.querySelector("#notice");
const hold = document.querySelector("#hold");
let shown = "";
let hideTimer;
let plans = [];

async function call(path, init) {
  const response = await fetch(path, init);
  const body = await response.json();
  if (!response.ok) throw new Error(body.error?.message ?? `Cannot call ${path}: it answered ${response.status}`);
  return body;
}

function post(path, body) {
  return call(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
}

/** Runs the action of a button, shows its result as a notice and refreshes the page. */
async function perform(action, describe) {
  try {
    showNotice(describe(await action()));
  } catch (error) {
    showNotice(error.message, true);
  }
  await refresh();
}

function showNotice(message, failed = false) {
  notice.textContent = message;
  notice.classList.toggle("failed", failed);
  notice.hidden = false;
  clearTimeout(hideTimer);
  hideTimer = setTimeout(() => notice.hidden = true, NOTICE_MS);
}

function element(tag, properties = {}, ...children) {
  const { data, ...rest } = properties;
  const made = Object.assign(document.createElement(tag), rest);
  for (const [name, value] of Object.entries(data ?? {})) made.dataset[name] = value;
  made.append(...children);
  return made;
}

function button(key, label, className, onclick) {
  return element("button", { type: "button", className, onclick, data: { key } }, label);
}

function money(amount, currency) {
  return new Intl.NumberFormat("en-US", { style: "currency", currency }).format(amount / 100);
}

function day(seconds) {
  return new Date(seconds * 1000).toLocaleDateString(undefined, { day: "numeric", month: "short", year: "numeric" });
}

function badge(text) {
  return element("span", { className: `badge ${text}` }, text.replaceAll("_", " "));
}

function subscriptionCard(subscription) {
  const { id, status, actions } = subscription;
  const act = (body, label) =>
    perform(
      () => post(`/_sim/subscriptions/${id}`, body),
      ({ eventIds }) => `${label}: ${eventIds.length} event${eventIds.length === 1 ? "" : "s"} sent`,
    );
  const title = subscription.customerDeleted
    ? `${subscription.email ?? "Customer"} (deleted)`
    : subscription.email ?? subscription.customerId;
  const remarks = [
    subscription.trialEnd && status === "trialing" ? `trial until ${day(subscription.trialEnd)}` : null,
    subscription.cancelAt !== null && status !== "canceled" ? `ends ${day(subscription.cancelAt)}` : null,
    subscription.collectionPaused ? "collection paused" : null,
  ].filter(Boolean);
  const buttons = actions.map(({ action, label }) =>
    button(`${id} ${action}`, label, action === "cancel" ? "small danger" : "small", () => act({ action }, label))
  );
  if (["active", "trialing", "past_due"].includes(status)) buttons.push(planChooser(subscription, act));
  if (!subscription.customerDeleted) {
    const remove = () => act({ action: "delete_customer" }, "Delete customer");
    buttons.push(button(`${id} delete`, "Delete customer", "small danger", remove));
  }
  return element(
    "article",
    { className: "card" },
    element(
      "header",
      {},
      element("h3", {}, title),
      badge(status),
      ...remarks.map((text) => element("span", { className: "remark" }, text)),
    ),
    element(
      "p",
      { className: "card-line" },
      element("strong", {}, subscription.plan),
      ` · ${money(subscription.amount, subscription.currency)} · period ends ${day(subscription.periodEnd)}`,
    ),
    element(
      "p",
      { className: "ids" },
      element("code", {}, id),
      " ",
      element("code", {}, subscription.clientReferenceId ?? "no reference"),
    ),
    element("div", { className: "actions" }, ...buttons),
  );
}

function planChooser(subscription, act) {
  const others = plans.filter((plan) => plan.lookup_key !== subscription.lookupKey);
  const chooser = element(
    "select",
    {
      className: "small",
      ariaLabel: `Change plan of ${subscription.email ?? subscription.id}`,
      data: { key: `${subscription.id} plan` },
      onchange: () => act({ action: "change_plan", plan: chooser.value }, "Change plan"),
    },
    element("option", { value: "", selected: true, disabled: true }, "Change plan"),
    ...others.map((plan) => element("option", { value: plan.lookup_key }, plan.lookup_key)),
  );
  return chooser;
}

/** Describes the result of the last attempt and the number of attempts. */
function attemptText(attempts, lastAttempt) {
  if (!lastAttempt) return "";
  const outcome = lastAttempt.status ?? "no response";
  return attempts > 1 ? `${outcome} · ${attempts} attempts` : `${outcome}`;
}

function eventRow({ id, event, delivery, attempts, lastAttempt }) {
  const again = () =>
    perform(
      () => post("/_sim/deliver", { eventId: id }),
      ({ statuses }) => `${event.type} → ${statuses[0] ?? "no response"}`,
    );
  const body = element("details", { data: { key: `${id} details` } });
  body.append(
    element("summary", { data: { key: `${id} summary` } }, event.type),
    element("pre", {}, JSON.stringify(event, null, 2)),
  );
  return element(
    "li",
    {},
    element("time", {}, new Date(event.created * 1000).toLocaleTimeString()),
    body,
    badge(delivery),
    element("span", { className: "attempts" }, attemptText(attempts, lastAttempt)),
    button(`${id} redeliver`, "Redeliver", "small", again),
  );
}

/** The changes of an invoice that its status allows, with the labels of their buttons. */
const INVOICE_ACTIONS = {
  draft: [["finalize", "Finalize"]],
  open: [["pay", "Pay"], ["void", "Void"], ["mark_uncollectible", "Mark uncollectible"]],
  uncollectible: [["pay", "Pay"]],
};

function invoiceCard({ id, number, status, currency, total, automatically_finalizes_at: finalAt, lines }) {
  const buttons = (INVOICE_ACTIONS[status] ?? []).map(([action, label]) =>
    button(`${id} ${action}`, label, "small", () =>
      perform(
        () => post(`/_sim/invoices/${id}`, { action }),
        ({ eventIds }) => `${label}: ${eventIds.length} event${eventIds.length === 1 ? "" : "s"} sent`,
      ))
  );
  return element(
    "article",
    { className: "card" },
    element(
      "header",
      {},
      element("h3", {}, number ?? id),
      badge(status),
      ...(finalAt === null ? [] : [element("span", { className: "remark" }, `final on ${day(finalAt)}`)]),
    ),
    element("p", { className: "card-line" }, element("strong", {}, money(total, currency))),
    element(
      "ul",
      { className: "ids" },
      ...lines.data.map((line) =>
        element("li", {}, `${line.description ?? ""} · ${money(line.amount, line.currency)}`)
      ),
    ),
    element("div", { className: "actions" }, ...buttons),
  );
}

function meterCard({ id, displayName, eventName, status, pending, rejected, customers }) {
  const remarks = [pending > 0 ? `${pending} pending` : null, rejected > 0 ? `${rejected} rejected` : null].filter(
    Boolean,
  );
  const line = ({ customer, quantity }) =>
    element("p", { className: "card-line" }, element("strong", {}, quantity), " · ", element("code", {}, customer));
  return element(
    "article",
    { className: "card" },
    element(
      "header",
      {},
      element("h3", {}, displayName),
      badge(status),
      ...remarks.map((text) => element("span", { className: "remark" }, text)),
    ),
    ...customers.map(line),
    element("p", { className: "ids" }, element("code", {}, eventName), " ", element("code", {}, id)),
  );
}

/** Renders subscriptions, invoices, meters and events, and keeps the focus and the opened details. */
function draw(subscriptions, invoices, meters, events) {
  const focused = document.activeElement?.dataset?.key;
  const opened = new Set([...document.querySelectorAll("details[open]")].map((details) => details.dataset.key));
  document.querySelector("#subscriptions").replaceChildren(
    ...(subscriptions.length > 0
      ? subscriptions.map(subscriptionCard)
      : [element("p", { className: "empty" }, "No subscriptions yet. Open the checkout to buy one.")]),
  );
  document.querySelector("#billing").hidden = invoices.length === 0;
  document.querySelector("#invoices").replaceChildren(...invoices.map(invoiceCard));
  document.querySelector("#usage").hidden = meters.length === 0;
  document.querySelector("#meters").replaceChildren(...meters.map(meterCard));
  document.querySelector("#events").replaceChildren(
    ...(events.length > 0 ? events.map(eventRow) : [element("li", { className: "empty" }, "No events yet.")]),
  );
  for (const details of document.querySelectorAll("details")) details.open = opened.has(details.dataset.key);
  if (focused) document.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

async function refresh() {
  const [{ subscriptions }, billing, { meters }, { events }, faults, catalogue] = await Promise.all([
    call("/_sim/subscriptions"),
    call("/_sim/invoices"),
    call("/_sim/meters"),
    call("/_sim/events"),
    call("/_sim/faults"),
    call("/_sim/plans"),
  ]);
  plans = catalogue.plans;
  hold.checked = faults.deliveries.includes("paused");
  const recent = events.slice(0, SHOWN_EVENTS);
  const invoices = billing.invoices.slice(0, SHOWN_INVOICES);
  const now = JSON.stringify([subscriptions, invoices, meters, recent]);
  if (now === shown) return;
  shown = now;
  draw(subscriptions, invoices, meters, recent);
}

hold.addEventListener("change", () =>
  perform(
    () => hold.checked ? post("/_sim/faults", { deliveries: "paused" }) : call("/_sim/faults", { method: "DELETE" }),
    () => hold.checked ? "Deliveries paused" : "Deliveries resumed",
  ));

async function poll() {
  try {
    await refresh();
  } catch (error) {
    showNotice(`Cannot reach the simulator: ${error.message}`, true);
  }
  setTimeout(poll, REFRESH_MS);
}
poll();
