/** The records of the simulator. Times are milliseconds since the epoch. Lists are ordered by `seq`. */

export type AccountStatus = "active" | "suspended" | "closed";

export interface Account {
  seq: number;
  sid: string;
  /** The SID of the master account, also on the master account itself. */
  ownerSid: string;
  friendlyName: string;
  status: AccountStatus;
  type: "Full" | "Trial";
  authToken: string;
  secondaryToken: string | null;
  /** The currency of the account's usage and prices. Absent: US dollars. */
  priceUnit?: string;
  createdAt: number;
  updatedAt: number;
}

export interface Capabilities {
  voice: boolean;
  sms: boolean;
  mms: boolean;
}

export type NumberType = "local" | "mobile" | "toll-free";
export type HttpMethod = "GET" | "POST";

export interface Address {
  seq: number;
  sid: string;
  accountSid: string;
  customerName: string;
  street: string;
  streetSecondary: string;
  city: string;
  region: string;
  postalCode: string;
  isoCountry: string;
  friendlyName: string;
  emergencyEnabled: boolean;
  createdAt: number;
  updatedAt: number;
}

export const BUNDLE_STATUSES = [
  "draft",
  "pending-review",
  "in-review",
  "twilio-rejected",
  "twilio-approved",
  "provisionally-approved",
] as const;
export type BundleStatus = (typeof BUNDLE_STATUSES)[number];

/** A regulatory bundle: an account's evidence that it may own numbers of a country. */
export interface Bundle {
  seq: number;
  sid: string;
  accountSid: string;
  isoCountry: string;
  /** Null for a bundle that is valid for each type. */
  numberType: NumberType | null;
  status: BundleStatus;
  friendlyName: string;
  email: string;
  createdAt: number;
  updatedAt: number;
}

export interface PhoneNumber {
  seq: number;
  sid: string;
  accountSid: string;
  phoneNumber: string;
  friendlyName: string;
  isoCountry: string;
  type: NumberType;
  addressRequirements: string;
  addressSid: string | null;
  bundleSid: string | null;
  capabilities: Capabilities;
  smsUrl: string;
  smsMethod: HttpMethod;
  smsFallbackUrl: string;
  smsFallbackMethod: HttpMethod;
  statusCallback: string;
  statusCallbackMethod: HttpMethod;
  voiceUrl: string;
  voiceMethod: HttpMethod;
  createdAt: number;
  updatedAt: number;
}

export type MessageStatus =
  | "scheduled"
  | "accepted"
  | "queued"
  | "sent"
  | "delivered"
  | "undelivered"
  | "failed"
  | "canceled"
  | "received";

export type MessageDirection = "inbound" | "outbound-api" | "outbound-reply";

/** The final status of an outbound message. `sent` means that no delivery report is ever received. */
export interface Outcome {
  status: "sent" | "delivered" | "undelivered" | "failed";
  errorCode: number | null;
}

export type CallbackFault =
  | { effect: "late"; ms: number }
  | { effect: "doubled" }
  | { effect: "reordered" }
  | { effect: "dropped" };

export interface MediaItem {
  sid: string;
  /** The file that an outbound message names, or where Twilio serves the file of a received one. */
  url: string;
  contentType: string;
  /** The bytes of a received file, in base64. Null for an outbound message: the simulator downloads nothing. */
  content: string | null;
}

export interface Message {
  seq: number;
  sid: string;
  accountSid: string;
  direction: MessageDirection;
  from: string;
  to: string;
  body: string;
  media: MediaItem[];
  numSegments: number;
  status: MessageStatus;
  errorCode: number | null;
  /** In the account's currency, negative for a charge. Null until the price is known. It includes the carrier fee. */
  price: number | null;
  /** Absent: US dollars. */
  priceUnit?: string;
  messagingServiceSid: string | null;
  statusCallback: string | null;
  outcome: Outcome | null;
  callbackFault: CallbackFault | null;
  createdAt: number;
  updatedAt: number;
  sentAt: number | null;
  /** The time of a scheduled message. */
  sendAt: number | null;
  /** Whether a carrier fee is still to be added to the price. */
  awaitsCarrierFee?: boolean;
}

/** The purchase of a number, which is charged for each month from its day on. It stays after the number is released. */
export interface NumberPurchase {
  /** Absent in older state files. */
  sid?: string;
  accountSid: string;
  type: NumberType;
  at: number;
  releasedAt?: number;
  /** The accounts that the number moved to, oldest first. */
  moves?: { at: number; accountSid: string }[];
}

/** One entry of the ledger from which usage is computed. */
export interface Charge {
  accountSid: string;
  /** A leaf, an unknown category, or `totalprice` for an amount that no category explains. */
  category: string;
  /** When the usage happened, which decides its day (GMT). */
  at: number;
  /** When usage begins to show it. */
  visibleAt: number;
  count: number;
  usage: number;
  /** Millionths of the account's currency. Negative for a correction. */
  micros: number;
  messageSid: string | null;
}

export type TriggerRecurrence = "daily" | "monthly" | "yearly" | "alltime";

export interface UsageTrigger {
  seq: number;
  sid: string;
  accountSid: string;
  friendlyName: string;
  usageCategory: string;
  triggerBy: "count" | "usage" | "price";
  triggerValue: number;
  callbackUrl: string;
  callbackMethod: HttpMethod;
  /** The empty string means that the trigger fires only once. */
  recurring: TriggerRecurrence | "";
  firedAt: number | null;
  firedPeriod: string | null;
  createdAt: number;
  updatedAt: number;
}

/** A handset that texted STOP to a number on Twilio. */
export interface OptOut {
  number: string;
  handset: string;
}
