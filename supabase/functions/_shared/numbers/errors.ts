import { accountStatusError, type InactiveStatus } from "../accounts/status.ts";
import type { Json } from "../database.types.ts";
import { ApiError } from "../platform/errors.ts";
import { decidedNumber } from "./shape.ts";

/** Why a tenant cannot change a number: its own status, or the account's. */
type Obstacle =
  | { outcome: "not_found" }
  | { outcome: "purchasing" | "releasing" | "released"; number: Json }
  | { outcome: InactiveStatus };

/** The error for a tenant who cannot change the number they chose. */
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

/** The error for a number whose purchase is in progress or got no response. */
export function stillPurchasing(phoneNumber: string): ApiError {
  return new ApiError(
    "number_purchase_in_progress",
    `Cannot say yet whether "${phoneNumber}" was bought: it will be among your numbers, or free again, within minutes`,
    { headers: { "retry-after": "60" } },
  );
}

/** The error for a number that is being released. */
export function stillReleasing(phoneNumber: string): ApiError {
  return new ApiError("number_release_in_progress", `Cannot do this with "${phoneNumber}": it is being released`, {
    headers: { "retry-after": "60" },
  });
}
