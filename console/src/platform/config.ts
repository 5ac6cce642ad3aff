/** The console's configuration, served beside it as `config.json`. It contains no secrets. */
export interface ConsoleConfig {
  /** The project's URL, or a URL relative to the page: `/auth/v1`, `/rest/v1` and `/functions/v1` are below it. */
  supabaseUrl: string;
  publishableKey: string;
  /** Whether tenants can buy and manage subscriptions here. */
  sellsSubscriptions: boolean;
  /** Whether the project has Supabase Realtime. Without it, the console polls. */
  realtime: boolean;
  /** The Twilio simulator's page with one phone per number. Null without the simulator. */
  phonesUrl: string | null;
  /** The Stripe simulator's page with the subscription controls. Null without the simulator. */
  stripeUrl: string | null;
  /** The page with the mails that Auth would have sent. Null outside of the local stack. */
  mailUrl: string | null;
  /** Users of the local stack, offered on the sign-in screen. */
  demoUsers?: DemoUser[];
}

export interface DemoUser {
  email: string;
  password: string;
  role: string;
}

/** The origins that the page's policy lets this build connect to besides its own. The build replaces the name. */
declare const __CONNECT_SOURCES__: readonly string[];

/** Reads `config.json` from beside the page. @throws Error that names the problem */
export async function loadConfig(): Promise<ConsoleConfig> {
  const response = await fetch("./config.json", { cache: "no-store" });
  if (!response.ok) throw new Error(`Cannot read "config.json": the server responded with ${response.status}`);
  const config = await response.json().catch(() => {
    throw new Error('Cannot read "config.json": it is not JSON');
  }) as Partial<ConsoleConfig>;
  return {
    supabaseUrl: projectUrl(required(config, "supabaseUrl")),
    publishableKey: required(config, "publishableKey"),
    sellsSubscriptions: config.sellsSubscriptions ?? false,
    realtime: config.realtime ?? false,
    phonesUrl: config.phonesUrl ?? null,
    stripeUrl: config.stripeUrl ?? null,
    mailUrl: config.mailUrl ?? null,
    ...(config.demoUsers !== undefined && { demoUsers: config.demoUsers }),
  };
}

function projectUrl(text: string): string {
  const url = URL.parse(text, document.baseURI);
  if (url === null) throw new Error(`Cannot use "config.json": "supabaseUrl" is not a URL: "${text}"`);
  if (url.origin !== location.origin && !__CONNECT_SOURCES__.includes(url.origin)) {
    throw new Error(
      `Cannot connect to "${url.origin}": this console was not built for it; build it with --supabase-url ${url.origin}`,
    );
  }
  return url.href.replace(/\/+$/, "");
}

function required(config: Partial<ConsoleConfig>, name: "supabaseUrl" | "publishableKey"): string {
  const value = config[name];
  if (typeof value !== "string" || value === "") throw new Error(`Cannot use "config.json": "${name}" is missing`);
  return value;
}
