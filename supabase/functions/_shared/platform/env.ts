import * as z from "zod";

const address = z.url({ protocol: /^https?$/, error: "must be an http(s) URL" });
/** The base of other URLs, without a final slash. */
const url = address.transform((value) => value.replace(/\/+$/, ""));
const list = z.string().default("").transform((value) => value.split(",").map((item) => item.trim()).filter(Boolean));
const count = (fallback: number) => z.coerce.number().int().positive().default(fallback);

/** Every variable that the functions read, and its form. The platform sets those that begin with SUPABASE_. */
const schema = z.object({
  SUPABASE_URL: url,
  SUPABASE_SECRET_KEYS: z.string().min(1).optional(),
  SUPABASE_SECRET_KEY: z.string().min(1).optional(),
  TWILIO_ACCOUNT_SID: z.string().regex(/^AC[0-9a-f]{32}$/, "must be AC followed by 32 hex digits (the master account)"),
  TWILIO_AUTH_TOKEN: z.string().regex(
    /^\S{16,64}$/,
    "must be the master account's Auth Token (an API key cannot manage subaccounts)",
  ),
  TWILIO_API_BASE_URL: url.default("https://api.twilio.com"),
  // Only its form: `sealing/` parses the keys.
  TOKEN_SEALING_KEYS: z.string().regex(/^\s*\{.+\}\s*$/s, "must be a JSON object of sealing keys by key id"),
  STRIPE_SECRET_KEY: z.string().regex(/^(sk|rk)_\S+$/, "must be a secret or restricted key (sk_… or rk_…)"),
  STRIPE_WEBHOOK_SECRET: z.string().regex(/^whsec_\S+$/, "must be the endpoint's signing secret (whsec_…)"),
  // Of the event destination with thin payload. Without it everything but thin events works.
  STRIPE_THIN_WEBHOOK_SECRET: z.string().regex(/^whsec_\S+$/, "must be the destination's signing secret (whsec_…)")
    .optional(),
  STRIPE_AUTOMATIC_TAX: z.enum(["on", "off"]).default("off"),
  STRIPE_API_BASE_URL: url.default("https://api.stripe.com"),
  PUBLIC_BASE_URL: url,
  SELF_PROVISIONING: z.enum(["anyone", "subscribers"]).default("subscribers"),
  MASTER_FALLBACK: z.enum(["on", "off"]).default("off"),
  FORWARD_TO_PRIVATE: z.enum(["on", "off"]).default("off"),
  MAX_SUBACCOUNTS: count(1000),
  MAX_SUBACCOUNTS_PER_DAY: count(200),
  CREATE_SETTLE_SECONDS: count(60),
  RATE_LIMIT_FACTOR: z.coerce.number().min(0).default(1),
  CLIENT_ADDRESS_HEADER: z.string().toLowerCase().regex(/^[a-z0-9-]+$/, "must be the name of a header")
    .default("cf-connecting-ip"),
  TOKEN_MAX_AGE_DAYS: count(90),
  NUMBER_SYNCS_PER_MINUTE: count(100),
  CAMPAIGN_RECIPIENTS_KEPT_DAYS: count(90),
  ALLOWED_ORIGINS: list,
  AUTH_ISSUERS: list,
  OPERATOR_MFA: z.enum(["required", "off"]).default("off"),
  OPERATOR_ALERT_URL: address.optional(),
  // Base64 of 24 to 64 bytes, as Standard Webhooks defines. Required with the URL.
  OPERATOR_ALERT_SECRET: z.string().regex(
    /^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/,
    "must be whsec_ and base64 of 24 to 64 bytes",
  )
    .optional(),
}).refine((env) => env.OPERATOR_ALERT_URL === undefined || env.OPERATOR_ALERT_SECRET !== undefined, {
  path: ["OPERATOR_ALERT_SECRET"],
  message: "is missing, and OPERATOR_ALERT_URL is set",
});

export type Env = z.output<typeof schema>;

/** The names of all variables, for hosts that grant access to the environment by name. */
export const ENV_NAMES = Object.keys(schema.shape) as readonly (keyof Env)[];

/**
 * Checks the environment as a whole.
 * @throws Error that names every missing or malformed variable and quotes no value
 */
export function parseEnv(read: (name: string) => string | undefined): Env {
  const raw = Object.fromEntries(ENV_NAMES.map((name) => [name, read(name) || undefined]));
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => {
    const name = String(issue.path[0]);
    return `${name} ${raw[name] === undefined ? "is missing" : issue.message}`;
  });
  throw new Error(`Cannot start: ${problems.join("; ")}`);
}

let checked: Env | undefined;

/** The environment, read and checked on first use and kept for the life of the isolate. */
export function env(): Env {
  return checked ??= parseEnv((name) => Deno.env.get(name));
}
