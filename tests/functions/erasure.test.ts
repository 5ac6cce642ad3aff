import assert from "node:assert/strict";
import { campaignBecomes, campaigner, isSettled, startCampaign } from "../support/campaigning.ts";
import { wrote } from "../support/past-messages.ts";
import { sharedStage, test } from "../support/stage.ts";
import { freshRecipient, quiescence, withNumber } from "../support/tenants.ts";

const stage = sharedStage();

/** The rows that contain a phone number, in every table where a message or a campaign could have left it. */
async function mentions(userId: string, number: string): Promise<Record<string, number>> {
  const [found] = await stage.database.sql`
    select
      (select count(*)::int from public.sms_messages m where user_id = ${userId} and position(${number} in to_jsonb(m)::text) > 0) as messages,
      (select count(*)::int from public.sms_conversations where user_id = ${userId} and peer_number = ${number}) as conversations,
      (select count(*)::int from public.sms_opt_outs where user_id = ${userId} and recipient = ${number}) as "optOuts",
      (select count(*)::int from private.campaign_recipients r join public.campaigns c on c.id = r.campaign_id
        where c.user_id = ${userId} and r.to_number = ${number}) as recipients`;
  return { ...found };
}

/** The accounting data of a tenant's messages. */
async function costs(userId: string) {
  return [
    ...await stage.database.sql`
      select id, account_sid, num_segments, price, created_at from public.sms_messages where user_id = ${userId} order by id`,
  ];
}

test("deleting a user erases the phone numbers of their messages, campaign and opt-out, and keeps the costs", async () => {
  const ada = await campaigner(stage, "ada");
  const peer = freshRecipient();
  await wrote(stage, ada, ada.number, [{ with: peer, body: "Hi there" }, { with: peer, direction: "outbound" }]);
  const campaignId = await startCampaign(ada, [peer], { body: "Dear Grace" });
  await campaignBecomes(ada, campaignId, isSettled);
  await stage.database.sql`
    insert into public.sms_opt_outs (user_id, sender, recipient, keyword) values (${ada.id}, ${ada.number}, ${peer}, 'STOP')`;
  await quiescence(stage, ada);
  const bob = await withNumber(stage, "bob");
  await wrote(stage, bob, bob.number, [{ with: peer, body: "Hi there" }]);
  const before = await costs(ada.id);
  assert.deepEqual(await mentions(ada.id, peer), { messages: 3, conversations: 1, optOuts: 1, recipients: 1 });

  await stage.database.sql`delete from auth.users where id = ${ada.id}`;
  await quiescence(stage, ada);

  assert.deepEqual(await mentions(ada.id, peer), { messages: 0, conversations: 0, optOuts: 0, recipients: 0 });
  const [texts] = await stage.database.sql`
    select count(*)::int as n from public.sms_messages where user_id = ${ada.id} and body is not null`;
  assert.equal(texts?.["n"], 0);
  assert.deepEqual((await costs(ada.id)).map(({ id }) => id), before.map(({ id }) => id));
  const priceless = (rows: typeof before) =>
    rows.map(({ id, account_sid, num_segments }) => [id, account_sid, num_segments]);
  assert.deepEqual(priceless(await costs(ada.id)), priceless(before));
  const { messages } = await bob.switchboard.listMessages();
  assert.deepEqual(messages.map(({ from, body }) => [from, body]), [[peer, "Hi there"]]);
});
