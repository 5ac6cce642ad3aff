import { z } from "zod";
import { Constants } from "../_shared/database.types.ts";
import { phoneNumberSchema, phoneNumberText } from "../_shared/numbers/shape.ts";
import type { Contract } from "../_shared/platform/contract.ts";
import { ACCOUNT_STATUS_ERRORS } from "../_shared/subaccounts/require-active.ts";
import { subaccountStatusSchema } from "../_shared/subaccounts/status.ts";

const limit = z.coerce.number<number>().int().min(1).max(200).default(50);
export const tenantsQuery = z.strictObject({ after: z.guid().optional(), limit });
export const deadLettersQuery = z.strictObject({
  before: z.coerce.number<number>().int().positive().optional(),
  limit,
});

export const tenantSchema = z.strictObject({ userId: z.guid() });
export const holdSchema = z.strictObject({
  userId: z.guid(),
  reason: z.string().min(1).max(300),
  /** Closing is final and takes the numbers along: the account's SID, typed back. */
  confirmSubaccountSid: z.string().optional(),
});

/** One dead letter, all of them, or one event. */
export const replaySchema = z.union([
  z.strictObject({ deadLetter: z.number().int().positive() }),
  z.strictObject({ deadLetters: z.literal("all") }),
  z.strictObject({ eventId: z.string().min(1).max(255) }),
]);

/** The send rate of campaigns from a tenant's number. */
export const sendRateSchema = z.strictObject({
  phoneNumber: phoneNumberText,
  messagesPerSecond: z.number().min(0.01).max(1000),
});

/** Between the master account and a tenant's. */
export const moveSchema = z.strictObject({
  phoneNumber: phoneNumberText,
  userId: z.guid(),
  to: z.enum(["tenant", "master"]),
  reason: z.string().min(1).max(300),
});

export const movedSchema = z.strictObject({
  number: phoneNumberSchema,
  /** What the operator has to see to next. */
  warning: z.string(),
});

const time = z.iso.datetime();

const tenant = z.strictObject({
  userId: z.guid(),
  /** What the database wants of Twilio. */
  wanted: z.enum(["none", "active", "suspended", "closed"]),
  status: subaccountStatusSchema,
  subaccountSid: z.string().nullable(),
  friendlyName: z.string().nullable(),
  operatorHold: z.enum(Constants.public.Enums.operator_hold).nullable(),
  suspendedAtTwilio: z.boolean(),
  requestedAt: time.nullable(),
  userDeletedAt: time.nullable(),
  lastError: z.string().nullable(),
  convergedAt: time.nullable(),
  numbers: z.int().min(0),
});

const deadLetter = z.strictObject({
  id: z.int().positive(),
  job: z.record(z.string(), z.unknown()),
  error: z.string(),
  buriedAt: time,
});

const sealingKeys = z.strictObject({
  /** The one that seals. */
  current: z.string(),
  inUse: z.array(z.strictObject({ keyId: z.string(), tokens: z.int().min(0) })),
  missing: z.array(z.string()),
  retirable: z.array(z.string()),
});

const accepted = z.strictObject({ accepted: z.literal(true) });
const held = accepted.extend({
  userId: z.guid(),
  subaccountSid: z.string().nullable(),
  status: subaccountStatusSchema.nullable(),
});

export const contract = {
  caller: "operator",
  operations: [
    {
      method: "GET",
      path: "/tenants",
      summary: "Lists tenants by id, a page at a time",
      query: tenantsQuery,
      answers: { 200: z.strictObject({ tenants: z.array(tenant), next: z.guid().nullable() }) },
      errors: [],
    },
    {
      method: "GET",
      path: "/dead-letters",
      summary: "Lists the jobs that gave up, newest first, a page at a time",
      query: deadLettersQuery,
      answers: { 200: z.strictObject({ deadLetters: z.array(deadLetter), next: z.int().positive().nullable() }) },
      errors: [],
    },
    {
      method: "POST",
      path: "/provision",
      summary: "Gives a user a subaccount without a subscription",
      body: tenantSchema,
      answers: { 202: accepted.extend({ userId: z.guid() }) },
      errors: [],
    },
    {
      method: "POST",
      path: "/suspend",
      summary: "Suspends a tenant regardless of their subscription",
      body: holdSchema,
      answers: { 202: held },
      errors: [],
    },
    {
      method: "POST",
      path: "/resume",
      summary: "Lifts a suspension, ours or one made in Twilio's console",
      body: holdSchema,
      answers: { 202: held },
      errors: [],
    },
    {
      method: "POST",
      path: "/close",
      summary: "Closes a tenant's subaccount, finally and with its numbers",
      body: holdSchema,
      answers: { 202: held },
      errors: [],
    },
    {
      method: "POST",
      path: "/replay",
      summary: "Sends what gave up on its way again",
      body: replaySchema,
      answers: { 202: accepted.extend({ replayed: z.int().min(0) }) },
      errors: [],
    },
    {
      method: "POST",
      path: "/sweep",
      summary: "Compares Twilio with the database now rather than at the next hour",
      answers: { 202: accepted },
      errors: [],
    },
    {
      method: "POST",
      path: "/rotate-token",
      summary: "Gives a tenant's subaccount another token",
      body: tenantSchema,
      answers: { 202: accepted.extend({ userId: z.guid(), subaccountSid: z.string() }) },
      errors: ["subaccount_pending", "subaccount_suspended", "subaccount_closed"],
    },
    {
      method: "POST",
      path: "/rotate-sealing-keys",
      summary: "Seals all tokens with the current key now, not with the daily schedule",
      answers: { 202: accepted },
      errors: [],
    },
    {
      method: "POST",
      path: "/move-number",
      summary: "Moves a number between the master account and a tenant's",
      body: moveSchema,
      answers: { 200: movedSchema },
      errors: [
        "number_taken",
        "number_not_available",
        "number_purchase_in_progress",
        "number_release_in_progress",
        ...ACCOUNT_STATUS_ERRORS,
        "twilio_refused",
      ],
    },
    {
      method: "POST",
      path: "/set-number-send-rate",
      summary:
        "Sets the send rate of campaigns from a tenant's number: one message a second unless carriers allow more",
      body: sendRateSchema,
      answers: { 200: sendRateSchema.extend({ userId: z.guid() }) },
      errors: [],
    },
    {
      method: "GET",
      path: "/sealing-keys",
      summary: "Returns the current sealing key, and the keys that are in use, missing, or no longer needed",
      answers: { 200: sealingKeys },
      errors: [],
    },
  ],
} as const satisfies Contract;
