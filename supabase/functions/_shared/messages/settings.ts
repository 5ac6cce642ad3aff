import * as z from "zod";
import { countrySchema } from "../numbers/phone-number.ts";
import { type Db, decision, unavailable } from "../platform/database.ts";
import { ApiError } from "../platform/errors.ts";
import { BLANK_TEXT, isBlank, notInXml } from "../platform/text.ts";

/** Twilio sends a reply from XML. */
const reply = z.string()
  .superRefine((text, context) => {
    const [first] = notInXml(text);
    if (first !== undefined) {
      context.addIssue({ code: "custom", message: `contains ${first}, which a reply cannot carry: remove it` });
    }
  })
  .trim().min(1, { abort: true }).max(1600).refine((text) => !isBlank(text), BLANK_TEXT).nullable();

const rules = z.strictObject({
  stopReply: reply.describe("Sent only where Twilio's own keyword handling is off: otherwise Twilio blocks it (21610)"),
  startReply: reply.describe("Sent in addition to Twilio's own reply"),
  helpReply: reply.describe("Sent in addition to Twilio's own reply"),
  allowedCountries: z.array(countrySchema).min(1).max(250)
    .nullable().describe("ISO 3166; narrower than the plan's list. A country includes its territories"),
  retentionDays: z.number().int().min(1).max(3650).nullable().describe("1 to 3650; null keeps texts"),
});

const DESCRIPTION = "All of a tenant's rules for messages. null is the default: Twilio's own replies, every " +
  "country of the plan, texts are kept";

export const settingsSchema = rules.extend({
  version: z.number().int().describe("Counts the changes"),
}).meta({ id: "MessagingSettings", description: DESCRIPTION });

export const settingsChangeSchema = rules.extend({
  version: z.number().int().min(0).max(2_147_483_647).optional()
    .describe("The version that these rules replace. Without it, they replace any"),
}).meta({ id: "MessagingSettingsChange", description: DESCRIPTION });

export type MessagingSettings = z.output<typeof settingsSchema>;
type SettingsChange = z.output<typeof settingsChangeSchema>;

const COLUMNS = "stop_reply, start_reply, help_reply, allowed_countries, retention_days, version";

/** The caller's settings, read under row level security. */
export async function readSettings(userDb: Db, userId: string): Promise<MessagingSettings> {
  const { data, error } = await userDb.from("messaging_settings").select(COLUMNS).eq("user_id", userId).maybeSingle();
  if (error !== null) throw unavailable("messaging_settings", error.code);
  return {
    stopReply: data?.stop_reply ?? null,
    startReply: data?.start_reply ?? null,
    helpReply: data?.help_reply ?? null,
    allowedCountries: data?.allowed_countries ?? null,
    retentionDays: data?.retention_days ?? null,
    version: data?.version ?? 0,
  };
}

const save = decision("save_messaging_settings", { saved: ["version"], changed: [], unknown_user: [] });

/**
 * Replaces the settings of a user. The same settings again are saved, whatever version the request names.
 * @throws ApiError `settings_changed`: they have another version than the one named; `unauthorized`: the user was deleted,
 * and their token is still valid
 */
export async function saveSettings(
  db: Db,
  userId: string,
  { version, ...settings }: SettingsChange,
): Promise<MessagingSettings> {
  const saved = await save(db, {
    p_user_id: userId,
    p_stop_reply: settings.stopReply,
    p_start_reply: settings.startReply,
    p_help_reply: settings.helpReply,
    p_allowed_countries: settings.allowedCountries,
    p_retention_days: settings.retentionDays,
    p_version: version ?? null,
  });
  switch (saved.outcome) {
    case "saved":
      return { ...settings, version: saved.version };
    case "changed":
      throw new ApiError(
        "settings_changed",
        "Cannot save settings: others were saved since you read them; read them and try again",
      );
    case "unknown_user":
      throw new ApiError("unauthorized", "Cannot save settings: this user was deleted");
  }
}
