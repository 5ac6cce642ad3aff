import * as z from "zod";
import type { Contract } from "../_shared/platform/contract.ts";
import { idSchema } from "../_shared/platform/ids.ts";

/** As a canonical decimal, so that a link has one spelling. */
const count = (digits: number) =>
  z.string().regex(new RegExp(`^(0|[1-9]\\d{0,${digits - 1}})$`), "must be a number").transform(Number);

export const mediaQuery = z.strictObject({
  message: idSchema.describe("The id of a received message"),
  index: count(2).describe("Which of its media, from 0"),
  expires: count(10).optional().describe("In a link only: when it expires, in seconds since 1970"),
  signature: z.string().max(80).optional().describe("In a link only: the signature of message, index and expires"),
});

export const linksQuery = z.strictObject({
  message: idSchema.describe("The id of a received message"),
}).meta({ id: "MediaLinksQuery" });

export const mediaLinksSchema = z.strictObject({
  media: z.array(z.strictObject({ url: z.string(), contentType: z.string().nullable() })),
  expiresAt: z.string(),
}).meta({ id: "MediaLinks", description: "Links to the files of a received message, which need no token" });

export const contract = {
  caller: "user-or-link",
  operations: [{
    method: "GET",
    path: "",
    summary: "Returns one file of a message you received; a link with a signature needs no token",
    query: mediaQuery,
    headers: { Range: "One range of bytes, as audio and video players ask for" },
    responses: { 200: "file", 206: "file" },
    errors: ["link_expired", "media_gone", "media_too_large"],
  }, {
    method: "GET",
    path: "/links",
    summary: "Returns links to the files of a message you received, valid for 15 minutes",
    query: linksQuery,
    responses: { 200: mediaLinksSchema },
    errors: [],
  }],
} as const satisfies Contract;
