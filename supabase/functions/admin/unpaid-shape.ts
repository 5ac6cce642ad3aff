import * as z from "zod";

const money = z.string().describe("As decimal text, in Twilio's price");
const currency = z.string().nullable().describe(
  "ISO 4217; null until Twilio has reported the master account's currency",
);

export const costsSchema = z.array(z.strictObject({
  currency,
  numbers: z.int().min(0),
  unpriced: z.int().min(0).describe("Numbers whose price is not known: they are not in monthlyCost"),
  monthlyCost: money.describe("The account's numbers, parked ones included"),
  otherMonthlyCost: money.describe("Other recurring fees of the last 31 days"),
}));

export const numbersAtCostSchema = z.array(z.strictObject({
  phoneNumber: z.string().describe("E.164"),
  place: z.enum(["tenant", "master"]).describe("The account that the number is in. master: it is parked"),
  state: z.string().describe("active, noticed, kept, parked …"),
  reason: z.string().nullable().describe("Why the number cannot leave or return, as Twilio said"),
  leavesAt: z.string().nullable().describe("When the number is released or parked"),
  monthlyCost: money.nullable(),
  currency,
}));
