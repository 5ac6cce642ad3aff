import { readFile } from "node:fs/promises";
import { type Context, Hono } from "hono";
import * as z from "zod";
import { Books } from "../billing/books.ts";
import { completeSession, expireDueSessions, openSession } from "../billing/checkout.ts";
import { canSwitch, changeInPortal, PortalChange, portalOf, portalSubscriptions } from "../billing/portal.ts";
import { invalidRequest, StripeApiError } from "../errors.ts";
import { isMetered, isPlan } from "../objects/catalogue.ts";
import { NO_ORIGIN } from "../objects/event.ts";
import { flatAmountOf, itemOf } from "../objects/subscription.ts";
import type { CheckoutSession, Price, Subscription } from "../objects/shapes.ts";
import type { PortalRecord } from "../records.ts";
import type { Connection } from "../../http-server.ts";
import type { Simulator } from "../simulator.ts";
import { escapeHtml, fill } from "./template.ts";

const FILES = [
  "checkout.html",
  "success.html",
  "message.html",
  "portal.html",
  "dashboard.html",
  "style.css",
  "checkout.js",
  "dashboard.js",
] as const;
type Pages = Record<(typeof FILES)[number], string>;

const TRIAL_DAYS = 14;
/** Stripe silently drops references with other characters. */
const CLIENT_REFERENCE_ID = /^[A-Za-z0-9_-]{1,200}$/;
const CHOICES = {
  now: { payment: "now", trialDays: 0 },
  trial: { payment: "now", trialDays: TRIAL_DAYS },
  fails_later: { payment: "fails_later", trialDays: 0 },
  pending: { payment: "pending", trialDays: 0 },
  pending_active: { payment: "pending_active", trialDays: 0 },
} as const;

/** The body of the checkout form. */
const Order = z.strictObject({
  session: z.string().optional(),
  plan: z.string(),
  email: z.email("must be an email address"),
  client_reference_id: z.string().optional(),
  pay: z.enum(["now", "trial", "fails_later", "pending", "pending_active"]),
  // The card fields are decoration: they have no names and are not sent.
});

type PageContext = Context<{ Bindings: Connection }>;

/** Reads the page files beside this module. */
export async function loadPages(): Promise<Pages> {
  const texts = await Promise.all(FILES.map((file) => readFile(new URL(file, import.meta.url), "utf8")));
  return Object.fromEntries(FILES.map((file, index) => [file, texts[index]])) as Pages;
}

/** The HTML pages: dashboard, checkout, success, billing portal. */
export function pagesApp(simulator: Simulator, pages: Pages): Hono<{ Bindings: Connection }> {
  const app = new Hono<{ Bindings: Connection }>();
  const open = () => new Books(simulator, NO_ORIGIN);

  app.use(async (c, next) => {
    await next();
    c.res.headers.set(
      "content-security-policy",
      "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'",
    );
    c.res.headers.set("cache-control", "no-store");
    // Not `no-referrer`, with which browsers send `Origin: null` with a form.
    c.res.headers.set("referrer-policy", "same-origin");
  });

  app.use("/checkout/*", async (_c, next) => {
    if (expireDueSessions(open())) simulator.changed();
    await next();
  });

  app.get("/", (c) => c.html(pages["dashboard.html"]));
  app.get("/_pages/style.css", (c) => c.body(pages["style.css"], 200, { "content-type": "text/css; charset=utf-8" }));
  for (const script of ["checkout.js", "dashboard.js"] as const) {
    app.get(
      `/_pages/${script}`,
      (c) => c.body(pages[script], 200, { "content-type": "text/javascript; charset=utf-8" }),
    );
  }

  app.get("/checkout", (c) => {
    const query = c.req.query();
    const reference = query.client_reference_id ?? "";
    return c.html(checkoutPage(simulator, pages, {
      plan: query.price ?? "starter",
      email: query.email ?? query.prefilled_email ?? "",
      reference: CLIENT_REFERENCE_ID.test(reference) ? reference : "",
      session: null,
    }));
  });

  app.get("/checkout/success", (c) => {
    const session = simulator.records.sessions.get(c.req.query("session_id") ?? "");
    if (!session || session.status !== "complete") {
      throw invalidRequest("Cannot show the checkout: it does not exist or is not completed");
    }
    return c.html(successPage(simulator, pages, session));
  });

  app.get("/checkout/:id", (c) => {
    const session = open().session(c.req.param("id"));
    if (session.status !== "open") throw invalidRequest(`Cannot show the checkout: its status is "${session.status}"`);
    const email = session.customer ? open().customer(session.customer).email : session.customer_email;
    return c.html(checkoutPage(simulator, pages, { plan: "", email: email ?? "", reference: "", session }));
  });

  app.post("/checkout", async (c) => {
    const order = await orderOf(c);
    const books = open();
    const session = order.session ? books.session(order.session) : openPaymentLinkSession(simulator, books, order);
    completeSession(books, session, { email: order.email, payment: CHOICES[order.pay].payment });
    simulator.changed();
    const next = session.success_url?.replaceAll("{CHECKOUT_SESSION_ID}", session.id);
    return c.redirect(next ?? `/checkout/success?session_id=${session.id}`, 303);
  });

  app.get("/portal/:secret", (c) => {
    const books = open();
    return c.html(portalPage(simulator, pages, books, portalOf(books, c.req.param("secret"))));
  });

  app.post("/portal/:secret", async (c) => {
    const books = open();
    const portal = portalOf(books, c.req.param("secret"));
    const parsed = PortalChange.safeParse(Object.fromEntries(await c.req.formData()));
    if (!parsed.success) throw invalidRequest("Cannot change the subscription: the form is not valid");
    changeInPortal(books, portal, parsed.data);
    simulator.changed();
    return c.redirect(`/portal/${portal.id}`, 303);
  });

  app.notFound((c) => c.html(messagePage(pages, "Not found", "This page does not exist."), 404));
  app.onError((error, c) => {
    if (!(error instanceof StripeApiError)) throw error;
    return c.html(messagePage(pages, "Request failed", error.message), error.status as 400 | 404);
  });
  return app;
}

