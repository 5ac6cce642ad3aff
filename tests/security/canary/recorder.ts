import type { Document } from "./secrets.ts";

/** What the process of the stack was told and told others while the recorder ran. */
export interface Recorder extends Disposable {
  documents: Document[];
  /** Signatures that came with webhooks. */
  signatures: Set<string>;
  /** How often each status was answered. */
  statuses: Map<number, number>;
}

/**
 * Listens to every answer that reaches somebody outside of the functions: to the test, to Twilio, to Stripe and to the
 * scheduler alike, because all of them go through `fetch` of this process. Also to what the process prints.
 * @param isOutside whose answers are not ours: the simulators'
 */
export function startRecorder(isOutside: (url: string) => boolean): Recorder {
  const real = { fetch: globalThis.fetch, log: console.log, error: console.error, warn: console.warn };
  const recorder = { documents: [] as Document[], signatures: new Set<string>(), statuses: new Map<number, number>() };

  globalThis.fetch = async (input, init) => {
    // Not a Request of all of it: that would take the body away from the real one.
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
    recorder.documents.push({ place: `answer to ${method} ${url}`, text: `${headers}\n\n${body}` });
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
