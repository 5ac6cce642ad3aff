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

const CLOSED = ["connect-src 'self';", "img-src 'self' data:;"];

/** Returns the page with a policy that allows connections to `sources`, and their images, besides its own origin. */
export function withConnectSources(html: string, sources: readonly string[]): string {
  return CLOSED.reduce((page, directive) => {
    if (page.split(directive).length !== 2) {
      throw new Error(`Cannot write the policy: the page must have "${directive}" once`);
    }
    return page.replace(directive, `${[directive.slice(0, -1), ...sources].join(" ")};`);
  }, html);
}