function openPaymentLinkSession(simulator: Simulator, books: Books, order: z.output<typeof Order>): CheckoutSession {
  const price = books.priceOfPlan(order.plan);
  if (!price) throw invalidRequest(`Cannot check out plan "${order.plan}": no price has that lookup key`, "plan");
  return openSession(books, {
    lines: [{ price, quantity: 1 }],
    trialDays: CHOICES[order.pay].trialDays,
    clientReferenceId: order.client_reference_id || null,
    customer: null,
    customerEmail: null,
    metadata: {},
    subscriptionMetadata: {},
    successUrl: null,
    cancelUrl: null,
    fromPaymentLink: true,
  }, simulator.url());
}

async function orderOf(c: PageContext): Promise<z.output<typeof Order>> {
  const parsed = Order.safeParse(Object.fromEntries(await c.req.formData()));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw invalidRequest(`Cannot place the order: ${issue.path.join(".")} ${issue.message}`);
}

function checkoutPage(
  simulator: Simulator,
  pages: Pages,
  view: { plan: string; email: string; reference: string; session: CheckoutSession | null },
): string {
  const { records } = simulator;
  const offer = view.session && records.offers.get(view.session.id);
  const offered = (offer?.lines ?? []).flatMap(({ price, quantity }) => {
    const found = records.prices.get(price);
    return found === undefined ? [] : [{ price: found, quantity }];
  });
  const main = offered.find(({ price }) => !isMetered(price)) ?? offered[0];
  const priced = main ? [main.price] : [...records.prices.values()].filter(isPlan);
  const quantity = main?.quantity ?? 1;
  const chosen = priced.find((price) => price.lookup_key === view.plan) ?? priced[0];
  const trialDays = offer?.trialDays ?? 0;
  return fill(pages["checkout.html"], {
    email: view.email,
    reference: view.reference,
    session: view.session?.id ?? "",
    heading: view.session ? "Your subscription" : "Choose your plan",
    payLabel: trialDays > 0 ? `Start ${trialDays}-day trial` : "Subscribe",
    total: chosen && trialDays === 0 ? money(flatAmountOf({ price: chosen, quantity }), chosen.currency) : "$0.00",
  }, {
    plans: priced.map((price) => planChoice(simulator, price, price === chosen, quantity)).join("\n"),
    // The API caller sets the trial of a session. On a Payment Link, the buyer can choose it.
    trialButton: view.session
      ? ""
      : `<button class="secondary" name="pay" value="trial">Start ${TRIAL_DAYS}-day free trial</button>`,
    cancel: view.session?.cancel_url
      ? `<a class="back" href="${escapeHtml(view.session.cancel_url)}">← Back without paying</a>`
      : "",
  });
}

