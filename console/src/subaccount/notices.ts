/** A row of `tenant_notices`, as far as the console shows it. */
export interface Notice {
  id: string;
  kind: "usage.threshold" | "number.release_scheduled" | "number.sending_ends";
  details: NoticeDetails;
}

/** The amounts and dates of a notice: which of them it has depends on its kind. */
export interface NoticeDetails {
  percent?: number;
  limit?: number;
  periodEnd?: string;
  phoneNumber?: string;
  at?: string;
  /** How many numbers the plan allowed when the notice was given. */
  maxNumbers?: number;
}
