import { isIP } from "node:net";
import { Duration } from "@millwright/core";
import * as z from "zod";

/** Labels of letters, digits and hyphens. Source: RFC 1123 §2.1. Underscores occur in plants and do no harm. */
const hostName = /^(?=.{1,253}\.?$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,62}))*\.?$/;
const dottedNumbers = /^[\d.]+$/;

/** An address or a name; "192.168.1.300" is neither. */
export const isHost = (text: string): boolean => isIP(text) !== 0 || (hostName.test(text) && !dottedNumbers.test(text));

export const Settings = z.strictObject({
	host: z
		.string()
		.trim()
		.refine(isHost, { error: "not an IP address or host name (no protocol, no port)" })
		.meta({ description: "IP address or name", examples: ["192.168.10.20"] }),
	port: z.int().min(1).max(65_535).default(502),
	unit: z
		.int()
		.min(0)
		.max(255)
		.default(1)
		.meta({ description: "Unit id: the device behind a gateway; often 1, 0 or 255 for the device itself" }),
	connectTimeout: Duration.default(3000),
	bitWrites: z.enum(["mask", "read-modify-write"]).default("mask").meta({
		description:
			"How one bit of a register is written. Mask (function 22) is safe; read-modify-write can overwrite what the device changes meanwhile",
	}),
});
export type Settings = z.output<typeof Settings>;
