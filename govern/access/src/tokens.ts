import { createHash, randomBytes, randomInt } from "node:crypto";

/** No 0/O, 1/I/L, U/V or 2/Z: read from a terminal, typed on a phone. 27 letters and digits. */
const unambiguous = "ABCDEFGHJKMNPQRSTWXY3456789";

/** 256 bits, safe in a cookie or header. */
export const randomToken = (): string => randomBytes(32).toString("base64url");

/** A prefixed opaque id: "user_3f9c…". */
export const randomId = (prefix: "user" | "session" | "key"): string => `${prefix}_${randomBytes(8).toString("hex")}`;

/** Enough for random secrets of 256 bits, which nobody can guess; passwords go through argon2id instead. */
export const digest = (secret: string): string => createHash("sha256").update(secret).digest("hex");

const letters = (count: number): string =>
	Array.from({ length: count }, () => unambiguous[randomInt(unambiguous.length)] as string).join("");

/** Groups of four, "K7QM-3XRD-…"; four groups carry 76 bits. */
export const randomCode = (groups: number): string => Array.from({ length: groups }, () => letters(4)).join("-");

/** As a person may type it: any case, blanks or hyphens anywhere. */
export const normalCode = (typed: string): string => typed.toUpperCase().replace(/[^A-Z0-9]/g, "");
