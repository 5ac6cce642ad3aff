import assert from "node:assert/strict";
import process from "node:process";
import * as z from "zod";
import { readContracts } from "../../local/openapi/contracts.ts";
import { bulkSchema, checkBulk } from "../../supabase/functions/_shared/campaigns/create.ts";
import { storableJson } from "../../supabase/functions/_shared/platform/text.ts";
import { check, parseJson, readJson, readQuery } from "../../supabase/functions/_shared/platform/request.ts";
import { idempotencyKeyOf } from "../../supabase/functions/_shared/platform/idempotency.ts";
import { isSignedByStripe } from "../../supabase/functions/_shared/stripe/signature.ts";
import { isSignedByTwilio } from "../../supabase/functions/_shared/twilio/signature.ts";
import { webhookFields } from "../../supabase/functions/_shared/twilio/webhook-body.ts";
import { eventSchema } from "../../supabase/functions/stripe-webhook/contract.ts";
import { HOSTILE_JSON, HOSTILE_TEXTS } from "./fuzz/hostile.ts";

/**
 * The time for reading hostile input grows with its length and not with a power of it. Each work runs on bodies that double
 * up to the endpoint's size limit; the least of three runs counts.
 */
const MOST_PER_DOUBLING = 2.5;
/** Below this, what is measured is the clock and the collector. */
const FLOOR_MS = 1;

type Work = (text: string) => unknown;
const KIB = 1024;

/** The largest length, which is the endpoint's limit, and how many times shorter ones double up to it. */
interface Sizes {
  limit: number;
  doublings: number;
}
const upTo = (limit: number, doublings = 2): Sizes => ({ limit, doublings });

/** The milliseconds of processor time that the fastest of three runs takes. Work that refuses the text counts as well. */
async function timeOf(work: Work, text: string): Promise<number> {
  let least = Infinity;
  for (let run = 0; run < 3; run++) {
    const before = process.cpuUsage();
    try {
      await work(text);
    } catch (error) {
      assert.equal((error as Error).name, "ApiError", String(error));
    }
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
    // A run below the floor cannot have grown too much.
    if (least < FLOOR_MS) break;
  }
  return least;
}

/** @returns the worst growth per doubling. One that is too much is measured again: the machine is shared */
async function growthOf(work: Work, textOf: (length: number) => string, { limit, doublings }: Sizes): Promise<number> {
  const texts = Array.from({ length: doublings + 1 }, (_, index) => textOf(limit / 2 ** (doublings - index)));
  const times: number[] = [];
  for (const text of texts) times.push(await timeOf(work, text));
  let worst = 1;
  for (let index = 1; index < texts.length; index++) {
    const growth = () => times[index]! / Math.max(FLOOR_MS, times[index - 1]!);
    for (let attempt = 0; attempt < 4 && growth() > MOST_PER_DOUBLING; attempt++) {
      times[index - 1] = Math.max(times[index - 1]!, await timeOf(work, texts[index - 1]!));
      times[index] = Math.min(times[index]!, await timeOf(work, texts[index]!));
    }
    worst = Math.max(worst, growth());
  }
  return worst;
}

async function expectLinear(name: string, work: Work, texts: typeof HOSTILE_TEXTS, sizes: Sizes): Promise<void> {
  for (const [shape, textOf] of Object.entries(texts)) {
    const growth = await growthOf(work, textOf, sizes);
    assert.ok(growth <= MOST_PER_DOUBLING, `${name}: ${shape} cost ${growth.toFixed(1)} × per doubling`);
  }
}

const requestWith = (body: string) =>
  new Request("http://localhost/", { method: "POST", headers: { "content-type": "application/json" }, body });

/** The fields of a schema, so that a hostile text can be put into each of them. */
function fieldsOf(schema: z.ZodType): string[] {
  const described = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  const parts = [described, ...(described.anyOf ?? [])] as { properties?: Record<string, unknown> }[];
  return parts.flatMap(({ properties }) => Object.keys(properties ?? {}));
}

const jsonWith = (fields: string[], text: string) =>
  JSON.stringify(Object.fromEntries(fields.map((field) => [field, text])));

Deno.test("the time to read a JSON body grows with its length, for every endpoint and every hostile text", async () => {
  for (const [name, { operations }] of Object.entries(await readContracts())) {
    for (const { body, path } of operations) {
      if (body === undefined) continue;
      const read = (text: string) => readJson(requestWith(text), body);
      const fields = fieldsOf(body);
      await expectLinear(`${name}${path}`, read, { ...HOSTILE_JSON, ...HOSTILE_TEXTS }, upTo(64 * KIB));
      const share = (text: string) => read(jsonWith(fields, text.slice(0, text.length / (fields.length + 1) / 2)));
      await expectLinear(`a field of ${name}${path}`, share, HOSTILE_TEXTS, upTo(64 * KIB));
    }
  }
});

