import twilio from "twilio";
import type RequestClient from "twilio/lib/base/RequestClient.js";

/**
 * The SDK's own HTTP client including axios. Only the origin of each request is moved to the simulator, by its rule:
 * api.twilio.com becomes the simulator's root, any other host a path prefix.
 */
export class SimulatedRequestClient extends twilio.RequestClient {
  constructor(readonly simulatorUrl: string, options: { timeout?: number } = {}) {
    // One connection per request: the test must see a dropped one, and the runtime must not retry it on a fresh one.
    super({ keepAlive: false, ...options });
  }

  override request<T>(options: RequestClient.RequestOptions<T>) {
    const uri = options.uri.replace(/^https:\/\/([^/]+)/, (_, host: string) => {
      return host === "api.twilio.com" ? this.simulatorUrl : `${this.simulatorUrl}/${host}`;
    });
    return super.request<T>(Object.assign({}, options, { uri }));
  }
}

/** The unmodified SDK as an account of a simulator. */
export function sdkFor(
  simulator: { url: string },
  accountSid: string,
  authToken: string,
  options: { actingFor?: string; timeout?: number } = {},
): twilio.Twilio {
  const { actingFor, ...clientOptions } = options;
  return twilio(accountSid, authToken, {
    httpClient: new SimulatedRequestClient(simulator.url, clientOptions),
    ...(actingFor === undefined ? {} : { accountSid: actingFor }),
  });
}
