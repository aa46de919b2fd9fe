import type { LiveRequest } from "@millwright/core";
import * as z from "zod";

const Request = z.discriminatedUnion("t", [
	z.object({ t: z.literal("subscribe"), id: z.int().min(0), tags: z.array(z.string().min(1).max(512)).max(50_000) }),
	z.object({ t: z.literal("unsubscribe"), id: z.int().min(0) }),
	z.object({ t: z.literal("events"), names: z.array(z.string().min(1).max(100)).max(200) }),
	z.object({ t: z.literal("ping"), at: z.number() }),
]);

/** A client's message; undefined where it is not one. */
export function parseRequest(text: string): LiveRequest | undefined {
	try {
		return Request.safeParse(JSON.parse(text)).data;
	} catch {
		return undefined;
	}
}
