/**
 * The idempotency token of a firing, as Twilio's callback has it: `AC…-FIRES-UT…-2012-10-04`, with the day in GMT. A firing that
 * is found in the list of triggers, because its callback was lost, gets the same token as its callback.
 */
export function firingToken(accountSid: string, triggerSid: string, firedAt: Date): string {
  return `${accountSid}-FIRES-${triggerSid}-${firedAt.toISOString().slice(0, 10)}`;
}