function planChoice(simulator: Simulator, price: Price, chosen: boolean, quantity: number): string {
  const product = simulator.records.products.get(price.product);
  const amount = money(flatAmountOf({ price, quantity }), price.currency);
  const value = escapeHtml(price.lookup_key ?? price.id);
  return `<label class="plan">
  <input type="radio" name="plan" value="${value}" data-total="${escapeHtml(amount)}"${
    chosen ? " checked" : ""
  } required>
  <span class="plan-name">${escapeHtml(product?.name ?? price.id)}</span>
  <span class="plan-detail">${escapeHtml(product?.description ?? "")}</span>
  <span class="plan-price"><strong>${escapeHtml(amount)}</strong> / ${escapeHtml(price.recurring.interval)}</span>
</label>`;
}

function successPage(simulator: Simulator, pages: Pages, session: CheckoutSession): string {
  const pending = session.payment_status === "unpaid";
  const { returnUrl } = simulator;
  const back = returnUrl && /^https?:\/\//.test(returnUrl)
    ? `<a class="primary button" href="${escapeHtml(returnUrl)}">Back to the app</a>`
    : "";
  return fill(pages["success.html"], {
    title: pending ? "Your payment is pending" : "You are subscribed",
    text: pending
      ? "The bank debit takes a few days. On the dashboard you can make it succeed or fail."
      : "The simulator is sending the webhooks to your endpoint.",
    session: session.id,
    subscription: session.subscription ?? "",
    customer: session.customer ?? "",
    reference: session.client_reference_id ?? "none",
  }, { back });
}

function portalPage(simulator: Simulator, pages: Pages, books: Books, portal: PortalRecord): string {
  const { customer, returnUrl } = portal;
  const subscriptions = portalSubscriptions(books, portal);
  return fill(pages["portal.html"], { email: books.customer(customer).email ?? customer }, {
    back: returnUrl === null ? "" : `<a class="back" href="${escapeHtml(returnUrl)}">← Return to the app</a>`,
    subscriptions: subscriptions.length === 0
      ? "<p>This customer has no subscription.</p>"
      : subscriptions.map((subscription) => portalSubscription(simulator, subscription)).join("\n"),
  });
}

function portalSubscription(simulator: Simulator, subscription: Subscription): string {
  const { id, status, cancel_at: cancelAt } = subscription;
  const { price, current_period_end: periodEnd } = itemOf(subscription);
  const { records } = simulator;
  const name = records.products.get(price.product)?.name ?? price.id;
  const form = (change: string, label: string, fields = "", style = "secondary") =>
    `<form method="post"><input type="hidden" name="subscription" value="${escapeHtml(id)}">${fields}` +
    `<button class="${style}" name="change" value="${change}">${escapeHtml(label)}</button></form>`;
  const others = [...records.prices.values()].filter((other) =>
    canSwitch(subscription) && isPlan(other) && other.id !== price.id
  );
  const changes = [
    ...(["past_due", "unpaid", "incomplete"].includes(status)
      ? [form("pay", "Pay the open invoice", "", "primary")]
      : []),
    ...(status === "active" || status === "trialing" || status === "past_due"
      ? [
        ...others.map((other) =>
          form(
            "switch",
            `Switch to ${records.products.get(other.product)?.name ?? other.id}, ` +
              `${money(flatAmountOf({ price: other }), other.currency)} / ${other.recurring.interval}`,
            `<input type="hidden" name="price" value="${escapeHtml(other.id)}">`,
          )
        ),
        cancelAt === null
          ? form("cancel", "Cancel subscription")
          : form("keep", "Don't cancel subscription", "", "primary"),
      ]
      : []),
  ];
  const next = cancelAt === null ? `Renews on ${day(periodEnd)}` : `Ends on ${day(cancelAt)}`;
  return `<section class="portal-subscription">
  <h2>${escapeHtml(name)} <span class="badge ${escapeHtml(status)}">${escapeHtml(status)}</span></h2>
  <p>${escapeHtml(money(flatAmountOf({ price }), price.currency))} / ${
    escapeHtml(price.recurring.interval)
  } · ${next}</p>
  <div class="portal-changes">${changes.join("\n")}</div>
</section>`;
}

function day(seconds: number): string {
  return new Date(seconds * 1000).toLocaleDateString("en-US", { dateStyle: "long" });
}

function messagePage(pages: Pages, title: string, text: string): string {
  return fill(pages["message.html"], { title, text }, {});
}

function money(amount: number, currency: string): string {
  return new Intl.NumberFormat("en-US", { style: "currency", currency }).format(amount / 100);
}
