/** What the simulator remembers. Times are milliseconds since the epoch; `seq` orders every list. */

export type AccountStatus = "active" | "suspended" | "closed";

export interface Account {
  seq: number;
  sid: string;
  /** Its own SID for the master account, the master's for a subaccount. */
  ownerSid: string;
  friendlyName: string;
  status: AccountStatus;
  type: "Full" | "Trial";
  authToken: string;
  secondaryToken: string | null;
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
  | "accepted"
  | "queued"
  | "sent"
  | "delivered"
  | "undelivered"
  | "failed"
  | "canceled"
  | "received";

export type MessageDirection = "inbound" | "outbound-api" | "outbound-reply";

/** How an outbound message ends: `sent` means no delivery report ever comes. */
export interface Outcome {
  status: "sent" | "delivered" | "undelivered" | "failed";
  errorCode: number | null;
}

export type CallbackTrouble =
  | { effect: "late"; ms: number }
  | { effect: "doubled" }
  | { effect: "reordered" }
  | { effect: "dropped" };

export interface MediaItem {
  sid: string;
  url: string;
  contentType: string;
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
  /** Dollars, negative for a charge; null until it is known. */
  price: number | null;
  messagingServiceSid: string | null;
  statusCallback: string | null;
  outcome: Outcome | null;
  callbackTrouble: CallbackTrouble | null;
  createdAt: number;
  updatedAt: number;
  sentAt: number | null;
}

/** A monthly charge for a number, kept after the number itself is released. */
export interface NumberPurchase {
  accountSid: string;
  type: NumberType;
  at: number;
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
  /** The empty string is a trigger that fires once. */
  recurring: TriggerRecurrence | "";
  firedAt: number | null;
  firedPeriod: string | null;
  createdAt: number;
  updatedAt: number;
}

/** A handset that texted STOP to one of our numbers. */
export interface OptOut {
  number: string;
  handset: string;
}
