/** One request that cannot be accepted, and the expected error. */
interface BadBody {
  body: unknown;
  type?: string;
  /** The invalid fields; "" is the body itself. */
  fields?: string[];
  refused?: [status: number, code: string];
}

/** Bodies that no JSON endpoint accepts. */
const NO_JSON: Record<string, BadBody> = {
  "not JSON": { body: "{to:", refused: [400, "invalid_json"] },
  "an empty body": { body: "", refused: [400, "invalid_json"] },
  "a form": { body: "to=1", type: "application/x-www-form-urlencoded", refused: [415, "unsupported_media_type"] },
  "plain text": { body: "{}", type: "text/plain", refused: [415, "unsupported_media_type"] },
  "a patch": { body: "{}", type: "application/json-patch+json", refused: [415, "unsupported_media_type"] },
  "64 KiB and a byte": { body: `"${"x".repeat(64 * 1024 - 1)}"`, refused: [413, "body_too_large"] },
  "a list": { body: [], fields: [""] },
  "null": { body: "null", fields: [""] },
};

const NUMBER_ID = crypto.randomUUID();
/** A campaign that does not exist. */
export const CAMPAIGN = `campaigns/${crypto.randomUUID()}`;

/** Bodies for the changes of a campaign, which take no body. */
const NO_BODY: Record<string, BadBody> = {
  "not JSON": { body: "{to:", refused: [400, "invalid_json"] },
  "a reason": { body: { reason: "x" }, fields: ["reason"] },
  "a list": { body: [1], fields: [""] },
  "64 KiB and a byte": { body: " ".repeat(64 * 1024 + 1), refused: [413, "body_too_large"] },
};

/** For send-bulk, which takes lists: its limit is 8 MiB. */
const { "64 KiB and a byte": _, ...NO_LIST } = NO_JSON;

const MESSAGE = "6b1f0d5e-9c0a-4a53-8d5c-3f1b8a1c2d3e";
export const TO = "+14155550100";
const SETTINGS = { stopReply: null, startReply: null, helpReply: null, allowedCountries: null, retentionDays: null };

