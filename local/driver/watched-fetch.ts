/** Inspects a call of a function and its response. If it throws, the call throws the same error. */
export type Watch = (method: string, url: URL, response: Response) => Promise<void>;

let watch: Watch | undefined;

/** Registers a check for every function response to an actor. The tests validate responses against the contract. */
export function watchAnswers(next: Watch): void {
  watch = next;
}

/** The `fetch` of actors and their clients: passes function responses to the registered check. */
export async function watchedFetch(...[input, init]: Parameters<typeof fetch>): Promise<Response> {
  const response = await fetch(input, init);
  const { url, method } = input instanceof Request ? input : { url: String(input), method: init?.method ?? "GET" };
  if (url.includes("/functions/v1/")) await watch?.(method, new URL(url), response.clone());
  return response;
}
