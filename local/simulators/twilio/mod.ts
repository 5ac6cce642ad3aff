/**
 * A stateful simulation of Twilio on 127.0.0.1. The unmodified `twilio` SDK works against it.
 *
 * Paths under the simulator's `url`:
 *
 * - `/2010-04-01/…` simulates https://api.twilio.com/2010-04-01/…
 * - `/accounts.twilio.com/v1/…` and `/pricing.twilio.com/v1/PhoneNumbers/Countries/…` simulate these hosts: the hosts
 * of   other products are a path prefix. With `TWILIO_API_BASE_URL=<url>`, the accounts host is
 * `<url>/accounts.twilio.com`.
 * - `/mms.twiliocdn.com/…` simulates the storage to which a request for a media file is redirected (media-storage.ts).
 * - `/_sim/…` controls the simulation, in JSON: `faults` (faults.ts), `requests`, `callbacks`, `inbound`, `outcomes`,
 *   `settings`, `state`, `reset` (control.ts).
 * - `/` is a page with a phone for every number.
 *
 * Messages to `+150055` and a delivery error (`+15005530003`) fail with that error. Twilio's magic numbers behave as
 * they do with test credentials.
 */
export { startTwilioSimulator } from "./simulator.ts";
export type { TwilioSimulator, TwilioSimulatorOptions } from "./simulator.ts";
export type { InactiveAccountCode, Lifecycle } from "./simulation.ts";
