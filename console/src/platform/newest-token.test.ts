import assert from "node:assert/strict";
import { withNewestToken } from "./newest-token.ts";

interface Session {
  access_token: string;
  user: { id: string };
}

/** A tab: the requests it sends, and an Auth client with its session. A token that ends with "old" is rejected. */
function tab(session: Session | null) {
  const sent: { url: string; token: string; body: unknown }[] = [];
  let stored = session;
  let tell: (event: string, session: Session | null) => void = () => {};
  let underway = Promise.resolve();
  const auth = {
    onAuthStateChange(listener: typeof tell) {
      tell = listener;
      listener("INITIAL_SESSION", stored);
    },
    getSession: () => Promise.resolve({ data: { session: stored } }),
  };
  const send: typeof fetch = async (input, init) => {
    const token = new Headers(init?.headers).get("authorization") ?? "";
    sent.push({ url: String(input), token, body: init?.body });
    await underway;
    return new Response(null, { status: token.endsWith("old") ? 401 : 200 });
  };
  const request = withNewestToken(send, () => auth as never);
  return {
    sent,
    request: async (url: string, token: string, body?: string) => {
      const headers = { authorization: `Bearer ${token}` };
      return (await request(url, { method: body === undefined ? "GET" : "POST", headers, ...(body && { body }) }))
        .status;
    },
    become(next: Session | null) {
      stored = next;
      tell(next === null ? "SIGNED_OUT" : "TOKEN_REFRESHED", next);
    },
    delay: (until: Promise<void>) => void (underway = until),
  };
}

const session = (user: string, access_token: string): Session => ({ access_token, user: { id: user } });
const READ = "https://project.test/list-numbers";

/** A request with a token of Ada's, and what changes while it is under way. */
async function underWay(change: ReturnType<typeof session> | null, url = READ, body?: string) {
  const here = tab(session("ada", "old"));
  const answered = Promise.withResolvers<void>();
  here.delay(answered.promise);
  const status = here.request(url, "old", body);
  here.become(change);
  answered.resolve();
  return { status: await status, sent: here.sent };
}

Deno.test("a request whose token was renewed while it was under way is repeated once with the newest token, an action too", async () => {
  for (const body of [undefined, "{}"]) {
    const { status, sent } = await underWay(session("ada", "new"), READ, body);
    assert.equal(status, 200);
    assert.deepEqual(sent.map(({ token }) => token), ["Bearer old", "Bearer new"]);
    assert.equal(sent[1]!.body, body);
  }
  const again = await underWay(session("ada", "newer-and-old"));
  assert.deepEqual([again.status, again.sent.length], [401, 2]);
});

Deno.test("a request that was rejected with the newest token, or without a session, is not repeated", async () => {
  for (const change of [session("ada", "old"), null]) {
    const { status, sent } = await underWay(change);
    assert.deepEqual([status, sent.length], [401, 1]);
  }
  const visitor = tab(null);
  assert.equal(await visitor.request(READ, "old"), 401);
  assert.equal(visitor.sent.length, 1);
});

Deno.test("a request of one user is never repeated as the next user, and neither is a call of Auth", async () => {
  const { status, sent } = await underWay(session("ben", "new"), READ, "{}");
  assert.deepEqual([status, sent.length], [401, 1]);
  const ofAuth = await underWay(session("ada", "new"), "https://project.test/auth/v1/user");
  assert.deepEqual([ofAuth.status, ofAuth.sent.length], [401, 1]);
});