Deno.test("the time to read a query or a header grows with its length", async () => {
  for (const [name, { operations }] of Object.entries(await readContracts())) {
    for (const { query, path } of operations) {
      if (query === undefined) continue;
      const read = (text: string) =>
        readQuery(new Request(`http://localhost/?${encodeURI(text.toWellFormed())}`), query);
      await expectLinear(`the query of ${name}${path}`, read, HOSTILE_TEXTS, upTo(64 * KIB));
    }
  }
  const key = (text: string) =>
    idempotencyKeyOf(
      new Request("http://localhost/", { headers: { "idempotency-key": text.replaceAll(/[^\x20-\x7e]/g, "~") } }),
    );
  await expectLinear("Idempotency-Key", key, HOSTILE_TEXTS, upTo(64 * KIB));
});

Deno.test("the time to refuse a forged webhook of Twilio's grows with its length", async () => {
  const plain = "https://example.com/functions/v1/twilio-webhook/status/x";
  const refuse = (url: string) => async (text: string) => {
    const form = webhookFields(text, new URL(url));
    return await isSignedByTwilio(["a token", "another"], `${"A".repeat(27)}=`, url, url === plain ? form : text);
  };
  await expectLinear("a form", refuse(plain), HOSTILE_TEXTS, upTo(256 * KIB));
  await expectLinear("a hashed body", refuse(`${plain}?bodySHA256=${"0".repeat(64)}`), HOSTILE_JSON, upTo(256 * KIB));
});

Deno.test("the time to refuse or read an event of Stripe's grows with its length", async () => {
  const forged = (text: string) =>
    isSignedByStripe(text, `t=${Math.floor(Date.now() / 1000)},v1=${"0".repeat(64)}`, "whsec_test", new Date());
  await expectLinear("a forged event", forged, HOSTILE_JSON, upTo(1024 * KIB, 1));
  const header = (text: string) =>
    isSignedByStripe("{}", `t=1,v1=${text.replaceAll(/[^\x20-\x7e]/g, "~")}`, "whsec_test", new Date());
  await expectLinear("a long signature", header, HOSTILE_TEXTS, upTo(64 * KIB));
  const genuine = (text: string) => check(storableJson(parseJson(text)), eventSchema);
  await expectLinear("a genuine event", genuine, HOSTILE_JSON, upTo(1024 * KIB, 1));
});

/** Rows that fill `length` characters, with a text that would multiply them. */
const BULK: typeof HOSTILE_TEXTS = {
  "a placeholder 600 times over long values": (length) => {
    const recipients = Array.from({ length: length / 850 }, (_, index) => rowOf(index, { a: "x".repeat(800) }));
    return JSON.stringify({ body: "{{a}}".repeat(600), recipients });
  },
  "rows with as many variables as an object may have": (length) => {
    const variables = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`v${index}`, "x".repeat(20)]));
    const recipients = Array.from({ length: length / 15_500 }, (_, index) => rowOf(index, variables));
    return JSON.stringify({ body: "{{v1}}", recipients });
  },
  "names that collide": HOSTILE_JSON["an object of names that collide"]!,
  "numbers of many notations, and rows with as many columns as an object may have": (length) => {
    const columns = Object.fromEntries(Array.from({ length: 490 }, (_, index) => [`column ${index}`, 1]));
    const to = (index: number) => `\u200b (+1) 415\u2011${2_000_000 + index} `;
    const recipients = Array.from({ length: length / 7_500 }, (_, index) => ({ to: to(index), ...columns }));
    return JSON.stringify({ body: "x", recipients });
  },
  "names that differ in their blanks": (length) => {
    const variables = Object.fromEntries(Array.from({ length: 490 }, (_, index) => [` v${index}`, "x"]));
    const recipients = Array.from({ length: length / 5_600 }, (_, index) => rowOf(index, variables));
    return JSON.stringify({ body: Array.from({ length: 400 }, (_, index) => `{{v${index}}}`).join(""), recipients });
  },
  "open placeholders and rows without a number": (length) => {
    const recipients = Array.from({ length: length / 60 }, () => ({ to: "+".repeat(40), variables: {} }));
    return JSON.stringify({ body: "{{ ".repeat(1000), recipients });
  },
  "escaped quotes": (length) => `{"body":"${'\\"'.repeat(length / 2)}"}`,
};
const rowOf = (index: number, variables: Record<string, string>) => ({ to: `+1415${2_000_000 + index}`, variables });

Deno.test("the time to check a bulk message grows with its length, not with the texts that its placeholders would make", async () => {
  const limit = 8 * KIB * KIB;
  const bulk = async (text: string) => {
    await checkBulk(await readJson(requestWith(text), bulkSchema, limit, "recipients"));
  };
  await expectLinear("send-bulk", bulk, BULK, upTo(limit, 1));
});
