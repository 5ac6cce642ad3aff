/**
 * A faithful, stateful Twilio on 127.0.0.1: the unmodified `twilio` SDK, pointed at it, cannot tell.
 *
 * Where things are, under the simulator's `url`:
 *
 * - `/2010-04-01/…` is https://api.twilio.com/2010-04-01/…
 * - `/accounts.twilio.com/v1/…` is https://accounts.twilio.com/v1/…: other products' hosts become a path prefix.
 *   A client that is told `TWILIO_API_BASE_URL=<url>` uses `<url>/accounts.twilio.com` as its accounts host.
 *   So does `/pricing.twilio.com/v1/PhoneNumbers/Countries/…`.
 * - `/_sim/…` controls the simulation, in JSON: `faults` (faults.ts), `requests`, `callbacks`, `inbound`, `outcomes`,
 *   `settings`, `state`, `reset` (control.ts).
 * - `/` is a page with a phone for every number.
 *
 * Messages to `+150055` followed by a delivery error (`+15005530003`) fail with that error; Twilio's magic numbers
 * answer as they do for test credentials.
 */
export { startTwilioSimulator } from "./simulator.ts";
export type { TwilioSimulator, TwilioSimulatorOptions } from "./simulator.ts";
export type { InactiveAccountCode, Lifecycle } from "./simulation.ts";
