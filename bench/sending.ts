// `deno task bench:sending` compares, as the ledger grows, the time of `reserve_message` with the time of counting the
// ledger instead. It also compares the time of checking 10,000 recipients with and without measuring each text. Compare
// the ratios; absolute times depend on the machine.
import { startStack } from "../local/stack.ts";
import { checkRecipients } from "../supabase/functions/_shared/campaigns/recipients.ts";
import { measure } from "../supabase/functions/_shared/messages/segments.ts";

const SIZES = [0, 10_000, 100_000];
const RUNS = 200;

const stack = await startStack({ ephemeral: true, scheduler: false });
const { sql } = stack;
const userId = crypto.randomUUID();

/** Inserts messages until the tenant has `size` of them this month. */
async function fill(size: number): Promise<void> {
  await sql`
    insert into public.sms_messages (user_id, direction, from_number, to_number, status, account_sid, source, num_segments, estimated_price, created_at)
    select ${userId}, 'outbound', '+15005550101', '+1530' || (2000000 + n % 5000), 'delivered', 'AC', 'subaccount', 1, 0.01,
      date_trunc('month', now()) + (now() - date_trunc('month', now())) * random()
    from generate_series(1, ${size} - (select count(*)::int from public.sms_messages where user_id = ${userId})) n`;
  await sql`analyze public.sms_messages`;
}

/** Reserves a message and rolls back, so that every run sees the same ledger. */
async function decide(): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`select outcome from public.reserve_message(${userId}, ${crypto.randomUUID()}, 'hash', '+15305550100', 'US',
      '+15005550101', 'Hi', '{}', 1, 'GSM-7', false, 'AC')`;
    throw "undo";
  }).catch((error) => {
    if (error !== "undo") throw error;
  });
}

/** Computes the limits from the ledger, as would be necessary without the totals. */
async function count(): Promise<void> {
  await sql`
    select count(*) filter (where created_at > now() - interval '1 day'), count(*), sum(coalesce(abs(price), estimated_price))
    from public.sms_messages
    where user_id = ${userId} and direction = 'outbound' and status <> 'refused' and created_at >= date_trunc('month', now())`;
}

async function median(work: () => Promise<void> | void, runs = RUNS): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    const began = performance.now();
    await work();
    times.push(performance.now() - began);
  }
  return times.sort((a, b) => a - b)[Math.floor(runs / 2)]!;
}

try {
  await sql`insert into auth.users (id, email) values (${userId}, 'bench@switchboard.test')`;
  await sql`
    insert into public.user_preferences (user_id, twilio_subaccount_sid, twilio_subaccount_status, twilio_subaccount_auth_token_encrypted)
    values (${userId}, 'AC', 'active', 'v1.k1.iv.text')`;
  await sql`insert into public.user_twilio_numbers (user_id, phone_number, phone_sid, is_primary) values (${userId}, '+15005550101', 'PN', true)`;
  await sql`update public.plans set daily_message_limit = 1000000, monthly_message_limit = 1000000, spend_limit = 1000000`;
  console.log(`reserve_message, median of ${RUNS} runs`);
  for (const size of SIZES) {
    await fill(size);
    const [decided, counted] = [await median(decide), await median(count)];
    console.log(
      `${String(size).padStart(7)} messages this month: reserved in ${decided.toFixed(2)} ms; counted in ${
        counted.toFixed(2)
      } ms, ${(counted / decided).toFixed(1)} ×`,
    );
  }
  const rows = Array.from({ length: 10_000 }, (_, index) => ({
    to: `+1530${2_000_000 + index}`,
    variables: { name: `guest ${index}` },
  }));
  const template = "Dear {{name}}, we open on Friday. Reply STOP to hear no more of us, or HELP for help.";
  const checked = await median(() => void checkRecipients(rows, template), 5);
  const measured = await median(() => checkRecipients(rows, template).ready.forEach(() => measure(template)), 3);
  console.log(
    `10,000 recipients: checked in ${checked.toFixed(0)} ms; checked and measured in ${measured.toFixed(0)} ms, ${
      (measured / checked).toFixed(0)
    } ×`,
  );
} finally {
  await stack.stop();
}
