import { type ErrorCode, Refusal } from "../platform/errors.ts";
import { twilioDetail } from "../twilio/errors.ts";

interface TwilioRefusal {
  status: number;
  code: number;
  message: string;
}

/** Twilio's refusals of a message that have a better name than "refused". Source: Twilio's error dictionary. */
const NAMED: Readonly<Record<number, ErrorCode>> = {
  21211: "invalid_recipient",
  21212: "invalid_sender",
  21408: "destination_not_enabled",
  21606: "invalid_sender",
  21608: "invalid_recipient",
  21610: "recipient_opted_out",
  21611: "twilio_throttled",
  21612: "invalid_recipient",
  21614: "invalid_recipient",
  21617: "body_too_long",
};

/** The answer for a message that Twilio would not take, with Twilio's own code beside ours. */
export function refusalOfMessage(to: string, refusal: TwilioRefusal): Refusal {
  const code = NAMED[refusal.code] ?? "twilio_refused";
  return new Refusal(code, `Cannot send to "${to}": Twilio says "${refusal.message}"`, {
    details: [twilioDetail(refusal)],
  });
}
