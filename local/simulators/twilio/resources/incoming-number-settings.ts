import { ApiError } from "../errors.ts";
import type { HttpMethod, PhoneNumber } from "../records.ts";

const URL_PARAMETERS = {
  SmsUrl: "smsUrl",
  SmsFallbackUrl: "smsFallbackUrl",
  StatusCallback: "statusCallback",
  VoiceUrl: "voiceUrl",
} as const;

const METHOD_PARAMETERS = {
  SmsMethod: "smsMethod",
  SmsFallbackMethod: "smsFallbackMethod",
  StatusCallbackMethod: "statusCallbackMethod",
  VoiceMethod: "voiceMethod",
} as const;

/** @throws ApiError 21402 for an invalid URL, 21403 for a method other than GET and POST, 20002 for a long name */
export function checkNumberSettings(form: URLSearchParams): void {
  for (const parameter of Object.keys(URL_PARAMETERS)) {
    const value = form.get(parameter);
    if (value && !isHttpUrl(value)) throw new ApiError(21402, `${parameter} is not a valid URL: '${value}'`);
  }
  for (const parameter of Object.keys(METHOD_PARAMETERS)) {
    const value = form.get(parameter);
    if (value && !isMethod(value.toUpperCase())) {
      throw new ApiError(21403, `${parameter} is not a valid HTTP method: '${value}'`);
    }
  }
  const name = form.get("FriendlyName");
  if (name !== null && name.length > 64) {
    throw new ApiError(20002, `Invalid FriendlyName '${name}': it must be between 1 and 64 characters long`);
  }
}

/** Applies the settings in the form. An empty URL clears the setting; a missing parameter leaves it unchanged. */
export function applyNumberSettings(number: PhoneNumber, form: URLSearchParams): void {
  for (const [parameter, field] of Object.entries(URL_PARAMETERS)) {
    const value = form.get(parameter);
    if (value !== null) number[field] = value;
  }
  for (const [parameter, field] of Object.entries(METHOD_PARAMETERS)) {
    const value = form.get(parameter)?.toUpperCase() ?? "";
    if (isMethod(value)) number[field] = value;
  }
  number.friendlyName = form.get("FriendlyName") || number.friendlyName;
}

export function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

function isMethod(text: string): text is HttpMethod {
  return text === "GET" || text === "POST";
}
