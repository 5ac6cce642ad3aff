import assert from "node:assert/strict";
import { startFixture } from "../../../tests/support/stripe/simulator-fixture.ts";

const page = async (url: string, form?: Record<string, string>) => {
  const response = await fetch(url, form ? { method: "POST", body: new URLSearchParams(form) } : {});
  return { status: response.status, html: await response.text(), url: response.url, headers: response.headers };
};

for (
  const [pay, status, types] of [
    ["now", "active", ["invoice.paid"]],
    ["trial", "trialing", ["invoice.paid"]],
    ["fails_later", "active", ["invoice.paid"]],
    ["pending", "incomplete", []],
    ["pending_active", "active", []],
  ] as const
) {
  Deno.test(`The button "${pay}" of the checkout page creates a subscription with status ${status}`, async () => {
    await using s = await startFixture({ returnUrl: "http://127.0.0.1:5173/billing" });
    const shown = await page(`${s.simulator.url}/checkout?client_reference_id=ada-1&price=team&email=ada@example.com`);
    assert.equal(shown.status, 200);
    assert.match(shown.html, /value="team"[^>]*checked/);
    assert.match(shown.html, /name="client_reference_id" value="ada-1"/);
    assert.match(shown.html, new RegExp(`name="pay" value="${pay}"`));

    const done = await page(`${s.simulator.url}/checkout`, {
      session: "",
      plan: "team",
      email: "ada@example.com",
      client_reference_id: "ada-1",
      pay,
    });
    assert.equal(done.status, 200);
    assert.match(done.url, /\/checkout\/success\?session_id=cs_test_/);
    assert.match(done.html, /href="http:\/\/127\.0\.0\.1:5173\/billing"/);
    const [subscription] = (await s.stripe.subscriptions.list({ status: "all" })).data;
    assert.equal(subscription?.status, status);
    const [session] = (await s.stripe.checkout.sessions.list()).data;
    assert.deepEqual([session?.client_reference_id, session?.customer_details?.email], ["ada-1", "ada@example.com"]);
    const paid = (await s.stripe.events.list({ type: "invoice.paid" })).data.map(({ type }) => type);
    assert.deepEqual(paid, types);
  });
}

Deno.test("The pages escape caller input and ignore a javascript: return URL", async () => {
  await using s = await startFixture({ returnUrl: "javascript:alert(1)" });
  const attack = encodeURIComponent(`"><script>alert(1)</script>`);
  const { html } = await page(`${s.simulator.url}/checkout?email=${attack}&client_reference_id=${attack}`);
  assert.equal(html.includes("<script>alert"), false);
  assert.match(html, /name="client_reference_id" value=""/);
  const { html: missing } = await page(`${s.simulator.url}/checkout/${attack}`);
  assert.equal(missing.includes("<script>alert"), false);
  const done = await page(`${s.simulator.url}/checkout`, { plan: "team", email: "a@example.com", pay: "now" });
  assert.equal(done.html.includes("javascript:"), false);
});

Deno.test("An order with an invalid email, plan, button or field answers 400 and creates no subscription", async () => {
  await using s = await startFixture();
  const order = { plan: "team", email: "ada@example.com", pay: "now" };
  for (const wrong of [{ email: "ada" }, { plan: "gold" }, { pay: "never" }, { coupon: "free" }]) {
    assert.equal(
      (await page(`${s.simulator.url}/checkout`, { ...order, ...wrong })).status,
      400,
      JSON.stringify(wrong),
    );
  }
  assert.equal((await s.stripe.subscriptions.list({ status: "all" })).data.length, 0);
  assert.equal((await page(`${s.simulator.url}/checkout/success?session_id=cs_none`)).status, 400);
  assert.equal((await page(`${s.simulator.url}/nothing`)).status, 404);
});

Deno.test("The pages load no resources from other origins", async () => {
  await using s = await startFixture();
  for (const path of ["/", "/checkout", "/_pages/style.css", "/_pages/checkout.js", "/_pages/dashboard.js"]) {
    const { status, html, headers } = await page(s.simulator.url + path);
    assert.equal(status, 200, path);
    assert.equal(/(src|href|url|import)\s*[=(]?\s*["']?https?:/.test(html), false, path);
    assert.match(headers.get("content-security-policy") ?? "", /default-src 'none'/);
  }
});
