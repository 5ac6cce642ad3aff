import assert from "node:assert/strict";
import { clientOf, get, projectStack, signInAs, test } from "../tests/support/project-stack.ts";
import { DEMO_PASSWORD, demoUsers, randomPassword, setDemoPasswords } from "./database/demo-users.ts";
import { summary } from "./start.ts";

/** Nothing listens on this port, so no test reaches an account. */
const NOWHERE = "http://127.0.0.1:9";
const shared = projectStack({
  scheduler: false,
  env: {
    TWILIO_ACCOUNT_SID: "AC00000000000000000000000000000001",
    TWILIO_AUTH_TOKEN: "00000000000000000000000000000000",
    TWILIO_API_BASE_URL: NOWHERE,
  },
});

async function signIn(email: string, password: string): Promise<boolean> {
  const { error } = await clientOf(shared.stack).auth.signInWithPassword({ email, password });
  return error === null;
}

test("With a real account the demo users have random passwords, which the start output shows and no page", async () => {
  const { users } = shared.stack.state;
  assert.deepEqual(users.map(({ role }) => role), ["tenant", "tenant", "operator"]);
  for (const { email, password } of users) {
    assert.match(password, /^[\w-]{20}$/);
    assert.equal(await signIn(email, password), true, email);
    assert.equal(await signIn(email, DEMO_PASSWORD), false, email);
  }
  const config = await (await get(shared.stack, "/config.json", {})).json();
  assert.equal("demoUsers" in config, false);
  const page = await (await get(shared.stack, "/", {})).text();
  const { password } = users[0]!;
  assert.equal(page.includes(password), false);
  assert.match(summary(shared.stack, 0), new RegExp(`operator@switchboard\\.test +${password}`));
  assert.notEqual(randomPassword(), randomPassword());
});

test("A random password ends the sessions that were made with the public one", async () => {
  const { stack } = shared;
  const before = stack.state.users;
  await setDemoPasswords(demoUsers(DEMO_PASSWORD), stack.sql);
  const { data: { session } } = await clientOf(stack).auth.signInWithPassword({
    email: "operator@switchboard.test",
    password: DEMO_PASSWORD,
  });
  await setDemoPasswords(before, stack.sql);
  const renewed = await clientOf(stack).auth.refreshSession({ refresh_token: session!.refresh_token });
  assert.equal(renewed.data.session, null);
  const { error } = await clientOf(stack).auth.getUser(session!.access_token);
  assert.ok(error, "the Auth API accepts the token of an ended session");
  await signInAs(stack, "operator");
});
