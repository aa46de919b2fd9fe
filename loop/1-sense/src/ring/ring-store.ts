import { numberedSchema, type UpgradeStore } from "@millwright/runtime";
import { bringRingUp, ringSchema } from "./database.ts";
import { ringFile } from "./raised-numbers.ts";

/** The ring as a start of a newer program finds it. */
export const ringStore: UpgradeStore = {
	name: "ring",
	title: "ring",
	files: ["sense/ring.db", "sense/ring.db.numbers.json"],
	current: ringSchema,
	found: (data) => numberedSchema(ringFile(data)),
	bringUp: (data) => bringRingUp(ringFile(data)),
};
