import { html } from "hono/html";
import type { StackState } from "../stack-state.ts";

/** Renders the page at `/` while the console is not built: what is running, where, and for whom. */
export function homePage(state: StackState): ReturnType<typeof html> {
  const places = placesOf(state);
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
    <p>The console is not built yet; this is what there is.</p>
    <table>
      <tr><th>What</th><th>Where</th></tr>
      ${
    places.map(({ title, url }) =>
      html`
        <tr>
          <td>${title}</td>
          <td><a href="${url}"><code>${url}</code></a></td>
        </tr>
      `
    )
  }
    </table>
    <h2>Users</h2>
    <table>
      <tr><th>E-mail</th><th>Password</th><th>Role</th></tr>
      ${
    state.users.map((user) =>
      html`
        <tr>
          <td><code>${user.email}</code></td>
          <td><code>${user.password}</code></td>
          <td>${user.role}</td>
        </tr>
      `
    )
  }
    </table>
  </body>
</html>`;
}

function placesOf({ apiUrl, twilio, stripe }: StackState): { title: string; url: string }[] {
  return [
    ...(twilio.pageUrl === undefined
      ? []
      : [{ title: "Phones: what was sent, and texting back", url: twilio.pageUrl }]),
    ...(stripe.pageUrl === undefined ? [] : [{ title: "Subscriptions: the Stripe simulator", url: stripe.pageUrl }]),
    { title: "Data API", url: `${apiUrl}/rest/v1/` },
    { title: "Auth API", url: `${apiUrl}/auth/v1/health` },
    { title: "Keys that sign user tokens", url: `${apiUrl}/auth/v1/.well-known/jwks.json` },
  ];
}
