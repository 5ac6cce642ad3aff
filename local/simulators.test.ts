import assert from "node:assert/strict";
import { LOOPBACK_ONLY } from "./callers.ts";
import { eventually } from "./driver/eventually.ts";
import { awayFromStacks } from "./neighbours.ts";
import { startSimulators } from "./simulators.ts";

/** A server at the address of the functions, which is a local stack or not. Returns the paths that were called. */
function startNeighbour(simulates: string[] | null) {
  const paths: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    paths.push(pathname);
    if (pathname === "/health") {
      return simulates === null
        ? Response.json({ message: "no Route matched with those values" }, { status: 404 })
        : Response.json({ status: "ok", simulates });
    }
    return new Response("<Response/>", { headers: { "content-type": "text/xml" } });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    calls: () => paths.filter((path) => path !== "/health"),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Starts the simulators beside a neighbour, then buys a subscription and texts a number whose webhook is there. */
async function busyBeside(neighbour: { url: string }) {
  const stateFolder = await Deno.makeTempDir();
  const lines: string[] = [];
  const simulators = await startSimulators({
    apiUrl: neighbour.url,
    callers: LOOPBACK_ONLY,
    stateFolder,
    ports: { twilio: 0, stripe: 0 },
    print: (line) => lines.push(line),
  });
  const { twilio, stripe } = simulators;
  const post = async (url: string, body: BodyInit, headers: HeadersInit = {}) => {
    const response = await fetch(url, { method: "POST", body, headers });
    assert.ok(response.ok, `${url} ${response.status} ${await response.clone().text()}`);
    return await response.json();
  };
  await post(`${stripe.url}/_sim/checkout`, JSON.stringify({ clientReferenceId: "ada", plan: "team" }));
  const authorization = `Basic ${btoa(`${twilio.accountSid}:${twilio.authToken}`)}`;
  const account = `${twilio.url}/2010-04-01/Accounts/${twilio.accountSid}`;
  const { incoming_phone_numbers: [number] } = await (await fetch(`${account}/IncomingPhoneNumbers.json`, {
    headers: { authorization },
  })).json();
  await post(
    `${account}/IncomingPhoneNumbers/${number.sid}.json`,
    new URLSearchParams({ SmsUrl: `${neighbour.url}/functions/v1/twilio-webhook/inbound/x` }),
    { authorization },
  );
  await post(
    `${twilio.url}/_sim/inbound`,
    JSON.stringify({ from: "+14155550123", to: number.phone_number, body: "hello" }),
    { "content-type": "application/json" },
  );
  return {
    lines,
    async [Symbol.asyncDispose]() {
      await simulators.stop();
      await Deno.remove(stateFolder, { recursive: true });
    },
  };
}

Deno.test("task simulators beside a running stack sends that stack no webhook and no event, and says so", async () => {
  await using stack = startNeighbour(["twilio", "stripe"]);
  await using busy = await busyBeside(stack);
  await eventually("both simulators to have refused", () => busy.lines.length >= 2);
  assert.deepEqual(stack.calls(), []);
  assert.match(
    busy.lines[0]!,
    /A local stack with simulators of its own runs at http:\/\/127\.0\.0\.1:\d+: nothing is sent/,
  );
});

Deno.test("task simulators sends nothing to a server that is too busy to say whether it is a stack, and asks it again later", async () => {
  let isBusy = true;
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async () => {
    if (isBusy) await new Promise((resolve) => setTimeout(resolve, 1_500));
    return Response.json({}, { status: 404 });
  });
  const url = `http://127.0.0.1:${server.addr.port}/functions/v1/stripe-webhook`;
  const refused: string[] = [];
  const mayCall = awayFromStacks("stripe", (origin) => refused.push(origin));
  assert.equal(await mayCall(url), false);
  isBusy = false;
  await eventually("the server to be asked again", () => mayCall(url));
  assert.deepEqual(refused, []);
});

Deno.test("task simulators sends webhooks and events to functions without a stack of ours, and to a stack that asks for them", async () => {
  for (const simulates of [null, []]) {
    await using functions = startNeighbour(simulates);
    await using busy = await busyBeside(functions);
    await eventually("an event and a webhook", () => new Set(functions.calls()).size === 2);
    assert.deepEqual(
      new Set(functions.calls()),
      new Set(["/functions/v1/stripe-webhook", "/functions/v1/twilio-webhook/inbound/x"]),
    );
    assert.deepEqual(busy.lines, []);
  }
});
