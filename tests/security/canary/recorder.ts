import type { Document } from "./secrets.ts";

/** The responses and the output of the stack's process while the recorder ran. */
export interface Recorder extends Disposable {
  documents: Document[];
  /** Signatures of webhooks. */
  signatures: Set<string>;
  /** The number of responses by status. */
  statuses: Map<number, number>;
}

/**
 * Records every response of the functions: to the test, to Twilio, to Stripe and to the scheduler, because all of them use
 * `fetch` of this process. Records what the process prints as well.
 * @param isOutside whether a URL belongs to a simulator, whose responses are not recorded
 */
export function startRecorder(isOutside: (url: string) => boolean): Recorder {
  const real = { fetch: globalThis.fetch, log: console.log, error: console.error, warn: console.warn };
  const recorder = { documents: [] as Document[], signatures: new Set<string>(), statuses: new Map<number, number>() };

  globalThis.fetch = async (input, init) => {
    // Do not build a Request from both: that would consume the body of the real one.
    const request = input instanceof Request ? input : new Request(input);
    const url = request.url;
    const method = init?.method ?? request.method;
    const sent = new Headers(init?.headers ?? request.headers);
    for (const name of ["x-twilio-signature", "stripe-signature"]) {
      const value = sent.get(name);
      if (value !== null && value.length >= 28) recorder.signatures.add(value.replace(/^t=\d+,v1=/, ""));
    }
    const response = await real.fetch(input, init);
    if (isOutside(url)) return response;
    recorder.statuses.set(response.status, (recorder.statuses.get(response.status) ?? 0) + 1);
    const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
    const body = await response.clone().text();
    recorder.documents.push({ place: `response to ${method} ${url}`, text: `${headers}\n\n${body}` });
    return response;
  };
  const listened = (print: typeof console.log) => (...values: unknown[]) => {
    recorder.documents.push({ place: "console", text: values.map((value) => Deno.inspect(value)).join(" ") });
    print(...values);
  };
  console.log = listened(real.log);
  console.error = listened(real.error);
  console.warn = listened(real.warn);
  return {
    ...recorder,
    [Symbol.dispose]() {
      globalThis.fetch = real.fetch;
      Object.assign(console, { log: real.log, error: real.error, warn: real.warn });
    },
  };
}
