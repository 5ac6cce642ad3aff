import {
  atStripe,
  buyOwnPlan,
  buyPlan,
  createByHand,
  deletePreferences,
  deleteUser,
  deliver,
  hold,
  makeDue,
  requestSubaccount,
  signUp,
} from "../harness/people.ts";
import { drainOnce } from "../harness/quiescence.ts";
import { Trap } from "../harness/traps.ts";
import type { World } from "../harness/world.ts";
import type { Command, Mishap } from "./commands.ts";

/** What a history remembers of a tenant, beside the state of the world. */
export interface Person {
  id: string;
  subscriptions: string[];
  /** Whether their subscriptions are gifts, bought through a Payment Link, or their own. */
  buysGifts: boolean;
  deleted: boolean;
  /** Whether the account was created or changed in Twilio's console. */
  touchedByHand: boolean;
  suspendedByHand: boolean;
  /** Whether there was ever a moment at which the account was to be closed. */
  wasToBeClosed: boolean;
}

export interface History {
  people: Person[];
  events: string[];
  /** Whether a process stalled. One that resumes late may repeat what another has done meanwhile, until the next sweep. */
  stalled: boolean;
}

const PEOPLE = 2;
const RETENTION_SECONDS = 30 * 86_400;

export async function begin(world: World): Promise<History> {
  const people: Person[] = [];
  for (let index = 0; index < PEOPLE; index++) {
    people.push({
      id: await signUp(world),
      subscriptions: [],
      buysGifts: index % 2 === 1,
      deleted: false,
      touchedByHand: false,
      suspendedByHand: false,
      wasToBeClosed: false,
    });
  }
  return { people, events: [], stalled: false };
}

/** Performs one command. */
export async function happen(command: Command, history: History, world: World): Promise<void> {
  const person = "tenant" in command ? history.people[command.tenant % PEOPLE]! : null;
  const traps = "mishaps" in command ? trapsOf(command.mishaps, history) : [];
  world.webhookTraps = traps;
  switch (command.do) {
    case "subscribe": {
      const buy = person!.buysGifts ? buyPlan : buyOwnPlan;
      const { subscriptionId, eventIds } = await buy(world, person!.id);
      person!.subscriptions.push(subscriptionId);
      return await send(eventIds, command.delivery, history, world);
    }
    case "at stripe": {
      const subscriptionId = person!.subscriptions.at(-1);
      if (subscriptionId === undefined) return;
      const eventIds = await atStripe(world, subscriptionId, command.action).catch(notPossible);
      return await send(eventIds, command.delivery, history, world);
    }
    case "deliver again": {
      const eventIds = history.events.slice(-1 - command.which).slice(0, 3);
      return await deliver(world, eventIds, command.delivery);
    }
    case "request": {
      const requests = Array.from({ length: command.times }, () => requestSubaccount(world, person!.id, traps));
      return void await Promise.all(requests);
    }
    case "hold":
      if (command.status === "closed") person!.wasToBeClosed = true;
      return await hold(world, person!.id, command.status);
    case "delete user":
      person!.deleted = person!.wasToBeClosed = true;
      return await deleteUser(world, person!.id);
    case "delete preferences":
      return await deletePreferences(world, person!.id);
    case "drain": {
      const { processes, batch, jobs } = command;
      return void await Promise.all(Array.from({ length: processes }, () => drainOnce(world, { traps, batch, jobs })));
    }
    case "leap":
      if (command.seconds > RETENTION_SECONDS) { for (const each of history.people) each.wasToBeClosed = true; }
      return await world.advance(command.seconds);
    case "schedule":
      return await makeDue(world, command.name);
    case "create by hand":
      person!.touchedByHand = true;
      return void await createByHand(world, `switchboard:${person!.id}`);
    case "set status by hand":
      return await setStatusByHand(person!, command.status, world);
    case "resume stalled calls":
      return await world.settled();
  }
}

function trapsOf(mishaps: Mishap[], history: History): Trap[] {
  if (mishaps.some(({ fault }) => fault.startsWith("stalls"))) history.stalled = true;
  return mishaps.map(({ call, fault }) => new Trap(null, fault, call, /^\d/.test(fault) ? 3 : 1));
}

async function send(
  eventIds: string[],
  delivery: Parameters<typeof deliver>[2] | "none",
  history: History,
  world: World,
): Promise<void> {
  history.events.push(...eventIds);
  if (delivery !== "none") await deliver(world, eventIds, delivery);
}

/** Not every action is possible in every state: Stripe refuses it, and nothing has happened. */
function notPossible(error: unknown): string[] {
  if (error instanceof Error && /answered 40[04]/.test(error.message)) return [];
  throw error;
}

async function setStatusByHand(
  person: Person,
  status: "active" | "suspended" | "closed",
  world: World,
): Promise<void> {
  const accounts = await world.twilio.accountsNamed(`switchboard:${person.id}`);
  const account = accounts.find((each) => each.status !== "closed");
  if (account === undefined) return;
  // A process that still works may close the account after it was read: Twilio refuses, and nothing has happened.
  const isDone = await world.twilio.setStatus(account.sid, status).then(() => true, closedMeanwhile);
  if (!isDone) return;
  person.touchedByHand = true;
  if (status === "suspended") person.suspendedByHand = true;
  if (status === "closed") person.wasToBeClosed = true;
}

const CLOSED_MEANWHILE = '"code":21479';

function closedMeanwhile(error: unknown): false {
  if (error instanceof Error && error.message.includes(CLOSED_MEANWHILE)) return false;
  throw error;
}
