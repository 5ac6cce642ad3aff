import { Refusal } from "../platform/errors.ts";
import { standingRefusal } from "../subaccounts/require-active.ts";
import { stillPurchasing } from "./buy.ts";
import { stillReleasing } from "./release.ts";
import { decidedNumber } from "./shape.ts";

/** Why nothing can be done with the number that was chosen, or with the account it is in. */
export function numberRefusal(numberId: string, decided: { outcome: string; number: unknown }): Refusal {
  switch (decided.outcome) {
    case "not_found":
      return new Refusal("not_found", `Cannot find a number "${numberId}" of yours`);
    case "released":
      return new Refusal(
        "not_found",
        `Cannot do this with "${decidedNumber(decided.number).phoneNumber}": it was released`,
      );
    case "purchasing":
      return stillPurchasing(decidedNumber(decided.number).phoneNumber);
    case "releasing":
      return stillReleasing(decidedNumber(decided.number).phoneNumber);
    default:
      return standingRefusal(decided.outcome);
  }
}
