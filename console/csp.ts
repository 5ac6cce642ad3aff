/**
 * The origins that a build of the console may connect to besides its own, written into the policy of its page. The local
 * stack needs none: it serves the console and the APIs at one origin.
 */
export function connectSources(urls: readonly string[]): string[] {
  return urls.map((text) => {
    const url = URL.parse(text);
    // `*` and `;` are valid in the host of a URL, and mean something else in a policy.
    if (url === null || !/^https?:$/.test(url.protocol) || !/^([a-z\d.-]+|\[[\da-f:]+\])$/.test(url.hostname)) {
      throw new Error(`Cannot use "${text}" as the project's URL: not an http(s) URL with a host name`);
    }
    return url.origin;
  });
}

const CLOSED = "connect-src 'self';";

/** Returns the page with a policy that allows connections to `sources` besides its own origin. */
export function withConnectSources(html: string, sources: readonly string[]): string {
  if (html.split(CLOSED).length !== 2) throw new Error(`Cannot write the policy: the page must have "${CLOSED}" once`);
  return html.replace(CLOSED, `connect-src ${["'self'", ...sources].join(" ")};`);
}
