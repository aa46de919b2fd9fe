import { AccessSettings } from "@millwright/access/api";
import { section } from "@millwright/runtime";
import * as z from "zod";

/** Where people and programs reach the platform. Without TLS it listens on this machine only. */
export const HttpSettings = z
	.strictObject({
		listen: z
			.strictObject({ host: z.string().default("127.0.0.1"), port: z.int().min(0).max(65_535).default(8080) })
			.prefault({}),
		tls: z.strictObject({ certFile: z.string(), keyFile: z.string() }).optional(),
		/** Behind a proxy that sets X-Forwarded-For and ends TLS. */
		trustProxy: z.boolean().default(false),
		/** Requests a minute from one address. */
		rateLimit: z.int().min(60).default(6000),
	})
	.superRefine((http, context) => {
		if (http.tls || http.trustProxy || ["127.0.0.1", "::1", "localhost"].includes(http.listen.host)) return;
		context.addIssue({
			code: "custom",
			path: ["listen", "host"],
			message: `Passwords would travel openly: ${http.listen.host} needs tls, or trustProxy behind a proxy that ends TLS`,
		});
	});

export const httpSection = section("http", HttpSettings);

export const logSection = section("log", z.strictObject({ level: z.enum(["debug", "info", "warn", "error"]).default("info") }));

export const accessSection = section("access", AccessSettings);
