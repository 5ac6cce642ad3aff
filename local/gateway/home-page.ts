import { html } from "hono/html";
import { type StackState, usesRealService } from "../stack-state.ts";

/** Renders the page at `/` if the console is not built: the addresses of the stack and its demo users. */
export function homePage(state: StackState): ReturnType<typeof html> {
  const links = linksOf(state);
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Switchboard, local stack</title>
    <style>
      :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
      body { max-width: 46rem; margin: 3rem auto; padding: 0 1rem; }
      table { border-collapse: collapse; width: 100%; margin: 1rem 0 2rem; }
      th, td { text-align: left; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid #8884; vertical-align: top; }
      code { font-size: .9em; }
    </style>
  </head>
  <body>
    <h1>Switchboard is running</h1>
    <p>The console is not built. Build it with <code>deno task console:build</code>, or use these addresses.</p>
    <table>
      <tr><th>Service</th><th>Address</th></tr>
      ${
    links.map(({ title, url }) =>
      html`
        <tr>
          <td>${title}</td>
          <td><a href="${url}"><code>${url}</code></a></td>
        </tr>
      `
    )
  }
    </table>
    ${usesRealService(state) ? html`<p>The start output shows the users and their passwords.</p>` : usersTable(state)}
  </body>
</html>`;
}

function usersTable(state: StackState): ReturnType<typeof html> {
  return html`
    <h2>Users</h2>
    <table>
      <tr><th>Email</th><th>Password</th><th>Role</th></tr>
      ${state.users.map((user) =>
        html`
          <tr>
            <td><code>${user.email}</code></td>
            <td><code>${user.password}</code></td>
            <td>${user.role}</td>
          </tr>
        `
      )}
    </table>
  `;
}

function linksOf({ apiUrl, twilio, stripe }: StackState): { title: string; url: string }[] {
  return [
    ...(twilio.pageUrl === undefined
      ? []
      : [{ title: "Phones: read and send texts in the Twilio simulator", url: twilio.pageUrl }]),
    ...(stripe.pageUrl === undefined
      ? []
      : [{ title: "Subscriptions: control the Stripe simulator", url: stripe.pageUrl }]),
    { title: "Data API", url: `${apiUrl}/rest/v1/` },
    { title: "Auth API", url: `${apiUrl}/auth/v1/health` },
    { title: "Public keys of user tokens (JWKS)", url: `${apiUrl}/auth/v1/.well-known/jwks.json` },
  ];
}
