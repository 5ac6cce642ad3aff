import type { Senders } from "../../send-message/use-senders.ts";
import type { ReadyDraft } from "./draft.ts";
import type { CampaignDrafting } from "./use-campaign-draft.ts";

/** What every step is given. */
export interface StepProps extends ReadyDraft {
  drafting: CampaignDrafting;
  /** The tenant's numbers that can send, at least one. */
  senders: Senders;
  /** ISO 3166: the country whose national notation is read. */
  country: string | undefined;
}
