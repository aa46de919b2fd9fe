import { type Client, operation, type Service } from "@millwright/core";
import * as z from "zod";
import { operationsApi } from "./api-operations.ts";

export * from "./api-operations.ts";

export const HealthState = z.enum(["good", "degraded", "failing"]);

export const PartStatus = z.object({
	name: z.string(),
	state: HealthState,
	reason: z.string().optional(),
	hint: z.string().optional(),
});
export type PartStatus = z.output<typeof PartStatus>;

export const platformApi = {
	...operationsApi,
	health: operation({
		summary: "How every part of this process is doing, and why",
		path: "/platform/health",
		input: z.object({}),
		output: z.object({ state: HealthState, parts: z.array(PartStatus) }),
	}),
	about: operation({
		summary: "Version, start and machine of this process",
		path: "/platform/about",
		input: z.object({}),
		output: z.object({
			version: z.string(),
			startedAt: z.int().meta({ unit: "ms since 1970, UTC" }),
			now: z.int().meta({ unit: "ms since 1970, UTC", description: "the server's clock" }),
			machine: z.object({
				platform: z.string(),
				node: z.string(),
				cores: z.int(),
				memoryMb: z.int().meta({ unit: "MB" }),
				residentMb: z.int().meta({ unit: "MB", description: "memory this process holds" }),
			}),
		}),
	}),
};
export type Platform = Service<typeof platformApi>;
export type PlatformClient = Client<typeof platformApi>;
