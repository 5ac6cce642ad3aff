import type { Json } from "../database.types.ts";
import type { Enum } from "../platform/database.ts";
import { ApiError } from "../platform/errors.ts";
import { accountStatusError } from "../accounts/status.ts";
import { stillPurchasing } from "./buy.ts";
import { stillReleasing } from "./release.ts";
import { decidedNumber } from "./shape.ts";

/** What stands in the way of changing a number: the number itself, or the account it is in. */
type Obstacle =
  | { outcome: "not_found" }
  | { outcome: "purchasing" | "releasing" | "released"; number: Json }
  | { outcome: Exclude<Enum<"account_status">, "active"> };

/** Why a tenant cannot change the number they chose. */
export function numberError(numberId: string, obstacle: Obstacle): ApiError {
  switch (obstacle.outcome) {
    case "not_found":
      return new ApiError("not_found", `Cannot find a number "${numberId}" of yours`);
    case "released":
      return new ApiError(
        "not_found",
        `Cannot do this with "${decidedNumber(obstacle.number).phoneNumber}": it was released`,
      );
    case "purchasing":
      return stillPurchasing(decidedNumber(obstacle.number).phoneNumber);
    case "releasing":
      return stillReleasing(decidedNumber(obstacle.number).phoneNumber);
    case "none":
    case "pending":
    case "suspended":
    case "closed":
      return accountStatusError(obstacle.outcome);
  }
}
