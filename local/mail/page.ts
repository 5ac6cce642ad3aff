import { html } from "hono/html";
import type { Mail } from "./mailbox.ts";

/** Renders `/_sim/mail` for a browser. */
export function mailPage(mails: readonly Mail[]): ReturnType<typeof html> {
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Mail of the local stack</title>
    <style>
      :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
      body { max-width: 46rem; margin: 3rem auto; padding: 0 1rem; }
      article { border-bottom: 1px solid #8884; padding: 1rem 0; overflow-wrap: anywhere; }
      pre { white-space: pre-wrap; font: inherit; }
    </style>
  </head>
  <body>
    <h1>Mail</h1>
    <p>${mails.length === 0 ? "Auth has sent no mail." : "The mails that Auth would have sent, newest first."}</p>
    ${
    mails.map(({ at, to, subject, text, links }) =>
      html`
        <article>
          <h2>${subject}</h2>
          <p>To ${to}, <time datetime="${at}">${at}</time></p>
          <pre>${text}</pre>
          ${links.map((link) => html`<p><a href="${link}" rel="noreferrer">${link}</a></p>`)}
        </article>
      `
    )
  }
  </body>
</html>`;
}
