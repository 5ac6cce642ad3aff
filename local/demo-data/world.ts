import type postgres from "postgres";
import type { DemoUser } from "../database/demo-users.ts";
import type { Actor } from "../driver/actor.ts";
import type { StripeSide } from "../driver/stripe-side.ts";
import type { TwilioSide } from "../driver/twilio-side.ts";
import type { Log } from "../log.ts";
import type { StackState } from "../stack-state.ts";
import type { Business } from "./businesses.ts";

/** The stack that gets demo data, and what changes it. */
export interface DemoStack {
  state: StackState;
  /** A superuser connection: only with it can something be in the past. */
  sql: postgres.Sql;
  twilio: TwilioSide;
  stripe: StripeSide;
  operator: Actor;
  /** The users that sign up, with their passwords. */
  signIns: readonly DemoUser[];
  log: Log;
}

/** A tenant of the demo data. */
export interface DemoTenant {
  business: Business;
  actor: Actor;
  accountSid: string;
}

export interface DemoTenants {
  bakery: DemoTenant;
  dentist: DemoTenant;
}
