/** Names a request to Twilio by its purpose, as in `twilio: create account`. */
export function twilioPoint(method: string, url: URL): string {
  return `twilio: ${twilioAction(method, url)}`;
}

function twilioAction(method: string, { pathname, searchParams }: URL): string {
  const path = pathname.replace(/^\/2010-04-01/, "").replace(/\/AC[0-9a-f]{32}/, "/AC")
    .replace(/\/PN[0-9a-f]{32}/, "/PN");
  switch (`${method} ${path}`) {
    case "POST /Accounts.json":
      return "create account";
    case "GET /Accounts.json":
      return searchParams.has("FriendlyName") ? "list accounts by name" : "read a page of accounts";
    case "GET /Accounts/AC.json":
      return "fetch account";
    case "POST /Accounts/AC.json":
      return "set status";
    case "GET /Accounts/AC/IncomingPhoneNumbers.json":
      return "list numbers";
    case "GET /Accounts/AC/IncomingPhoneNumbers/PN.json":
      return "fetch number";
    case "POST /Accounts/AC/IncomingPhoneNumbers/PN.json":
      return "change number";
    case "DELETE /Accounts/AC/IncomingPhoneNumbers/PN.json":
      return "release number";
    default:
      return `${method} ${path}`;
  }
}

/** Names a request to Stripe by its purpose. */
export function stripePoint(method: string, url: URL): string {
  const [, , kind, id] = url.pathname.split("/");
  if (method !== "GET") return `stripe: write ${kind}`;
  return `stripe: ${id === undefined ? "list" : "read"} ${kind}`;
}

/** Names the call of a SQL function. */
export function databasePoint(name: string): string {
  return `database: ${name}`;
}

/** Whether a request may still take effect at the other end after its caller has given it up. */
export function changesTwilio(point: string): boolean {
  return ["create account", "set status", "change number", "release number"].some((name) =>
    point === `twilio: ${name}`
  );
}
