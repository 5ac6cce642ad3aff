import { ApiError } from "../platform/errors.ts";
import { type PostDependencies, postEvent } from "./post.ts";

export interface TestDependencies extends PostDependencies {
  /** Resolves after this many milliseconds. */
  wait?: (milliseconds: number) => Promise<void>;
}

/** How long a webhook has to answer the test event, and how long every failure takes. */
export const TEST_MS = 5_000;

/**
 * Posts a signed test event to a webhook, once.
 * @throws ApiError `webhook_not_answering` without a 2xx response. It is the same after the same time for every cause, so
 * that a caller learns nothing else about the host.
 */
export async function expectAnswer(
  { url, secret }: { url: string; secret: string },
  dependencies: TestDependencies,
): Promise<void> {
  const { now, wait = sleep } = dependencies;
  const startedAt = now();
  const event = { type: "webhook.test", timestamp: startedAt.toISOString(), data: {} };
  const delivery = { url, secret, id: crypto.randomUUID(), event, timeoutMs: TEST_MS };
  const status = await postEvent(delivery, dependencies).catch(() => null);
  if (status !== null && status >= 200 && status <= 299) return;
  await wait(Math.max(0, TEST_MS - (now().getTime() - startedAt.getTime())));
  throw new ApiError(
    "webhook_not_answering",
    `Cannot use this webhook: it did not answer the signed test event with a 2xx status within ${
      TEST_MS / 1000
    } seconds`,
  );
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