export const BAD_BODIES: Record<string, Record<string, BadBody>> = {
  "send-bulk": {
    ...NO_LIST,
    "8 MiB and a byte": { body: `"${"x".repeat(8 * 1024 * 1024 - 1)}"`, refused: [413, "body_too_large"] },
    "an empty object": { body: {}, fields: ["recipients"] },
    "an empty list of recipients": { body: { body: "x", recipients: [] }, fields: ["recipients"] },
    "neither body nor media": { body: { recipients: [{ to: TO }] }, fields: ["body"] },
    "an empty text": { body: { body: "", recipients: [{ to: TO }] }, fields: ["body"] },
    "a text of 3201 characters": { body: { body: "x".repeat(3201), recipients: [{ to: TO }] }, fields: ["body"] },
    "a text with a NUL": { body: { body: "a\0b", recipients: [{ to: TO }] }, fields: ["body"] },
    "a name of blanks": { body: { name: "  ", body: "x", recipients: [{ to: TO }] }, fields: ["name"] },
    ...Object.fromEntries(
      Object.entries({
        "a recipient that is a plain number": TO,
        "a recipient without a number": {},
        "a recipient with an empty number": { to: "" },
        "a recipient with a number that is no text": { to: 14155550100 },
        "a recipient with a NUL": { to: "+1\0" },
        "a recipient with a fraction": { to: "+4915123456789.0" },
        "variables that are a list": { to: TO, variables: ["n"] },
        "variables with half an emoji": { to: TO, variables: { n: "\ud83d" } },
        "variables without the one that the text uses": { to: TO, variables: { n: null } },
      }).map(([name, row]): [string, BadBody] => [
        name,
        { body: { body: "{{n}}", recipients: [row] }, refused: [422, "no_valid_recipients"] },
      ]),
    ),
    "a text of blanks": { body: { body: " \u200b", recipients: [{ to: TO }] }, fields: ["body"] },
    "a text with three braces": { body: { body: "Hi {{{name}}}", recipients: [{ to: TO }] }, fields: ["body"] },
    "a text with an open placeholder": { body: { body: "Hi {{name", recipients: [{ to: TO }] }, fields: ["body"] },
    "a text with an empty placeholder": { body: { body: "Hi {{ }}", recipients: [{ to: TO }] }, fields: ["body"] },
    "media with a placeholder": {
      body: { mediaUrls: ["https://a.test/{{name}}.png"], recipients: [{ to: TO }] },
      fields: ["mediaUrls"],
    },
    "a default country that is none": {
      body: { body: "x", defaultCountry: "UK", recipients: [{ to: TO }] },
      fields: ["defaultCountry"],
    },
    "media with a file URL": { body: { mediaUrls: ["file:///a"], recipients: [{ to: TO }] }, fields: ["mediaUrls.0"] },
    "a date without a time": {
      body: { body: "x", recipients: [{ to: TO }], scheduledAt: "2026-12-01" },
      fields: ["scheduledAt"],
    },
    "a time without a zone": {
      body: { body: "x", recipients: [{ to: TO }], scheduledAt: "2026-12-01T12:00:00" },
      fields: ["scheduledAt"],
    },
    "a time before 2000": {
      body: { body: "x", recipients: [{ to: TO }], scheduledAt: "1999-12-01T12:00:00Z" },
      fields: ["scheduledAt"],
    },
    "a time years ahead": {
      body: { body: "x", recipients: [{ to: TO }], scheduledAt: "2031-12-01T12:00:00Z" },
      fields: ["scheduledAt"],
    },
    "an empty send window": {
      body: { body: "x", recipients: [{ to: TO }], sendWindow: { from: "09:00", to: "09:00" } },
      fields: ["sendWindow.to"],
    },
    "a send window of impossible hours, days and zone": {
      body: {
        body: "x",
        recipients: [{ to: TO }],
        sendWindow: { from: "9:00", to: "24:30", days: ["someday"], timeZone: "Europe/Nowhere" },
      },
      fields: ["sendWindow.from", "sendWindow.to", "sendWindow.days.0", "sendWindow.timeZone"],
    },
    "a send window in an offset": {
      body: { body: "x", recipients: [{ to: TO }], sendWindow: { from: "09:00", to: "20:00", timeZone: "+02:00" } },
      fields: ["sendWindow.timeZone"],
    },
    "a dry run of another type": { body: { body: "x", recipients: [{ to: TO }], dryRun: "yes" }, fields: ["dryRun"] },
    "unknown fields": {
      body: { body: "x", recipients: [{ to: TO, name: "Ann" }], rate: 5 },
      fields: ["rate"],
    },
  },
  "redact-message": {
    ...NO_JSON,
    "an empty object": { body: {}, fields: ["messageId"] },
    "Twilio's SID": { body: { messageId: `SM${"0".repeat(32)}` }, fields: ["messageId"] },
    "several ids": { body: { messageId: [crypto.randomUUID()] }, fields: ["messageId"] },
    "an id with a trailing line break": { body: { messageId: `${crypto.randomUUID()}\n` }, fields: ["messageId"] },
    "unknown fields": { body: { messageId: crypto.randomUUID(), userId: "x" }, fields: ["userId"] },
  },
  "opt-outs": {
    ...NO_JSON,
    "64 KiB and a byte": { body: `"${"x".repeat(512 * 1024 - 1)}"`, refused: [413, "body_too_large"] },
    "no rows": { body: { optOuts: [] }, fields: ["optOuts"] },
    "1001 rows": { body: { optOuts: Array(1001).fill({ recipient: "+14155550100" }) }, fields: ["optOuts"] },
    "a source of Twilio's": { body: { optOuts: [{}], source: "received" }, fields: ["source"] },
    "another tenant": { body: { optOuts: [{}], userId: "x" }, fields: ["userId"] },
  },
  "messaging-settings": {
    ...NO_JSON,
    "an empty object": {
      body: {},
      fields: ["stopReply", "startReply", "helpReply", "allowedCountries", "retentionDays"],
    },
    "only some of the settings": { body: { ...SETTINGS, stopReply: undefined }, fields: ["stopReply"] },
    "a reply of blanks": { body: { ...SETTINGS, stopReply: " \n" }, fields: ["stopReply"] },
    "a reply of 1601 characters": { body: { ...SETTINGS, helpReply: "x".repeat(1601) }, fields: ["helpReply"] },
    "a reply with U+000B": { body: { ...SETTINGS, helpReply: "Call\u000bus" }, fields: ["helpReply"] },
    "replies with U+FFFE and half of a surrogate pair": {
      body: { ...SETTINGS, startReply: "Hi\ufffe", helpReply: "Hi \ud83d" },
      fields: ["startReply", "helpReply"],
    },
    "a reply with a NUL": { body: { ...SETTINGS, startReply: "a\0b" }, fields: ["startReply"] },
    "a reply of another type": { body: { ...SETTINGS, startReply: true }, fields: ["startReply"] },
    "an empty list of countries": { body: { ...SETTINGS, allowedCountries: [] }, fields: ["allowedCountries"] },
    "a country by its name": {
      body: { ...SETTINGS, allowedCountries: ["US", "Germany"] },
      fields: ["allowedCountries.1"],
    },
    "a country that is none": { body: { ...SETTINGS, allowedCountries: ["UK"] }, fields: ["allowedCountries.0"] },
    "a reply of invisible characters": { body: { ...SETTINGS, helpReply: "\u200b\u3164" }, fields: ["helpReply"] },
    "a country instead of a list": { body: { ...SETTINGS, allowedCountries: "US" }, fields: ["allowedCountries"] },
    "251 countries": {
      body: { ...SETTINGS, allowedCountries: Array(251).fill("US") },
      fields: ["allowedCountries"],
    },
    "zero days": { body: { ...SETTINGS, retentionDays: 0 }, fields: ["retentionDays"] },
    "half a day": { body: { ...SETTINGS, retentionDays: 0.5 }, fields: ["retentionDays"] },
    "days as a string": { body: { ...SETTINGS, retentionDays: "30" }, fields: ["retentionDays"] },
    "3651 days": { body: { ...SETTINGS, retentionDays: 3651 }, fields: ["retentionDays"] },
    "unknown fields": { body: { ...SETTINGS, userId: "x" }, fields: ["userId"] },
  },
  "forward-webhook": {
    ...NO_JSON,
    "an empty object": { body: {}, fields: ["url"] },
    "a relative URL": { body: { url: "hook" }, fields: ["url"] },
    "an empty URL": { body: { url: "" }, fields: ["url"] },
    "a URL of another protocol": { body: { url: "ftp://example.com" }, fields: ["url"] },
    "a user name in the URL": { body: { url: "https://ada@example.com" }, fields: ["url"] },
    "a URL with a NUL": { body: { url: "https://example.com/a\0b" }, fields: ["url"] },
    "a URL that is half an emoji": { body: { url: "https://example.com/\ud83d" }, fields: ["url"] },
    "a URL of over 2048 characters": { body: { url: `https://example.com/${"x".repeat(2048)}` }, fields: ["url"] },
    "a secret from the caller": { body: { url: "https://example.com", secret: "whsec_x" }, fields: ["secret"] },
    "a rotation flag of another type": {
      body: { url: "https://example.com", rotateSecret: "yes" },
      fields: ["rotateSecret"],
    },
  },
  "forward-webhook/confirm": NO_BODY,
  "forward-webhook/test": NO_BODY,
  [`forward-webhook/deliveries/${MESSAGE}/replay`]: NO_BODY,
  [`${CAMPAIGN}/pause`]: NO_BODY,
  [`${CAMPAIGN}/resume`]: NO_BODY,
  [`${CAMPAIGN}/cancel`]: NO_BODY,
  "create-checkout": {
    ...NO_JSON,
    "an empty object": { body: {}, fields: ["plan"] },
    "an empty plan": { body: { plan: "" }, fields: ["plan"] },
    "a plan with a NUL": { body: { plan: "a\0b" }, fields: ["plan"] },
    "a plan of over 100 characters": { body: { plan: "x".repeat(101) }, fields: ["plan"] },
    "a URL of another type": { body: { plan: "team", successUrl: 1 }, fields: ["successUrl"] },
    "URLs on other origins": {
      body: { plan: "team", successUrl: "https://evil.example.com/", cancelUrl: "javascript:alert(1)" },
      fields: ["successUrl", "cancelUrl"],
    },
    "a price from the caller": { body: { plan: "team", price: "price_1" }, fields: ["price"] },
  },
  "billing-portal": {
    ...NO_JSON,
    "a URL on another origin": { body: { returnUrl: "https://evil.example.com/" }, fields: ["returnUrl"] },
    "a customer from the caller": { body: { customer: "cus_1" }, fields: ["customer"] },
  },
  "cancel-subscription": {
    ...NO_JSON,
    "an empty id": { body: { subscriptionId: "" }, fields: ["subscriptionId"] },
    "an id with a NUL": { body: { subscriptionId: "sub\0" }, fields: ["subscriptionId"] },
    "another time": { body: { when: "tomorrow" }, fields: ["when"] },
    "a reason, which only operators give": { body: { reason: "fraud" }, fields: ["reason"] },
  },
  "change-plan": {
    ...NO_JSON,
    "an empty object": { body: {}, fields: ["plan"] },
    "an empty plan": { body: { plan: "" }, fields: ["plan"] },
    "a subscription from the caller": { body: { plan: "team", subscriptionId: "sub_1" }, fields: ["subscriptionId"] },
  },
  "claim-subscription": {
    ...NO_JSON,
    "an empty id": { body: { subscriptionId: "" }, fields: ["subscriptionId"] },
    "an id with a NUL": { body: { subscriptionId: "sub\0" }, fields: ["subscriptionId"] },
    "an id of over 255 characters": { body: { subscriptionId: "x".repeat(256) }, fields: ["subscriptionId"] },
    "an email from the caller": { body: { email: "ada@example.com" }, fields: ["email"] },
  },
  "buy-number": {
    ...NO_JSON,
    "an empty object": { body: {}, fields: ["phoneNumber"] },
    "a number without +": { body: { phoneNumber: "14155550100" }, fields: ["phoneNumber"] },
    "a number of another type": { body: { phoneNumber: 14155550100 }, fields: ["phoneNumber"] },
    "a number with an extension": { body: { phoneNumber: "+14155550100 x1" }, fields: ["phoneNumber"] },
    "an empty name": { body: { phoneNumber: "+14155550100", friendlyName: "" }, fields: ["friendlyName"] },
    "a long name": { body: { phoneNumber: "+14155550100", friendlyName: "x".repeat(65) }, fields: ["friendlyName"] },
    "an invalid address SID": { body: { phoneNumber: "+14155550100", addressSid: "AD1" }, fields: ["addressSid"] },
    "an address and a bundle in each other's place": {
      body: { phoneNumber: "+14155550100", addressSid: `BU${"0".repeat(32)}`, bundleSid: `AD${"0".repeat(32)}` },
      fields: ["addressSid", "bundleSid"],
    },
    "a name with a NUL": { body: { phoneNumber: "+14155550100", friendlyName: "a\0b" }, fields: ["friendlyName"] },
    "a name that is half an emoji": {
      body: { phoneNumber: "+14155550100", friendlyName: "\ud83d" },
      fields: ["friendlyName"],
    },
    "unknown fields": {
      body: { phoneNumber: "+14155550100", userId: "x", accountSid: "y" },
      fields: ["userId", "accountSid"],
    },
    "a __proto__ field": { body: '{"phoneNumber":"+14155550100","__proto__":{"admin":true}}', fields: ["__proto__"] },
  },
  "release-number": {
    ...NO_JSON,
    "an empty object": { body: {}, fields: ["numberId"] },
    "a phone number instead of an id": { body: { numberId: "+14155550100" }, fields: ["numberId"] },
    "a confirmation of another type": {
      body: { numberId: NUMBER_ID, confirmPhoneNumber: true },
      fields: ["confirmPhoneNumber"],
    },
    "a confirmation of 65 characters": {
      body: { numberId: NUMBER_ID, confirmPhoneNumber: "+".repeat(65) },
      fields: ["confirmPhoneNumber"],
    },
    "unknown fields": { body: { numberId: NUMBER_ID, userId: "x" }, fields: ["userId"] },
  },
  "rename-number": {
    ...NO_JSON,
    "an empty object": { body: {}, fields: ["numberId", "friendlyName"] },
    "an empty name": { body: { numberId: NUMBER_ID, friendlyName: "" }, fields: ["friendlyName"] },
    "a long name": { body: { numberId: NUMBER_ID, friendlyName: "x".repeat(65) }, fields: ["friendlyName"] },
    "a name with a NUL": { body: { numberId: NUMBER_ID, friendlyName: "a\0b" }, fields: ["friendlyName"] },
    "a name that is half an emoji": { body: { numberId: NUMBER_ID, friendlyName: "\ud83d" }, fields: ["friendlyName"] },
    "unknown fields": {
      body: { numberId: NUMBER_ID, friendlyName: "x", smsUrl: "https://a.test" },
      fields: ["smsUrl"],
    },
  },
  "set-primary-number": {
    ...NO_JSON,
    "an empty object": { body: {}, fields: ["numberId"] },
    "several numbers": { body: { numberId: [NUMBER_ID] }, fields: ["numberId"] },
    "an incomplete id": { body: { numberId: NUMBER_ID.slice(1) }, fields: ["numberId"] },
    "unknown fields": { body: { numberId: NUMBER_ID, isPrimary: false }, fields: ["isPrimary"] },
  },
  "sync-numbers": {
    "not JSON": { body: "{to:", refused: [400, "invalid_json"] },
    "another user's id": { body: { userId: crypto.randomUUID() }, fields: ["userId"] },
    "a list": { body: [1], fields: [""] },
    "64 KiB and a byte": { body: " ".repeat(64 * 1024 + 1), refused: [413, "body_too_large"] },
  },
  "send-sms": {
    ...NO_JSON,
    "an empty object": { body: {}, fields: ["to"] },
    "neither body nor media": { body: { to: "+14155550100" }, fields: ["body"] },
    "an empty text": { body: { to: "+14155550100", body: "" }, fields: ["body"] },
    "a text of another type": { body: { to: "+14155550100", body: 42 }, fields: ["body"] },
    "null as the text": { body: { to: "+14155550100", body: null }, fields: ["body"] },
    "a text of blanks": { body: { to: "+14155550100", body: "\u00a0\n" }, fields: ["body"] },
    "a text of invisible characters": { body: { to: "+14155550100", body: "\u200b\u3164\u2800" }, fields: ["body"] },
    "a fraction of a number": { body: { to: "+4915123456789.0", body: "x" }, refused: [422, "invalid_recipient"] },
    "a default country that is none": {
      body: { to: "0151 23456789", body: "x", defaultCountry: "UK" },
      fields: ["defaultCountry"],
    },
    "several recipients": { body: { to: ["+14155550100"], body: "x" }, fields: ["to"] },
    "an empty sender": { body: { to: "+14155550100", body: "x", from: "" }, fields: ["from"] },
    "an empty list of media": { body: { to: "+14155550100", mediaUrls: [] }, fields: ["mediaUrls"] },
    "eleven media": {
      body: { to: "+14155550100", mediaUrls: Array(11).fill("https://a.test/b.png") },
      fields: ["mediaUrls"],
    },
    "media that are not a URL": {
      body: { to: "+14155550100", mediaUrls: ["https://a.test/b.png", "x"] },
      fields: ["mediaUrls.1"],
    },
    "media with a file URL": {
      body: { to: "+14155550100", mediaUrls: ["file:///etc/passwd"] },
      fields: ["mediaUrls.0"],
    },
    "unknown fields": {
      body: { to: "+14155550100", body: "x", statusCallback: "https://a.test" },
      fields: ["statusCallback"],
    },
    "a text with a NUL": { body: { to: "+14155550100", body: "a\0b" }, fields: ["body"] },
    "a text that is half an emoji": { body: { to: "+14155550100", body: "\ud83d" }, fields: ["body"] },
    "several invalid fields": { body: { body: 1, from: 2, more: 3 }, fields: ["to", "body", "from", "more"] },
  },
  "provision-subaccount": {
    "not JSON": { body: "{to:", refused: [400, "invalid_json"] },
    "another user's id": { body: { userId: crypto.randomUUID() }, fields: ["userId"] },
    "a list": { body: [1], fields: [""] },
    "64 KiB and a byte": { body: " ".repeat(64 * 1024 + 1), refused: [413, "body_too_large"] },
  },
};

