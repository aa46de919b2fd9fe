import { DataClass, Duration } from "@millwright/core";
import { namespaceSection, uplinkSection } from "@millwright/namespace";
import { type Section, section } from "@millwright/runtime";
import { senseSection } from "@millwright/sense";
import * as z from "zod";

/** Programs beside the machine that may listen to the namespace of this box. Nobody here: no broker, no port. */
export const LocalSettings = z.strictObject({
	readers: z
		.record(
			z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/),
			z.strictObject({
				/** Best as "${env:MILLWRIGHT_SECRET_…}". */
				password: z.string().min(12, { error: "at least 12 characters" }),
				/** Sees tags up to this data class. */
				clearance: DataClass.default("internal"),
			}),
		)
		.default({}),
	/** How often `status.json` in the data folder is written anew. */
	statusEvery: Duration.default(5000),
});
export type LocalSettings = z.output<typeof LocalSettings>;

export const localSection = section("local", LocalSettings);

export const logSection = section("log", z.strictObject({ level: z.enum(["debug", "info", "warn", "error"]).default("info") }));

export const sections: readonly Section[] = [senseSection, namespaceSection, uplinkSection, localSection, logSection];
