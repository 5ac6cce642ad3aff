import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { countryOf, isE164 } from "../phone/phone-format.ts";
import { useSending } from "./provider.tsx";
import { measure } from "./segments.ts";

export interface Price {
  /** In the tenant's prices. */
  amount: number;
  /** ISO 4217; null while it is not known. */
  currency: string | null;
}

export interface PricedMessage {
  /** One of the tenant's own numbers; null while it is not known, and for shared numbers, whose prices are not the tenant's. */
  own: string | null;
  /** E.164; null while it is not known. */
  peer: string | null;
  body: string;
  mediaUrls: readonly string[];
}

const FRESH_MS = 10 * 60 * 1000;

/**
 * About what a message costs the tenant, by a dry run of a campaign with this message alone. Null while it is not known. The
 * rate limit of dry runs allows ten a minute, so one per country answers for texts of any length.
 */
export function usePrice({ own, peer, body, mediaUrls }: PricedMessage): Price | null {
  const { switchboard } = useSending();
  const segments = useMemo(() => Math.max(1, measure(body).segments), [body]);
  const country = peer !== null && isE164(peer) ? countryOf(peer) : null;
  const hasMedia = mediaUrls.length > 0;
  // The price of a text grows with its segments. That of a picture may not.
  const asked = hasMedia ? segments : 1;
  const isWritten = body.trim() !== "" || hasMedia;
  const { data } = useQuery({
    queryKey: ["message-price", country, hasMedia, asked],
    queryFn: async (): Promise<Price | null> => {
      const { preview } = await switchboard.sendBulk({
        dryRun: true,
        from: own!,
        recipients: [{ to: peer! }],
        body: "x".repeat(asked === 1 ? 1 : asked * CHARACTERS_OF_PART),
        ...(hasMedia && { mediaUrls: [...mediaUrls] }),
      });
      if (!preview) return null;
      const groups = [preview.sent, preview.overLimit, preview.outsideWindow];
      const priced = groups.find(({ recipients }) => recipients > 0);
      return priced === undefined ? null : { amount: priced.estimatedPrice, currency: preview.currency };
    },
    enabled: own !== null && country !== null && isWritten,
    staleTime: FRESH_MS,
    gcTime: FRESH_MS,
    // A price that is not known is left out: the message can be sent without it.
    retry: false,
  });
  if (data === undefined || data === null || own === null || !isWritten) return null;
  return hasMedia ? data : { ...data, amount: data.amount * segments };
}

/** Of each part of a GSM-7 text in several parts. */
const CHARACTERS_OF_PART = 153;

/**
 * @example priceText({ amount: 0.0158, currency: "USD" }) // about $0.0158
 * @example priceText({ amount: 0.0158, currency: null }) // about 0.0158
 */
export function priceText({ amount, currency }: Price): string {
  const digits = { minimumFractionDigits: 2, maximumFractionDigits: 4 };
  const format = new Intl.NumberFormat(
    undefined,
    currency === null ? digits : { style: "currency", currency, ...digits },
  );
  return `about ${format.format(amount)}`;
}