const MOMENTS = {
  "?since=yesterday": ["since"],
  "?since=2026-01-01": ["since"],
  "?since=2026-01-01T00:00:00": ["since"],
  "?until=2026-02-30T00:00:00Z": ["until"],
  "?until=0000-01-01T00:00:00Z": ["until"],
  "?until=infinity": ["until"],
  "?since=1970-01-01T00:00:00Z": ["since"],
  "?since=1999-12-31T23:59:59Z&until=2100-01-01T00:00:00Z": ["since", "until"],
};
const PAGES = {
  "?limit=0": ["limit"],
  "?limit=-1": ["limit"],
  "?limit=ten": ["limit"],
  "?limit=1.5": ["limit"],
  "?limit=": ["limit"],
  "?cursor=": ["cursor"],
  "?cursor=x": ["cursor"],
  "?cursor=WzFd&cursor=WzFd": ["cursor"],
  "?page=2": ["page"],
  "?userId=x": ["userId"],
};

export const BAD_QUERIES: Record<string, Record<string, string[]>> = {
  "list-messages": {
    ...MOMENTS,
    ...PAGES,
    "?limit=201": ["limit"],
    "?direction=out": ["direction"],
    "?status=lost": ["status.0"],
    "?status=": ["status.0"],
    "?status=sent,": ["status.1"],
    "?number=1": ["number"],
    "?with=": ["with"],
    "?with=%2B1%00": ["with"],
    "?campaignId=spring": ["campaignId"],
    "?search=": ["search"],
    "?search=%20%09": ["search"],
    "?search=a%00b": ["search"],
    [`?search=${"x".repeat(201)}`]: ["search"],
    "?direction=x&limit=0&more=1": ["direction", "limit", "more"],
  },
  "list-statements": { ...PAGES, "?limit=51": ["limit"], "?format=csv": ["format"] },
  [`list-statements/${MESSAGE}`]: { "?format=pdf": ["format"], "?limit=1": ["limit"] },
  "list-conversations": { ...PAGES, "?limit=201": ["limit"], "?number=": ["number"], "?with=%2B14155550100": ["with"] },
  "get-usage": {
    "?by=week": ["by"],
    "?format=xlsx": ["format"],
    "?userId=x": ["userId"],
    "?from=2026-11-01": ["from"],
    "?by=period&from=2026-11-01&until=2026-12-01": ["from", "until"],
    "?by=day&from=2026-11-31": ["from"],
    "?by=day&from=1999-12-31": ["from"],
    "?by=day&from=2026-11-01T00:00:00Z": ["from"],
    "?by=day&until=now": ["until"],
    "?by=day&until=2100-01-01": ["until"],
    "?by=day&from=2026-11-02&until=2026-11-02": ["until"],
    "?by=month&from=2026-11-02&until=2026-11-01": ["until"],
    "?by=day&from=2099-11-02": ["from"],
    "?by=day&from=2025-01-01&until=2026-02-06": ["until"],
    "?by=month&from=2020-01-01": ["from"],
  },
  "campaigns": { ...PAGES, "?limit=201": ["limit"], "?status=over": ["status"] },
  [`${CAMPAIGN}/recipients`]: { ...PAGES, "?limit=1001": ["limit"], "?count=all": ["count"] },
  [CAMPAIGN]: { "?limit=1": ["limit"] },
  "message-media": {
    "": ["message", "index"],
    "?message=x&index=-1": ["message", "index"],
    [`?message=${MESSAGE}&index=01`]: ["index"],
    [`?message=${MESSAGE}&index=0&expires=1`]: ["expires"],
    [`?message=${MESSAGE}&index=0&width=1`]: ["width"],
  },
  "message-media/links": { "": ["message"], [`?message=${MESSAGE}&index=0`]: ["index"] },
  "opt-outs": {
    ...PAGES,
    "?limit=1001": ["limit"],
    "?recipient=1": ["recipient"],
    "?source=master": ["source"],
    "?userId=x": ["userId"],
  },
  "opt-outs/export": { "?limit=1": ["limit"] },
  "messaging-settings": { "?userId=x": ["userId"] },
  "forward-webhook": { "?secret=1": ["secret"] },
  "forward-webhook/deliveries": {
    ...PAGES,
    "?limit=201": ["limit"],
    "?status=sent": ["status"],
    "?since=1": ["since"],
  },
  [`forward-webhook/deliveries/${MESSAGE}`]: { "?limit=1": ["limit"] },
  "list-numbers": { "?userId=x": ["userId"], "?source=master&source=master": ["source"] },
  "list-numbers/overview": { "?userId=x": ["userId"] },
  "provision-subaccount": { "?userId=x": ["userId"] },
  "search-numbers": {
    "?country=usa": ["country"],
    "?country=uk": ["country"],
    "?country=": ["country"],
    "?type=pager": ["type"],
    "?areaCode=41": ["areaCode"],
    "?areaCode=4155": ["areaCode"],
    "?areaCode=41x": ["areaCode"],
    "?contains=%25": ["contains"],
    "?contains=1": ["contains"],
    "?sms=yes": ["sms"],
    "?limit=0": ["limit"],
    "?limit=51": ["limit"],
    "?limit=ten": ["limit"],
    "?limit=1.5": ["limit"],
    "?locality=": ["locality"],
    "?country=US&country=DE": ["country"],
    "?page=2": ["page"],
    "?type=x&limit=0&page=2": ["type", "limit", "page"],
  },
};
