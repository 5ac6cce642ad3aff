import { crc32, deflateSync } from "node:zlib";
import type { StackState } from "../../../local/stack-state.ts";
import { type Actor, signUp } from "../../../local/driver/actor.ts";
import { eventually } from "../../../local/driver/eventually.ts";
import { stripeSide } from "../../../local/driver/stripe-side.ts";
import { twilioSide } from "../../../local/driver/twilio-side.ts";
import { fileOf } from "../../support/media.ts";
import { type AccountState, inState } from "./account-states.ts";
import { setOperatorWork } from "./scene-operator-work.ts";
import { setOperatorMoney } from "./scene-operator-money.ts";
import { setRules } from "./scene-settings.ts";
import { startCampaigns } from "./scene-campaigns.ts";

/** The password of every user of the scene. */
export const PASSWORD = "correct horse battery";

/** The users whose screens are looked at. */
export interface Scene {
  /** Signed up, and has done nothing else. */
  newcomer: Actor;
  /** Has a plan, numbers, contacts and conversations of every kind. */
  busy: Actor & { numbers: string[]; conversation: string; failing: string; campaign: string };
  /** The user whose account is in a state, made at the first call for it: the gate looks at none of them. */
  inState(state: AccountState): Promise<Actor>;
}

export type SceneUser = "newcomer" | "busy" | AccountState;

/** A user of a scene. */
export async function userOf(scene: Scene, user: SceneUser): Promise<Actor> {
  return user === "newcomer" || user === "busy" ? scene[user] : await scene.inState(user);
}

/** Text without a place to break a line, longer than any screen is wide. */
export const UNBROKEN = "https://example.test/" + "orders-and-deliveries-".repeat(12);

/** A picture of some size in the format PNG, as a handset sends it: two fields of color. */
function picture(width: number, height: number): { contentType: string; content: string } {
  const chunk = (type: string, data: Uint8Array) => {
    const content = concat([new TextEncoder().encode(type), data]);
    return concat([number32(data.length), content, number32(crc32(content))]);
  };
  // Eight bits for each of red, green and blue.
  const header = concat([number32(width), number32(height), new Uint8Array([8, 2, 0, 0, 0])]);
  const row = [0, ...Array.from({ length: width }, (_, x) => x < width / 3 ? [15, 118, 110] : [176, 227, 218]).flat()];
  const pixels = deflateSync(new Uint8Array(Array.from({ length: height }, () => row).flat()));
  const file = concat([
    new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10]),
    chunk("IHDR", header),
    chunk("IDAT", pixels),
    chunk("IEND", new Uint8Array()),
  ]);
  return { contentType: "image/png", content: file.toBase64() };
}

function number32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** What each peer wrote and was answered, oldest first. `<`: received, `>`: sent. */
const CONVERSATIONS: readonly { peer: string; lines: readonly string[] }[] = [
  { peer: "+14155550111", lines: ["<Do you deliver on Sundays?"] },
  { peer: "+14155550112", lines: [">Your table for four is booked for 7 pm.", "<Perfect, thank you"] },
  { peer: "+14155550113", lines: [`<${UNBROKEN}`, `>${"Lieferung".repeat(20)}`] },
  { peer: "+14155550114", lines: ["<Where is my order?", ">It leaves the kitchen now", `<See ${UNBROKEN}`] },
  { peer: "+14155550115", lines: [">Grüße aus Köln 🎉", "<👋"] },
  { peer: "+447700900116", lines: ["<Hello from London", ">Welcome! How can we help?"] },
];
/** Messages to this handset fail. */
const UNREACHABLE = "+14155550119";
const CHATTY = "+14155550118";

/** Makes the users through the API and the simulators. `lines`: how long the longest conversation is. */
export async function setScene(state: StackState, { lines = 12 } = {}): Promise<Scene> {
  const [newcomer, busy] = await Promise.all([signUp(state, "newcomer", PASSWORD), signUp(state, "busy", PASSWORD)]);
  const stripe = stripeSide(state);
  await stripe.subscribe({ clientReferenceId: busy.id, plan: "team", email: busy.email });
  await eventually("the subaccount of the plan", async () => (await busy.switchboard.subaccount()).status === "active");
  await busy.switchboard.claimSubscription();
  const numbers: string[] = [];
  for (const areaCode of ["415", "510"]) {
    const [offer] = await busy.switchboard.searchNumbers({ areaCode });
    numbers.push((await busy.switchboard.buyNumber({ phoneNumber: offer!.phoneNumber })).phoneNumber);
  }
  const conversation = `${numbers[0]}~${CHATTY}`;
  const { campaign, ended } = await startCampaigns(busy);
  const made = new Map<AccountState, Promise<Actor>>();
  let newest: Promise<unknown> = Promise.resolve();
  const scene: Scene = {
    newcomer,
    busy: { ...busy, numbers, conversation, failing: `${numbers[0]}~${UNREACHABLE}`, campaign },
    inState(account) {
      const known = made.get(account);
      if (known !== undefined) return known;
      // One after another: all at once would keep the stack busy for longer than a page waits.
      const user = newest.then(() => inState(state, account, PASSWORD));
      made.set(account, user);
      newest = user;
      return user;
    },
  };
  await Promise.all([converse(state, scene.busy, lines), ended]);
  await setOperatorWork(state, busy.id);
  await setOperatorMoney(state, [busy.id, newcomer.id]);
  return scene;
}

async function converse(state: StackState, busy: Scene["busy"], lines: number): Promise<void> {
  const twilio = twilioSide(state);
  const [own, second] = busy.numbers as [string, string];
  const send = (to: string, body: string, from = own) => busy.switchboard.sendSms({ from, to, body });
  const receive = (from: string, body: string, to = own) => twilio.inbound({ from, to, body });
  await busy.switchboard.importContacts({
    contacts: [
      { phoneNumber: CONVERSATIONS[0]!.peer, name: "Ada Lovelace", tags: ["regular", "delivery"] },
      { phoneNumber: CONVERSATIONS[1]!.peer, name: "Dr. Maximiliane von Hohenstein-Sonnenberg", tags: ["regular"] },
      { phoneNumber: CONVERSATIONS[2]!.peer, name: "Rindfleischetikettierungs".repeat(3), notes: UNBROKEN },
      { phoneNumber: UNREACHABLE, name: "Grace Hopper", notes: "Call before noon" },
    ],
  });
  await twilio.decide(UNREACHABLE, { status: "undelivered", errorCode: 30003 });
  await Promise.all(CONVERSATIONS.map(async ({ peer, lines }, index) => {
    for (const line of lines) {
      const [number, text] = [index % 3 === 2 ? second : own, line.slice(1)];
      await (line.startsWith("<") ? receive(peer, text, number) : send(peer, text, number));
    }
  }));
  await send(UNREACHABLE, "Your parcel is at the door");
  await twilio.inbound({
    from: "+14155550117",
    to: own,
    body: "Is this the right one?",
    media: [picture(240, 160), fileOf("application/pdf", "%PDF")],
  });
  await receive("+14155550120", "STOP");
  for (let line = 0; line < lines; line += 1) {
    await (line % 3 === 0 ? send(CHATTY, `Line ${line}: we are on it`) : receive(CHATTY, `Line ${line}: and then?`));
  }
  await setRules(busy, twilio, own);
  await eventually("the failure to be reported", async () => {
    const { messages } = await busy.switchboard.listMessages({ with: UNREACHABLE });
    return messages[0]?.status === "undelivered";
  });
}
