/**
 * A stateful simulation of Twilio on 127.0.0.1. The unmodified `twilio` SDK works against it.
 *
 * Paths under the simulator's `url`:
 *
 * - `/2010-04-01/…` simulates https://api.twilio.com/2010-04-01/…
 * - `/accounts.twilio.com/v1/…`, `/numbers.twilio.com/v2/RegulatoryCompliance/Bundles/…`, `…/Regulations` and
 *   `/pricing.twilio.com/v1/PhoneNumbers/Countries/…` simulate these hosts: the hosts of other products are a path
 *   prefix. With `TWILIO_API_BASE_URL=<url>`, the accounts host is `<url>/accounts.twilio.com`.
 * - `/mms.twiliocdn.com/…` simulates the storage to which a request for a media file is redirected (media-storage.ts).
 * - `/_sim/…` controls the simulation, in JSON (control.ts):
 *   - `faults`: errors with any Twilio code, 429 with and without `Retry-After`, lost responses, late callbacks (faults.ts)
 *   - `settings`: delays of usage and prices, carrier fees, what Twilio does not document or what an account decides, such
 *     as a suspended master account, funds, queued messages in `DateSent` lists, a read delay and the regulatory
 *     information that numbers need (`Settings` in simulation.ts)
 *   - `outcomes`: the final status of messages to a number
 *   - `charges`, `messages`, `purchases`, `accounts`: usage of past days, corrections, unknown categories, the ages and
 *     currencies of accounts (usage-control.ts)
 *   - `triggers/evaluate`: evaluates the usage triggers at once; by itself it happens every minute (`triggerIntervalMs`)
 *   - `bundles`: Twilio's decision on a regulatory bundle, or a new bundle for an account
 *   - `inbound`: a text from a handset
 *   - `requests`, `callbacks`, `state`, `phones`, `events`: what happened
 *   - `reset`: the initial state
 * - `/` is a page with a phone for every number.
 *
 * Messages to `+150055` and a delivery error (`+15005530003`) fail with that error. Twilio's magic numbers behave as
 * they do with test credentials.
 */
export { startTwilioSimulator } from "./simulator.ts";
export type { TwilioSimulator, TwilioSimulatorOptions } from "./simulator.ts";
export type { InactiveAccountCode, Lifecycle } from "./simulation.ts";
