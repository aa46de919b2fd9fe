import { Duration } from "@millwright/core";
import * as z from "zod";

/** Policies that are still sound, strongest last. Basic128Rsa15 and Basic256 are withdrawn and not spoken. */
export const policies = ["Aes128_Sha256_RsaOaep", "Basic256Sha256", "Aes256_Sha256_RsaPss"] as const;

const isEndpoint = (text: string): boolean => {
	if (!/^opc\.tcp:\/\/[^\s/]+(\/\S*)?$/.test(text)) return false;
	try {
		const { hostname, port, username } = new URL(text.replace(/^opc\.tcp:/, "http:"));
		return hostname.length > 0 && username === "" && port !== "0";
	} catch {
		return false;
	}
};

export const Settings = z
	.strictObject({
		endpoint: z
			.string()
			.trim()
			.refine(isEndpoint, { error: "not an endpoint such as opc.tcp://192.168.10.20:4840" })
			.meta({ examples: ["opc.tcp://192.168.10.20:4840"] }),
		security: z
			.enum(["best", ...policies, "None"])
			.default("best")
			.meta({ description: "best takes the strongest the server offers, and never None: nothing is protected then" }),
		mode: z.enum(["SignAndEncrypt", "Sign"]).default("SignAndEncrypt").meta({ description: "Has no meaning with security None" }),
		user: z.string().min(1).optional(),
		password: z.string().optional().meta({ secret: true }),
		userCertificate: z
			.string()
			.regex(/^[\w-][\w.-]*$/)
			.optional()
			.meta({
				description:
					"Instead of user and password: name of a PEM file with certificate and key in the folder users of the driver",
			}),
		/** Opening, with discovery and certificates. */
		connectTimeout: Duration.default(10_000),
		/** Longest time any one answer may take. */
		requestTimeout: Duration.default(10_000),
		keepAlive: Duration.refine((ms) => ms >= 200, { error: "200 ms or more" })
			.default(3000)
			.meta({
				description: "A server that said nothing for so long is asked; one that does not answer for as long again is lost",
			}),
	})
	.refine(({ user, userCertificate }) => user === undefined || userCertificate === undefined, {
		error: "Give either user and password, or userCertificate",
		path: ["userCertificate"],
	})
	.refine(({ user, password }) => password === undefined || user !== undefined, {
		error: "A password needs a user",
		path: ["user"],
	});
export type Settings = z.output<typeof Settings>;
