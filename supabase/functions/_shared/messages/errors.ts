import { ApiError, type ErrorCode } from "../platform/errors.ts";
import { twilioDetail } from "../twilio/errors.ts";

/** Twilio's reason for rejecting a message. */
interface Rejection {
  status: number;
  code: number;
  message: string;
}

/** Our codes for Twilio's rejections of a message; `twilio_refused` for any other. Source: Twilio's error dictionary. */
const CODES: Readonly<Record<number, ErrorCode>> = {
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

/** The error for a message that Twilio rejected, with Twilio's own code in its details. */
export function errorOfMessage(to: string, rejection: Rejection): ApiError {
  const code = CODES[rejection.code] ?? "twilio_refused";
  return new ApiError(code, `Cannot send to "${to}": Twilio says "${rejection.message}"`, {
    details: [twilioDetail(rejection)],
  });
}
