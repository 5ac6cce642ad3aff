/** Looks at what one of our functions was asked and what it answered. What it throws, the call throws. */
export type Watch = (method: string, url: URL, response: Response) => Promise<void>;

let watch: Watch | undefined;

/** From now on every function's answer to an actor is looked at first: the tests hold it against its contract. */
export function watchAnswers(next: Watch): void {
  watch = next;
}

/** `fetch`, for actors and their clients. */
export async function watchedFetch(...[input, init]: Parameters<typeof fetch>): Promise<Response> {
  const response = await fetch(input, init);
  const { url, method } = input instanceof Request ? input : { url: String(input), method: init?.method ?? "GET" };
  if (url.includes("/functions/v1/")) await watch?.(method, new URL(url), response.clone());
  return response;
}
