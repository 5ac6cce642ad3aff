/**
 * The origins that a build of the console may connect to and show images of besides its own, written into the policy of its
 * page. The local stack needs none: it serves the console and the APIs at one origin.
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

/** The same origin for a WebSocket: a source with `https:` does not allow `wss:`. */
function socketOf(origin: string): string {
  return origin.replace(/^http/, "ws");
}

/** The directives of the page that each build extends, and by what. */
const EXTENDED: readonly { directive: string; by: (sources: readonly string[]) => string[] }[] = [
  // The functions and the Data API, and Realtime.
  { directive: "connect-src 'self';", by: (sources) => sources.flatMap((origin) => [origin, socketOf(origin)]) },
  // The pictures of received messages, from the function `message-media`.
  { directive: "img-src 'self' data:;", by: (sources) => [...sources] },
];

/**
 * Returns the page with a policy that allows connections to `sources`, WebSockets included, and their images, besides its own
 * origin.
 */
export function withConnectSources(html: string, sources: readonly string[]): string {
  return EXTENDED.reduce((page, { directive, by }) => {
    if (page.split(directive).length !== 2) {
      throw new Error(`Cannot write the policy: the page must have "${directive}" once`);
    }
    return page.replace(directive, `${[directive.slice(0, -1), ...by(sources)].join(" ")};`);
  }, html);
}
